"""Candidates of a growth by splits: curvatures and children, before a step is chosen.

Where particles live in several spaces, as the neurons of a deep network's layers do,
one growth has to choose among the splits of all of them.  So a rule of splitting offers
its candidates, and what pools them chooses which to make, and by what step.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from ..objectives.objective import Objective
from ..particles import ParticleSet


class Candidate(NamedTuple):
    """Split of one particle into children of given shares of its weight."""

    parent: int
    """Row of the particle."""
    curvature: float
    """Sum over children of ``share * offset' S offset``."""
    shares: np.ndarray
    """Shares of the parent's weight, summing to one, (k,)."""
    offsets: np.ndarray
    """Offsets of the children from the parent for a step of one, (k, d)."""


class Candidates(NamedTuple):
    """Splits that a rule offers, and what it knows of all particles."""

    splits: list[Candidate]
    """One a particle at most."""
    least_index: float
    """Least splitting eigenvalue over all particles; nan where it was not computed."""
    stable: bool
    """Whether the rule certifies that no small split lowers F."""


@runtime_checkable
class SplitGrowth(Protocol):
    """Growth by splits that offers its candidates."""

    def candidates(
        self, objective: Objective, particles: ParticleSet, rng: np.random.Generator
    ) -> Candidates:
        """Splits to choose from."""


def halves(parents, directions, index) -> list[Candidate]:
    """Splits in two halves along unit vectors (m, d) of curvatures (m,)."""
    shares = np.array([0.5, 0.5])
    return [
        Candidate(int(i), float(curvature), shares, np.stack([v, -v]))
        for i, v, curvature in zip(parents, directions, index, strict=True)
    ]


def split_apart(
    particles: ParticleSet, splits: Sequence[Candidate], step: float
) -> tuple[ParticleSet, np.ndarray]:
    """Particles after the splits, and the parents (m,) of the new ones.

    First children keep their parents' rows; the others are appended.
    """
    x, w = particles.positions.copy(), particles.weights.copy()
    positions, weights, parents = [], [], []
    for i, _, shares, offsets in splits:
        parent, mass = x[i].copy(), w[i]
        x[i], w[i] = parent + step * offsets[0], mass * shares[0]
        for share, offset in zip(shares[1:], offsets[1:], strict=True):
            positions.append(parent + step * offset)
            weights.append(mass * share)
            parents.append(i)
    rows = np.array(parents, dtype=int)
    if not parents:
        return particles, rows
    grown = ParticleSet(np.vstack([x, positions]), np.concatenate([w, weights]))
    return grown, rows
