r"""Insertion of new particles: acquisition function, proposals and path of the mass.

A little mass t moved to y changes F by :math:`t\,(h(y) - \sum_i w_i h(x_i)) + O(t^2)`,
so the witness h is the *acquisition function* of an insertion: the lower, the better.
Networks, whose new neurons have output weights of their own, override these methods;
growths that insert particles call no others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..particles import ParticleSet


class InsertionPath(NamedTuple):
    """Path of particle sets along which a new particle gains mass."""

    of_share: Callable[[float], ParticleSet]
    """Particle set in which the new particle has a fraction of the mass."""
    slope: float
    """Derivative of F in the fraction, at 0."""
    most: float
    """Largest fraction."""


class NewParticles:
    """Insertion by the witness (mixin of `Objective`)."""

    insertion_descends = False
    """Whether some insertion is known to lower F as long as F is not zero."""

    target_sd: float | None = None
    """Mean standard deviation of the target's coordinates, where it is known."""

    def proposals(
        self, particles: ParticleSet, many: int, rng, *, reach: float = 1.0
    ) -> np.ndarray:
        """Random points (many, d) for a new particle.

        Normal draws around random particles: every other one close by, the rest with
        `reach` standard deviations of the target, or else of the particles.
        """
        n, d = particles.positions.shape
        centres = particles.positions[rng.integers(n, size=many)]
        offsets = rng.standard_normal((many, d)) * self._width(particles)
        widths = np.where(np.arange(many) % 2, 0.3 * min(reach, 1.0), reach)
        return centres + widths[:, None] * offsets

    def surroundings(
        self, particles: ParticleSet, reach: float
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Lowest and highest corner (d,) of the search box; None for no bounds.

        The box extends `reach` standard deviations beyond the particles, as in
        `proposals`.
        """
        margin = reach * self._width(particles)
        x = particles.positions
        return x.min(axis=0) - margin, x.max(axis=0) + margin

    def promise(self, particles: ParticleSet, at: np.ndarray) -> np.ndarray:
        """Acquisition function at points (m, d), (m,); the lower, the better."""
        return self.witness(particles, at)

    def promise_and_gradient(
        self, particles: ParticleSet, at: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Acquisition function (m,) and its gradient (m, d)."""
        return self.witness(particles, at), self.witness_gradient(particles, at)

    def newcomer(self, particles: ParticleSet, point: np.ndarray) -> InsertionPath:
        """Path on which a new particle at a point (d,) takes mass from all others."""
        x, w = particles.positions, particles.weights
        total = float(w.sum())

        def of_share(fraction):
            weights = np.append((1.0 - fraction) * w, fraction * total)
            return ParticleSet(np.vstack([x, point]), weights)

        h = self.witness(particles, np.vstack([point, x]))
        return InsertionPath(of_share, total * float(h[0]) - float(w @ h[1:]), 0.5)

    def _width(self, particles):
        """Standard deviation of the target, or of the particles, or one."""
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
