"""Score known to first order at weighted points: what coordinates are fitted to."""

from typing import NamedTuple

import numpy as np

from .change import ChangeOfVariables
from .preconditioner import Preconditioner

NARROWEST = 1e-3  # least curvature to be believed, of the largest


class ScoreSample(NamedTuple):
    """Points (n, d) with scores, symmetric Jacobians of the score, and weights."""

    z: np.ndarray
    s: np.ndarray
    J: np.ndarray
    w: np.ndarray

    def through(self, change: ChangeOfVariables) -> "ScoreSample":
        """Return the sample in the coordinates of a change."""
        z = change.to_working(self.z)

        def product(dx):
            return np.einsum("nab,nb->na", self.J, dx)

        axes = [np.broadcast_to(axis, z.shape) for axis in np.eye(z.shape[1])]
        columns = [change.pulled_product(z, axis, self.s, product) for axis in axes]
        J = np.stack(columns, axis=2)
        J = 0.5 * (J + J.swapaxes(1, 2))
        return ScoreSample(z, change.pulled(z, self.s), J, self.w)

    def mean_curvature(self) -> np.ndarray:
        """Mean of the negative Jacobians, (d, d)."""
        return -np.tensordot(self.w, self.J, axes=1)

    def whitening(self) -> Preconditioner:
        """Coordinates in which the mean of the curvatures, by their sizes, is one."""
        weights = self.w / sizes(self.J)
        mean = -np.tensordot(weights / weights.sum(), self.J, axes=1)
        return Preconditioner(self.w @ self.z, whitening_matrix(mean))

    def variation(self) -> float:
        """Mean squared deviation of the whitened curvatures from one."""
        L = self.whitening().matrix
        deviation = L.T @ self.J @ L + np.eye(len(L))
        return float(self.w @ np.einsum("nab,nab->n", deviation, deviation))


def sizes(J: np.ndarray) -> np.ndarray:
    """Norms of matrices (n, d, d), each at least a trifle of the largest."""
    size = np.linalg.norm(J, axis=(1, 2))
    return np.maximum(size, max(1e-12 * size.max(), 1e-100))


def whitening_matrix(curvature: np.ndarray) -> np.ndarray:
    """Matrix L with ``L.T @ curvature @ L`` the identity, (d, d).

    Raises
    ------
    ValueError
        When the curvature is not positive in any direction.
    """
    values, turn = np.linalg.eigh(curvature)
    if not values[-1] > 0.0:
        raise ValueError("the particles have no curvature of a maximum")
    return turn / np.sqrt(np.maximum(values, NARROWEST * values[-1]))
