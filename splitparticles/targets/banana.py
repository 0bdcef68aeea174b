"""Gaussian twisted along a parabola."""

import numpy as np

from .._linalg import LOG_2PI
from .target import Array, SampledTarget, real_number


class Banana(SampledTarget):
    r"""A Gaussian twisted along a parabola, on the plane.

    With :math:`b` the curvature and :math:`\sigma` the scale,
    :math:`x_1 \sim N(0, \sigma^2)` and
    :math:`r = x_2 - b (x_1^2 - \sigma^2) \sim N(0, 1)` independently, so that

    .. math:: \log p(x) = -\frac{x_1^2}{2\sigma^2} - \frac{r^2}{2}
              - \log(2\pi\sigma), \qquad
              \operatorname{cov} = \operatorname{diag}(\sigma^2, 1 + 2b^2\sigma^4),

    and the mean is zero.  Source: key `HST01` in docs/references.bib, whose
    twist this is, up to a sign and the scales.

    Parameters
    ----------
    curvature : float
        The twist :math:`b`; zero leaves a Gaussian.
    scale : float
        The standard deviation :math:`\sigma > 0` of the first coordinate.

    Examples
    --------
    >>> Banana(curvature=0.5, scale=2.0).cov.tolist()
    [[4.0, 0.0], [0.0, 9.0]]
    """

    def __init__(self, curvature: float = 1.0, scale: float = 1.0):
        self.curvature = real_number("curvature", curvature, positive=False)
        self.scale = real_number("scale", scale)
        self.dim = 2
        self.mean = np.zeros(2)
        self.cov = np.diag([self.scale**2, 1 + 2 * self.curvature**2 * self.scale**4])

    def _split(self, x: Array) -> tuple[Array, Array]:
        """Return the first coordinate and the residual r, both (n,)."""
        first, second = x.T
        return first, second - self.curvature * (first**2 - self.scale**2)

    def _log_density(self, x: Array) -> Array:
        first, rest = self._split(x)
        volume = LOG_2PI + np.log(self.scale)
        return -0.5 * ((first / self.scale) ** 2 + rest**2) - volume

    def _score(self, x: Array) -> Array:
        first, rest = self._split(x)
        slope = 2 * self.curvature * first  # of the parabola
        return np.column_stack([slope * rest - first / self.scale**2, -rest])

    def _score_product(self, x: Array, v: Array) -> Array:
        first, rest = self._split(x)
        slope = 2 * self.curvature * first  # of the parabola
        corner = 2 * self.curvature * rest - slope**2 - self.scale**-2
        return np.column_stack(
            [corner * v[:, 0] + slope * v[:, 1], slope * v[:, 0] - v[:, 1]]
        )

    def _score_curvature(self, x: Array, u: Array, v: Array) -> Array:
        b, both = self.curvature, u[:, 0] * v[:, 0]
        mixed = u[:, 0] * v[:, 1] + u[:, 1] * v[:, 0]
        return 2 * b * np.column_stack([mixed - 6 * b * x[:, 0] * both, both])

    def _sample(self, m: int, rng: np.random.Generator) -> Array:
        z = rng.standard_normal((m, 2))
        first = self.scale * z[:, 0]
        parabola = self.curvature * (first**2 - self.scale**2)
        return np.column_stack([first, parabola + z[:, 1]])
