r"""Discrepancies and distances of weighted point sets, as plain functions.

`ksd` and `mmd` are the discrepancy itself, not half its square as the objectives are.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import coo_array
from scipy.sparse.csgraph import maximum_flow
from scipy.spatial.distance import cdist

from ._validation import as_positions, as_weights
from .kernels.bandwidth import median_bandwidth
from .kernels.radial import Gaussian, InverseMultiquadric
from .objectives import KSD, MMD
from .particles import ParticleSet

ROWS = 1000  # of a block of distances

UNITS = 2**29  # of mass, of which flows are made


def _measures(x, y, weights_x, weights_y) -> tuple[ParticleSet, ParticleSet]:
    """Point sets x and y, of as many columns, with weights that sum to one."""
    p, q = _measure(x, weights_x, "x"), _measure(y, weights_y, "y")
    if p.dim != q.dim:
        raise ValueError(f"y must have {p.dim} columns like x, got {q.dim}")
    return p, q


def _measure(x, weights, name) -> ParticleSet:
    x = as_positions(x, name)
    if weights is None:
        return ParticleSet(x)
    return ParticleSet(x, as_weights(weights, f"weights_{name}", len(x)))


def ksd(
    positions: ArrayLike,
    score: Callable,
    *,
    weights: ArrayLike | None = None,
    kernel: tuple | None = None,
) -> float:
    r"""Kernel Stein discrepancy of weighted points to a score.

    .. math:: \mathrm{KSD} = \Big(\sum_{ij} w_i w_j k_p(x_i, x_j)\Big)^{1/2}

    Parameters
    ----------
    positions : array_like, shape (n, d)
    score : callable
        (n, d) -> (n, d), gradient of the log density.
    weights : array_like, shape (n,), optional
        Not negative, scaled to sum to one; equal when left out.
    kernel : kernel tuple, optional
        `InverseMultiquadric` of the median distance when left out.

    Returns
    -------
    float

    Examples
    --------
    >>> import splitparticles as sp
    >>> round(sp.ksd([[0.0]], lambda x: -x, kernel=sp.Gaussian(2.0)), 6)
    0.5
    """
    points = as_positions(positions, "positions")
    if weights is not None:
        weights = as_weights(weights, "weights", len(points))
    if kernel is None:
        kernel = InverseMultiquadric(median_bandwidth(points))
    value = KSD(kernel, score).discrepancy(ParticleSet(points, weights))
    if not np.isfinite(value):
        raise ValueError("the score is not finite at the positions")
    return value


def mmd(
    x: ArrayLike,
    y: ArrayLike,
    *,
    weights_x: ArrayLike | None = None,
    weights_y: ArrayLike | None = None,
    kernel: tuple | None = None,
) -> float:
    r"""Maximum mean discrepancy of two weighted point sets.

    .. math:: \mathrm{MMD} = \|\textstyle\sum_i w_i k(x_i, \cdot)
              - \sum_j v_j k(y_j, \cdot)\|

    Parameters
    ----------
    x, y : array_like, shapes (n, d), (m, d)
    weights_x, weights_y : array_like, shapes (n,), (m,), optional
        Not negative, scaled to sum to one; equal when left out.
    kernel : kernel tuple, optional
        `Gaussian` of the median distance in y when left out.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        When shapes do not fit, a number is not finite or a squared distance overflows.

    Examples
    --------
    >>> import splitparticles as sp
    >>> round(sp.mmd([[0.0]], [[1.0]], kernel=sp.Gaussian(1.0)), 6)
    0.887096
    """
    p, q = _measures(x, y, weights_x, weights_y)
    if kernel is None:
        kernel = Gaussian(median_bandwidth(q.positions))
    return _finite(MMD(kernel, q.positions, q.weights).discrepancy(p))


def energy_distance(
    x: ArrayLike,
    y: ArrayLike,
    *,
    weights_x: ArrayLike | None = None,
    weights_y: ArrayLike | None = None,
) -> float:
    r"""Energy distance :math:`2E|X - Y| - E|X - X'| - E|Y - Y'|` (key ``SR13``).

    Parameters
    ----------
    x, y : array_like, shapes (n, d), (m, d)
    weights_x, weights_y : array_like, shapes (n,), (m,), optional
        Not negative, scaled to sum to one; equal when left out.

    Returns
    -------
    float
        Not its root; zero for equal measures, since i = j is included.

    Raises
    ------
    ValueError
        When shapes do not fit, a number is not finite or a squared distance overflows.

    Examples
    --------
    >>> import splitparticles as sp
    >>> sp.energy_distance([[0.0]], [[3.0]])
    6.0
    """
    p, q = _measures(x, y, weights_x, weights_y)
    between = _mean_distance(p, q)
    within = _mean_distance(p, p) + _mean_distance(q, q)
    return max(_finite(2.0 * between - within), 0.0)


def _finite(distance) -> float:
    if not np.isfinite(distance):
        raise ValueError("the points are too far apart: squared distances overflow")
    return distance


def _mean_distance(p, q) -> float:
    total = 0.0
    for first in range(0, len(p), ROWS):
        rows = slice(first, first + ROWS)
        total += p.weights[rows] @ cdist(p.positions[rows], q.positions) @ q.weights
    return float(total)


def infinity_wasserstein(
    p: ParticleSet | ArrayLike, q: ParticleSet | ArrayLike
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
        When shapes do not fit, a number is not finite or a squared distance overflows.

    Examples
    --------
    A split by a step of 0.5 moves each half by 0.5.

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
    # No mass goes a shorter way than to the nearest particle of the other set.
    least = max(D.min(axis=1).max(), D.min(axis=0).max())
    distances = np.unique(D[D >= least])
    low, high = 0, len(distances) - 1
    while low < high:
        middle = (low + high) // 2
        if _suffices(D <= distances[middle], v, w):
            high = middle
        else:
            low = middle + 1
    return _finite(float(distances[high]))


def _particles(data, name) -> ParticleSet:
    """Particles of a Result, a ParticleSet or an array of positions."""
    particles = getattr(data, "particles", data)
    if isinstance(particles, ParticleSet):
        return particles
    return ParticleSet(as_positions(particles, name))


def _units(weights, name):
    """Weights as whole numbers that sum to UNITS, by largest remainders."""
    exact = UNITS * as_weights(weights, f"weights of {name}", len(weights))
    whole = np.floor(exact).astype(np.int64)
    missing = UNITS - int(whole.sum())
    whole[np.argsort(whole - exact, kind="stable")[:missing]] += 1
    return whole


def _suffices(allowed, v, w) -> bool:
    """Whether the allowed pairs carry all mass, up to the rounding to units."""
    n, m = allowed.shape
    i, j = np.nonzero(allowed)
    rows = np.concatenate([np.zeros(n, int), 1 + i, 1 + n + np.arange(m)])
    columns = np.concatenate([1 + np.arange(n), 1 + n + j, np.full(m, 1 + n + m)])
    capacity = np.concatenate([v, np.minimum(v[i], w[j]), w]).astype(np.int32)
    shape = (n + m + 2, n + m + 2)
    graph = coo_array((capacity, (rows, columns)), shape=shape).tocsr()
    flow = maximum_flow(graph.astype(np.int32), 0, n + m + 1).flow_value
    return flow >= UNITS - (n + m)
