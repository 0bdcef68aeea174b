r"""Growth: how a particle set gains particles, and the search for a split's step.

A growth is a callable ``growth(objective, particles, limit, rng) -> Grown`` that
adds at most `limit` particles; a plain function will do.  It keeps nothing between
calls, and all its randomness comes from the generator it is handed.

The published codes split with a fixed small step, which can raise the objective.
Here the step is found by a search on the exact change, which costs O(n) a particle
and trial (`Objective.split_change`).  Three numbers fix the search: to fourth order
the change is :math:`\tfrac12 \lambda e^2 + Q e^4`, the least eigenvalue is known,
one trial gives Q, and the minimum is at :math:`e^2 = -\lambda / 4Q`; from the second
trial on, two of them give the next order as well.
"""

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
    """Change of F by the exact one-particle formula, summed over the newcomers."""
    splitting_index: np.ndarray
    """Curvature ``v' S_i v`` of each split, (m,)."""
    least_index: float
    """Least splitting eigenvalue over all particles; nan where it was not looked at."""
    steps: np.ndarray
    """Step of each split, (m,)."""


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


def nothing_grew(particles: ParticleSet, least_index: float = np.nan) -> Grown:
    """Return the answer of a rule that found nobody worth splitting."""
    none = np.zeros(0)
    parents = np.zeros(0, dtype=int)
    return Grown(particles, parents, 0.0, 0.0, none, least_index, none)


def search_steps(
    objective: Objective,
    particles: ParticleSet,
    parents: np.ndarray,
    directions: np.ndarray,
    index: np.ndarray,
    trials: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Best step of each split, and the exact change that it brings.

    Parameters
    ----------
    parents, directions, index : ndarray, shapes (m,), (m, d), (m,)
        Whom to split, along what, and the curvatures ``v' S v``.
    trials : int
        Exact changes looked at, each for all m particles at once.

    Returns
    -------
    steps, changes : ndarray, shape (m,)
        A change of zero where no step tried was downhill.
    """
    # the step at which the second-order gain would be a particle's share of F
    share = max(objective.value(particles), 1e-300) / len(particles)
    square = share / np.maximum(np.abs(index), 1e-300)
    best_step, best = np.zeros(len(parents)), np.zeros(len(parents))
    before = None
    for _ in range(trials):
        step = np.sqrt(square)
        change = objective.split_change(particles, parents, directions, step)
        change = np.where(np.isfinite(change), change, np.inf)
        better = change < best
        best, best_step = (
            np.where(better, change, best),
            np.where(better, step, best_step),
        )
        rest = (change - 0.5 * index * square) / square**2
        model = _model_minimum(index, square, rest, before)
        before = square, rest
        # no further than four times: the model does not know far steps
        upward = np.where(np.isfinite(change), 16.0, 0.25) * square
        square = np.clip(np.nan_to_num(model, nan=np.inf), square / 16.0, upward)
    return best_step, best


def _model_minimum(index, square, rest, before):
    """Squared step t at the minimum of ``index t/2 + Q t^2 + R t^3``.

    ``rest = Q + R t`` is known at one squared step, or at two; nan where the model has
    no minimum.
    """
    Q, R = rest, 0.0
    with np.errstate(all="ignore"):
        if before is not None:
            R = np.nan_to_num(
                (rest - before[1]) / (square - before[0]), posinf=0, neginf=0
            )
            Q = rest - R * square
        t = -0.5 * index / (Q + np.sqrt(Q * Q - 1.5 * R * index))
    return np.where(t > 0, t, np.nan)


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
) -> Grown:
    """Split those of the candidates that gain most, at most `limit` of them.

    All are split at once, although each step was found alone: to second order splits
    do not see each other.  Should the value rise all the same, the steps are halved.
    With `everyone`, candidates that gain nothing follow those that do, by a tenth of
    the usual step, so that their halves can part once the others have moved.
    """
    steps, changes = search_steps(
        objective, particles, parents, directions, index, trials
    )
    if not (changes < 0).any():
        return nothing_grew(particles, least_index)
    if everyone:
        small = 0.1 * np.median(steps[changes < 0])
        steps = np.where(changes < 0, steps, small)
    order = np.argsort(changes, kind="stable")[:limit]
    order = order[everyone | (changes[order] < 0)]
    parents, directions = parents[order], directions[order]
    steps, index, changes = steps[order], index[order], changes[order]
    now = objective.value(particles)
    for _ in range(20):
        grown = particles.split(parents, directions, steps)
        if objective.value(grown) < now:
            break
        steps = 0.5 * steps
    else:
        return nothing_grew(particles, least_index)
    predicted = float(0.5 * index @ steps**2)
    expected = float(changes.sum())
    return Grown(grown, parents, predicted, expected, index, least_index, steps)
