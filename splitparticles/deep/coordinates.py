"""Coordinates of the neurons of one site, and the tensors that they make up.

A neuron's coordinates are its weights in the layers that read it, its own weights and
bias, those of its batch norms and depthwise filters, and a label that never moves: the
row of the module's neuron whose running statistics it has.  For a module of one hidden
layer the order is that of `splitparticles.Network`: c, a, b.
"""

from __future__ import annotations  # the pages are built without PyTorch

import math
from typing import NamedTuple

import numpy as np
import torch
from torch.fx import GraphModule

from .graph import NORMS
from .sites import Site


class Part(NamedTuple):
    """Coordinates of a neuron that are one tensor of one submodule."""

    module: str
    tensor: str
    shape: tuple[int, ...]
    """Shape of the part of one neuron."""
    is_read: bool
    """Whether it is a weight of a reader."""

    @property
    def size(self) -> int:
        """Number of coordinates."""
        return math.prod(self.shape)


class Coordinates:
    """Coordinates of the neurons of a site of a traced module."""

    def __init__(self, graph: GraphModule, site: Site):
        self.graph, self.site = graph, site
        self.width = graph.get_submodule(site.name).weight.shape[0]
        own = [site.node, *site.channelwise(graph)]
        self.readers = [node.target for node in site.readers]
        self.own = [node.target for node in own]
        self.norms = [n for n in self.own if isinstance(graph.get_submodule(n), NORMS)]
        self.parts = [self._of_reader(name) for name in self.readers]
        for name in self.own:
            for tensor in ("weight", "bias"):
                value = getattr(graph.get_submodule(name), tensor)
                if value is not None:
                    self.parts.append(Part(name, tensor, value.shape[1:], False))
        self.sizes = [part.size for part in self.parts]

    def _of_reader(self, name):
        weight = self.graph.get_submodule(name).weight
        many, read, *window = weight.shape
        return Part(name, "weight", (many, read // self.width, *window), True)

    @property
    def dim(self) -> int:
        """Number of coordinates, the label included."""
        return sum(self.sizes) + 1

    def positions(self) -> np.ndarray:
        """Coordinates of the module's neurons, (n, dim)."""
        n, columns = self.width, []
        for part in self.parts:
            value = getattr(self.graph.get_submodule(part.module), part.tensor).detach()
            if part.is_read:
                many, each, *window = part.shape
                value = value.reshape(many, n, each, *window).transpose(0, 1)
            columns.append(value.reshape(n, -1).cpu().double().numpy())
        return np.hstack([*columns, np.arange(n, dtype=float)[:, None]])

    def tensors(
        self, positions: torch.Tensor, weights: torch.Tensor | None = None
    ) -> dict[str, dict[str, torch.Tensor]]:
        """Tensors of neurons (n, dim), by submodule and name.

        The weights of the readers are multiplied by those of the neurons (n,).
        """
        tensors: dict[str, dict[str, torch.Tensor]]
        n, tensors = len(positions), {name: {} for name in (*self.readers, *self.own)}
        columns = positions[:, :-1].split(self.sizes, dim=1)
        for part, column in zip(self.parts, columns, strict=True):
            if part.is_read:
                if weights is not None:
                    column = weights[:, None] * column
                many, each, *window = part.shape
                value = column.reshape(n, *part.shape).transpose(0, 1)
                value = value.reshape(many, n * each, *window)
            else:
                value = column.reshape(n, *part.shape)
            tensors[part.module][part.tensor] = value
        return tensors

    def statistics(self, rows: torch.Tensor) -> dict[str, dict[str, torch.Tensor]]:
        """Running statistics of the batch norms, those of the module's neurons."""
        return {
            name: {
                key: value[rows]
                for key in ("running_mean", "running_var")
                if (value := getattr(self.graph.get_submodule(name), key)) is not None
            }
            for name in self.norms
        }

    def scales(self, positions: np.ndarray) -> np.ndarray:
        """Scales of the coordinates (n, dim): sizes of the neurons' tensors.

        That of a coordinate is the norm of all parameters of the neuron in the same
        submodule.
        """
        scales, start = np.ones_like(positions), 0
        blocks: dict[str, list[slice]] = {}
        for part in self.parts:
            columns = slice(start, start + part.size)
            blocks.setdefault(part.module, []).append(columns)
            start += part.size
        for block in blocks.values():
            sizes = sum((positions[:, c] ** 2).sum(axis=1) for c in block) ** 0.5
            for c in block:
                scales[:, c] = sizes[:, None]
        return scales

    def widened(self, offsets: np.ndarray, rows: dict[str, np.ndarray]) -> np.ndarray:
        """Offsets (m, dim) of coordinates once readers are wider.

        Parameters
        ----------
        rows : dict
            By reader, the neuron that each of its neurons comes from.
        """
        columns = np.split(offsets, np.cumsum(self.sizes), axis=1)
        for k, part in enumerate(self.parts):
            if part.is_read and part.module in rows:
                block = columns[k].reshape(len(offsets), *part.shape)
                columns[k] = block[:, rows[part.module]].reshape(len(offsets), -1)
        return np.hstack(columns)
