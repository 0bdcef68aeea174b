r"""From a mode to the bulk: where a Gaussian would have to be.

In many dimensions most of the mass may be far from the mode, and a funnel has none.
The Gaussian nearest to the target in the sense of Kullback and Leibler solves

.. math:: E[s(z)] = 0, \quad E[s(z) z^T] = -I, \quad z \sim N(0, I),

in its own coordinates.  The means are over the 2d points :math:`\pm \sqrt d\, q_k`, q
a random orthonormal basis, which are exact for a score up to cubic terms and as far
out as a Gaussian's draws are.  A step makes the coordinates those of the curvature
found, of bounded change; where a mode's coordinates are good they stay as they are.
"""

from collections.abc import Callable

import numpy as np

from ..coordinates.noncentred import composed
from ..coordinates.preconditioner import Preconditioner

MOST_STEPS = 40

FULL_STEPS = 8  # after which steps are halved

DRIFT, RATIO = 0.5, 1.6  # of the mean score, and of curvature to one, that may stay

LARGEST_RATIO = 4.0  # of curvature to one, that a step believes


def settled(score: Callable, change: Preconditioner, rng) -> Preconditioner:
    """Coordinates of the Gaussian nearest to the target, from those of a mode."""
    d = len(change.centre)
    for step in range(MOST_STEPS):
        basis = np.linalg.qr(rng.standard_normal((d, d)))[0]
        z = np.sqrt(d) * np.vstack([basis, -basis])
        s = change.score(score)(z)
        if not np.isfinite(s).all():
            change = composed(change, Preconditioner(np.zeros(d), 0.5 * np.eye(d)))
            continue
        drift, curvature = s.mean(axis=0), -z.T @ s / len(z)
        values, turn = np.linalg.eigh(0.5 * (curvature + curvature.T))
        good = 1.0 / RATIO < values[0] and values[-1] < RATIO
        if good and np.linalg.norm(drift) < DRIFT:
            break
        share = 1.0 if step < FULL_STEPS else 0.5
        values = np.clip(values, 1.0 / LARGEST_RATIO, LARGEST_RATIO) ** share
        move = share * turn @ (turn.T @ drift / values)
        move /= max(np.linalg.norm(move), 1.0)
        change = composed(change, Preconditioner(move, turn / np.sqrt(values)))
    return change
