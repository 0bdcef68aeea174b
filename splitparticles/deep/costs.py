"""Costs of a network: multiply-accumulates and parameters, at any widths.

Both are sums over tensors, each in proportion to the numbers of neurons that it has on
its two sides; so neighbours multiply, and a cost is known without a network built.
"""

from __future__ import annotations  # the pages are built without PyTorch

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from torch import nn
from torch.fx import GraphModule

from .graph import module_of
from .sites import CONVOLUTIONS, Site

Tensors = dict[tuple[str, str], int]  # by submodule and name


class Amounts(NamedTuple):
    """What the tensors of a network amount to at its present widths."""

    sizes: Tensors
    """Numbers in each tensor."""
    products: Tensors
    """Products that each weight enters, for one input."""
    sides: dict[tuple[str, str], list[str]]
    """Sites whose neurons each tensor has on its sides."""


def amounts(graph: GraphModule, sites: Sequence[Site], shapes: Mapping) -> Amounts:
    """Amounts of a traced module, from the shapes of the values of its nodes."""
    sizes = {
        (name.rpartition(".")[0], name.rpartition(".")[2]): tensor.numel()
        for name, tensor in graph.named_parameters()
    }
    products: Tensors = {}
    for node in graph.graph.nodes:
        module = module_of(graph, node)
        if isinstance(module, (*CONVOLUTIONS, nn.Linear)):
            places = shapes[node][1:].numel() // module.weight.shape[0]
            key = node.target, "weight"
            products[key] = products.get(key, 0) + places * module.weight.numel()
    sides: dict[tuple[str, str], list[str]] = {key: [] for key in sizes}
    for site in sites:
        own = {node.target for node in (site.node, *site.channelwise(graph))}
        readers = {node.target for node in site.readers}
        for name, tensor in sides:
            if name in own or (name in readers and tensor == "weight"):
                sides[name, tensor].append(site.name)
    return Amounts(sizes, products, sides)


def parameters(network: Any, widths: Mapping[str, int] | None = None) -> int:
    """Number of parameters of a network.

    Parameters
    ----------
    network : Network
    widths : mapping of str to int, optional
        Neurons of some sites, by name; those of the network when left out.
    """
    return _total(network, network.amounts.sizes, widths)


def macs(network: Any, widths: Mapping[str, int] | None = None) -> int:
    """Multiply-accumulates of convolutions and linear layers, for one input.

    Parameters
    ----------
    network : Network
    widths : mapping of str to int, optional
        Neurons of some sites, by name; those of the network when left out.
    """
    return _total(network, network.amounts.products, widths)


def _total(network, tensors, widths):
    """Sum over tensors, scaled by the widths of their sides."""
    now, total = network.widths, 0
    widths = now if widths is None else {**now, **widths}
    for key, amount in tensors.items():
        sides = network.amounts.sides[key]
        wide, whole = (math.prod(w[s] for s in sides) for w in (widths, now))
        total += amount * wide // whole
    return total
