"""Newest: only the last particles move, those before them stay where they are.

With an insertion as growth this is greedy boosting: each newcomer is fitted to what the
frozen ones have left over.
"""

from dataclasses import dataclass, field

import numpy as np

from .._validation import as_callable, as_count
from ..objectives.objective import FirstVariation, Objective
from ..particles import ParticleSet
from .lbfgs import LBFGS
from .move import Move, Moved


@dataclass(frozen=True, kw_only=True)
class Newest:
    """Move the newest particles by another move.

    Parameters
    ----------
    move : Move
    count : int
        How many of the last particles move.

    Examples
    --------
    >>> import splitparticles as sp
    >>> F = sp.MMD(sp.Gaussian(1.0), [[-2.0], [2.0]])
    >>> two = sp.ParticleSet([[-1.0], [1.0]])
    >>> sp.Newest()(F, two).particles.positions.ravel().round(2)
    array([-1.  ,  2.03])
    """

    move: Move = field(default_factory=LBFGS)
    count: int = 1

    def __post_init__(self):
        as_callable(self.move, "move", "(objective, particles)")
        as_count(self.count, "count")

    def __call__(self, objective, particles):
        """Move the last particles downhill."""
        old = max(len(particles) - self.count, 0)
        if old == 0:
            return self.move(objective, particles)
        x, w = particles.positions, particles.weights
        beside = _Beside(objective, ParticleSet(x[:old], w[:old]))
        moved = self.move(beside, ParticleSet(x[old:], w[old:]))
        return Moved(beside.joined(moved.particles), *moved[1:])


class _Beside(Objective):
    """An objective of the newest particles, beside others that are frozen."""

    def __init__(self, objective, frozen):
        self.objective, self.frozen = objective, frozen

    @property
    def conserves_mass(self):
        return self.objective.conserves_mass

    @property
    def labels(self):
        return self.objective.labels

    @property
    def n_rows(self):
        return self.objective.n_rows

    def of_rows(self, rows):
        return _Beside(self.objective.of_rows(rows), self.frozen)

    def joined(self, particles):
        return ParticleSet(
            np.vstack([self.frozen.positions, particles.positions]),
            np.concatenate([self.frozen.weights, particles.weights]),
        )

    def value(self, particles):
        return self.objective.value(self.joined(particles))

    def witness(self, particles, at=None):
        at = particles.positions if at is None else at
        return self.objective.witness(self.joined(particles), at)

    def witness_gradient(self, particles, at=None):
        at = particles.positions if at is None else at
        return self.objective.witness_gradient(self.joined(particles), at)

    def first_variation(self, particles):
        old = len(self.frozen)
        value, h, slope = self.objective.first_variation(self.joined(particles))
        return FirstVariation(value, h[old:], slope[old:])
