r"""Few coordinates for particles among draws of many.

n particles span n - 1 directions.  They move in the r directions P along which the
draws, in units of their standard deviations, vary most; of a draw the distance from
that subspace is kept as one more coordinate, in which particles are zero.  So no
distance between a particle and a draw is changed:

.. math:: |z - y|^2 = |P^T (z - y)|^2 + |y - P P^T y|^2 .
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import eigh

from .change import ChangeOfVariables


@dataclass(frozen=True, eq=False)
class Subspace(ChangeOfVariables):
    """Coordinates in a subspace, and the distance from it.

    Parameters
    ----------
    centre, sd : ndarray, shape (d,)
        A point of the subspace, and units.
    directions : ndarray, shape (d, r)
        Orthonormal, in these units.
    """

    centre: np.ndarray
    sd: np.ndarray
    directions: np.ndarray

    @classmethod
    def of_largest_variance(cls, mean, covariance, sd, r: int) -> "Subspace":
        """Subspace of the r directions of largest variance."""
        sd = np.where(sd > 0.0, sd, 1.0)
        d = len(mean)
        _, vectors = eigh(covariance / np.outer(sd, sd), subset_by_index=(d - r, d - 1))
        return cls(mean, sd, vectors[:, ::-1])

    def to_user(self, z: ArrayLike) -> np.ndarray:
        """Points (n, d) in the user's coordinates, from r coordinates or one more."""
        r = self.directions.shape[1]
        return self.centre + self.sd * (np.asarray(z)[:, :r] @ self.directions.T)

    def to_working(self, x: ArrayLike) -> np.ndarray:
        """Coordinates in the subspace, and the distance from it, (n, r + 1)."""
        y = (np.asarray(x) - self.centre) / self.sd
        z = y @ self.directions
        rest = (y * y).sum(axis=1) - (z * z).sum(axis=1)
        return np.column_stack([z, np.sqrt(np.maximum(rest, 0.0))])

    def pulled(self, z: np.ndarray, s: np.ndarray) -> np.ndarray:
        """Scores (n, r) along the subspace."""
        return (s * self.sd) @ self.directions

    def log_determinant(self, z: np.ndarray) -> np.ndarray:
        """There is none: a subspace has no volume."""
        raise TypeError("a density is not known in a subspace")
