"""Coordinates in which groups of draws that lie far apart are near each other.

Along each coordinate with gaps the map is piecewise linear: of slope one, and less
across a gap.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .change import ChangeOfVariables


class Knots(NamedTuple):
    """Piecewise linear function of one coordinate, of slope one beyond its knots."""

    coordinate: int
    x: np.ndarray
    """Ends of the gaps, increasing, (2 g,)."""
    z: np.ndarray
    """Where they go."""

    @classmethod
    def of_gaps(cls, coordinate: int, ends: np.ndarray, short: float) -> "Knots":
        """Function that makes each gap (low, high) of `ends` (g, 2) so short."""
        x = np.asarray(ends, dtype=float).ravel()
        steps = np.diff(x)
        steps[::2] = short
        z = np.concatenate([[0.0], np.cumsum(steps)])
        return cls(coordinate, x, z)

    def slopes(self) -> np.ndarray:
        """Slopes of z below, between and above the knots, (2 g + 1,)."""
        return np.concatenate([[1.0], np.diff(self.z) / np.diff(self.x), [1.0]])


@dataclass(frozen=True, eq=False)
class Shortened(ChangeOfVariables):
    """Some of d coordinates with shorter gaps; the others stay."""

    d: int
    knots: list[Knots]
    centre: np.ndarray = field(init=False, repr=False)

    def __post_init__(self):
        object.__setattr__(self, "centre", self.to_user(np.zeros((1, self.d)))[0])

    def to_user(self, z: ArrayLike) -> np.ndarray:
        """Points (n, d) before the change."""
        z = np.asarray(z)
        x = np.array(z, dtype=float)
        for one in self.knots:
            k = one.coordinate
            x[:, k] = _piecewise(z[:, k], one.z, one.x, one.slopes() ** -1.0)
        return x

    def to_working(self, x: ArrayLike) -> np.ndarray:
        """Points (n, d) after it."""
        x = np.asarray(x)
        z = np.array(x, dtype=float)
        for one in self.knots:
            k = one.coordinate
            z[:, k] = _piecewise(x[:, k], one.x, one.z, one.slopes())
        return z

    def pulled(self, z: np.ndarray, s: np.ndarray) -> np.ndarray:
        """Scores (n, d) at z from the scores s before the change."""
        return s * self._slopes(z)

    def log_determinant(self, z: np.ndarray) -> np.ndarray:
        """Log determinants of the Jacobian, (n,)."""
        return np.log(self._slopes(z)).sum(axis=1)

    def _slopes(self, z):
        """Slopes of x, (n, d)."""
        slopes = np.ones_like(z)
        for one in self.knots:
            of_piece = one.slopes() ** -1.0
            slopes[:, one.coordinate] = of_piece[
                np.searchsorted(one.z, z[:, one.coordinate])
            ]
        return slopes


def _piecewise(x, knots, values, slopes):
    """Piecewise linear function of x (n,) through knots; slopes (k + 1,)."""
    piece = np.searchsorted(knots, x)
    last = np.maximum(piece - 1, 0)
    return values[last] + slopes[piece] * (x - knots[last])
