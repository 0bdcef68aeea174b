"""Rows that an emulator is fitted to, in the coordinates of its metric."""

from typing import NamedTuple

import numpy as np

from ..kernels.radial import RationalQuadratic
from .metric import metric_of


class Hyperparameters(NamedTuple):
    """Length over the root of d, noise that all rows have, exponent of the metric."""

    length: float
    level: float
    exponent: float

    def kernel(self, d: int) -> RationalQuadratic:
        """Covariance of f in the coordinates M z."""
        return RationalQuadratic(self.length * d**0.5)


class Rows(NamedTuple):
    """Positions, scores less those of the prior, known noise; and C, see `metric`."""

    x: np.ndarray
    y: np.ndarray
    noise: np.ndarray
    variation: np.ndarray

    def stretched(self, chosen: Hyperparameters):
        """M, and in the coordinates M x the positions, scores and noise (n, d)."""
        M, D = metric_of(self.variation, chosen.exponent)
        x = np.einsum("ij,kj->ik", self.x, M)
        y = np.einsum("ij,kj->ik", self.y, M / D[:, None] ** 2)
        return M, x, y, (self.noise + chosen.level)[:, None] / D**2

    def some(self, count: int) -> "Rows":
        """So many of the rows, evenly."""
        keep = np.linspace(0, len(self.x) - 1, min(len(self.x), max(2, count)))
        x, y, noise = (array[keep.astype(int)] for array in self[:3])
        return Rows(x, y, noise, self.variation)
