r"""Splits of a round: the step of each, and which of them are made.

The published codes split with a fixed small step, which can raise the objective.
Here the step is found by a line search on the exact change of F, which costs O(n) a
particle and trial (`Objective.split_change`): by factors of four while the change
falls, then to the vertex of a parabola through three trials.  The variable is the
squared step t, in which the change begins with the slope :math:`v^T S v / 2` and is
nearly convex.
"""

from collections.abc import Callable

import numpy as np

from ..objectives.objective import Objective
from ..particles import ParticleSet
from .growth import Grown, backtracked, nothing_grew


def split_best(
    objective: Objective,
    particles: ParticleSet,
    parents: np.ndarray,
    directions: np.ndarray,
    index: np.ndarray,
    *,
    limit: int,
    trials: int,
    least_index: float = np.nan,
    everyone: bool = False,
    choose: Callable | None = None,
) -> Grown:
    """Candidates of largest gain, split all at once.

    Steps are found one split at a time, for to second order splits do not interact.
    Should F rise all the same, all steps are halved.

    Parameters
    ----------
    parents, directions, index : ndarray, shapes (m,), (m, d), (m,)
        Rows to split, along what, and the curvatures ``v' S v``.
    limit : int
        Splits at most.
    trials : int
        Steps tried for each candidate.
    least_index : float
        What `Grown` reports.
    everyone : bool
        Candidates that gain nothing follow those that do, by a tenth of the median
        step, so that their halves can part once the others have moved.
    choose : callable, optional
        ``(parents, gains, limit) -> rows``; by default those of largest gain.
    """
    now = objective.value(particles)
    if not np.isfinite(now):  # the score failed where it had answered before
        return nothing_grew(particles, least_index)

    def change_of_each(steps):
        return objective.split_change(particles, parents, directions, steps)

    gain = max(now, 1e-300) / len(particles)
    steps, changes = search_steps(change_of_each, index, gain, trials)
    if choose is not None:
        chosen = choose(parents, -changes, limit)
    else:
        chosen = np.argsort(changes, kind="stable")[:limit]
        chosen = chosen[everyone | (changes[chosen] < 0)]
    if not (changes[chosen] < 0).any():
        return nothing_grew(particles, least_index)
    parents, directions, index = parents[chosen], directions[chosen], index[chosen]
    steps, changes = steps[chosen], changes[chosen]
    idle = changes >= 0
    if idle.any():
        steps = np.where(idle, 0.1 * np.median(steps[~idle]), steps)
        changes = np.where(idle, 0.5 * index * steps**2, changes)

    def change_of_all(factor):
        return (
            objective.value(particles.split(parents, directions, factor * steps)) - now
        )

    accepted = backtracked(change_of_all, 1.0)
    if accepted is None:
        return nothing_grew(particles, least_index)
    if accepted[0] < 1.0:
        steps = accepted[0] * steps
        changes = change_of_each(steps)
    return Grown(
        particles.split(parents, directions, steps),
        parents,
        predicted=float(0.5 * index @ steps**2),
        expected=float(changes.sum()),
        splitting_index=index,
        least_index=least_index,
        steps=steps,
    )


def search_steps(
    change: Callable, index: np.ndarray, gain: float, trials: int
) -> tuple[np.ndarray, np.ndarray]:
    """Steps (m,) of independent splits at which F is lowest, and the changes there.

    Parameters
    ----------
    change : callable
        Steps (m,) -> changes of F, (m,).
    index : ndarray, shape (m,)
        Curvatures: the change begins as ``index * step**2 / 2``.
    gain : float
        Fall of F that sets the first step tried.
    trials : int
        Calls of `change`.

    Returns
    -------
    steps, changes : ndarray, shape (m,)
        Zero where no step tried lowered F.
    """
    first = np.clip(gain / np.maximum(np.abs(index), 1e-300), 1e-20, 1e20)
    t = f = np.zeros((1, len(index)))
    for _ in range(trials):
        trial = _next_trial(t, f, index, first)
        found = change(np.sqrt(trial))
        t, f = np.vstack([t, trial]), np.vstack([f, found])
        f = np.where(np.isfinite(f), f, np.inf)
        order = np.argsort(t, axis=0, kind="stable")
        t, f = (np.take_along_axis(rows, order, axis=0) for rows in (t, f))
    lowest = f.argmin(axis=0), np.arange(len(index))
    return np.sqrt(t[lowest]), f[lowest]


def _next_trial(t, f, index, first):
    """Squared steps to try next, (m,), after sorted trials t of changes f, (k, m)."""
    beyond = np.full((1, len(index)), np.inf)
    t, f = np.vstack([t, beyond]), np.vstack([f, beyond])
    lowest, column = f.argmin(axis=0), np.arange(len(index))
    # the trials on the left of the lowest, the lowest, and that on its right
    rows = np.array([np.maximum(lowest - 1, 0), lowest, lowest + 1])
    (a, b, c), (fa, fb, fc) = t[rows, column], f[rows, column]
    with np.errstate(all="ignore"):
        # nothing lower yet: vertex of the parabola of slope index / 2 through c
        curvature = (fc - 0.5 * index * c) / c**2
        back = np.clip(-0.25 * index / curvature, c / 256.0, c / 2.0)
        back = np.where(np.isfinite(back), back, c / 16.0)
        rise, fall = (fc - fb) * (b - a), (fb - fa) * (c - b)
        vertex = 0.5 * (rise * (a + b) - fall * (b + c)) / (rise - fall)
        vertex = np.where(np.isfinite(vertex), vertex, 0.5 * (b + c))
        inside = np.clip(vertex, a + 0.1 * (b - a), c - 0.1 * (c - b))
    onwards = np.where(lowest > 0, 4.0 * b, first)
    return np.where(np.isfinite(c), np.where(lowest > 0, inside, back), onwards)
