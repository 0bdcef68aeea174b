"""Preconditioner that an option of `sample` or `compress` stands for."""

import numpy as np

from .._validation import as_positions
from .change import ChangeOfVariables
from .preconditioner import Preconditioner


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
