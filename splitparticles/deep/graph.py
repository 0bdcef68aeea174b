"""Traced modules of PyTorch, evaluated node by node."""

from __future__ import annotations  # the pages are built without PyTorch

from collections.abc import Callable, Iterable
from contextlib import contextmanager

import torch
from torch import nn
from torch.fx import Graph, GraphModule, Node, Tracer
from torch.fx.node import map_arg

NORMS = nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d
"""Batch norms, which act on each channel alone."""


def traced(module: nn.Module) -> GraphModule:
    """Graph of a module that shares its submodules; none of them works in place.

    Raises
    ------
    TypeError
        When the module cannot be traced, as where a value decides what is run.
    """
    for part in module.modules():
        if getattr(part, "inplace", False):  # it would overwrite what is kept
            part.inplace = False
    try:
        graph: Graph = Tracer().trace(module)
    except Exception as error:
        raise TypeError(
            f"module cannot be traced by torch.fx: {type(error).__name__}: {error}"
        ) from error
    for node in graph.nodes:
        if "inplace" in node.kwargs:
            node.kwargs = {**node.kwargs, "inplace": False}
    return GraphModule(module, graph)


def module_of(graph: GraphModule, node: Node) -> nn.Module | None:
    """Submodule that a node calls, if it calls one."""
    return graph.get_submodule(node.target) if node.op == "call_module" else None


def evaluate(
    graph: GraphModule,
    nodes: Iterable[Node],
    values: dict[Node, torch.Tensor],
    instead: dict[Node, Callable] | None = None,
) -> dict[Node, torch.Tensor]:
    """Values of more nodes, in their order, from those of the nodes before them.

    Parameters
    ----------
    values : dict
        Of the inputs and all else that the nodes read; a new one is returned.
    instead : dict, optional
        Functions that some of the nodes call in place of their own.
    """
    values, instead = dict(values), instead or {}
    for node in nodes:
        if node in values:
            continue
        if node.op == "get_attr":
            values[node] = _attribute(graph, node.target)
            continue
        args = map_arg(node.args, values.__getitem__)
        kwargs = map_arg(node.kwargs, values.__getitem__)
        if node in instead:
            values[node] = instead[node](*args, **kwargs)
        elif node.op == "call_module":
            values[node] = graph.get_submodule(node.target)(*args, **kwargs)
        elif node.op == "call_function":
            values[node] = node.target(*args, **kwargs)
        elif node.op == "call_method":
            values[node] = getattr(args[0], node.target)(*args[1:], **kwargs)
        else:  # the output hands on what it reads
            values[node] = args[0]
    return values


def _attribute(graph, target):
    owner, _, name = target.rpartition(".")
    return getattr(graph.get_submodule(owner), name)


def behind(node: Node) -> list[Node]:
    """Nodes that depend on a node, itself first, in the order of the graph."""
    reached = {node}
    for later in node.graph.nodes:
        if not reached.isdisjoint(later.all_input_nodes):
            reached.add(later)
    return [later for later in node.graph.nodes if later in reached]


@contextmanager
def in_mode(module: nn.Module, *, batch_statistics: bool):
    """Module as it is when growth is decided: its running statistics never change.

    Dropout is off, and batch norm takes running statistics, or those of the batch.
    """
    before = {part: part.training for part in module.modules()}
    norms = [part for part in module.modules() if isinstance(part, NORMS)]
    kept = {norm: norm.momentum for norm in norms}
    batches = {n: b.clone() for n in norms if (b := n.num_batches_tracked) is not None}
    module.eval()
    for norm in norms:
        norm.training, norm.momentum = batch_statistics, 0.0
    try:
        yield
    finally:
        for norm, momentum in kept.items():
            norm.momentum = momentum
        for norm, count in batches.items():
            norm.num_batches_tracked.copy_(count)
        for part, training in before.items():
            part.training = training
