r"""Knapsack: the splits that a budget affords.

Particles may differ in what one more of them costs: neurons of different types, an
expensive term of a model, a group that must not outgrow its share.  Of splits with
gains :math:`g_j` and costs :math:`c_{jr}`, one column for each resource, those are made
that solve

.. math:: \max_{z \in \{0, 1\}^m} \sum_j g_j z_j \quad \text{with} \quad
          \sum_j c_{jr} z_j \le b_r, \quad \sum_j z_j \le \text{room}:

the selection of energy-aware splitting (key ``WLLLS19`` in docs/references.bib), which
relaxes it to a linear programme; here it is solved exactly, by branch and bound.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import Bounds, LinearConstraint, milp

from .._validation import as_floats, refuse_nonfinite
from ..particles import ParticleSet


def affordable(cost: Callable, budget: ArrayLike, particles: ParticleSet) -> Callable:
    """Choice of splits ``(parents, gains, limit) -> rows`` within a budget.

    Parameters
    ----------
    cost : callable
        ParticleSet -> (n,), or (n, r) of several resources.
    budget : float or array_like, shape (r,)

    Raises
    ------
    ValueError
        When costs are not finite numbers from 0 of such a shape.
    """
    amounts = checked_budget(budget)
    costs = as_floats(cost(particles), "the return value of cost", "(n, r)")
    costs = costs[:, None] if costs.ndim == 1 else costs
    wanted = (len(particles), len(amounts))
    if costs.shape != wanted:
        raise ValueError(f"cost must return shape {wanted}, got {costs.shape}")
    fine = (np.isfinite(costs) & (costs >= 0.0)).all(axis=1)
    if not fine.all():
        i = int(np.argmin(fine))
        raise ValueError(
            f"costs must be finite and not negative, got {costs[i]} of particle "
            f"{i} at {particles.positions[i]}"
        )
    return lambda parents, gains, limit: knapsack(gains, costs[parents], amounts, limit)


def checked_budget(budget: ArrayLike) -> np.ndarray:
    """Budget of each resource (r,), finite and not negative."""
    amounts = np.atleast_1d(as_floats(budget, "budget", "of shape (r,)"))
    if amounts.ndim > 1 or not amounts.size or not (amounts >= 0.0).all():
        raise ValueError(f"budget must be numbers from 0, (r,), got {budget!r}")
    refuse_nonfinite(amounts, "budget")
    return amounts


def knapsack(gains, costs, budget, room: int) -> np.ndarray:
    """Rows of the best selection, by falling gain.

    Parameters
    ----------
    gains : ndarray, shape (m,)
        Rows of no positive gain are left out.
    costs : ndarray, shape (m, r)
        Not negative.
    budget : ndarray, shape (r,)
    room : int
        Rows at most.
    """
    worth = np.flatnonzero((gains > 0) & (costs <= budget).all(axis=1))
    if len(worth) == 0 or room < 1:
        return np.zeros(0, dtype=int)
    # each resource in units of its budget: the solver's tolerances are absolute
    size = np.where(budget > 0.0, budget, 1.0)
    rows = np.vstack([(costs[worth] / size).T, np.ones(len(worth))])
    solution = milp(
        -gains[worth] / gains[worth].max(),
        integrality=np.ones(len(worth)),
        bounds=Bounds(0.0, 1.0),
        constraints=LinearConstraint(rows, ub=np.append(budget / size, room)),
        options={"mip_rel_gap": 1e-6},
    )
    chosen = worth[np.asarray(solution.x) > 0.5]
    return chosen[np.argsort(-gains[chosen], kind="stable")]
