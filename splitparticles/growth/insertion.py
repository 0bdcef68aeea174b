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
        How far points are scattered, in standard deviations of the particles or of the
        target where the objective knows them.

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
        here = lowest(objective, particles, self._scattered(objective, particles, rng))
        for point in self._descended(objective, particles, here), here:
            grown = inserted(objective, particles, point)
            if len(grown.parents):
                return grown
        return nothing_grew(particles)

    def _scattered(self, objective, particles, rng):
        """Where the search may start, (starts, d)."""
        n, d = particles.positions.shape
        spread = _spread(objective, particles)
        beside = particles.positions[rng.integers(n, size=self.starts)]
        outwards = rng.standard_normal((self.starts, d)) * spread
        width = np.where(np.arange(self.starts) % 2, 0.3, self.reach)
        return beside + width[:, None] * outwards

    def _descended(self, objective, particles, start):
        """Minimum of the witness near a point."""

        def told(y):
            h = objective.witness(particles, y[None])[0]
            slope = objective.witness_gradient(particles, y[None])[0]
            known = np.isfinite(h) and np.isfinite(slope).all()
            return (h, slope) if known else (np.inf, np.zeros_like(y))

        options = {"maxiter": self.steps}
        with np.errstate(all="ignore"):
            found = minimize(told, start, jac=True, method="L-BFGS-B", options=options)
        return found.x


def _spread(objective, particles):
    """Scale of the target, or of the particles; one where neither has any."""
    if objective.spread:
        return objective.spread
    largest = float(particles.positions.std(axis=0).max())
    return largest if largest > 0.0 else 1.0


def lowest(objective: Objective, particles: ParticleSet, points) -> np.ndarray:
    """Of points (m, d), the one where the witness is lowest."""
    h = objective.witness(particles, points)
    return points[int(np.argmin(np.where(np.isfinite(h), h, np.inf)))]


def inserted(objective: Objective, particles: ParticleSet, point) -> Grown:
    """A new particle at a point (d,), of the mass that lowers F most.

    Mass is taken from all particles alike; nothing grew where none lowers F.
    """
    now, w = objective.value(particles), particles.weights
    total = float(w.sum())

    def mixed(share):
        weights = np.append((1.0 - share) * w, share * total)
        return ParticleSet(np.vstack([particles.positions, point]), weights)

    def change(share):
        value = objective.value(mixed(share)) - now
        return value if np.isfinite(value) else np.inf

    h = objective.witness(particles, np.vstack([point, particles.positions]))
    slope = total * float(h[0]) - float(w @ h[1:])
    if not slope < 0.0:
        return nothing_grew(particles)
    curvature = 8.0 * (change(0.5) - 0.5 * slope)
    share = -slope / curvature if 0.0 < curvature < np.inf else 0.5
    share = min(share, 0.5) if share > 0.0 else 0.5
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
    return Grown(mixed(share), parents, predicted, expected, none, np.nan, none)
