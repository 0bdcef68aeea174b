"""Surgery: the neurons of one site of a module replaced by others.

New neurons have the running statistics and the state of the optimiser of those that
they come from.
"""

import numpy as np
import torch
from torch import nn
from torch.fx import GraphModule

from ..particles import ParticleSet
from .coordinates import Coordinates
from .sites import CONVOLUTIONS, Site


@torch.no_grad()
def install(
    graph: GraphModule,
    site: Site,
    particles: ParticleSet,
    momentum: dict[str, torch.Tensor],
) -> np.ndarray:
    """Put neurons into a site; their weights go into the layers that read them.

    Parameters
    ----------
    momentum : dict
        State of the optimiser by names of parameters, of their shapes; it is brought to
        the new ones.

    Returns
    -------
    ndarray of int, shape (n,)
        Row of the former neuron that each one comes from.
    """
    coordinates = Coordinates(graph, site)
    like = graph.get_submodule(site.name).weight
    x = torch.tensor(particles.positions, dtype=like.dtype, device=like.device)
    w = torch.tensor(particles.weights, dtype=like.dtype, device=like.device)
    rows = x[:, -1].round().long()
    for name, statistics in coordinates.statistics(rows).items():
        for key, value in statistics.items():
            setattr(graph.get_submodule(name), key, value)
    for part in coordinates.parts:
        name = f"{part.module}.{part.tensor}"
        if name in momentum:
            momentum[name] = _inherited(momentum[name], part, coordinates, rows, w)
    for name, tensors in coordinates.tensors(x, w).items():
        module = graph.get_submodule(name)
        for key, value in tensors.items():
            old = getattr(module, key)
            new = nn.Parameter(value.contiguous(), requires_grad=old.requires_grad)
            setattr(module, key, new)
        _resize(module, len(rows), is_reader=name in coordinates.readers)
    return rows.cpu().numpy()


def _inherited(state, part, coordinates, rows, weights):
    """State of an optimiser that is linear in the gradient, for the new neurons.

    The gradient in a child's own parameters is its share of its parent's; that in the
    weights of the readers is its parent's.
    """
    if not part.is_read:
        return state[rows] * weights.reshape(-1, *[1] * (state.ndim - 1))
    many, each, *window = part.shape
    blocks = state.reshape(many, coordinates.width, each, *window)
    return blocks[:, rows].reshape(many, len(rows) * each, *window)


def _resize(module, n, *, is_reader):
    """Numbers of channels that a module states, after its tensors."""
    weight = module.weight
    if isinstance(module, nn.Linear):
        module.out_features, module.in_features = weight.shape
    elif isinstance(module, CONVOLUTIONS):
        module.out_channels, own = weight.shape[:2]
        if module.groups > 1 and not is_reader:
            module.groups = n
        module.in_channels = own * module.groups
    else:
        module.num_features = n
