"""Equal weights: a growth after which all particles have the same weight."""

import numpy as np

from .growth import nothing_grew


class Equalised:
    """Another growth, followed by equal weights 1/n.

    A split halves one weight, so where only some particles split, their children would
    weigh half as much as the rest.  A new particle that lowers F only with a smaller
    weight is not added.
    """

    def __init__(self, growth):
        self.growth = growth

    def __call__(self, objective, particles, limit, rng):
        """Grow, then make the weights equal."""
        grown = self.growth(objective, particles, limit, rng)
        if not grown:
            return grown
        n = len(grown.particles)
        equal = grown.particles.weighted(np.full(n, 1.0 / n))
        inserted = (np.asarray(grown.parents) < 0).any()
        if inserted and not objective.value(equal) < objective.value(particles):
            return nothing_grew(particles, grown.least_index, stable=grown.stable)
        return grown._replace(particles=equal)
