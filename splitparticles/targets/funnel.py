"""Neal's funnel: a scale that varies by orders of magnitude."""

import numpy as np

from .._linalg import LOG_2PI, row_dot
from .._validation import as_count, refuse_too_large
from .target import Array, SampledTarget, real_number


class Funnel(SampledTarget):
    r"""Neal's funnel: the first coordinate is the log variance of the others.

    With :math:`v = x_1 \sim N(0, \sigma^2)` and the other
    :math:`x_k \mid v \sim N(0, e^v)` independently,

    .. math:: \log p(x) = -\frac{v^2}{2\sigma^2} - \frac{(d-1)\, v}{2}
              - \frac{e^{-v}}{2} \sum_{k \ge 2} x_k^2
              - \frac{d}{2} \log 2\pi - \log\sigma.

    The mean is zero and the covariance diagonal, with :math:`\sigma^2` and then
    :math:`e^{\sigma^2/2}`.  Source: key `N03` in docs/references.bib.

    Parameters
    ----------
    dim : int
        At least 2; the source has 10.
    scale : float
        The standard deviation :math:`\sigma > 0` of the first coordinate.

    Examples
    --------
    >>> Funnel(dim=3, scale=2.0).score([[0.0, 1.0, -1.0]]).tolist()
    [[0.0, -1.0, 1.0]]
    """

    def __init__(self, dim: int = 2, scale: float = 3.0):
        self.dim = as_count(dim, "dim", 2)
        refuse_too_large("dim", dim, self.dim, self.dim)
        self.scale = real_number("scale", scale)
        self.mean = np.zeros(self.dim)
        variance = np.exp(self.scale**2 / 2)
        self.cov = np.diag([self.scale**2] + [variance] * (self.dim - 1))

    def _log_density(self, x: Array) -> Array:
        neck, rest = x[:, 0], x[:, 1:]
        energy = (neck / self.scale) ** 2 + np.exp(-neck) * row_dot(rest, rest)
        volume = self.dim * LOG_2PI + (self.dim - 1) * neck
        return -0.5 * (energy + volume) - np.log(self.scale)

    def _score(self, x: Array) -> Array:
        neck, rest = x[:, :1], x[:, 1:]
        pull = -np.exp(-neck) * rest
        push = -0.5 * row_dot(pull, rest)[:, None]
        return np.hstack([push - neck / self.scale**2 - (self.dim - 1) / 2, pull])

    def _score_product(self, x: Array, v: Array) -> Array:
        rest, precision = x[:, 1:], np.exp(-x[:, :1])
        v_neck, v_rest = v[:, :1], v[:, 1:]
        # Each term of the density couples the neck to one x_k: an arrow matrix.
        pull = precision * (v_neck * rest - v_rest)
        push = precision * row_dot(rest, v_rest - 0.5 * v_neck * rest)[:, None]
        return np.hstack([push - v_neck / self.scale**2, pull])

    def _score_curvature(self, x: Array, u: Array, v: Array) -> Array:
        rest, precision = x[:, 1:], np.exp(-x[:, :1])
        (u_neck, u_rest), (v_neck, v_rest) = (np.split(w, [1], axis=1) for w in (u, v))
        crossed = u_neck * v_rest + v_neck * u_rest
        both = u_neck * v_neck
        push = row_dot(rest, 0.5 * both * rest - crossed) + row_dot(u_rest, v_rest)
        return precision * np.hstack([push[:, None], crossed - both * rest])

    def _sample(self, m: int, rng: np.random.Generator) -> Array:
        z = rng.standard_normal((m, self.dim))
        neck = self.scale * z[:, :1]
        return np.hstack([neck, np.exp(neck / 2) * z[:, 1:]])
