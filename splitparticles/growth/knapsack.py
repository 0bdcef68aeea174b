r"""Which splits to afford: a knapsack.

Particles may differ in what one more of them costs: neurons of different types, an
expensive term of a model, a group that must not outgrow its share.  Of splits with
gains :math:`g_j` and costs :math:`c_{jr}`, one column for each resource, those are made
that solve

.. math:: \max_{z \in \{0, 1\}^m} \sum_j g_j z_j \quad \text{with} \quad
          \sum_j c_{jr} z_j \le b_r, \quad \sum_j z_j \le \text{room}:

the selection of energy-aware splitting (key ``WLLLS19`` in docs/references.bib), which
relaxes it to a linear programme; here it is solved exactly, by branch and bound.
"""

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp


def knapsack(gains, costs, budget, room: int) -> np.ndarray:
    """Rows of the best selection, those that gain most first.

    Parameters
    ----------
    gains : ndarray, shape (m,)
        Positive ones are worth something.
    costs : ndarray, shape (m, r)
        Not negative.
    budget : ndarray, shape (r,)
    room : int
        Rows at most.
    """
    worth = np.flatnonzero((gains > 0) & (costs <= budget).all(axis=1))
    if len(worth) == 0 or room < 1:
        return np.zeros(0, dtype=int)
    # in units of their own, so that the solver's tolerances mean something
    size = np.where(budget > 0.0, budget, 1.0)
    rows = np.vstack([(costs[worth] / size).T, np.ones(len(worth))])
    found = milp(
        -gains[worth] / gains[worth].max(),
        integrality=np.ones(len(worth)),
        bounds=Bounds(0.0, 1.0),
        constraints=LinearConstraint(rows, ub=np.append(budget / size, room)),
        options={"mip_rel_gap": 1e-6},
    )
    chosen = worth[np.asarray(found.x) > 0.5]
    return chosen[np.argsort(-gains[chosen], kind="stable")]
