r"""Partially non-centred coordinates: Gaussian given the one that scales them.

Where a coordinate t sets the scale of the others (an unknown standard deviation, of a
group or of noise), no linear change makes the target alike everywhere.  The partially
non-centred parametrisation does (key ``PRS07`` in docs/references.bib),

.. math:: y_0 = z_0 = t, \quad y_k = m_k(t) + P_k(t)^{-1/2} z_k, \quad
    P_k(t) = 1 - q_k + q_k e^{-\kappa t}, \quad 0 \le q_k \le 1:

q is the fraction of the curvature across t that t scales, 0 for a coordinate that
stays centred, and the means :math:`m_k` are combinations of :math:`1, 1/P_k, t, t^2`.
The change is one to one whatever its numbers are.  With
:math:`\ell_k = -\tfrac12 \log P_k` the score becomes

.. math:: (s_z)_k = P_k^{-1/2} s_k, \quad (s_z)_0 = s_0 + \sum_k \bigl[ m_k' s_k +
    \ell_k' (z_k (s_z)_k + 1) \bigr].
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from .change import ChangeOfVariables

LARGEST_EXPONENT = 30.0


@dataclass(frozen=True, eq=False)
class NonCentred(ChangeOfVariables):
    """Coordinates shifted and scaled by functions of the first one.

    Parameters
    ----------
    rate : float
        The rate kappa.
    fraction : ndarray, shape (d - 1,)
        The fractions q.
    means : ndarray, shape (4, d - 1)
        Coefficients of the means.
    """

    rate: float
    fraction: np.ndarray
    means: np.ndarray
    centre: np.ndarray = field(init=False, repr=False)

    def __post_init__(self):
        origin = np.zeros((1, len(self.fraction) + 1))
        object.__setattr__(self, "centre", self.to_user(origin)[0])

    def to_user(self, z: ArrayLike) -> np.ndarray:
        """Points (n, d) before the change."""
        z = np.asarray(z)
        mean, _, scale, _ = self._conditional(z[:, 0])
        return np.column_stack([z[:, 0], mean + scale * z[:, 1:]])

    def to_working(self, x: ArrayLike) -> np.ndarray:
        """Points (n, d) after it."""
        x = np.asarray(x)
        mean, _, scale, _ = self._conditional(x[:, 0])
        return np.column_stack([x[:, 0], (x[:, 1:] - mean) / scale])

    def pulled(self, z: np.ndarray, s: np.ndarray) -> np.ndarray:
        """Scores (n, d) at z from the scores s before the change."""
        _, mean_slope, scale, log_scale_slope = self._conditional(z[:, 0])
        across = scale * s[:, 1:]
        along = mean_slope * s[:, 1:] + log_scale_slope * (z[:, 1:] * across + 1.0)
        return np.column_stack([s[:, 0] + along.sum(axis=1), across])

    def log_determinant(self, z: np.ndarray) -> np.ndarray:
        """Log determinants of the Jacobian, the sums of the log scales, (n,)."""
        return np.log(self._conditional(z[:, 0])[2]).sum(axis=1)

    def _conditional(self, t):
        """Means given t, their slopes, scales, and the slopes of their logarithms."""
        P, dP = precisions(self.rate, self.fraction, t)
        basis, slopes = mean_basis(P, dP, t)
        mean = np.einsum("jnk,jk->nk", basis, self.means)
        slope = np.einsum("jnk,jk->nk", slopes, self.means)
        return mean, slope, P**-0.5, -0.5 * dP / P


def decay(rate, t):
    """Exponential ``exp(-rate t)`` within bounds."""
    return np.exp(np.clip(-rate * t, -LARGEST_EXPONENT, LARGEST_EXPONENT))


def precisions(rate, fraction, t):
    """Precisions P at t, and their slopes, each (n, d - 1)."""
    scaled = decay(rate, t)[:, None] * fraction
    unbounded = np.abs(rate * t) < LARGEST_EXPONENT  # the decay has a slope there
    return 1.0 - fraction + scaled, -rate * scaled * unbounded[:, None]


def mean_basis(P, dP, t):
    """Functions whose combinations the means are, and slopes, each (4, n, d - 1)."""
    one, t = np.ones_like(P), t[:, None] + np.zeros_like(P)
    basis = np.stack([one, 1.0 / P, t, t * t])
    return basis, np.stack([0.0 * one, -dP / P**2, one, 2.0 * t])
