r"""Fits of an emulator to scores.

Its length scale, its metric and the noise of the rows are those of largest evidence
(`splitparticles.emulator.evidence`) where they are not given.
"""

import numpy as np
from numpy.typing import ArrayLike

from .._keywords import explains_keywords
from .._validation import (
    as_count,
    as_floats,
    as_nonnegative,
    as_positions,
    as_positive,
    refuse_nonfinite,
)
from .emulator import Emulator
from .evidence import Rows, most_evident
from .prior import PRIOR_SCALE, Hyperbolic
from .solve import DENSE, coefficients, total

LENGTHS = (1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0, 16.0)  # over the root of d

LEVELS = (1e-8, 1e-6, 1e-4, 1e-2, 1e-1)

EXPONENTS = (0.0, 0.125, 0.25, 0.375, 0.5)

START = 2.8, 1e-6, 0.0  # of the climb

LEAST_LEVEL = 1e-4  # of noise for conjugate gradients, which take long without


@explains_keywords
def fit(
    positions: ArrayLike,
    scores: ArrayLike,
    *,
    noise: ArrayLike = 0.0,
    length: float | None = None,
    level: float | None = None,
    exponent: float | None = None,
    variation: ArrayLike | None = None,
    bulk: int | None = None,
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
    exponent : float, optional
        How far the metric goes from the identity towards `variation`; estimated where
        left out.
    variation : array_like, shape (d, d), optional
        Along which directions the curvature varies
        (`splitparticles.emulator.metric.curvature_variation`); none is known where left
        out.
    bulk : int, optional
        The first so many rows decide what is estimated; all where left out.
    near : Emulator, optional
        An earlier fit: the search begins at its length, noise and exponent, conjugate
        gradients at its coefficients.

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
    d = x.shape[1]
    C = as_variation(variation, d)
    grid = (
        LENGTHS if length is None else (as_positive(length, "length"),),
        LEVELS if level is None else (as_nonnegative(level, "level"),),
        EXPONENTS if exponent is None else (as_nonnegative(exponent, "exponent"),),
    )
    if variation is None:  # the exponent means nothing
        grid = (*grid[:2], (0.0,))
    prior = Hyperbolic(PRIOR_SCALE * d**0.5)
    rows = Rows(x, s - prior.score(x), noise, C)
    start = START if near is None else (near.length, near.level, near.exponent)
    first = len(x) if bulk is None else as_count(bulk, "bulk")
    chosen = most_evident(rows.first(first), grid, start)
    least = chosen.level
    if level is None and x.size > DENSE:
        least = max(least, LEAST_LEVEL)
    levels = [value for value in grid[1] if value >= least]
    a, chosen, factor = coefficients(rows, chosen, levels, near)
    M, _, y, variances = rows.stretched(chosen)
    scale = max(total(a, y) / y.size, 0.0) ** 0.5
    return Emulator(
        chosen.kernel(d), prior, x, a, M, variances, *chosen[1:], scale, factor
    )


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


def as_variation(values: ArrayLike | None, d: int) -> np.ndarray:
    """Symmetric matrix (d, d); the identity for None."""
    if values is None:
        return np.eye(d)
    array = as_floats(values, "variation", f"of shape ({d}, {d})")
    if array.shape != (d, d):
        raise ValueError(f"variation must have shape ({d}, {d}), got {array.shape}")
    refuse_nonfinite(array, "variation")
    return 0.5 * (array + array.T)
