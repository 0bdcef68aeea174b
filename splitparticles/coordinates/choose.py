"""Preconditioner that an option of `sample` or `compress` stands for."""

import numpy as np

from .._validation import as_positions
from .change import ChangeOfVariables
from .preconditioner import Preconditioner

NARROWEST = 0.2  # standard deviation of a direction, of a coordinate's, that stays


def chosen_preconditioner(preconditioner, centre, covariance) -> ChangeOfVariables:
    """Working coordinates where a covariance is known."""
    d = len(centre)
    if isinstance(preconditioner, ChangeOfVariables):
        if len(preconditioner.centre) != d:
            raise ValueError(
                f"preconditioner must have {d} coordinates, "
                f"got {len(preconditioner.centre)}"
            )
        return preconditioner
    if isinstance(preconditioner, str):
        if preconditioner == "auto":
            return Preconditioner.of_covariance(centre, covariance)
        if preconditioner == "diagonal":
            return Preconditioner.of_covariance(centre, np.diag(np.diag(covariance)))
        if preconditioner == "none":
            return Preconditioner(np.zeros(d), np.eye(d))
        raise ValueError(
            'preconditioner must be "auto", "none", "diagonal", a (d, d) matrix or a '
            f"Preconditioner, got {preconditioner!r}"
        )
    matrix = as_positions(preconditioner, "preconditioner", d)
    if matrix.shape != (d, d) or not np.allclose(matrix, matrix.T):
        raise ValueError(f"preconditioner must be a symmetric matrix of shape {(d, d)}")
    least = np.linalg.eigvalsh(matrix)[0]
    if least <= 0:
        raise ValueError(
            "preconditioner must be a positive definite matrix, got least eigenvalue "
            f"{least:g}"
        )
    return Preconditioner.of_covariance(centre, matrix)


def standardised(mean, covariance, narrowest: float = NARROWEST) -> Preconditioner:
    """Standard deviations of one, and no direction much narrower.

    The units of the coordinates are what a reader looks at, so the draws are not
    whitened; but correlated draws may be so narrow in some direction that particles
    placed by the coordinates would be blind to it.
    """
    sd = np.sqrt(np.diag(covariance))
    sd = np.where(sd > 0.0, sd, 1.0)
    values, turn = np.linalg.eigh(covariance / np.outer(sd, sd))
    flat = values <= 1e-12 * values[-1]
    narrow = np.sqrt(np.maximum(values, 1e-12 * max(values[-1], 1e-300)))
    scale = np.where(flat, 1.0, np.minimum(narrow / narrowest, 1.0))
    return Preconditioner(mean, sd[:, None] * (turn * scale) @ turn.T)
