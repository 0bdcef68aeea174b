r"""Mean loss of a deep network, as a functional of the neurons of one of its layers.

Let Z be what the readers of a layer read, and g the slope of the loss in what they put
out.  The loss changes with the measure of the layer's neurons by the first variation

.. math:: h(\theta) = E\,\langle g, R(Z(\theta))\rangle

where R is linear: the output of the readers.  Channel i of Z depends on neuron i alone,
so one Hessian-vector product of :math:`\sum_i h(\theta_i)` with g held fixed, by
differentiating twice through the layer and its readers, is
:math:`\nabla^2 h(\theta_i)\, v_i` for all neurons at once.  Batch norm in either mode,
depthwise filters and pooling are exact.
"""

from __future__ import annotations  # the pages are built without PyTorch

import copy
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch.func import functional_call
from torch.fx import GraphModule, Node

from ..growth.candidates import Candidate, halves
from ..objectives.first_variation import FirstVariation
from ..objectives.objective import Objective
from ..particles import ParticleSet
from .coordinates import Coordinates
from .graph import behind, evaluate, in_mode
from .ramps import ramps
from .sites import CONVOLUTIONS, Site


class Layer(Objective):
    """Mean loss as a functional of the neurons of one site.

    Made by `splitparticles.deep.Network`.  All that grows or moves particles takes it;
    the network itself stays as it is.

    Parameters
    ----------
    graph : torch.fx.GraphModule
    site : Site
    values : dict
        Values of all nodes on the rows that the loss is a mean over.
    loss : callable
        Outputs of the network -> mean loss.
    batch_statistics : bool
        Whether batch norms take the statistics of the rows.
    """

    conserves_mass = False

    def __init__(
        self,
        graph: GraphModule,
        site: Site,
        values: dict,
        loss: Callable,
        *,
        batch_statistics: bool = False,
    ):
        self.graph, self.site, self.loss = graph, site, loss
        self._mode = {"batch_statistics": batch_statistics}
        self.name, self.coordinates = site.name, Coordinates(graph, site)
        self._nodes = behind(site.node)
        self._before = {n: v for n, v in values.items() if n not in set(self._nodes)}
        self._ramps = ramps(graph, site.chain)
        weight = graph.get_submodule(site.name).weight
        self._like = weight.detach()[:0]
        self._slopes: tuple[ParticleSet, dict] | None = None
        self._first: tuple[ParticleSet, torch.Tensor, torch.Tensor] | None = None

    # ------------------------------------------------------------- the neurons
    @property
    def particles(self) -> ParticleSet:
        """Neurons of the network, all of weight one."""
        positions = self.coordinates.positions()
        return ParticleSet(positions, np.ones(len(positions)))

    @property
    def labels(self) -> np.ndarray:
        """Mask (dim,) of the label, the row whose running statistics a neuron has."""
        return np.arange(self.coordinates.dim) == self.coordinates.dim - 1

    @property
    def is_exact(self) -> bool:
        """Whether the layer has curvature of its own, and no surrogate of one."""
        return not self._ramps

    def _tensor(self, array) -> torch.Tensor:
        return torch.tensor(array, dtype=self._like.dtype, device=self._like.device)

    # ------------------------------------------------------------ evaluation
    def _instead(
        self, positions, weights=None, *, curved=False
    ) -> dict[Node, Callable]:
        """Functions that evaluate the site's nodes with other neurons."""
        rows = positions[:, -1].detach().round().long()
        tensors = self.coordinates.tensors(positions, weights)
        for name, statistics in self.coordinates.statistics(rows).items():
            tensors[name].update(statistics)
        nodes = [self.site.node, *self.site.readers, *self.site.channelwise(self.graph)]
        instead = {n: self._with(n.target, tensors[n.target], len(rows)) for n in nodes}
        return {**instead, **self._ramps} if curved else instead

    def _with(self, name, tensors, n):
        """Function of a submodule with other tensors, for n neurons."""

        def called(*inputs):
            module = copy.copy(self.graph.get_submodule(name))  # in its present mode
            if isinstance(module, CONVOLUTIONS) and module.groups > 1:
                module.groups = n
            return functional_call(module, tensors, inputs)

        return called

    def _read(self, instead) -> dict[Node, torch.Tensor]:
        """Outputs of the readers."""
        order = {node: k for k, node in enumerate(self._nodes)}
        nodes = [self.site.node, *self.site.chain, *self.site.readers]
        nodes = sorted(nodes, key=order.__getitem__)
        with in_mode(self.graph, **self._mode):
            values = evaluate(self.graph, nodes, self._before, instead)
        return {node: values[node] for node in self.site.readers}

    def _loss_of(self, outputs: dict[Node, torch.Tensor]) -> torch.Tensor:
        """Loss of outputs of the readers."""
        inside = {self.site.node, *self.site.chain, *outputs}
        rest = [node for node in self._nodes if node not in inside]
        with in_mode(self.graph, **self._mode):
            values = evaluate(self.graph, rest, {**self._before, **outputs})
        return self.loss(values[self._nodes[-1]])

    def _slopes_at(self, particles) -> dict[Node, torch.Tensor]:
        """Slopes g of the loss in the outputs of the readers."""
        if self._slopes is None or not _are_equal(self._slopes[0], particles):
            outputs = self._read_by(particles)
            leaves = {n: v.detach().requires_grad_() for n, v in outputs.items()}
            slopes = torch.autograd.grad(self._loss_of(leaves), list(leaves.values()))
            self._slopes = particles, dict(zip(leaves, slopes, strict=True))
        return self._slopes[1]

    @torch.no_grad()
    def _read_by(self, particles):
        x, w = self._tensor(particles.positions), self._tensor(particles.weights)
        return self._read(self._instead(x, w))

    def _variation(self, particles, at) -> tuple[torch.Tensor, torch.Tensor]:
        """Neurons `at`, and the gradient of the sum of their first variations."""
        g = self._slopes_at(particles)
        x = self._tensor(at).requires_grad_()
        read = self._read(self._instead(x, curved=True))
        h = sum((g[node] * read[node]).sum() for node in read)
        return x, torch.autograd.grad(h, x, create_graph=True)[0]

    # ----------------------------------------------------------- the objective
    @torch.no_grad()
    def value(self, particles):
        """Mean loss of the network with these neurons."""
        return float(self._loss_of(self._read_by(particles)))

    def first_variation(self, particles):
        """Value, witness and gradient at the neurons."""
        return FirstVariation(
            self.value(particles), *self._witness(particles, particles.positions)
        )

    def witness(self, particles, at=None):
        """First variation of neurons, (m,): linear in what the readers make of them."""
        return self._witness(particles, particles.positions if at is None else at)[0]

    def witness_gradient(self, particles, at=None):
        """Its gradient in the neurons' coordinates, (m, dim)."""
        return self._witness(particles, particles.positions if at is None else at)[1]

    def _witness(self, particles, at):
        x, gradient = self._variation(particles, np.asarray(at))
        read = sum(part.size for part in self.coordinates.parts if part.is_read)
        witness = (x * gradient)[:, :read].sum(dim=1)
        return _as_array(witness), _as_array(gradient)

    def witness_hessian_product(self, particles, directions):
        """Hessian of the first variation at the neurons times directions, (n, dim)."""
        # products of the same neurons share the way to the gradient
        if self._first is None or not _are_equal(self._first[0], particles):
            self._first = particles, *self._variation(particles, particles.positions)
        _, x, gradient = self._first
        along = (gradient * self._tensor(directions)).sum()
        (product,) = torch.autograd.grad(
            along, x, retain_graph=True, materialize_grads=True
        )
        return _as_array(product)

    def split_change(self, particles, parents, directions, steps):
        """Exact change of the loss when ``parents[j]`` alone is split, (m,)."""
        splits = halves(parents, directions, np.zeros(len(parents)))
        return self.changes(particles, splits, steps)

    @torch.no_grad()
    def changes(
        self, particles: ParticleSet, splits: Sequence[Candidate], steps: ArrayLike
    ) -> np.ndarray:
        """Exact change of the loss by each split alone, (m,).

        The readers add up what the neurons give them, so only the parent and its
        children are evaluated.
        """
        outputs = self._read_by(particles)
        before = float(self._loss_of(outputs))
        biases = self._read_by(particles.weighted(np.zeros(len(particles))))
        changes = np.empty(len(splits))
        each = np.broadcast_to(steps, changes.shape)
        for j, (split, step) in enumerate(zip(splits, each, strict=True)):
            x, w = particles.positions[split.parent], particles.weights[split.parent]
            family = self._tensor(np.vstack([x, x + step * split.offsets]))
            weights = self._tensor(w * np.append(-1.0, split.shares))
            change = self._read(self._instead(family, weights))
            after = {n: outputs[n] + change[n] - biases[n] for n in outputs}
            changes[j] = float(self._loss_of(after)) - before
        return changes


def _are_equal(one: ParticleSet, two: ParticleSet) -> bool:
    return np.array_equal(one.positions, two.positions) and np.array_equal(
        one.weights, two.weights
    )


def _as_array(tensor) -> np.ndarray:
    return tensor.detach().cpu().double().numpy()
