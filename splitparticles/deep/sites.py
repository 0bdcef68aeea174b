"""Sites: layers of a module whose channels are neurons that may split.

A *site* is a mixing layer (a convolution of one group, or linear), the channelwise
nodes behind it (batch norm, activation, depthwise convolution, pooling, flattening),
and the mixing layers that read them.  Channel i of what they read depends on the
parameters of neuron i alone, so splitting matrices are blocks of one Hessian.
"""

from __future__ import annotations  # the pages are built without PyTorch

import operator
from collections import Counter
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn
from torch.fx import GraphModule, Node
from torch.nn.utils.parametrize import is_parametrized

from .graph import NORMS, module_of

CONVOLUTIONS = nn.Conv1d, nn.Conv2d, nn.Conv3d
ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SiLU, nn.GELU, nn.Softplus)
OTHERS = (nn.Tanh, nn.Sigmoid, nn.Identity, nn.Flatten)
DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)
LARGEST = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
MEANS = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
GLOBAL_MEANS = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d)
CHANNELWISE = ACTIVATIONS + OTHERS + DROPOUTS + LARGEST + MEANS + GLOBAL_MEANS
FUNCTIONS = {
    *(torch.relu, torch.tanh, torch.sigmoid, torch.flatten),
    *(F.relu, F.relu6, F.silu, F.gelu, F.elu, F.softplus, F.tanh, F.sigmoid),
    *(F.dropout, F.max_pool1d, F.max_pool2d, F.max_pool3d),
    *(F.avg_pool1d, F.avg_pool2d, F.avg_pool3d),
    *(F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d),
}
METHODS = {"relu", "tanh", "sigmoid", "flatten", "view", "reshape", "size"}


class Site(NamedTuple):
    """Nodes of one site."""

    name: str
    """Name of its layer in the module."""
    node: Node
    """Layer."""
    chain: list[Node]
    """Channelwise nodes behind it, in the order of the graph."""
    readers: list[Node]
    """Mixing layers that read them."""

    def channelwise(self, graph: GraphModule) -> list[Node]:
        """Nodes of the chain with parameters: batch norms and depthwise ones."""
        kinds = (*NORMS, *CONVOLUTIONS)
        return [
            node for node in self.chain if isinstance(module_of(graph, node), kinds)
        ]


def is_mixing(module: nn.Module | None) -> bool:
    """Whether all channels that go in reach all that come out."""
    if isinstance(module, CONVOLUTIONS):
        return module.groups == 1
    return isinstance(module, nn.Linear)


def is_depthwise(module: nn.Module | None) -> bool:
    """Whether each channel that goes in becomes one that comes out."""
    if not isinstance(module, CONVOLUTIONS):
        return False
    return module.groups == module.in_channels == module.out_channels > 1


def find_sites(
    graph: GraphModule, shapes: dict[Node, torch.Size | None]
) -> tuple[list[Site], dict[str, str]]:
    """Sites of a traced module, and of its other mixing layers the reasons why not.

    Parameters
    ----------
    shapes : dict
        Shapes of the values of all nodes, None of those that are no tensors.
    """
    uses = _uses(graph)
    sites, refused = [], {}
    for node in graph.graph.nodes:
        module = module_of(graph, node)
        if not isinstance(module, (*CONVOLUTIONS, nn.Linear)) or is_depthwise(module):
            continue  # a depthwise filter is part of the neurons before it
        found = _site(graph, node, uses, shapes)
        if isinstance(found, str):
            refused[node.target] = found
        else:
            sites.append(found)
    return sites, refused


def _uses(graph) -> dict[str, int]:
    """Calls of each submodule, more where another one shares its parameters."""
    calls = Counter(n.target for n in graph.graph.nodes if n.op == "call_module")
    named = graph.named_parameters(remove_duplicate=False)
    owners: dict[int, list[str]] = {}
    for name, tensor in named:
        owners.setdefault(id(tensor), []).append(name.rpartition(".")[0])
    shared = {name for names in owners.values() if len(names) > 1 for name in names}
    return {name: calls[name] + (name in shared) for name in calls}


def _site(graph, node, uses, shapes) -> Site | str:
    """Site of a layer, or the reason why it is none."""
    reason = _refusal(graph, node, uses, shapes)
    if reason is not None:
        return reason
    chain: set[Node] = set()
    readers: set[Node] = set()
    queue = [node]
    while queue:
        for user in queue.pop().users:
            if is_mixing(module_of(graph, user)):
                reason = _refusal(graph, user, uses, shapes)
                readers.add(user)
            else:
                reason = _not_channelwise(graph, user, uses, shapes, shapes[node][1])
                queue += [user] if user not in chain else []
                chain.add(user)
            if reason is not None:
                return reason
    if not readers:
        return "nothing reads it"
    order = list(graph.graph.nodes)
    return Site(
        node.target, node, *(sorted(s, key=order.index) for s in (chain, readers))
    )


def _refusal(graph, node, uses, shapes) -> str | None:
    """Reason why a layer can neither split nor read what splits."""
    module = module_of(graph, node)
    if not is_mixing(module):
        return f"{node.target} is a convolution in groups"
    if uses[node.target] > 1:
        return f"{node.target} is used more than once"
    if is_parametrized(module):
        return f"{node.target} has a parametrization"
    if isinstance(module, CONVOLUTIONS) and module.padding_mode != "zeros":
        return f"{node.target} has padding {module.padding_mode!r}"
    if isinstance(module, nn.Linear) and len(shapes[node]) != 2:
        return f"{node.target} is linear in the last of {len(shapes[node])} axes"
    return None


def _not_channelwise(graph, node, uses, shapes, width) -> str | None:
    """Reason why a node does not act on each of `width` channels alone."""
    module, after = module_of(graph, node), shapes[node]
    name = getattr(node.target, "__name__", node.target)
    if node.op == "output":
        return "it is the output of the network"
    if after is None:
        return None if _asks_for_rows(node) else f"{name} asks for its width"
    before = shapes[node.all_input_nodes[0]]
    if isinstance(module, NORMS) or is_depthwise(module):
        if uses[node.target] > 1:
            return f"{node.target} is used more than once"
        return None if before[1] == width else f"{name} norms flattened channels"
    is_function = node.op == "call_function" and node.target in FUNCTIONS
    is_method = node.op == "call_method" and node.target in METHODS
    if not (is_function or is_method or isinstance(module, CHANNELWISE)):
        return f"{name} mixes its channels, or is unknown"
    if len(after) == len(before) == 2 or len(after) > 2:
        fine = after[:2] == before[:2]
    else:
        fine = after[0] == before[0] and after[1] % before[1] == 0
    return None if fine else f"{name} changes its channels"


def _asks_for_rows(node) -> bool:
    """Whether a node that gives no tensor gives a shape, or its number of rows."""
    of_shape = node.target in ("size", getattr) and node.args[1:] in ((), ("shape",))
    of_rows = node.target in ("size", operator.getitem) and node.args[1:] == (0,)
    return of_shape or of_rows
