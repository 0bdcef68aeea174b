"""Transform of coordinates of which each has its own bounds."""

from collections.abc import Iterable

import numpy as np

from .._validation import as_floats
from ..transforms import Bounded, Joint, Positive, Real, Transform


class Below(Transform):
    r"""Below a bound: :math:`x = b - e^z`."""

    def __init__(self, upper: np.ndarray):
        self.dim = self.size = len(upper)
        self._mirrored = Positive(self.size, lower=-upper)

    def _at(self, z):
        x, logs, gradient, pull = self._mirrored._at(z)
        return -x, logs, gradient, lambda g: pull(-g)

    def _to_real(self, x, name):
        return self._mirrored._to_real(-x, name)


def transform_of(bounds: Iterable, x0: np.ndarray) -> Transform:
    """Transform onto a box.

    Parameters
    ----------
    bounds : iterable of pairs
        (low, high) of each coordinate; None, or infinite, where there is none, and None
        for a coordinate without bounds.
    x0 : ndarray, shape (n0, d)
        Points that have to lie inside.

    Raises
    ------
    TypeError, ValueError
        When bounds are not d pairs of numbers, low below high, or x0 lies outside.
    """
    if not isinstance(bounds, Iterable):
        raise TypeError(f"bounds must be a pair for each coordinate, got {bounds!r}")
    pairs = [_pair(pair, f"bounds[{k}]") for k, pair in enumerate(bounds)]
    if len(pairs) != x0.shape[1]:
        raise ValueError(f"bounds must have {x0.shape[1]} pairs, got {len(pairs)}")
    low, high = np.array(pairs).T
    outside = ~((low < x0) & (x0 < high)).all(axis=0)
    if outside.any():
        k = int(np.argmax(outside))
        raise ValueError(
            f"x0 must lie between its bounds, got {x0[:, k]} in coordinate {k}, "
            f"bounds[{k}] = ({low[k]}, {high[k]})"
        )
    kinds = np.isfinite(low) + 2 * np.isfinite(high)
    blocks = np.split(np.arange(len(low)), 1 + np.flatnonzero(np.diff(kinds)))
    return Joint(*(_block(low[rows], high[rows]) for rows in blocks))


def _pair(pair, name):
    """Bounds as two floats, infinite where there are none."""
    if pair is None:
        return -np.inf, np.inf
    if not (isinstance(pair, (tuple, list, np.ndarray)) and len(pair) == 2):
        raise TypeError(f"{name} must be a pair (low, high), got {pair!r}")
    low, high = pair
    low, high = -np.inf if low is None else low, np.inf if high is None else high
    low, high = as_floats([low, high], name, "(low, high)")
    if not low < high:
        raise ValueError(f"{name} must have low below high, got {pair!r}")
    return low, high


def _block(low, high):
    """Transform of neighbours with bounds of one kind."""
    if np.isfinite(low[0]) and np.isfinite(high[0]):
        return Bounded(low, high)
    if np.isfinite(low[0]):
        return Positive(len(low), lower=low)
    return Below(high) if np.isfinite(high[0]) else Real(len(low))
