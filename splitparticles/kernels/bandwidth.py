"""Median heuristic for the bandwidth of a kernel."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import pdist

from .._validation import as_positions


def median_bandwidth(x: ArrayLike) -> float:
    r"""Median of the distances between distinct points.

    At most a thousand rows, evenly spaced, are used.  Points that coincide do not
    count, and when all do, or there is only one, the bandwidth is 1.

    Parameters
    ----------
    x : array_like, shape (n, d)

    Returns
    -------
    float
        Positive and finite, in units of the positions.

    Raises
    ------
    ValueError
        When `x` is not a finite (n, d) array.

    Examples
    --------
    >>> import splitparticles as sp
    >>> sp.median_bandwidth([[0.0], [1.0], [3.0]])
    2.0
    >>> sp.median_bandwidth([[5.0], [5.0]])
    1.0
    """
    x = as_positions(x, "x")
    rows = np.unique(np.linspace(0, len(x) - 1, min(len(x), 1000)).astype(int))
    scale = np.abs(x).max() or 1.0  # keeps squares of huge coordinates finite
    distances = pdist(x[rows] / scale)
    distances = distances[distances > 0]
    if not len(distances):
        return 1.0
    return float(min(scale * np.median(distances), np.finfo(float).max))
