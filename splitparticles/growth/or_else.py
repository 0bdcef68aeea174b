"""One growth, and where it adds no particle the next: splits, or else an insertion.

Under a kernel Stein discrepancy the mean of the witness over the particles is KSD^2 and
its mean over the target is zero, so somewhere it is lower than where the particles are:
as long as F is not zero, some insertion lowers it.  The certificate that no small split
does is then not the end.
"""

from .growth import Growth, nothing_grew


class OrElse:
    """The first of several growths that adds a particle.

    What the first said of the least splitting eigenvalue, and of its certificate, is
    kept by whichever rule grew.

    Parameters
    ----------
    *growths : Growth
        In the order in which they are tried.

    Examples
    --------
    >>> import numpy as np, splitparticles as sp
    >>> two = sp.GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [0.1, 0.1])
    >>> F = sp.KSD(sp.Gaussian(0.1**0.5), two.score, two.score_product)
    >>> growth = sp.OrElse(sp.SteepestSplit(), sp.Insertion())
    >>> one, rng = sp.ParticleSet([[0.0]]), np.random.default_rng(0)
    >>> grown = growth(F, one, 1, rng)
    >>> grown.stable, grown.parents, len(grown.particles)
    (True, array([-1]), 2)
    """

    def __init__(self, *growths: Growth):
        if not growths:
            raise ValueError("OrElse needs at least one growth")
        self.growths = growths

    def __call__(self, objective, particles, limit, rng):
        """Grow by the first that can."""
        first, *others = self.growths
        grown = first(objective, particles, limit, rng)
        said = {"stable": grown.stable, "least_index": grown.least_index}
        for growth in others if limit >= 1 else ():
            if len(grown.parents):
                return grown
            grown = growth(objective, particles, limit, rng)
            if len(grown.parents):
                return grown._replace(**said)
        if len(grown.parents):
            return grown
        return nothing_grew(particles, said["least_index"], stable=said["stable"])
