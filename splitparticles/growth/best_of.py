"""The best of several growths: each is tried, the one that lowers F most is taken.

Splits know the second order near a particle, an insertion the first order everywhere;
which gains more is measured, not guessed.  A rule that certifies that no small split
helps is answered by the others.
"""

import numpy as np

from .growth import Growth, nothing_grew


class BestOf:
    """Try growths and keep the best, by the fall of F for each particle added.

    Parameters
    ----------
    *growths : Growth
        Such as ``SteepestSplit(fraction=0.1), Insertion()``.

    Examples
    --------
    A particle between two narrow modes is stable, and an insertion frees it.

    >>> import numpy as np, splitparticles as sp
    >>> two = sp.GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [0.1, 0.1])
    >>> F = sp.KSD(sp.Gaussian(0.1**0.5), two.score, two.score_product)
    >>> one, rng = sp.ParticleSet([[0.0]]), np.random.default_rng(0)
    >>> len(sp.SteepestSplit()(F, one, 1, rng).particles)
    1
    >>> growth = sp.BestOf(sp.SteepestSplit(), sp.Insertion())
    >>> len(growth(F, one, 1, rng).particles)
    2
    """

    def __init__(self, *growths: Growth):
        if not growths:
            raise ValueError("BestOf needs at least one growth")
        self.growths = growths

    def __call__(self, objective, particles, limit, rng):
        """Grow by whichever gains most a particle."""
        now = objective.value(particles)
        best, gain = None, -np.inf
        idle = []
        for growth in self.growths:
            grown = growth(objective, particles, limit, rng)
            if len(grown.parents) == 0:
                idle.append(grown)
                continue
            fall = (now - objective.value(grown.particles)) / len(grown.parents)
            if fall > gain:
                best, gain = grown, fall
        if best is not None:
            return best
        stable = any(grown.stable for grown in idle)
        least = [grown.least_index for grown in idle if grown.stable]
        return nothing_grew(particles, *least[:1], stable=stable)
