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

    def __call__(self, objective, particles, limit, rng):
        """Split the best candidates, at most `limit`."""
        matrices = objective.splitting_matrices(particles)
        # whoever stands beside a place without a finite score is left as he is
        known = np.isfinite(matrices).all(axis=(1, 2))
        matrices = np.where(known[:, None, None], matrices, 0.0)
        eigenvalues, eigenvectors = np.linalg.eigh(matrices)
        index = eigenvalues[:, 0]
        least = float(index.min()) if known.all() else np.nan
        unstable = index < -self.tol * np.abs(eigenvalues).max()
        if not unstable.any() or limit < 1:
            stable = not unstable.any() and bool(known.all())
            return nothing_grew(particles, least, stable=stable)
        parents = np.flatnonzero(unstable | (self.everyone & known))
        return split_best(
            objective,
            particles,
            parents,
            eigenvectors[parents, :, 0],
            index[parents],
            limit=min(limit, max(1, round(self.fraction * len(particles)))),
            trials=self.trials,
            least_index=least,
            everyone=self.everyone,
        )
