r"""Discrepancies as plain functions: `ksd`, `mmd`, `energy_distance`.

They return the discrepancy itself, not half its square as the objectives do.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist

from ._validate import as_positions, as_weights
from .kernels import Gaussian, InverseMultiquadric, median_bandwidth
from .objectives import KSD, MMD
from .particles import ParticleSet

ROWS = 1000  # of a block of distances


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

    Raises
    ------
    TypeError, ValueError
        When an argument is not what it should be.

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
    TypeError, ValueError
        When an argument is not what it should be.

    Examples
    --------
    >>> import splitparticles as sp
    >>> round(sp.mmd([[0.0]], [[1.0]], kernel=sp.Gaussian(1.0)), 6)
    0.887096
    """
    p, q = _measure(x, weights_x, "x"), _measure(y, weights_y, "y")
    if p.dim != q.dim:
        raise ValueError(f"y must have {p.dim} columns like x, got {q.dim}")
    if kernel is None:
        kernel = Gaussian(median_bandwidth(q.positions))
    return MMD(kernel, q.positions, q.weights).discrepancy(p)


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
    TypeError, ValueError
        When an argument is not what it should be.

    Examples
    --------
    >>> import splitparticles as sp
    >>> sp.energy_distance([[0.0]], [[3.0]])
    6.0
    """
    p, q = _measure(x, weights_x, "x"), _measure(y, weights_y, "y")
    if p.dim != q.dim:
        raise ValueError(f"y must have {p.dim} columns like x, got {q.dim}")
    between = _mean_distance(p, q)
    return max(2.0 * between - _mean_distance(p, p) - _mean_distance(q, q), 0.0)


def _mean_distance(p, q) -> float:
    total = 0.0
    for first in range(0, len(p), ROWS):
        rows = slice(first, first + ROWS)
        total += p.weights[rows] @ cdist(p.positions[rows], q.positions) @ q.weights
    return float(total)
