"""Several growths in one: the best of them, or the first that adds a particle.

Splits know the second order near a particle, an insertion the first order everywhere.
`BestOf` measures which of them gains more; `OrElse` inserts only where no small split
helps.  Under a kernel Stein discrepancy the mean of the witness over the particles is
KSD^2 and its mean over the target is zero: as long as F is not zero, the witness is
lower somewhere else, and some insertion lowers F.
"""

from .._validation import as_callable
from .growth import Growth


class _Several:
    """Growths in a fixed order.

    Parameters
    ----------
    *growths : Growth
        One at least.
    """

    def __init__(self, *growths: Growth):
        if not growths:
            raise ValueError(f"{type(self).__name__} needs at least one growth")
        self.growths = [
            as_callable(growth, "a growth", "(objective, particles, limit, rng)")
            for growth in growths
        ]


class BestOf(_Several):
    """Best of several growths, by the fall of F for each particle added.

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

    def __call__(self, objective, particles, limit, rng):
        """Grow by the rule that gains most a particle."""
        now = objective.value(particles)
        tried = [growth(objective, particles, limit, rng) for growth in self.growths]
        grew = [grown for grown in tried if grown]
        if grew:
            return max(
                grew,
                key=lambda grown: (
                    (now - objective.value(grown.particles)) / len(grown.parents)
                ),
            )
        return next((grown for grown in tried if grown.stable), tried[0])


class OrElse(_Several):
    """First of several growths that adds a particle.

    Its outcome reports the least splitting eigenvalue and the certificate of the first
    growth tried.

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

    def __call__(self, objective, particles, limit, rng):
        """Grow by the first that can."""
        first = None
        for growth in self.growths:
            grown = growth(objective, particles, limit, rng)
            first = grown if first is None else first
            if grown:
                return grown._replace(
                    stable=first.stable, least_index=first.least_index
                )
        return first
