r"""Coordinates in which heavy tails are light.

.. math:: x_k = c_k + w_k\, y(z_k), \qquad
    y = \operatorname{sign}(z) \sqrt{e^{z^2} - 1}, \qquad
    z = \operatorname{sign}(y) \sqrt{\log(1 + y^2)}

for the coordinates with heavy tails, and x = z for the others.  About the centre c the
change is linear; a tail like 1/x, as that of a Cauchy law, becomes a normal one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .change import ChangeOfVariables

LARGEST = 26.0  # of z, whose y is finite and can be squared

SMALL = 1e-4  # of z^2, where functions of it are their first terms


@dataclass(frozen=True, eq=False)
class Stretched(ChangeOfVariables):
    """Heavy tails of some coordinates made light.

    Parameters
    ----------
    centre, width : ndarray, shape (d,)
        Zero and one for coordinates that stay.
    heavy : ndarray of bool, shape (d,)
    """

    centre: np.ndarray
    width: np.ndarray
    heavy: np.ndarray

    def to_user(self, z: ArrayLike) -> np.ndarray:
        """Points (n, d) before the change."""
        z = np.asarray(z)
        y = np.sign(z) * np.sqrt(np.expm1(_bounded(z) ** 2))
        return self.centre + self.width * np.where(self.heavy, y, z)

    def to_working(self, x: ArrayLike) -> np.ndarray:
        """Points (n, d) after it."""
        y = (np.asarray(x) - self.centre) / self.width
        size = np.abs(y)  # log(1 + y^2), where y^2 may overflow
        log = np.log1p(np.minimum(size, 1e8) ** 2) + 2.0 * np.log(
            np.maximum(size / 1e8, 1.0)
        )
        return np.where(self.heavy, np.sign(y) * np.sqrt(log), y)

    def pulled(self, z: np.ndarray, s: np.ndarray) -> np.ndarray:
        """Scores (n, d) at z from the scores s before the change."""
        square = _bounded(z) ** 2
        known = np.maximum(square, SMALL)
        # of the logarithm of expm1(square) / square
        growth = -1.0 / np.expm1(-known) - 1.0 / known
        growth = np.where(square < SMALL, 0.5 + square / 12.0, growth)
        along = np.where(self.heavy, z * (2.0 - growth), 0.0)
        return self._slope(z) * s + along

    def log_determinant(self, z: np.ndarray) -> np.ndarray:
        """Log determinants of the Jacobian, (n,)."""
        return np.log(self._slope(z)).sum(axis=1)

    def _slope(self, z):
        square = _bounded(z) ** 2
        known = np.maximum(square, SMALL)
        mean = np.where(square < SMALL, 1.0 + 0.5 * square, np.expm1(known) / known)
        return self.width * np.where(self.heavy, np.exp(square) / np.sqrt(mean), 1.0)


def _bounded(z):
    return np.clip(z, -LARGEST, LARGEST)
