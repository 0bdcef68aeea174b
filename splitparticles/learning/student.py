"""Student densities, proposals of importance sampling."""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from ..coordinates.change import ChangeOfVariables
from ..coordinates.preconditioner import Preconditioner

NU = 5.0  # degrees of freedom


@dataclass(frozen=True, eq=False)
class Student:
    """Product of Student densities in coordinates u of x."""

    change: ChangeOfVariables

    @classmethod
    def fitted(cls, change: ChangeOfVariables, z: np.ndarray) -> "Student":
        """Student density with the mean and covariance of draws z (m, d), at x(z)."""
        C = np.atleast_2d(np.cov(z.T))
        return cls(change.then(Preconditioner.of_covariance(z.mean(axis=0), C)))

    def draws(self, m: int, rng) -> np.ndarray:
        """Draws in the user's coordinates, (m, d)."""
        return self.change.to_user(rng.standard_t(NU, (m, len(self.change.centre))))

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """Log density in the user's coordinates, (m,)."""
        u = self.change.to_working(x)
        log_q = -0.5 * (NU + 1.0) * np.log1p(u * u / NU) - 0.5 * np.log(NU * np.pi)
        log_q += gammaln(0.5 * (NU + 1.0)) - gammaln(0.5 * NU)
        return log_q.sum(axis=1) - self.change.log_determinant(u)
