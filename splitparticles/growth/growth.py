r"""Growth: how a particle set gains particles, and the search for a split's step.

A growth is a callable ``growth(objective, particles, limit, rng) -> Grown`` that
adds at most `limit` particles; a plain function will do.  It keeps nothing between
calls, and all its randomness comes from the generator it is handed.

The published codes split with a fixed small step, which can raise the objective.
Here the step is found by a search on the exact change, which costs O(n) a particle
and trial (`Objective.split_change`): onwards by doubling until it rises, then to the
vertex of a parabola in the squared step, in which the change is nearly convex.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from ..objectives.objective import Objective
from ..particles import ParticleSet


class Grown(NamedTuple):
    """What a growth returns."""

    particles: ParticleSet
    """The larger set; the same object when nothing grew."""
    parents: np.ndarray
    """Parent row of each newcomer, -1 for one that has none, (m,)."""
    predicted: float
    """Predicted change of F to second order; nan where the rule predicts nothing."""
    expected: float
    """Change of F by the exact one-particle formula, summed over the newcomers; to
    second order for those split although they gain nothing."""
    splitting_index: np.ndarray
    """Curvature ``v' S_i v`` of each split, (m,)."""
    least_index: float
    """Least splitting eigenvalue over all particles; nan where it was not looked at."""
    steps: np.ndarray
    """Step of each split, (m,)."""
    stable: bool = False
    """Whether the rule certifies that no small split lowers F."""


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


def spectra(objective: Objective, matrices) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues (n, k) and vectors (n, d, k) over the coordinates that may move."""
    labels = objective.labels
    if labels is None or not labels.any():
        return np.linalg.eigh(matrices)
    free = np.flatnonzero(~labels)
    values, inner = np.linalg.eigh(matrices[:, free[:, None], free])
    vectors = np.zeros((len(matrices), len(labels), len(free)))
    vectors[:, free] = inner
    return values, vectors


def search_steps(
    objective: Objective,
    particles: ParticleSet,
    parents: np.ndarray,
    directions: np.ndarray,
    index: np.ndarray,
    trials: int,
    now: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Best step of each split, and the exact change that it brings.

    Parameters
    ----------
    parents, directions, index : ndarray, shapes (m,), (m, d), (m,)
        Rows to split, along what, and the curvatures ``v' S v``.
    trials : int
        Exact changes looked at, each for all m particles at once.
    now : float
        F of the particles.

    Returns
    -------
    steps, changes : ndarray, shape (m,)
        A change of zero where no step tried was downhill.
    """
    # the step at which the second-order gain would be a particle's share of F
    share = max(now, 1e-300) / len(particles)
    first = np.clip(share / np.maximum(np.abs(index), 1e-300), 1e-20, 1e20)
    found = _Bracket(index, first)
    for _ in range(trials):
        square = found.next()
        change = objective.split_change(particles, parents, directions, square**0.5)
        found.learn(square, np.where(np.isfinite(change), change, np.inf))
    return np.sqrt(found.t[1]), found.f[1]


class _Bracket:
    """Search for the minimum of f(t), t the squared step, of all splits at once.

    f(0) = 0 with slope ``index / 2``.  Rows of `t` and `f`: a step on the left of the
    best one, the best one, and one on its right.
    """

    def __init__(self, index, first):
        self.index, self.first = index, first
        none = np.zeros(len(index))
        self.t = np.array([none, none, none + np.inf])
        self.f = np.array([none, none, none + np.inf])

    def next(self):
        """Trial for each split: back, onwards, or to the vertex of a parabola."""
        (a, b, c), (fa, fb, fc) = self.t, self.f
        with np.errstate(all="ignore"):
            quartic = (fc - 0.5 * self.index * c) / c**2
            back = np.clip(-0.25 * self.index / quartic, c / 256.0, c / 2.0)
            back = np.where(np.isfinite(back), back, c / 16.0)
            rise, fall = (fc - fb) * (b - a), (fb - fa) * (c - b)
            vertex = 0.5 * (rise * (a + b) - fall * (b + c)) / (rise - fall)
            vertex = np.where(np.isfinite(vertex), vertex, 0.5 * (b + c))
            inside = np.clip(vertex, a + 0.1 * (b - a), c - 0.1 * (c - b))
        found, bounded = b > 0, np.isfinite(c)
        onwards = np.where(found, 4.0 * b, self.first)
        return np.where(bounded, np.where(found, inside, back), onwards)

    def learn(self, t, f):
        """Take in a trial."""
        right, better = t > self.t[1], f < self.f[1]
        # rows from which left, best and right come: 0, 1, 2, or 3 for the trial
        left = np.where(right & better, 1, np.where(~right & ~better, 3, 0))
        best = np.where(better, 3, 1)
        after = np.where(~right & better, 1, np.where(right & ~better, 3, 2))
        rows, columns = np.array([left, best, after]), np.arange(len(t))
        self.t = np.vstack([self.t, t])[rows, columns]
        self.f = np.vstack([self.f, f])[rows, columns]


def split_best(
    objective: Objective,
    particles: ParticleSet,
    parents: np.ndarray,
    directions: np.ndarray,
    index: np.ndarray,
    *,
    limit: int,
    trials: int,
    least_index: float,
    everyone: bool = False,
    afford: Callable | None = None,
) -> Grown:
    """Split those of the candidates that gain most, at most `limit` of them.

    With `afford`, a function of parents, gains and limit, those rows that it returns.
    All are split at once, although each step was found alone: to second order splits
    do not see each other.  Should the value rise all the same, the steps are halved.
    With `everyone`, candidates that gain nothing follow those that do, by a tenth of
    the usual step, so that their halves can part once the others have moved.
    """
    now = objective.value(particles)
    if not np.isfinite(now):  # the score failed where it had answered before
        return nothing_grew(particles, least_index)
    steps, changes = search_steps(
        objective, particles, parents, directions, index, trials, now
    )
    if not (changes < 0).any():
        return nothing_grew(particles, least_index)
    if afford is not None:
        order = afford(parents, -changes, limit)
        if len(order) == 0:
            return nothing_grew(particles, least_index)
    else:
        order = np.argsort(changes, kind="stable")[:limit]
        order = order[everyone | (changes[order] < 0)]
    parents, directions = parents[order], directions[order]
    steps, index, changes = steps[order], index[order], changes[order]
    idle = changes >= 0
    if idle.any():
        steps = np.where(idle, 0.1 * np.median(steps[~idle]), steps)
        changes = np.where(idle, 0.5 * index * steps**2, changes)
    searched = steps
    for _ in range(20):
        grown = particles.split(parents, directions, steps)
        if objective.value(grown) < now:
            break
        steps = 0.5 * steps
    else:
        return nothing_grew(particles, least_index)
    predicted = float(0.5 * index @ steps**2)
    if steps is not searched:
        changes = objective.split_change(particles, parents, directions, steps)
    expected = float(changes.sum())
    return Grown(grown, parents, predicted, expected, index, least_index, steps)
