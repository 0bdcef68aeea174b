r"""Growth: how a particle set gains particles.

A growth is a callable ``growth(objective, particles, limit, rng) -> Grown`` that
adds at most `limit` particles; a plain function will do.  It keeps nothing between
calls, and all its randomness comes from the generator it is handed.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from ..objectives.objective import Objective
from ..particles import ParticleSet

HALVINGS = 20


class Grown(NamedTuple):
    """Outcome of a growth; it is true where particles were added."""

    particles: ParticleSet
    """The larger set; the same object when nothing grew."""
    parents: np.ndarray
    """Parent row of each new particle, -1 where it has none, (m,)."""
    predicted: float
    """Predicted change of F to second order; nan where the rule predicts nothing."""
    expected: float
    """Change of F by the exact one-particle formula, summed over the new particles; to
    second order for splits that gain nothing."""
    splitting_index: np.ndarray
    """Curvature ``v' S_i v`` of each split, (m,)."""
    least_index: float
    """Least splitting eigenvalue over all particles; nan where it was not computed."""
    steps: np.ndarray
    """Step of each split, (m,)."""
    stable: bool = False
    """Whether the rule certifies that no small split lowers F."""

    def __bool__(self):
        return len(self.parents) > 0


class Growth(Protocol):
    """Anything called with objective, particles, limit and rng that returns `Grown`."""

    def __call__(
        self,
        objective: Objective,
        particles: ParticleSet,
        limit: int,
        rng: np.random.Generator,
    ) -> Grown:
        """Add at most `limit` particles."""


def nothing_grew(
    particles: ParticleSet, least_index: float = np.nan, *, stable: bool = False
) -> Grown:
    """Outcome of a growth that adds no particle."""
    none = np.zeros(0)
    parents = np.zeros(0, dtype=int)
    return Grown(particles, parents, 0.0, 0.0, none, least_index, none, stable)


def backtracked(
    change: Callable[[float], float], step: float
) -> tuple[float, float] | None:
    """First of step, step/2, step/4, ... at which F falls, and its change there."""
    for _ in range(HALVINGS):
        if (fall := change(step)) < 0.0:
            return step, fall
        step *= 0.5
    return None
