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

from .._validation import (
    as_floats,
    as_positions,
    as_positive,
    explains_keywords,
    refuse_nonfinite,
)
from ..kernels.radial import RationalQuadratic
from . import gradient_process as process
from .emulator import Emulator
from .prior import PRIOR_SCALE, Hyperbolic
from .solve import DENSE, coefficients, total

LENGTHS = (1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0, 16.0)  # over the root of d

LEVELS = (1e-8, 1e-6, 1e-4, 1e-2, 1e-1)

FIRST_LENGTH, FIRST_LEVEL = 3, 1  # of the climb, among these

EVIDENCE = 800  # unknowns

TINY = 1e-300  # of the misfit, which is 0 where the prior is the truth

LEAST_LEVEL = 1e-4  # of noise for conjugate gradients, which take long without


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
        Length scale over the root of d, and common noise; estimated where left out,
        the latter raised where the equations could not be solved otherwise.
    near : Emulator, optional
        An earlier fit: the search begins at its length and noise, conjugate gradients
        at its coefficients.

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
    noise = as_variances(noise, "noise", len(x))
    lengths: tuple[float, ...] = LENGTHS
    levels: tuple[float, ...] = LEVELS
    if length is not None:
        lengths = (as_positive(length, "length"),)
    if level is not None:
        levels = (float(as_variances(level, "level", 1)[0]),)
    prior = Hyperbolic(PRIOR_SCALE * x.shape[1] ** 0.5)
    y = s - prior.score(x)
    kernel, least = most_evident(x, y, noise, lengths, levels, near)
    if level is None and x.size > DENSE:
        least = max(least, LEAST_LEVEL)
    a, level, factor = coefficients(
        kernel,
        x,
        y,
        noise,
        [value for value in levels if value >= least],
        warm_start(near, kernel, x),
    )
    if not np.isfinite(a).all():
        raise np.linalg.LinAlgError("the coefficients of the rows are not finite")
    scale = max(total(a, y) / y.size, 0.0) ** 0.5
    return Emulator(kernel, prior, x, a, noise + level, level, scale, factor)


def as_variances(values: ArrayLike, name: str, n: int) -> np.ndarray:
    """Variances (n,), none negative, from as many or one for all."""
    array = as_floats(values, name, f"of shape () or ({n},)")
    if array.shape not in ((), (n,)):
        raise ValueError(f"{name} must have shape () or ({n},), got {array.shape}")
    array = np.full(n, array)
    refuse_nonfinite(array, name)
    if array.min() < 0:
        raise ValueError(f"{name} must not be negative, got {array.min()}")
    return array


def warm_start(near: Emulator | None, kernel, x) -> np.ndarray:
    """Coefficients (n, d) that rows of x have in an earlier fit of the same kernel."""
    a = np.zeros_like(x)
    if near is not None and near.kernel == kernel and near.power == 1.0:
        rows = {row.tobytes(): j for j, row in enumerate(near.positions)}
        for i, row in enumerate(x):
            j = rows.get(row.tobytes())
            if j is not None:
                a[i] = near.coefficients[j]
    return a


def most_evident(x, y, noise, lengths, levels, near) -> tuple[tuple, float]:
    """Kernel and noise level of the largest evidence near the start of the climb."""
    keep = np.linspace(0, len(x) - 1, min(len(x), max(2, EVIDENCE // x.shape[1])))
    x, y, noise = (array[keep.astype(int)] for array in (x, y, noise))

    def kernel(i):
        return RationalQuadratic(lengths[i] * x.shape[1] ** 0.5)

    @cache
    def evidence(node):
        i, j = node
        if not (0 <= i < len(lengths) and 0 <= j < len(levels)):
            return -np.inf
        return log_evidence(kernel(i), x, y, noise + levels[j])

    i = _nearest(lengths, None if near is None else near.length, FIRST_LENGTH)
    j = _nearest(levels, None if near is None else near.level, FIRST_LEVEL)
    while True:
        beside = [(i + 1, j), (i - 1, j), (i, j - 1), (i, j + 1)]
        highest = max(beside, key=evidence)
        if evidence(highest) == -np.inf or evidence(highest) <= evidence((i, j)):
            return kernel(i), levels[j]
        i, j = highest


def _nearest(values, value, first):
    """Index of the nearest of `values`; `first` where there is nothing to be near."""
    if value is None or len(values) == 1:
        return min(first, len(values) - 1)
    return int(np.abs(np.log(values) - np.log(max(value, values[0]))).argmin())


def log_evidence(kernel, x, y, noise) -> float:
    """Log evidence but for a constant, sigma profiled out; -inf where none."""
    try:
        factor = process.factor(kernel, x, noise)
    except np.linalg.LinAlgError:
        return -np.inf
    half = factor.half_solve(y.reshape(1, -1))[0]
    misfit = max(float((half * half).sum()), TINY)
    evidence = -0.5 * (y.size * np.log(misfit) + factor.log_determinant())
    return evidence if np.isfinite(evidence) else -np.inf
