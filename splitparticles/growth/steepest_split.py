r"""Steepest split: along the eigenvector of the least splitting eigenvalue.

When the gradient vanishes, moving cannot help to first order and no single particle
can leave to second; but where a splitting matrix has a negative eigenvalue, two
halves moving apart along its eigenvector lower F by
:math:`\tfrac12 e^2 \lambda_{\min}`, the most that any split of small step can
(Theorem of Liu, Wu and Wang, key ``LWW19`` in docs/references.bib).  When no particle
has one, no small split helps: the certificate with which a run may stop.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .._validation import as_floats, as_rng
from .eigenpairs import least_eigenpairs
from .growth import nothing_grew, spectra, split_best
from .knapsack import knapsack


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
        While some particle gains, split the others too, with a small step.  The
        weights stay in step: a halved one would stand beside whole ones otherwise.
    dense : int
        Coordinates up to which splitting matrices are written out; beyond, their least
        eigenpairs come from products alone (`least_eigenpairs`), in O(n d) memory.
    cost : callable, optional
        ParticleSet -> (n,), or (n, r) of several resources: what the split of each
        particle would cost.  Of all splits that gain, the best that `budget` affords
        are made.
    budget : float or array_like, shape (r,), optional
        What a round may cost, of each resource.

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
    cost: Callable | None = None
    budget: ArrayLike | None = None

    def __post_init__(self):
        if (self.cost is None) != (self.budget is None):
            raise ValueError(
                "cost and budget go together, got "
                f"cost={self.cost!r} and budget={self.budget!r}"
            )

    def __call__(self, objective, particles, limit, rng):
        """Split the best candidates, at most `limit`."""
        index, directions, known, bound, largest = self._steepest(
            objective, particles, rng
        )
        least = float(index.min()) if known.all() else np.nan
        unstable = index < -self.tol * largest
        if not unstable.any() or limit < 1:
            stable = bool(known.all() and (bound >= -self.tol * largest).all())
            return nothing_grew(particles, least, stable=stable)
        parents = np.flatnonzero(unstable | (self.everyone & known))
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
            afford=None if self.cost is None else self._afforded(particles),
        )

    def _afforded(self, particles):
        """Return the choice among splits that the budget allows."""
        budget = np.atleast_1d(as_floats(self.budget, "budget", "of shape (r,)"))
        costs = as_floats(self.cost(particles), "the return value of cost", "(n, r)")
        costs = costs[:, None] if costs.ndim == 1 else costs
        wanted = (len(particles), len(budget))
        if costs.shape != wanted:
            raise ValueError(f"cost must return shape {wanted}, got {costs.shape}")
        if not (np.isfinite(costs) & (costs >= 0.0)).all():
            i = int(np.argmin((np.isfinite(costs) & (costs >= 0.0)).all(axis=1)))
            raise ValueError(
                f"costs must be finite and not negative, got {costs[i]} of particle "
                f"{i} at {particles.positions[i]}"
            )

        def afford(parents, gains, room):
            return knapsack(gains, costs[parents], budget, room)

        return afford

    def _steepest(self, objective, particles, rng):
        """Least eigenvalues and vectors, where they are known, below what they are not.

        Particles with a non-finite matrix are not split.
        """
        if particles.dim > self.dense:
            found = least_eigenpairs(objective, particles, as_rng(rng))
            known = np.isfinite(found.values) & np.isfinite(found.residuals)
            values = np.where(known, found.values, 0.0)
            bound = values - np.where(known, found.residuals, 0.0)
            return values, found.vectors, known, bound, np.abs(values).max()
        matrices = objective.splitting_matrices(particles)
        known = np.isfinite(matrices).all(axis=(1, 2))
        matrices = np.where(known[:, None, None], matrices, 0.0)
        values, vectors = spectra(objective, matrices)
        index = values[:, 0]
        return index, vectors[:, :, 0], known, index, np.abs(values).max()
