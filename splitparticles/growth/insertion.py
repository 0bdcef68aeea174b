r"""Insertion: a new particle where the witness function is lowest.

A little mass t moved to y changes F by :math:`t\,(h(y) - \sum_i w_i h(x_i)) + O(t^2)`,
so a new particle at the minimum of the witness h is the steepest way to add one
(Frank-Wolfe; kernel herding, key ``CWS10`` in docs/references.bib).  It leaves places
that no small split can leave: under a kernel Stein discrepancy some insertion lowers F
until F is zero.

The minimum is looked for from many starts, all descending at once.  How much mass goes
there is found along the line from the old measure to the new particle, on which a
squared discrepancy is a parabola.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from ..objectives.objective import Objective
from ..particles import ParticleSet
from .growth import Grown, nothing_grew

HALVINGS = 20


@dataclass(frozen=True, kw_only=True)
class Insertion:
    """Add one particle at the minimum of the witness function.

    Parameters
    ----------
    starts : int
        Points from which the minimum is looked for: half beside the particles, half
        scattered as wide as they are, and wider.
    steps : int
        Iterations of the search.
    reach : float
        How far out the search goes, in standard deviations of the particles or of the
        target where the objective knows them: under some kernels the witness falls
        without end.

    Examples
    --------
    >>> import numpy as np, splitparticles as sp
    >>> F = sp.MMD(sp.Gaussian(1.0), [[-2.0], [2.0]])
    >>> grown = sp.Insertion()(F, sp.ParticleSet([[-2.0]]), 1, np.random.default_rng(0))
    >>> grown.particles.positions.ravel().round(2), grown.particles.weights.round(2)
    (array([-2.,  2.]), array([0.5, 0.5]))
    """

    starts: int = 64
    steps: int = 50
    reach: float = 3.0

    def __call__(self, objective, particles, limit, rng):
        """Add a particle, if there is room and F falls."""
        if limit < 1:
            return nothing_grew(particles)
        some = objective.proposals(particles, self.starts, rng, reach=self.reach)
        here = most_promising(objective, particles, some)
        for point in self._descended(objective, particles, here), here:
            grown = inserted(objective, particles, point)
            if len(grown.parents):
                return grown
        return nothing_grew(particles)

    def _descended(self, objective, particles, start):
        """Point near another where the promise is least."""

        def told(y):
            h = objective.promise(particles, y[None])[0]
            slope = objective.promise_gradient(particles, y[None])[0]
            known = np.isfinite(h) and np.isfinite(slope).all()
            return (h, slope) if known else (np.inf, np.zeros_like(y))

        box = objective.surroundings(particles, self.reach)
        box = None if box is None else list(zip(*box, strict=True))
        options = {"maxiter": self.steps}
        with np.errstate(all="ignore"):
            found = minimize(
                told, start, jac=True, method="L-BFGS-B", bounds=box, options=options
            )
        return found.x


def most_promising(objective: Objective, particles: ParticleSet, points) -> np.ndarray:
    """Of points (m, d), the one that promises most."""
    h = objective.promise(particles, points)
    return points[int(np.argmin(np.where(np.isfinite(h), h, np.inf)))]


def inserted(objective: Objective, particles: ParticleSet, point) -> Grown:
    """A new particle at a point (d,), of the mass that lowers F most.

    Nothing grew where none lowers F.
    """
    now = objective.value(particles)
    of_share, slope, most = objective.newcomer(particles, point)

    def change(share):
        value = objective.value(of_share(share)) - now
        return value if np.isfinite(value) else np.inf

    if not slope < 0.0:
        return nothing_grew(particles)
    curvature = 2.0 * (change(most) - slope * most) / most**2
    share = -slope / curvature if 0.0 < curvature < np.inf else most
    share = min(share, most) if share > 0.0 else most
    for _ in range(HALVINGS):
        expected = change(share)
        if expected < 0.0:
            break
        share *= 0.5
    else:
        return nothing_grew(particles)
    none = np.full(1, np.nan)
    predicted = slope * share + 0.5 * curvature * share**2
    parents = np.full(1, -1)
    return Grown(of_share(share), parents, predicted, expected, none, np.nan, none)
