r"""Steepest split: along the eigenvector of the least splitting eigenvalue.

Where the gradient vanishes, no small move lowers F; but where a splitting matrix has a
negative eigenvalue, two halves that move apart along its eigenvector by e change F by
:math:`\tfrac12 e^2 \lambda_{\min}`, the most that any split of a small step can do
(Liu, Wu and Wang, key ``LWW19`` in docs/references.bib).  When no matrix has a
negative eigenvalue, no small split lowers F: this certificate ends a run.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .._validation import (
    as_callable,
    as_count,
    as_flag,
    as_nonnegative,
    as_rng,
    as_share,
    check_fields,
)
from .candidates import Candidates, halves
from .eigenpairs import least_eigenpairs, splitting_spectra, steepest_directions
from .growth import nothing_grew
from .knapsack import affordable, checked_budget
from .splits import split_best


@dataclass(frozen=True, kw_only=True)
class SteepestSplit:
    """Split particles along their steepest splitting direction.

    Parameters
    ----------
    fraction : float
        Share of the particles to split in a round, those of largest exact gain; 1
        splits all that gain, a small number the best one only.
    trials : int
        Steps tried in the search along each direction.
    tol : float
        An eigenvalue counts as negative below minus this share of the largest
        eigenvalue in size.
    everyone : bool
        While some particle gains, split the others too, with a small step, so that
        equal weights stay equal.
    dense : int
        Coordinates up to which splitting matrices are written out; beyond, their least
        eigenpairs come from products alone (`least_eigenpairs`), in O(n d) memory.
    products : int
        Products with all matrices at most, where they are not written out.
    cost : callable, optional
        ParticleSet -> (n,), or (n, r) of several resources: the cost of splitting each
        particle.  Of all splits that gain, the best that `budget` affords are made (a
        knapsack).
    budget : float or array_like, shape (r,), optional
        Limit to the cost of a round, of each resource.

    Raises
    ------
    ValueError
        When there is a cost without a budget, or the other way round; and in a run,
        when costs are not finite numbers from 0 of such a shape.

    Examples
    --------
    >>> import numpy as np, splitparticles as sp
    >>> F = sp.KSD(sp.Gaussian(1.0), lambda x: -x)
    >>> one = sp.ParticleSet([[0.0]])
    >>> grown = sp.SteepestSplit()(F, one, 1, np.random.default_rng(0))
    >>> len(grown.particles), F.value(grown.particles) < F.value(one)
    (2, True)
    """

    fraction: float = 1.0
    trials: int = 5
    tol: float = 1e-6
    everyone: bool = False
    dense: int = 64
    products: int = 50
    cost: Callable | None = None
    budget: ArrayLike | None = None

    def __post_init__(self):
        check_fields(
            self,
            fraction=as_share,
            trials=as_count,
            tol=as_nonnegative,
            everyone=as_flag,
            dense=as_count,
            products=as_count,
        )
        if self.cost is not None:
            as_callable(self.cost, "cost", "(particles) -> (n,)")
        if (self.cost is None) != (self.budget is None):
            raise ValueError(
                "cost and budget go together, got "
                f"cost={self.cost!r} and budget={self.budget!r}"
            )
        if self.budget is not None:
            checked_budget(self.budget)

    def __call__(self, objective, particles, limit, rng):
        """Split the best candidates, at most `limit`."""
        index, directions, unstable, least, stable = self._unstable(
            objective, particles, rng
        )
        if not unstable.any() or limit < 1:
            return nothing_grew(particles, least, stable=stable)
        finite = np.isfinite(index)
        parents = np.flatnonzero(unstable | (self.everyone & finite))
        return split_best(
            objective,
            particles,
            parents,
            directions[parents],
            index[parents],
            limit=min(limit, max(1, round(self.fraction * len(particles)))),
            trials=self.trials,
            least_index=least,
            everyone=self.everyone,
            choose=self.cost and affordable(self.cost, self.budget, particles),
        )

    def candidates(self, objective, particles, rng):
        """Halves along the steepest direction, of each particle that is unstable."""
        index, directions, unstable, least, stable = self._unstable(
            objective, particles, rng
        )
        parents = np.flatnonzero(unstable)
        splits = halves(parents, directions[parents], index[parents])
        return Candidates(splits, least, stable)

    def _unstable(self, objective, particles, rng):
        """Curvatures (n,), directions, a mask of those below zero; least; stable."""
        spectrum, bounds, index, directions = self._steepest(
            objective, particles, as_rng(rng)
        )
        size = np.abs(spectrum).max(where=np.isfinite(index)[:, None], initial=0.0)
        floor = -self.tol * size
        unstable, least = index < floor, float(spectrum.min())
        stable = bool(not unstable.any() and (bounds >= floor).all())
        return index, directions, unstable, least, stable

    def _steepest(self, objective, particles, rng):
        """Eigenvalues (n, k), lower bounds of the least; curvatures and directions.

        Those of a particle are nan where its splitting matrix is not finite.
        """
        if particles.dim <= self.dense:
            values, vectors = splitting_spectra(objective, particles)
            return values, values[:, 0], *steepest_directions(values, vectors, rng)
        pairs = least_eigenpairs(objective, particles, rng, max_products=self.products)
        bounds = pairs.values - pairs.residuals
        return pairs.values[:, None], bounds, pairs.values, pairs.vectors
