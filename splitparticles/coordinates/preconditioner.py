r"""Working coordinates: the linear change :math:`x = m + L z`.

Kernels measure distances, so particles are moved in coordinates z in which the
target is about as wide in every direction.  A score changes as
:math:`s_z = L^T s_x`, a Jacobian of it as :math:`L^T J L`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .._validation import as_floats, as_positions, refuse_nonfinite


@dataclass(frozen=True, eq=False)
class Preconditioner:
    r"""Working coordinates :math:`z` with :math:`x = m + L z`.

    Parameters
    ----------
    centre : array_like, shape (d,)
        The point m.
    matrix : array_like, shape (d, d)
        The matrix L, invertible.  :math:`L L^T` is about the target's covariance.

    Raises
    ------
    TypeError, ValueError
        When the arrays are not real and finite, do not fit or L is singular.

    Examples
    --------
    >>> import splitparticles as sp
    >>> change = sp.Preconditioner([10.0, 0.0], [[2.0, 0.0], [0.0, 0.5]])
    >>> change.to_user([[1.0, 1.0]])
    array([[12. ,  0.5]])
    >>> change.to_working([[12.0, 0.5]])
    array([[1., 1.]])
    """

    centre: np.ndarray
    matrix: np.ndarray

    def __post_init__(self):
        centre = as_floats(self.centre, "centre", "of shape (d,)")
        if centre.ndim != 1:
            raise ValueError(f"centre must have shape (d,), got {centre.shape}")
        refuse_nonfinite(centre[None], "centre")
        d = len(centre)
        matrix = as_positions(self.matrix, "matrix", d)
        if matrix.shape != (d, d):
            raise ValueError(f"matrix must have shape {(d, d)}, got {matrix.shape}")
        if (
            np.linalg.matrix_rank(matrix / np.abs(matrix).max(axis=0, initial=1e-300))
            < d
        ):
            raise ValueError("matrix must be invertible")
        object.__setattr__(self, "centre", centre)
        object.__setattr__(self, "matrix", matrix)

    @classmethod
    def of_covariance(
        cls, centre: ArrayLike, covariance: ArrayLike
    ) -> "Preconditioner":
        """Coordinates in which a covariance (d, d) is the identity."""
        covariance = as_positions(covariance, "covariance")
        sd = np.sqrt(np.diag(covariance))
        flat = sd == 0.0  # a coordinate that does not vary keeps its unit
        sd = np.where(flat, 1.0, sd)
        correlation = covariance / np.outer(sd, sd) + np.diag(flat * 1.0)
        values, vectors = np.linalg.eigh(correlation)
        values = np.maximum(values, 1e-12 * values[-1])
        return cls(centre, sd[:, None] * vectors * np.sqrt(values))

    def to_user(self, z: ArrayLike) -> np.ndarray:
        """Points (n, d) in the user's coordinates."""
        return self.centre + np.asarray(z) @ self.matrix.T

    def to_working(self, x: ArrayLike) -> np.ndarray:
        """Points (n, d) in working coordinates."""
        return np.linalg.solve(self.matrix, (np.asarray(x) - self.centre).T).T

    def pulled(self, z: np.ndarray, s: np.ndarray) -> np.ndarray:
        """Scores s (n, d) of the user's coordinates as those at z."""
        return s @ self.matrix

    def score(self, score: Callable) -> Callable:
        """Return the score in working coordinates of a score in the user's."""
        return lambda z: score(self.to_user(z)) @ self.matrix

    def product(self, product: Callable, score: Callable | None = None) -> Callable:
        """Return the same for products (x, v) with the score's Jacobian.

        The score itself is not needed, as it is where coordinates bend.
        """
        return lambda z, v: product(self.to_user(z), v @ self.matrix.T) @ self.matrix
