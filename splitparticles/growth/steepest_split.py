r"""Steepest split: along the eigenvector of the least splitting eigenvalue.

When the gradient vanishes, moving cannot help to first order and no single particle
can leave to second; but where a splitting matrix has a negative eigenvalue, two
halves moving apart along its eigenvector lower F by
:math:`\tfrac12 e^2 \lambda_{\min}`, the most that any split of small step can
(Theorem of Liu, Wu and Wang, key ``LWW19`` in docs/references.bib).  When no particle
has one, no small split helps: the certificate with which a run may stop.
"""

from dataclasses import dataclass

import numpy as np

from .._validate import as_rng
from .eigenpairs import least_eigenpairs
from .growth import nothing_grew, split_best


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
        )

    def _steepest(self, objective, particles, rng):
        """Least eigenvalues and vectors, where they are known, below what they are not.

        Whoever stands beside a place without a finite score is left as he is.
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
        values, vectors = np.linalg.eigh(matrices)
        index = values[:, 0]
        return index, vectors[:, :, 0], known, index, np.abs(values).max()
