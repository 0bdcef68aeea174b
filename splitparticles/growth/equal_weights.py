"""Growth after which all particles have the same weight."""

import numpy as np

from .growth import nothing_grew


class Equalised:
    """A growth after which all particles weigh the same again.

    A split halves one weight, so when only some particles split, their children weigh
    half as much as the rest; equal weights are 1/n each.  A
    newcomer that would have to weigh more than is good for it is left out.
    """

    def __init__(self, growth):
        self.growth = growth

    def __call__(self, objective, particles, limit, rng):
        """Grow, then weigh all alike."""
        grown = self.growth(objective, particles, limit, rng)
        if len(grown.parents) == 0:
            return grown
        n = len(grown.particles)
        equal = grown.particles.weighted(np.full(n, 1.0 / n))
        inserted = (np.asarray(grown.parents) < 0).any()
        if inserted and not objective.value(equal) < objective.value(particles):
            return nothing_grew(particles, grown.least_index, stable=grown.stable)
        return grown._replace(particles=equal)
