r"""The emulator: a log density, regressed from scores.

In working coordinates, where the target is about a standard normal,

.. math:: \log p(z) = \log p_0(z) + f(z), \qquad f \sim GP(0, \sigma^2 \varphi),

with the prior :math:`p_0` (`splitparticles.emulator.prior`) and a covariance that is
radial in M z: the metric M is large along the directions in which the curvature
varies.  Scores at n rows, with noise, determine n d coefficients
(`splitparticles.emulator.gradient_process`, `splitparticles.emulator.solve`).
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from .._validation import as_positive
from ..targets.target import Target
from . import gradient_process as process
from .prior import Hyperbolic
from .uncertainty import gradient_variance


@dataclass(frozen=True, eq=False)
class Emulator(Target):
    """Regression of a log density from scores: a target that costs nothing to ask.

    Made by `splitparticles.emulator.fit`.  ``log_density``, up to a constant,
    ``score``, ``score_product`` and ``score_curvature`` are those of every
    `splitparticles.targets.target.Target`.

    Attributes
    ----------
    kernel : RationalQuadratic
        Covariance of f, but for its scale.
    prior : Hyperbolic
        What is believed far from all rows.
    positions : ndarray, shape (n, d)
        Rows where the score is known.
    coefficients : ndarray, shape (n, d)
        Weights of the rows in f.
    metric : ndarray, shape (d, d)
        M, of mean square eigenvalue 1: the length scale along a direction u is that of
        the kernel over ``|M u|``.
    noise : ndarray, shape (n, d)
        Variance of the noise of a row in the coordinates M z, relative to the prior
        variance of one there.
    level : float
        What all rows have in common of it, as estimated.
    exponent : float
        How far the metric goes from the identity towards the variation of curvature.
    scale : float
        Standard deviation sigma of f.
    factor : Factor, optional
        Cholesky factor of the rows' covariance, where the fit was dense.
    power : float
        The power of the density; see `flattened`.
    """

    kernel: tuple
    prior: Hyperbolic
    positions: np.ndarray = field(repr=False)
    coefficients: np.ndarray = field(repr=False)
    metric: np.ndarray = field(repr=False)
    noise: np.ndarray = field(repr=False)
    level: float
    exponent: float
    scale: float
    factor: process.Factor | None = field(default=None, repr=False)
    power: float = 1.0
    dim: int = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "dim", self.positions.shape[1])

    @property
    def n_rows(self) -> int:
        """Number of rows that it was fitted to."""
        return len(self.positions)

    @property
    def length(self) -> float:
        """Length scale over the root of d."""
        return self.kernel[0] / self.dim**0.5

    def log_density_and_score(self, x: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Log density up to a constant (m,) and scores (m, d) at x, in one pass."""
        (x,) = self._batch(x=x)
        f, g = process.value_and_gradient(self.kernel, self.stretched(x), *self.rows)
        return self.prior.log_density(x) + f, self.prior.score(x) + self._back(g)

    def score_sd(self, x: ArrayLike) -> np.ndarray:
        """Posterior standard deviation of the score's coordinates at x, (m, d).

        Exact where the fit was dense; else given the nearest rows alone, which is
        no less.
        """
        (x,) = self._batch(x=x)
        variance = gradient_variance(
            self.kernel, self.metric, self.positions, self.noise, self.factor, x
        )
        return self.power * self.scale * np.sqrt(variance)

    def flattened(self, power: float) -> "Emulator":
        """Emulator of the density to a power: wider where the power is below 1."""
        power = as_positive(power, "power")
        return replace(
            self,
            prior=replace(self.prior, power=power * self.prior.power),
            coefficients=power * self.coefficients,
            power=power * self.power,
        )

    def stretched(self, v: np.ndarray) -> np.ndarray:
        """Rows M v_i of v (m, d)."""
        return np.einsum("ij,kj->ik", v, self.metric)  # its bits know no threads

    def _back(self, g):
        """Rows M^T g_i: a gradient with respect to M z as one with respect to z."""
        return np.einsum("ij,jk->ik", g, self.metric)

    @property
    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Stretched positions, and coefficients."""
        return self.stretched(self.positions), self.coefficients

    def _log_density(self, x):
        return self.log_density_and_score(x)[0]

    def _score(self, x):
        return self.log_density_and_score(x)[1]

    def _score_product(self, x, v):
        mx, mv = self.stretched(x), self.stretched(v)
        f = process.hessian_product(self.kernel, mx, *self.rows, mv)
        return self.prior.product(x, v) + self._back(f)

    def _score_curvature(self, x, u, v):
        mx, mu, mv = self.stretched(x), self.stretched(u), self.stretched(v)
        f = process.third_product(self.kernel, mx, *self.rows, mu, mv)
        return self.prior.curvature(x, u, v) + self._back(f)
