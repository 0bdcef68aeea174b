r"""Pruning: fewer particles of nearly the same F.

A particle may be removed in two ways: merged with the nearest other particle, at their
centre of mass, or dropped, its weight spread over all others in proportion.  From the
lightest on, each removal is measured, and stands if F stays below what was allowed in
all.
"""

import numpy as np
from scipy.spatial.distance import cdist

from .._validation import as_instance, as_nonnegative
from ..objectives import Objective
from ..particles import ParticleSet


def pruned(
    objective: Objective, particles: ParticleSet, *, tol: float = 1e-3
) -> ParticleSet:
    r"""Return fewer particles of nearly the same F.

    Parameters
    ----------
    objective : Objective
    particles : ParticleSet
        Weights of any sign; their sum stays.
    tol : float
        F may rise by this share of what it was, in all.

    Returns
    -------
    ParticleSet
        One particle at least; the same object when none can go.

    Raises
    ------
    ValueError
        When `tol` is negative or not finite, or F is not finite at the particles.

    Examples
    --------
    >>> import splitparticles as sp
    >>> F = sp.MMD(sp.Gaussian(1.0), [[0.0], [2.0]])
    >>> three = sp.ParticleSet([[0.0], [2.0], [0.0]], [0.3, 0.5, 0.2])
    >>> fewer = sp.pruned(F, three)
    >>> fewer.positions.ravel(), fewer.weights
    (array([0., 2.]), array([0.5, 0.5]))
    """
    as_instance(objective, Objective, "objective")
    as_instance(particles, ParticleSet, "particles")
    tol = as_nonnegative(tol, "tol")
    if not np.isfinite(now := objective.value(particles)):
        raise ValueError(f"the objective is not finite at the particles: {now}")
    return pruned_rows(objective, particles, tol)[0]


def pruned_rows(
    objective: Objective, particles: ParticleSet, tol: float
) -> tuple[ParticleSet, np.ndarray]:
    """Return fewer particles, and the rows that are kept."""
    now = objective.value(particles)
    # F is a difference of sums of kernels, and its rounding error about this large
    rounding = 1e-12 * float(np.abs(particles.weights).sum()) ** 2
    allowed, kept = now * (1.0 + tol) + rounding, particles
    order = np.argsort(np.abs(particles.weights), kind="stable")
    rows = np.arange(len(particles))
    for i in order:
        if len(kept) == 1:
            break
        i = int(np.flatnonzero(rows == i)[0])
        fewer = [p for p in (_merged(kept, i), _dropped(kept, i)) if p is not None]
        values = [objective.value(p) for p in fewer]
        if min(values, default=np.inf) <= allowed:
            kept, rows = fewer[int(np.argmin(values))], np.delete(rows, i)
    return kept, rows


def _merged(particles, i) -> ParticleSet | None:
    """Merge particle i with the nearest other one; None if their weights cancel."""
    x, w = particles.positions.copy(), particles.weights.copy()
    distance = cdist(x[i][None], x)[0]
    distance[i] = np.inf
    j = int(distance.argmin())
    total = w[i] + w[j]
    if w[i] * w[j] < 0.0 or total == 0.0:
        return None
    x[j] += w[i] / total * (x[i] - x[j])
    w[j] = total
    return ParticleSet(np.delete(x, i, axis=0), np.delete(w, i))


def _dropped(particles, i) -> ParticleSet | None:
    """All others, with weights of the same sum; None if theirs is zero."""
    w = np.delete(particles.weights, i)
    if w.sum() == 0.0:
        return None
    w = w * (particles.weights.sum() / w.sum())
    return ParticleSet(np.delete(particles.positions, i, axis=0), w)
