r"""The emulator: a log density, regressed from scores.

In working coordinates, where the target is about a standard normal,

.. math:: \log p(z) = \log p_0(z) + f(z), \qquad f \sim GP(0, \sigma^2 \varphi),

with the prior :math:`p_0` (`splitparticles.emulator.prior`) and a radial covariance.
Scores at n rows, with noise, determine n d coefficients
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
    noise : ndarray, shape (n,)
        Variance of the noise of a row, relative to a score coordinate's prior variance.
    level : float
        What all rows have in common of it, as estimated.
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
    noise: np.ndarray = field(repr=False)
    level: float
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
        f, g = process.value_and_gradient(self.kernel, x, *self._rows)
        return self.prior.log_density(x) + f, self.prior.score(x) + g

    def score_sd(self, x: ArrayLike) -> np.ndarray:
        """Posterior standard deviation of the score's coordinates at x, (m, d).

        Exact where the fit was dense; else given the nearest rows alone, which is
        no less.
        """
        (x,) = self._batch(x=x)
        variance = gradient_variance(
            self.kernel, self.positions, self.noise, self.factor, x
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

    @property
    def _rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Positions and coefficients."""
        return self.positions, self.coefficients

    def _log_density(self, x):
        return self.log_density_and_score(x)[0]

    def _score(self, x):
        return self.log_density_and_score(x)[1]

    def _score_product(self, x, v):
        f = process.hessian_product(self.kernel, x, *self._rows, v)
        return self.prior.product(x, v) + f

    def _score_curvature(self, x, u, v):
        f = process.third_product(self.kernel, x, *self._rows, u, v)
        return self.prior.curvature(x, u, v) + f
