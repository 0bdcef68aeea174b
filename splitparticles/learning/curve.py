"""Curved coordinates for an emulator, where they predict the score better.

A funnel is no smooth function of straight coordinates at any one length scale; in
partially non-centred ones (`splitparticles.coordinates.noncentred`) it is nearly a
normal.
"""

import numpy as np

from ..coordinates.change import ChangeOfVariables
from ..coordinates.fit_noncentred import fit_noncentred
from ..coordinates.preconditioner import Preconditioner
from ..coordinates.score_sample import ScoreSample
from ..emulator import Emulator
from .lessons import fitted


def curve_of_draws(
    change: ChangeOfVariables, emulator: Emulator, draws: np.ndarray, x, s
) -> ChangeOfVariables | None:
    """Whitened curved coordinates, fitted to emulated curvatures at draws, or None.

    The draws (m, d) are in the working coordinates of the change; x, s all rows.
    """
    user = change.to_user(draws)
    try:
        if not isinstance(change, Preconditioner):
            change = Preconditioner.of_covariance(user.mean(axis=0), np.cov(user.T))
            emulator = fitted(change, x, s)
        z = change.to_working(user)
        w = np.full(len(z), 1.0 / len(z))
        J = jacobians(emulator, z)
        curve = change.then(fit_noncentred(ScoreSample(z, emulator.score(z), J, w)))
        y = curve.to_working(user)
        values, turn = np.linalg.eigh(np.cov(y.T))
        scale = np.sqrt(np.clip(values, 1e-6, 1e6))
        return curve.then(Preconditioner(y.mean(axis=0), turn * scale))
    except (ValueError, np.linalg.LinAlgError):
        return None


def jacobians(emulator: Emulator, z: np.ndarray) -> np.ndarray:
    """Jacobians of the emulated score, symmetric, (n, d, d)."""
    axes = [np.broadcast_to(axis, z.shape) for axis in np.eye(z.shape[1])]
    J = np.stack([emulator.score_product(z, axis) for axis in axes], axis=2)
    return 0.5 * (J + J.swapaxes(1, 2))


def prediction_error(change: ChangeOfVariables, x, s, newest: int) -> float:
    """Relative error at the newest rows of what the others predict in a change."""
    emulator = fitted(change, x[:-newest], s[:-newest])
    with np.errstate(all="ignore"):
        z = change.to_working(x[-newest:])
        return float(relative_errors(emulator, z, change.pulled(z, s[-newest:])).mean())


def relative_errors(emulator: Emulator, z: np.ndarray, s: np.ndarray) -> np.ndarray:
    r"""Errors :math:`|\hat s - s|^2 / \max(d, |s|^2)`, (k,); 1 without a score."""
    with np.errstate(all="ignore"):
        square = ((emulator.score(z) - s) ** 2).sum(axis=1)
        errors = square / np.maximum(z.shape[1], (s * s).sum(axis=1))
    return np.where(np.isfinite(errors), errors, 1.0)
