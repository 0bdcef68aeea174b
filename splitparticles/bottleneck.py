r"""The infinity-Wasserstein metric: the farthest that any mass has to go.

.. math:: W_\infty(p, q) = \min_\gamma \max \{|x - y| : (x, y) \in \operatorname{supp}
          \gamma\}

over the couplings of two weighted sets.  Splitting descent is steepest descent in this
metric (key ``LWW19`` in docs/references.bib): within distance e of a particle set lies
every set whose particles moved or split by at most e, whatever their number.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import coo_array
from scipy.sparse.csgraph import maximum_flow
from scipy.spatial.distance import cdist

from .particles import ParticleSet

UNITS = 2**29  # of mass, of which flows are made


def infinity_wasserstein(
    p: "ParticleSet | ArrayLike", q: "ParticleSet | ArrayLike"
) -> float:
    r"""Infinity-Wasserstein distance of two weighted particle sets.

    The least distance r for which all mass of p can go to q along pairs no further
    apart than r: a bisection over the distances that occur, each a maximal flow.

    Parameters
    ----------
    p, q : ParticleSet, Result or array_like (n, d)
        Of any numbers of particles; weights are not negative, and scaled to sum to one.
        Masses below two billionths count as none.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        When the dimensions differ or a weight is negative.

    Examples
    --------
    A split by 0.5 is as far as the two halves went.

    >>> import splitparticles as sp
    >>> p = sp.ParticleSet([[0.0], [4.0]])
    >>> sp.infinity_wasserstein(p, p.split([0], [[1.0]], 0.5))
    0.5
    """
    p, q = _particles(p, "p"), _particles(q, "q")
    if p.dim != q.dim:
        raise ValueError(f"q must have {p.dim} coordinates like p, got {q.dim}")
    v, w = _units(p.weights, "p"), _units(q.weights, "q")
    D = cdist(p.positions[v > 0], q.positions[w > 0])
    v, w = v[v > 0], w[w > 0]
    # no mass can stay nearer than its nearest partner
    least = max(D.min(axis=1).max(), D.min(axis=0).max())
    distances = np.unique(D[D >= least])
    low, high = 0, len(distances) - 1
    while low < high:
        middle = (low + high) // 2
        if _suffices(D <= distances[middle], v, w):
            high = middle
        else:
            low = middle + 1
    return float(distances[high])


def _particles(given, name) -> ParticleSet:
    given = getattr(given, "particles", given)
    return given if isinstance(given, ParticleSet) else ParticleSet(given)


def _units(weights, name):
    """Weights as whole numbers that sum to UNITS, by largest remainders."""
    if weights.min() < 0.0 or weights.sum() <= 0.0:
        raise ValueError(
            f"weights of {name} must not be negative and not all zero, "
            f"got a least one of {weights.min():g}"
        )
    exact = UNITS * (weights / weights.sum())
    whole = np.floor(exact).astype(np.int64)
    missing = UNITS - int(whole.sum())
    whole[np.argsort(whole - exact, kind="stable")[:missing]] += 1
    return whole


def _suffices(allowed, v, w) -> bool:
    """Whether all mass can go along the pairs allowed, but for what was rounded."""
    n, m = allowed.shape
    i, j = np.nonzero(allowed)
    rows = np.concatenate([np.zeros(n, int), 1 + i, 1 + n + np.arange(m)])
    columns = np.concatenate([1 + np.arange(n), 1 + n + j, np.full(m, 1 + n + m)])
    capacity = np.concatenate([v, np.minimum(v[i], w[j]), w]).astype(np.int32)
    shape = (n + m + 2, n + m + 2)
    graph = coo_array((capacity, (rows, columns)), shape=shape).tocsr()
    flow = maximum_flow(graph.astype(np.int32), 0, n + m + 1).flow_value
    return flow >= UNITS - (n + m)
