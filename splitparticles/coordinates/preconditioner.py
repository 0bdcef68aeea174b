r"""Linear change of variables :math:`x = m + L z`, the preconditioner of a target.

Kernels measure distances, so particles are moved in coordinates z in which the
target is about as wide in every direction.  A score changes as
:math:`s_z = L^T s_x`, a Jacobian of it as :math:`L^T J L`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .._validation import as_floats, as_positions, refuse_nonfinite
from .change import ChangeOfVariables


@dataclass(frozen=True, eq=False)
class Preconditioner(ChangeOfVariables):
    r"""Working coordinates :math:`z` with :math:`x = m + L z`.

    Parameters
    ----------
    centre : array_like, shape (d,)
        The point m.
    matrix : array_like, shape (d, d)
        The matrix L, invertible.  :math:`L L^T` is about the target's covariance.

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

    def __init__(self, centre: ArrayLike, matrix: ArrayLike):
        centre = as_floats(centre, "centre", "of shape (d,)")
        if centre.ndim != 1:
            raise ValueError(f"centre must have shape (d,), got {centre.shape}")
        refuse_nonfinite(centre[None], "centre")
        d = len(centre)
        matrix = as_positions(matrix, "matrix", d)
        if matrix.shape != (d, d):
            raise ValueError(f"matrix must have shape {(d, d)}, got {matrix.shape}")
        # units of x or z that differ by many powers of ten make no matrix singular
        scaled = matrix / _largest(matrix, axis=1)
        if np.linalg.matrix_rank(scaled / _largest(scaled, axis=0)) < d:
            raise ValueError(f"matrix must be invertible, got {matrix}")
        object.__setattr__(self, "centre", centre)
        object.__setattr__(self, "matrix", matrix)

    @classmethod
    def of_covariance(
        cls, centre: ArrayLike, covariance: ArrayLike
    ) -> "Preconditioner":
        """Coordinates in which a covariance (d, d) is the identity."""
        covariance = as_positions(covariance, "covariance")
        if len(covariance) != covariance.shape[1] or (np.diag(covariance) < 0.0).any():
            raise ValueError(f"covariance must be one, (d, d), got {covariance}")
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
        # rows of one size, or the pivots of the solution follow the user's units
        unit = _largest(self.matrix, axis=1)
        away = (np.asarray(x) - self.centre).T / unit
        return np.linalg.solve(self.matrix / unit, away).T

    def pulled(self, z: np.ndarray, s: np.ndarray) -> np.ndarray:
        """Scores (n, d) at z from the scores s at x(z)."""
        return s @ self.matrix

    def log_determinant(self, z: np.ndarray) -> np.ndarray:
        """Log determinant of L, (n,)."""
        return np.full(len(z), np.linalg.slogdet(self.matrix)[1])

    def pulled_product(
        self, z: np.ndarray, v: np.ndarray, s: np.ndarray, product: Callable
    ) -> np.ndarray:
        """Jacobian of the score at z_i times v_i, (n, d); s is not needed."""
        return product(v @ self.matrix.T) @ self.matrix

    def product(self, product: Callable, score: Callable | None = None) -> Callable:
        """Return the Jacobian products (z, v) that belong to products (x, v)."""
        return lambda z, v: product(self.to_user(z), v @ self.matrix.T) @ self.matrix

    def then(self, inner: ChangeOfVariables) -> ChangeOfVariables:
        """Composition with a further change; a linear one makes a `Preconditioner`."""
        if isinstance(inner, Preconditioner):
            centre = self.to_user(inner.centre[None])[0]
            return Preconditioner(centre, self.matrix @ inner.matrix)
        return super().then(inner)


def _largest(matrix, axis):
    """Largest entries in size, with the axis kept."""
    return np.abs(matrix).max(axis=axis, keepdims=True, initial=1e-300)
