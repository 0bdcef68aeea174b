r"""Insertion of new particles: where to look for one, and how it gets its mass.

A little mass t moved to y changes F by :math:`t\,(h(y) - \sum_i w_i h(x_i)) + O(t^2)`,
so the witness h is the *acquisition function* of an insertion: the lower, the better.
An objective that knows better (a network, whose new neurons are found by their
gradient) overrides these methods; growths ask nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..particles import ParticleSet


class Newcomer(NamedTuple):
    """Path of particle sets along which a new particle gains mass."""

    of_share: Callable[[float], ParticleSet]
    """Particle set at a fraction, from 0 up, of the mass the new particle may have."""
    slope: float
    """Derivative of F in the fraction, at 0."""
    most: float
    """Largest fraction."""


class NewParticles:
    """Insertion as the witness has it (mixin of `Objective`)."""

    insertion_descends = False
    """Whether some insertion is known to lower F, wherever F is not zero."""

    target_sd: float | None = None
    """Mean standard deviation of the target's coordinates, where it is known."""

    def proposals(
        self, particles: ParticleSet, many: int, rng, *, reach: float = 1.0
    ) -> np.ndarray:
        """Points (many, d) at which a new particle might stand, at random.

        Every other one is near a particle, the rest `reach` times as far as the target
        is wide, or the particles are where that is not known.
        """
        n, d = particles.positions.shape
        centres = particles.positions[rng.integers(n, size=many)]
        offsets = rng.standard_normal((many, d)) * self._width(particles)
        widths = np.where(np.arange(many) % 2, 0.3 * min(reach, 1.0), reach)
        return centres + widths[:, None] * offsets

    def surroundings(
        self, particles: ParticleSet, reach: float
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Lowest and highest point (d,) of a search; None without bounds.

        `reach` standard deviations around the particles, as in `proposals`.
        """
        margin = reach * self._width(particles)
        x = particles.positions
        return x.min(axis=0) - margin, x.max(axis=0) + margin

    def promise(self, particles: ParticleSet, at: np.ndarray) -> np.ndarray:
        """Acquisition function at points (m, d), (m,); the lower, the better."""
        return self.witness(particles, at)

    def promise_gradient(self, particles: ParticleSet, at: np.ndarray) -> np.ndarray:
        """Gradient of the acquisition function, (m, d)."""
        return self.witness_gradient(particles, at)

    def newcomer(self, particles: ParticleSet, point: np.ndarray) -> Newcomer:
        """Path on which all particles give mass alike to a new one at a point (d,)."""
        x, w = particles.positions, particles.weights
        total = float(w.sum())

        def of_share(fraction):
            weights = np.append((1.0 - fraction) * w, fraction * total)
            return ParticleSet(np.vstack([x, point]), weights)

        h = self.witness(particles, np.vstack([point, x]))
        return Newcomer(of_share, total * float(h[0]) - float(w @ h[1:]), 0.5)

    def _width(self, particles):
        """Scale of the target, or of the particles; one where neither has any."""
        largest = float(particles.positions.std(axis=0).max())
        return self.target_sd or largest or 1.0

    def witness(
        self, particles: ParticleSet, at: np.ndarray | None = None
    ) -> np.ndarray:
        """First variation, (m,); an `Objective` gives it."""
        raise NotImplementedError

    def witness_gradient(
        self, particles: ParticleSet, at: np.ndarray | None = None
    ) -> np.ndarray:
        """Gradient of the first variation, (m, d); an `Objective` gives it."""
        raise NotImplementedError
