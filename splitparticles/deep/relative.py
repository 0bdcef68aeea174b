"""Neurons in units of their own size.

A kernel before a batch norm has no scale of its own, so neither has a step along it:
steps, curvatures and gains of splits mean something relative to the parameters of the
neuron.
"""

import numpy as np

from ..objectives.objective import Objective
from ..particles import ParticleSet
from .layer import Layer


class Relative(Objective):
    """Objective of a layer in coordinates divided by `Coordinates.scales`."""

    conserves_mass = False

    def __init__(self, layer: Layer):
        self.layer, neurons = layer, layer.particles
        self.scales = layer.coordinates.scales(neurons.positions)
        self.particles = neurons.moved_to(
            np.divide(
                neurons.positions,
                self.scales,
                out=np.zeros_like(neurons.positions),
                where=self.scales > 0.0,
            )
        )

    @property
    def labels(self):
        """Those of the layer."""
        return self.layer.labels

    def _absolute(self, particles) -> ParticleSet:
        return particles.moved_to(particles.positions * self.scales)

    def value(self, particles):
        """Mean loss."""
        return self.layer.value(self._absolute(particles))

    def witness(self, particles, at=None):
        """First variation at the neurons, (n,)."""
        at = None if at is None else at * self.scales
        return self.layer.witness(self._absolute(particles), at)

    def witness_gradient(self, particles, at=None):
        """Its gradient in relative coordinates, (n, dim)."""
        at = None if at is None else at * self.scales
        slope = self.layer.witness_gradient(self._absolute(particles), at)
        return self.scales * slope

    def witness_hessian_product(self, particles, directions):
        """Products with the Hessians in relative coordinates, (n, dim)."""
        product = self.layer.witness_hessian_product(
            self._absolute(particles), self.scales * directions
        )
        return self.scales * product
