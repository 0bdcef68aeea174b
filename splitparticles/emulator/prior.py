r"""Prior of the emulator: what it believes where nothing is known.

The hyperbolic density :math:`\log p_0(z) = c^2 - c \sqrt{c^2 + |z|^2}` has unit
curvature at 0, as a whitened target has, and exponential tails beyond c.  So it is open
far out: there its score keeps the length c, where a normal's grows without bound.  Any
power of it can be normalised; of a Student density with some degrees of freedom only
those above a limit can.

With :math:`q = |z|^2` it is radial, P(q), and

.. math::
    \nabla \log p_0 &= 2 P' z, \qquad D^2 \log p_0\, v = 2 P' v + 4 P'' (z \cdot v) z \\
    D^3 \log p_0 [u, v] &= 4 P'' [(z \cdot u) v + (z \cdot v) u + (u \cdot v) z]
        + 8 P''' (z \cdot u)(z \cdot v) z.
"""

from dataclasses import dataclass

import numpy as np

from .._compiled.compiler import helper
from .._linalg import row_dot

PRIOR_SCALE = 4.0  # c over the root of d


def hyperbolic(scale, power, q):
    """``P(q)`` and its first derivative; of floats or arrays."""
    s = (1.0 + q / scale**2) ** 0.5
    return -power * q / (1.0 + s), -0.5 * power / s


hyperbolic_in_loops = helper(hyperbolic)


@dataclass(frozen=True)
class Hyperbolic:
    """Hyperbolic density of unit curvature at 0, to a power.

    Parameters
    ----------
    scale : float
        The length c beyond which its tails are exponential.
    power : float
        The whole log density is multiplied by it.
    """

    scale: float
    power: float = 1.0

    def log_density(self, z: np.ndarray) -> np.ndarray:
        """Log density, 0 at 0, (m,)."""
        return hyperbolic(self.scale, self.power, row_dot(z, z))[0]

    def score(self, z: np.ndarray) -> np.ndarray:
        """Score, (m, d)."""
        return 2.0 * hyperbolic(self.scale, self.power, row_dot(z, z))[1][:, None] * z

    def product(self, z: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Jacobian of the score times v_i, (m, d)."""
        P1, P2, _ = self._slopes(z)
        return 2.0 * P1 * v + 4.0 * P2 * row_dot(z, v)[:, None] * z

    def curvature(self, z: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Second derivative of the score along u_i and v_i, (m, d)."""
        _, P2, P3 = self._slopes(z)
        zu, zv, uv = (row_dot(a, b)[:, None] for a, b in ((z, u), (z, v), (u, v)))
        return 4.0 * P2 * (zu * v + zv * u + uv * z) + 8.0 * P3 * zu * zv * z

    def _slopes(self, z):
        """``P'``, ``P''`` and ``P'''``, each (m, 1)."""
        q = row_dot(z, z)[:, None]
        P1 = hyperbolic(self.scale, self.power, q)[1]
        bend = -0.5 / (self.scale**2 + q)
        return P1, P1 * bend, 3.0 * P1 * bend**2
