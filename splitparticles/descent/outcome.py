"""Outcome of a run: statistics of its particles, and how it ended."""

import numpy as np

from ..particles import ParticleSet
from ..stop import Stop


class Outcome:
    """Statistics of the attribute `particles`, and words on `stop`."""

    particles: ParticleSet
    stop: Stop

    @property
    def success(self) -> bool:
        """Whether the run ended of itself."""
        return self.stop.success

    @property
    def status(self) -> int:
        """Number of the reason why the run ended."""
        return self.stop.status

    @property
    def message(self) -> str:
        """Reason why the run ended, in words."""
        return self.stop.message

    @property
    def positions(self) -> np.ndarray:
        """Positions (n, d)."""
        return self.particles.positions

    @property
    def weights(self) -> np.ndarray:
        """Weights (n,)."""
        return self.particles.weights

    def mean(self) -> np.ndarray:
        """Mean, (d,)."""
        return self.particles.mean()

    def cov(self) -> np.ndarray:
        """Covariance, (d, d)."""
        return self.particles.cov()

    def std(self) -> np.ndarray:
        """Standard deviations, (d,)."""
        return self.particles.std()

    def quantile(self, q) -> np.ndarray:
        """Quantiles of each coordinate; see `ParticleSet.quantile`."""
        return self.particles.quantile(q)

    def expect(self, f) -> np.ndarray:
        """Expectation of f; see `ParticleSet.expect`."""
        return self.particles.expect(f)

    def resample(self, m, *, rng=None) -> np.ndarray:
        """Draw m equally weighted points; see `ParticleSet.resample`."""
        return self.particles.resample(m, rng=rng)
