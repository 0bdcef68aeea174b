r"""Piecewise linear activations with the curvature of smooth ones.

A ramp has no curvature but at its corner, which finitely many inputs miss.  Splitting
matrices take that of a softplus in its place, as the published code does (key ``LWW19``
in docs/references.bib); values and slopes stay exact.  So what is predicted of a split
is a surrogate, and certifies nothing.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn
from torch.fx import GraphModule, Node

from ..networks.activations import ReLU
from .graph import module_of

SHARPNESS = ReLU().sharpness
"""Sharpness of the softplus whose curvature a corner has."""


class _Slope(torch.autograd.Function):
    """Slope of a piecewise linear function; its own is that of a smooth one."""

    @staticmethod
    def forward(ctx, z, first, corners):
        ctx.save_for_backward(z)
        ctx.corners = corners
        slope = torch.full_like(z, first)
        for at, jump in corners:
            slope += jump * (z > at)
        return slope

    @staticmethod
    def backward(ctx, g):
        (z,) = ctx.saved_tensors
        curvature = torch.zeros_like(z)
        for at, jump in ctx.corners:
            s = torch.sigmoid(SHARPNESS * (z - at))
            curvature += jump * SHARPNESS * s * (1.0 - s)
        return g * curvature, None, None


class _Ramp(torch.autograd.Function):
    """Function of slope `first` from minus infinity on, which jumps at corners."""

    @staticmethod
    def forward(ctx, z, first, corners):
        ctx.save_for_backward(z)
        ctx.first, ctx.corners = first, corners
        value = first * z
        for at, jump in corners:
            value = value + jump * (z - at).clamp_min(0.0)
        return value

    @staticmethod
    def backward(ctx, g):
        (z,) = ctx.saved_tensors
        return g * _Slope.apply(z, ctx.first, ctx.corners), None, None


def ramps(graph: GraphModule, nodes: list[Node]) -> dict[Node, Callable]:
    """Functions that evaluate the ramps among the nodes, with a curvature."""
    shapes = {node: _shape(graph, node) for node in nodes}
    return {node: _with_corners(*s) for node, s in shapes.items() if s is not None}


def _with_corners(first, corners):
    return lambda z, *args, **kwargs: _Ramp.apply(z, first, corners)


def _shape(graph, node):
    """First slope and corners (place, jump) of a ramp; None of any other node."""
    module = module_of(graph, node)
    if isinstance(module, nn.LeakyReLU):
        return module.negative_slope, [(0.0, 1.0 - module.negative_slope)]
    if isinstance(module, nn.ReLU6) or node.target is F.relu6:
        return 0.0, [(0.0, 1.0), (6.0, -1.0)]
    is_relu = node.target in (F.relu, torch.relu, "relu") and module is None
    return (0.0, [(0.0, 1.0)]) if is_relu or isinstance(module, nn.ReLU) else None
