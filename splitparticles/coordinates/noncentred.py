r"""Working coordinates that bend: all but one Gaussian, given that one.

Where one coordinate t sets the scale of the others (an unknown standard deviation,
of a group or of noise), no linear change makes the target alike everywhere.  With

.. math:: y_0 = z_0 = t, \quad y_k = m_k(t) + P_k(t)^{-1/2} z_k, \quad
    P_k(t) = 1 - q_k + q_k e^{-\kappa t}, \quad 0 \le q_k \le 1,

it is: q is the share of the curvature across t that t scales, and the means
:math:`m_k` are combinations of :math:`1, 1/P_k, t, t^2`.  The change is one to one
whatever its numbers are.  With :math:`\ell_k = -\tfrac12 \log P_k` the score becomes

.. math:: (s_z)_k = P_k^{-1/2} s_k, \quad (s_z)_0 = s_0 + \sum_k \bigl[ m_k' s_k +
    \ell_k' (z_k (s_z)_k + 1) \bigr],

and products with its Jacobian are differences of this, of a score that is known to
first order: they ask for no rows.
"""

from dataclasses import dataclass

import numpy as np

from .preconditioner import Preconditioner

LARGEST_EXPONENT = 30.0

STEP = 1e-5  # in working coordinates


@dataclass(frozen=True, eq=False)
class Scaled:
    """Coordinates scaled and moved as the first one tells.

    Parameters
    ----------
    rate : float
        The rate kappa.
    share : ndarray, shape (d - 1,)
        The shares q.
    means : ndarray, shape (4, d - 1)
        Coefficients of the means.
    """

    rate: float
    share: np.ndarray
    means: np.ndarray

    def to_user(self, z):
        """Points (n, d) before the change."""
        mean, _, scale, _ = self._given(z[:, 0])
        return np.column_stack([z[:, 0], mean + scale * z[:, 1:]])

    def to_working(self, y):
        """Points (n, d) after it."""
        mean, _, scale, _ = self._given(y[:, 0])
        return np.column_stack([y[:, 0], (y[:, 1:] - mean) / scale])

    def pulled(self, z, s):
        """Scores s (n, d), of before the change, as those at z."""
        _, slope, scale, growth = self._given(z[:, 0])
        across = scale * s[:, 1:]
        along = slope * s[:, 1:] + growth * (z[:, 1:] * across + 1.0)
        return np.column_stack([s[:, 0] + along.sum(axis=1), across])

    def _given(self, t):
        """Means, their slopes, scales, and the slopes of their logarithms."""
        P, dP = precisions(self.rate, self.share, t)
        basis, slopes = mean_basis(P, dP, t)
        mean = np.einsum("jnk,jk->nk", basis, self.means)
        slope = np.einsum("jnk,jk->nk", slopes, self.means)
        return mean, slope, P**-0.5, -0.5 * dP / P


def decay(rate, t):
    """Return ``exp(-rate t)`` within bounds."""
    return np.exp(np.clip(-rate * t, -LARGEST_EXPONENT, LARGEST_EXPONENT))


def precisions(rate, share, t):
    """P at t, and its slope, each (n, d - 1)."""
    part = decay(rate, t)[:, None] * share
    within = np.abs(rate * t) < LARGEST_EXPONENT
    return 1.0 - share + part, -rate * part * within[:, None]


def mean_basis(P, dP, t):
    """What the means are made of, and the slopes, each (4, n, d - 1)."""
    one, t = np.ones_like(P), t[:, None] + np.zeros_like(P)
    basis = np.stack([one, 1.0 / P, t, t * t])
    return basis, np.stack([0.0 * one, -dP / P**2, one, 2.0 * t])


@dataclass(frozen=True, eq=False)
class Composed:
    """Two changes one after the other, x = outer(inner(z))."""

    outer: object
    inner: object

    @property
    def centre(self):
        """Where z = 0 is, (d,)."""
        d = len(self.outer.centre)
        return self.to_user(np.zeros((1, d)))[0]

    def to_user(self, z):
        """Points (n, d) in the user's coordinates."""
        return self.outer.to_user(self.inner.to_user(np.asarray(z)))

    def to_working(self, x):
        """Points (n, d) in working coordinates."""
        return self.inner.to_working(self.outer.to_working(np.asarray(x)))

    def pulled(self, z, s):
        """Scores s (n, d) of the user's coordinates as those at z."""
        return self.inner.pulled(z, self.outer.pulled(self.inner.to_user(z), s))

    def score(self, score):
        """Return the score in working coordinates of a score in the user's."""
        return lambda z: self.pulled(z, score(self.to_user(z)))

    def product(self, product, score):
        """Return the same for products (x, v) with the score's Jacobian."""

        def along(z, v):
            x = self.to_user(z)
            return pulled_product(self, z, v, score(x), lambda dx: product(x, dx))

        return along


def pulled_product(change, z, v, s, product):
    """Jacobian of the score at z times v, from score and products before."""
    x = change.to_user(z)

    def beside(step):
        there = z + step * v
        return change.pulled(there, s + product(change.to_user(there) - x))

    return (beside(STEP) - beside(-STEP)) / (2.0 * STEP)


def composed(outer, inner: Preconditioner):
    """Return the two changes together; a linear one joins a linear one."""
    if isinstance(outer, Preconditioner):
        centre = outer.to_user(inner.centre[None])[0]
        return Preconditioner(centre, outer.matrix @ inner.matrix)
    if isinstance(outer, Composed) and not isinstance(outer.inner, Scaled):
        return Composed(outer.outer, composed(outer.inner, inner))
    return Composed(outer, inner)
