"""Random split: the control for the steepest one.

Only the direction differs from `SteepestSplit`: the step comes from the same line
search, and the splits of largest gain are made.  A random direction of positive
curvature certifies nothing.
"""

from dataclasses import dataclass

import numpy as np

from .._linalg import row_dot
from .._validation import as_count, as_rng, as_share, check_fields
from .candidates import Candidates, halves
from .eigenpairs import random_directions
from .growth import nothing_grew
from .splits import split_best


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

    def __post_init__(self):
        check_fields(self, fraction=as_share, trials=as_count)

    def __call__(self, objective, particles, limit, rng):
        """Split the best candidates, at most `limit`."""
        if limit < 1:
            return nothing_grew(particles)
        directions, index = _drawn(objective, particles, rng)
        return split_best(
            objective,
            particles,
            np.arange(len(particles)),
            directions,
            index,
            limit=min(limit, max(1, round(self.fraction * len(particles)))),
            trials=self.trials,
        )

    def candidates(self, objective, particles, rng):
        """Halves of each particle along a random direction."""
        directions, index = _drawn(objective, particles, rng)
        splits = halves(range(len(particles)), directions, index)
        return Candidates(splits, np.nan, stable=False)


def _drawn(objective, particles, rng):
    """Random directions (n, d) and their curvatures (n,)."""
    shape = particles.positions.shape
    directions = random_directions(objective, shape, as_rng(rng))
    products = objective.splitting_product(particles, directions)
    return directions, row_dot(directions, products)
