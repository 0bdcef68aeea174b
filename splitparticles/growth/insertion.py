r"""Insertion: a new particle where the witness is lowest (conditional gradient).

A little mass t moved to y changes F by :math:`t\,(h(y) - \sum_i w_i h(x_i)) + O(t^2)`,
so the minimum of the witness h is the steepest place for a new particle: the step of
Frank and Wolfe in the space of measures (kernel herding, key ``CWS10`` in
docs/references.bib).  It escapes local optima in which no small split lowers F: under a
kernel Stein discrepancy some insertion lowers F until F is zero.

The minimum is searched from the best of many random points by L-BFGS.  The mass comes
from a line search between the old measure and the new particle, along which a squared
discrepancy is a parabola.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from .._validation import as_count, as_positive, check_fields
from ..objectives.objective import Objective
from ..particles import ParticleSet
from .growth import Grown, backtracked, nothing_grew


@dataclass(frozen=True, kw_only=True)
class Insertion:
    """Add one particle at the minimum of the witness function.

    Parameters
    ----------
    starts : int
        Random points tried before the search: half near the particles, half scattered
        `reach` times as wide.
    steps : int
        Iterations of the search.
    reach : float
        Bound of the search, in standard deviations of the target where the objective
        knows them, or else of the particles: under some kernels the witness has no
        minimum.

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

    def __post_init__(self):
        check_fields(self, starts=as_count, steps=as_count, reach=as_positive)

    def __call__(self, objective, particles, limit, rng):
        """Add a particle, if there is room and F falls."""
        if limit < 1:
            return nothing_grew(particles)
        points = objective.proposals(particles, self.starts, rng, reach=self.reach)
        h = objective.promise(particles, points)
        start = points[int(np.argmin(np.where(np.isfinite(h), h, np.inf)))]
        # where L-BFGS goes astray the point from which it started may still do
        for point in self._minimum(objective, particles, start), start:
            if grown := inserted(objective, particles, point):
                return grown
        return nothing_grew(particles)

    def _minimum(self, objective, particles, start):
        """Local minimum (d,) of the acquisition function, from a start (d,)."""

        def acquisition(y):
            (h,), (slope,) = objective.promise_and_gradient(particles, y[None])
            finite = np.isfinite(h) and np.isfinite(slope).all()
            return (h, slope) if finite else (np.inf, np.zeros_like(y))

        box = objective.surroundings(particles, self.reach)
        with np.errstate(all="ignore"):
            return minimize(
                acquisition,
                start,
                jac=True,
                method="L-BFGS-B",
                bounds=None if box is None else list(zip(*box, strict=True)),
                options={"maxiter": self.steps},
            ).x


def inserted(objective: Objective, particles: ParticleSet, point) -> Grown:
    """New particle at a point (d,), of the mass at which F is lowest.

    Nothing grows where no mass lowers F.
    """
    now = objective.value(particles)
    path, slope, largest = objective.newcomer(particles, point)

    def change(mass):
        value = objective.value(path(mass)) - now
        return value if np.isfinite(value) else np.inf

    if not slope < 0.0:
        return nothing_grew(particles)
    curvature = 2.0 * (change(largest) - slope * largest) / largest**2
    minimum = -slope / curvature if 0.0 < curvature < np.inf else largest
    accepted = backtracked(change, min(minimum, largest) if minimum > 0.0 else largest)
    if accepted is None:
        return nothing_grew(particles)
    mass, expected = accepted
    none = np.full(1, np.nan)
    return Grown(
        path(mass),
        parents=np.full(1, -1),
        predicted=slope * mass + 0.5 * curvature * mass**2,
        expected=expected,
        splitting_index=none,
        least_index=np.nan,
        steps=none,
    )
