r"""Fits of an emulator: the length scale and the noise by their evidence.

The scale of f is profiled out, so with K the covariance of all gradients for sigma 1,
noise included, and y what the prior leaves of the scores, the log evidence is

.. math:: -\tfrac{n d}{2} \log (y^T K^{-1} y) - \tfrac12 \log \det K + \mathrm{const}.

It is climbed on a grid of lengths and noise levels, from one node to its neighbours, on
some of the rows.
"""

from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from .._validation import as_floats, as_positions, explains_keywords, refuse_nonfinite
from ..kernels.radial import RationalQuadratic
from . import gradient_process as process
from .emulator import Emulator
from .prior import PRIOR_SCALE, Hyperbolic
from .solve import coefficients

LENGTHS = (1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0, 16.0)  # over the root of d

LEVELS = (1e-8, 1e-6, 1e-4, 1e-2, 1e-1)

FIRST_LENGTH, FIRST_LEVEL = 3, 1  # of the climb, among these

EVIDENCE = 800  # unknowns


@explains_keywords
def fit(
    positions: ArrayLike,
    scores: ArrayLike,
    *,
    noise: ArrayLike = 0.0,
    length: float | None = None,
    level: float | None = None,
    near: Emulator | None = None,
) -> Emulator:
    """Fit of an emulator to scores.

    Parameters
    ----------
    positions : array_like, shape (n, d)
        Rows, in coordinates where the target is about a standard normal.
    scores : array_like, shape (n, d)
        Scores there, in the same coordinates.
    noise : float or array_like, shape (n,)
        Known variances of the noise of the rows, relative to the prior variance of a
        score's coordinate; what all rows have in common is estimated.
    length, level : float, optional
        Length scale over the root of d, and common noise; estimated where left out.
    near : Emulator, optional
        An earlier fit: the search begins at its length and noise.

    Returns
    -------
    Emulator

    Raises
    ------
    TypeError, ValueError
        When an argument is not what is said here.
    LinAlgError
        When the equations cannot be solved: rows lie too close for their noise.

    Examples
    --------
    >>> import numpy as np
    >>> from splitparticles.emulator import fit
    >>> z = np.random.default_rng(0).standard_normal((30, 2))
    >>> emulator = fit(z, -z)  # of a standard normal
    >>> emulator.score([[1.0, 0.5]]).round(3)
    array([[-1. , -0.5]])
    """
    x = as_positions(positions, "positions")
    s = as_positions(scores, "scores", x.shape[1])
    if len(s) != len(x):
        raise ValueError(f"scores must have {len(x)} rows, got {len(s)}")
    noise = as_noise(noise, len(x))
    prior = Hyperbolic(PRIOR_SCALE * x.shape[1] ** 0.5)
    y = s - prior.score(x)
    if length is None or level is None:
        length, level = most_evident(x, y, noise, length, level, near)
    kernel = RationalQuadratic(length * x.shape[1] ** 0.5)
    noise = noise + level
    a, factor = coefficients(kernel, x, y, noise)
    if not np.isfinite(a).all():
        raise np.linalg.LinAlgError("the coefficients are not finite")
    scale = np.sqrt(max((a * y).sum() / y.size, 0.0))
    return Emulator(kernel, prior, x, a, noise, level, scale, factor)


def as_noise(noise: ArrayLike, n: int) -> np.ndarray:
    """Variances (n,), none negative."""
    array = as_floats(noise, "noise", f"of shape () or ({n},)")
    if array.shape not in ((), (n,)):
        raise ValueError(f"noise must have shape () or ({n},), got {array.shape}")
    array = np.full(n, array)
    refuse_nonfinite(array, "noise")
    if array.min() < 0:
        row = int(array.argmin())
        raise ValueError(f"noise must not be negative, got noise[{row}] = {array[row]}")
    return array


def most_evident(x, y, noise, length, level, near) -> tuple[float, float]:
    """Length and noise level of the largest evidence near the start of the climb."""
    lengths = LENGTHS if length is None else (length,)
    levels = LEVELS if level is None else (level,)
    keep = np.linspace(0, len(x) - 1, min(len(x), max(2, EVIDENCE // x.shape[1])))
    x, y, noise = (array[keep.astype(int)] for array in (x, y, noise))

    @cache
    def at(i, j):
        if not (0 <= i < len(lengths) and 0 <= j < len(levels)):
            return -np.inf
        kernel = RationalQuadratic(lengths[i] * x.shape[1] ** 0.5)
        return log_evidence(kernel, x, y, noise + levels[j])

    node = _nearest(lengths, near and near.length, FIRST_LENGTH), _nearest(
        levels, near and near.level, FIRST_LEVEL
    )
    while True:
        i, j = node
        beside = [(i + 1, j), (i - 1, j), (i, j - 1), (i, j + 1)]
        highest = max(beside, key=lambda at_node: at(*at_node))
        if not at(*highest) > at(*node):
            return lengths[i], levels[j]
        node = highest


def _nearest(values, value, first):
    """Index of the nearest of `values`; `first` where there is nothing to be near."""
    if value is None:
        return min(first, len(values) - 1)
    return int(np.abs(np.log(np.divide(values, value))).argmin())


def log_evidence(kernel, x, y, noise) -> float:
    """Log evidence but for a constant, sigma profiled out; -inf where none."""
    try:
        factor = process.factor(kernel, x, noise)
    except np.linalg.LinAlgError:
        return -np.inf
    half = factor.half_solve(y.reshape(1, -1))[0]
    misfit = max(float((half * half).sum()), 1e-300)
    return -0.5 * (y.size * np.log(misfit) + factor.log_determinant())
