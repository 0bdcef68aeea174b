"""Random split: along a random direction, the control for the steepest one.

Everything else is as in `SteepestSplit`: the step is searched, the gain is exact,
the best candidates are taken.  A direction of positive curvature does not lower F
for any small step; it offers no certificate.
"""

from dataclasses import dataclass

import numpy as np

from .growth import nothing_grew, split_best


@dataclass(frozen=True, kw_only=True)
class RandomSplit:
    """Split particles along directions drawn uniformly from the sphere.

    Parameters
    ----------
    fraction : float
        Share of the particles to split in a round, those of largest exact gain.
    trials : int
        Steps tried in the search along each direction.

    Examples
    --------
    >>> import numpy as np, splitparticles as sp
    >>> F = sp.KSD(sp.Gaussian(1.0), lambda x: -x)
    >>> one = sp.ParticleSet([[0.0]])
    >>> len(sp.RandomSplit()(F, one, 1, np.random.default_rng(0)).particles)
    2
    """

    fraction: float = 1.0
    trials: int = 5

    def __call__(self, objective, particles, limit, rng):
        """Split the best candidates, at most `limit`."""
        if limit < 1:
            return nothing_grew(particles)
        directions = rng.standard_normal(particles.positions.shape)
        if objective.labels is not None:
            directions[:, objective.labels] = 0.0
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        bent = objective.splitting_product(particles, directions)
        return split_best(
            objective,
            particles,
            np.arange(len(particles)),
            directions,
            np.einsum("ik,ik->i", directions, bent),
            limit=min(limit, max(1, round(self.fraction * len(particles)))),
            trials=self.trials,
            least_index=np.nan,
        )
