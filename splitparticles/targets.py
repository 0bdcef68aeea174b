r"""Test targets: densities with all the derivatives a split particle may ask for.

Each class is a `Target`: ``log_density``, ``score``, ``score_product`` and
``score_curvature`` take points of shape (n, d), one per row, and are described
there once.  Below, a class states its density and its parameters; its
derivatives are written out by hand, without loops over points.

==================== ========================================= ================
`Gaussian`           one bell, the linear score                exact sampler
`GaussianMixture`    several bells                             exact sampler
`Banana`             a Gaussian bent along a parabola, d = 2   exact sampler
`Funnel`             a scale that varies by orders, d >= 2     exact sampler
`Ring`               mass on a circle, no preferred point      exact sampler
`LogisticRegression` a real posterior, log-concave             none
==================== ========================================= ================

Those with an exact sampler have ``sample(m, rng)``, and the exact ``mean`` (d,)
and ``cov`` (d, d); their log densities are normalised.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, log_expit, ndtr

from .gaussian_mixture import (
    Array,
    GaussianMixture,
    SampledTarget,
    Target,
    check_covariance,
    check_integer,
    real_array,
)

__all__ = [
    "Banana",
    "Funnel",
    "Gaussian",
    "GaussianMixture",
    "LogisticRegression",
    "Ring",
    "Target",
]

LOG_2PI = np.log(2 * np.pi)

# The 23 flights before the Challenger's last: joint temperature, any distress.
# fmt: off
CHALLENGER_FAHRENHEIT = (66, 70, 69, 68, 67, 72, 73, 70, 57, 63, 70, 78, 67, 53, 67,
                         75, 70, 81, 76, 79, 75, 76, 58)
CHALLENGER_DISTRESS = (0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1,
                       0, 1)
# fmt: on


def _number(name: str, value: float, positive: bool = True) -> float:
    """Return a finite float, positive unless told otherwise, or raise."""
    number = real_array(name, value)
    if number.ndim != 0:
        raise ValueError(f"{name} must be a number, got shape {number.shape}")
    if positive and number <= 0:
        raise ValueError(f"{name} must be positive, got {value!r}")
    return float(number)


class Gaussian(GaussianMixture):
    r"""The Gaussian :math:`N(m, \Sigma)`, a mixture of one component.

    .. math:: \log p(x) = -\tfrac12 (x-m)^T \Sigma^{-1} (x-m)
              - \tfrac12 \log\det(2\pi\Sigma)

    Parameters
    ----------
    mean : array_like, shape (d,)
    covariance : array_like, shape (d, d) or ()
        Symmetric positive definite, or one isotropic variance.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real and finite, or not as said above.

    Examples
    --------
    >>> Gaussian([1.0, 0.0], 4.0).score([[5.0, 2.0]]).tolist()
    [[-1.0, -0.5]]
    """

    def __init__(self, mean: ArrayLike, covariance: ArrayLike):
        mean = real_array("mean", mean)
        covariance = real_array("covariance", covariance)
        if mean.ndim != 1 or mean.size == 0:
            raise ValueError(f"mean must have shape (d,), got {mean.shape}")
        d = mean.size
        if covariance.shape not in {(), (d, d)}:
            raise ValueError(
                f"covariance must have shape ({d}, {d}) or (), got {covariance.shape}"
            )
        if covariance.ndim == 0:
            covariance = covariance * np.eye(d)
        covariance = check_covariance("covariance", covariance)
        super().__init__([1.0], mean[None], covariance[None])


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

    Raises
    ------
    TypeError, ValueError
        If a parameter is not a finite number, or `scale` not positive.

    Examples
    --------
    >>> Banana(curvature=0.5, scale=2.0).cov.tolist()
    [[4.0, 0.0], [0.0, 9.0]]
    """

    def __init__(self, curvature: float = 1.0, scale: float = 1.0):
        self.curvature = _number("curvature", curvature, positive=False)
        self.scale = _number("scale", scale)
        self.dim = 2
        self.mean = np.zeros(2)
        self.cov = np.diag([self.scale**2, 1 + 2 * self.curvature**2 * self.scale**4])

    def _split(self, x: Array) -> tuple[Array, Array]:
        """Return the first coordinate and the residual r, both (n,)."""
        first, second = x.T
        return first, second - self.curvature * (first**2 - self.scale**2)

    def _log_density(self, x: Array) -> Array:
        first, rest = self._split(x)
        return -0.5 * ((first / self.scale) ** 2 + rest**2) - (
            LOG_2PI + np.log(self.scale)
        )

    def _score(self, x: Array) -> Array:
        first, rest = self._split(x)
        bend = 2 * self.curvature * first
        return np.column_stack([bend * rest - first / self.scale**2, -rest])

    def _score_product(self, x: Array, v: Array) -> Array:
        first, rest = self._split(x)
        bend = 2 * self.curvature * first
        corner = 2 * self.curvature * rest - bend**2 - self.scale**-2
        return np.column_stack(
            [corner * v[:, 0] + bend * v[:, 1], bend * v[:, 0] - v[:, 1]]
        )

    def _score_curvature(self, x: Array, u: Array, v: Array) -> Array:
        b, both = self.curvature, u[:, 0] * v[:, 0]
        mixed = u[:, 0] * v[:, 1] + u[:, 1] * v[:, 0]
        return 2 * b * np.column_stack([mixed - 6 * b * x[:, 0] * both, both])

    def _sample(self, m: int, rng: np.random.Generator) -> Array:
        z = rng.standard_normal((m, 2))
        first = self.scale * z[:, 0]
        bent = self.curvature * (first**2 - self.scale**2)
        return np.column_stack([first, bent + z[:, 1]])


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

    Raises
    ------
    TypeError, ValueError
        If a parameter is not a number of the kind said above.

    Examples
    --------
    >>> Funnel(dim=3, scale=2.0).score([[0.0, 1.0, -1.0]]).tolist()
    [[0.0, -1.0, 1.0]]
    """

    def __init__(self, dim: int = 2, scale: float = 3.0):
        self.dim = check_integer("dim", dim, 2)
        self.scale = _number("scale", scale)
        self.mean = np.zeros(self.dim)
        spread = np.exp(self.scale**2 / 2)
        self.cov = np.diag([self.scale**2] + [spread] * (self.dim - 1))

    def _log_density(self, x: Array) -> Array:
        neck, rest = x[:, 0], x[:, 1:]
        energy = (neck / self.scale) ** 2 + np.exp(-neck) * np.sum(rest**2, axis=1)
        volume = self.dim * LOG_2PI + (self.dim - 1) * neck
        return -0.5 * (energy + volume) - np.log(self.scale)

    def _score(self, x: Array) -> Array:
        neck, rest = x[:, :1], x[:, 1:]
        pull = -np.exp(-neck) * rest
        push = -0.5 * np.sum(pull * rest, axis=1, keepdims=True)
        return np.hstack([push - neck / self.scale**2 - (self.dim - 1) / 2, pull])

    def _score_product(self, x: Array, v: Array) -> Array:
        rest, precision = x[:, 1:], np.exp(-x[:, :1])
        v_neck, v_rest = v[:, :1], v[:, 1:]
        # Each term of the density couples the neck to one x_k: an arrow matrix.
        pull = precision * (v_neck * rest - v_rest)
        push = precision * np.sum(rest * (v_rest - 0.5 * v_neck * rest), 1)[:, None]
        return np.hstack([push - v_neck / self.scale**2, pull])

    def _score_curvature(self, x: Array, u: Array, v: Array) -> Array:
        rest, precision = x[:, 1:], np.exp(-x[:, :1])
        (u_neck, u_rest), (v_neck, v_rest) = (np.split(w, [1], axis=1) for w in (u, v))
        crossed = u_neck * v_rest + v_neck * u_rest
        both = u_neck * v_neck
        push = np.sum(rest * (0.5 * both * rest - crossed) + u_rest * v_rest, axis=1)
        return precision * np.hstack([push[:, None], crossed - both * rest])

    def _sample(self, m: int, rng: np.random.Generator) -> Array:
        z = rng.standard_normal((m, self.dim))
        neck = self.scale * z[:, :1]
        return np.hstack([neck, np.exp(neck / 2) * z[:, 1:]])


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

    Raises
    ------
    TypeError, ValueError
        If a parameter is not a finite positive number.

    Examples
    --------
    >>> Ring(radius=10.0, width=1.0).score([[3.0, 4.0], [0.0, 0.0]]).round(9).tolist()
    [[3.0, 4.0], [0.0, 0.0]]
    """

    def __init__(self, radius: float = 2.0, width: float = 0.3):
        self.radius = R = _number("radius", radius)
        self.width = w = _number("width", width)
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
        across = v - np.sum(normal * v, axis=1, keepdims=True) * normal
        return (self.radius * inverse * across - v) / self.width**2

    def _score_curvature(self, x: Array, u: Array, v: Array) -> Array:
        _, inverse, normal = self._polar(x)
        along_u = np.sum(normal * u, axis=1, keepdims=True)
        along_v = np.sum(normal * v, axis=1, keepdims=True)
        u, v = u - along_u * normal, v - along_v * normal
        crossed = np.sum(u * v, axis=1, keepdims=True)
        bend = -self.radius * (inverse / self.width) ** 2
        return bend * (crossed * normal + along_u * v + along_v * u)

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


class LogisticRegression(Target):
    r"""The posterior of a logistic regression, up to the log evidence.

    For features :math:`F` (N, p), labels :math:`y_i \in \{0, 1\}` and a prior
    :math:`N(0, \tau^2 I)` on the coefficients :math:`x`, with d = p,

    .. math:: \log p(x) = \sum_i \log \operatorname{expit}\{(2y_i - 1)\, F_i x\}
              + \log N(x; 0, \tau^2 I) + \text{constant}.

    Parameters
    ----------
    features : array_like, shape (N, p)
        Used as given: an intercept is a column of ones.
    labels : array_like, shape (N,)
    prior_sd : float
        The prior standard deviation :math:`\tau > 0`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real and finite, or not as said above.

    Examples
    --------
    >>> LogisticRegression([[1.0], [1.0]], [0, 1], 2.0).score([[0.0]]).tolist()
    [[0.0]]
    """

    def __init__(self, features: ArrayLike, labels: ArrayLike, prior_sd: float = 10.0):
        self.features = real_array("features", features)
        self.labels = real_array("labels", labels)
        self.prior_sd = _number("prior_sd", prior_sd)
        shape = self.features.shape
        if len(shape) != 2 or 0 in shape:
            raise ValueError(f"features must have shape (N, p), got {shape}")
        if self.labels.shape != shape[:1]:
            raise ValueError(
                f"labels must have shape {shape[:1]}, got {self.labels.shape}"
            )
        if not np.isin(self.labels, (0, 1)).all():
            raise ValueError(f"labels must be 0 or 1, got {np.unique(self.labels)}")
        self.dim = shape[1]

    @classmethod
    def challenger(cls, prior_sd: float = 10.0) -> "LogisticRegression":
        """Return the space-shuttle O-ring posterior (intercept, temperature), d = 2.

        Any thermal distress of the O-rings on 23 flights, against the joint
        temperature, standardised.  Source: key `DFH89` in docs/references.bib.

        Raises
        ------
        TypeError, ValueError
            If `prior_sd` is not a finite positive number.

        Examples
        --------
        >>> LogisticRegression.challenger().features.shape
        (23, 2)
        """
        heat = np.array(CHALLENGER_FAHRENHEIT, dtype=float)
        heat = (heat - heat.mean()) / heat.std()
        features = np.column_stack([np.ones_like(heat), heat])
        return cls(features, CHALLENGER_DISTRESS, prior_sd)

    def _log_density(self, x: Array) -> Array:
        fit = log_expit((x @ self.features.T) * (2 * self.labels - 1)).sum(axis=1)
        prior = -0.5 * np.sum((x / self.prior_sd) ** 2, axis=1)
        return fit + prior - self.dim * (0.5 * LOG_2PI + np.log(self.prior_sd))

    def _score(self, x: Array) -> Array:
        surprise = self.labels - expit(x @ self.features.T)
        return surprise @ self.features - x / self.prior_sd**2

    def _score_product(self, x: Array, v: Array) -> Array:
        logits = x @ self.features.T
        slope = expit(logits) * expit(-logits)
        pull = (slope * (v @ self.features.T)) @ self.features
        return -pull - v / self.prior_sd**2

    def _score_curvature(self, x: Array, u: Array, v: Array) -> Array:
        one = expit(x @ self.features.T)
        bend = one * (1 - one) * (1 - 2 * one)
        both = (u @ self.features.T) * (v @ self.features.T)
        return -(bend * both) @ self.features
