"""Gaussian ridge along a circle."""

import numpy as np
from scipy.special import ndtr

from .._linalg import LOG_2PI, row_dot
from .target import Array, SampledTarget, real_number


class Ring(SampledTarget):
    r"""A Gaussian ridge along a circle of the plane.

    .. math:: \log p(x) = -\frac{(|x| - R)^2}{2 w^2} - \log 2\pi I_1, \qquad
              I_k = \int_0^\infty \rho^k e^{-(\rho - R)^2 / 2w^2}\, d\rho.

    The mean is zero and the covariance :math:`I_3 / 2 I_1` times the identity.
    The density has a cone's tip at the origin, where no score exists: there,
    :math:`x / |x|` and :math:`1 / |x|` are taken as zero, hence the score too.

    Parameters
    ----------
    radius, width : float
        The circle's radius :math:`R > 0` and the ridge's breadth :math:`w > 0`.

    Examples
    --------
    >>> Ring(radius=10.0, width=1.0).score([[3.0, 4.0], [0.0, 0.0]]).round(9).tolist()
    [[3.0, 4.0], [0.0, 0.0]]
    """

    def __init__(self, radius: float = 2.0, width: float = 0.3):
        self.radius = R = real_number("radius", radius)
        self.width = w = real_number("width", width)
        self.dim = 2
        # By parts, I_{k+1} = R I_k + k w^2 I_{k-1}, with a boundary term at k = 0.
        i0 = w * np.sqrt(2 * np.pi) * ndtr(R / w)
        i1 = R * i0 + w**2 * np.exp(-0.5 * (R / w) ** 2)
        i3 = R * (R * i1 + w**2 * i0) + 2 * w**2 * i1
        self.mean, self.cov = np.zeros(2), np.eye(2) * i3 / (2 * i1)
        self._log_mass = LOG_2PI + np.log(i1)

    def _polar(self, x: Array) -> tuple[Array, Array, Array]:
        """Return |x| (n, 1), its inverse or zero (n, 1), and x / |x| (n, 2)."""
        rho = np.hypot(x[:, :1], x[:, 1:])
        # The curvature has 1 / rho^2: a smaller rho would overflow it.
        away = rho > 1e-150
        inverse = np.divide(1.0, rho, out=np.zeros_like(rho), where=away)
        return rho, inverse, x * inverse

    def _log_density(self, x: Array) -> Array:
        rho = np.hypot(x[:, 0], x[:, 1])
        return -0.5 * ((rho - self.radius) / self.width) ** 2 - self._log_mass

    def _score(self, x: Array) -> Array:
        rho, _, normal = self._polar(x)
        return (self.radius - rho) / self.width**2 * normal

    def _score_product(self, x: Array, v: Array) -> Array:
        _, inverse, normal = self._polar(x)
        across = v - row_dot(normal, v)[:, None] * normal
        return (self.radius * inverse * across - v) / self.width**2

    def _score_curvature(self, x: Array, u: Array, v: Array) -> Array:
        _, inverse, normal = self._polar(x)
        along_u = row_dot(normal, u)[:, None]
        along_v = row_dot(normal, v)[:, None]
        u, v = u - along_u * normal, v - along_v * normal
        crossed = row_dot(u, v)[:, None]
        curvature = -self.radius * (inverse / self.width) ** 2
        return curvature * (crossed * normal + along_u * v + along_v * u)

    def _sample(self, m: int, rng: np.random.Generator) -> Array:
        # rho exp(-(rho - R)^2 / 2w^2) lies below the Gaussian N(peak, w^2) that
        # touches it at its peak, since log is concave; at least 0.65 are kept.
        peak = (self.radius + np.hypot(self.radius, 2 * self.width)) / 2
        rho = np.empty(0)
        while rho.size < m:
            ratio = rng.normal(1.0, self.width / peak, size=2 * (m - rho.size))
            kept = rng.random(ratio.size) < ratio * np.exp(1 - ratio)
            rho = np.append(rho, peak * ratio[kept])
        angle = rng.uniform(0, 2 * np.pi, size=m)
        return rho[:m, None] * np.column_stack([np.cos(angle), np.sin(angle)])
