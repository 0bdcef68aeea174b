r"""Slopes of a function along lines, each with a bound on its own error.

By hand, not by `scipy.differentiate.derivative`: its central differences take the
middle of a kink for a slope, and its one-sided ones cannot use a value of the score
along several directions, which costs twice the evaluations.
"""

from collections.abc import Callable

import numpy as np

STEPS = np.geomspace(0.1, 1e-8, 5)[:, None]  # along a direction; the best one counts

SAFETY = 3.0  # times an estimated error


def values_along(function: Callable, x: np.ndarray, directions: np.ndarray):
    """Values at x + h v and x - h v, one batch: (2, steps, directions, n, ...)."""
    offsets = STEPS[:, :, None, None] * directions
    points = np.stack([x + offsets, x - offsets])
    values = function(points.reshape(-1, x.shape[1]))
    return values.reshape(points.shape[:-1] + values.shape[1:])


def slopes(centre, around, size, eps: float) -> tuple[np.ndarray, np.ndarray]:
    """Slopes (directions, n) by the best of the steps, and bounds on their errors.

    The bound sums the change from a longer step, half the gap of one-sided slopes (the
    error of a kink), and the rounding, to `eps`, of values of this `size`.
    """
    up, down = around
    h = STEPS[:, :, None]
    central = (up - down) / (2 * h)
    errors = np.abs(up - 2 * centre + down) / (2 * h) + eps * size / h
    errors = errors[1:] + np.abs(np.diff(central, axis=0))
    errors = np.where(np.isfinite(errors), errors, np.inf)
    least = errors.argmin(axis=0)[None]
    slope = np.take_along_axis(central[1:], least, axis=0)[0]
    error = SAFETY * np.take_along_axis(errors, least, axis=0)[0]
    return np.where(error < np.inf, slope, 0.0), error


def rounding_unit(values: np.ndarray) -> float:
    """Rounding unit of the arithmetic behind values, as far as they show it."""
    single = np.array_equal(values, values.astype(np.float32), equal_nan=True)
    return float(np.finfo(np.float32 if single else np.float64).eps)
