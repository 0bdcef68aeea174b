r"""Two identities that every law satisfies with its own score.

By parts, :math:`E_p[s] = 0` and :math:`E_p[s\,(z - \bar z)^T] = -I`.  What particles
leave of them tells whether they stand in the right place and are as wide as their own
scores say; it costs nothing where the scores are known.  Both are those of working
coordinates, in which the target is about as wide in every direction.
"""

import numpy as np

# Each stands between what right answers and wrong ones were seen to give.
DRIFT = 0.1

DISPERSION = 1.15


def drift(w: np.ndarray, s: np.ndarray) -> float:
    """Largest coordinate of the mean score; w (n,) sums to one, s (n, d)."""
    return float(np.abs(w @ s).max())


def dispersion(w: np.ndarray, z: np.ndarray, s: np.ndarray) -> float:
    r"""Eigenvalue of :math:`-\sum_i w_i s_i (z_i - \bar z)^T` farthest from one.

    It or its inverse, whichever is above one; infinite where it is not positive.
    """
    spread = -(w[:, None] * s).T @ (z - w @ z)
    values = np.linalg.eigvalsh(0.5 * (spread + spread.T))
    if not values[0] > 0:
        return np.inf
    with np.errstate(over="ignore"):
        return float(max(values[-1], 1.0 / values[0]))
