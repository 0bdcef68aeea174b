"""L-BFGS on all positions at once, by SciPy; the default move.

SciPy's line search believes what it is told: it reports success on infinite values,
and on gradients of the wrong length.  So values are checked before it sees them.
Where a trial step leads to a value that is not finite, it is told instead of a steep
bowl around the best point so far, with value and slope that agree: it steps back,
and its memory stays sound.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from .move import (
    Moved,
    check_lengths,
    check_weights,
    is_finite,
    reweighted,
    start_of,
    steepest,
    weight_slopes,
)

SMALLEST_UNIT = 1e-100  # a value below is not divided by: slopes would overflow


@dataclass(frozen=True, kw_only=True)
class LBFGS:
    """L-BFGS on positions, or positions and weights.

    Parameters
    ----------
    max_iter : int
        Iterations at most; each costs a little more than one gradient.
    tol : float
        The particles rest when an iteration lowers the objective by less than this
        share of it.
    memory : int
        Pairs of differences kept.
    weights : bool
        Move the weights too.

    Examples
    --------
    >>> import splitparticles as sp
    >>> F = sp.MMD(sp.Gaussian(1.0), [[0.0], [0.0]])
    >>> moved = sp.LBFGS()(F, sp.ParticleSet([[1.0]]))
    >>> bool(abs(moved.particles.positions[0, 0]) < 1e-4)
    True
    """

    max_iter: int = 200
    tol: float = 1e-9
    memory: int = 20
    weights: bool = False

    def __call__(self, objective, particles):
        """Move the particles downhill."""
        if self.weights:
            check_weights(objective, particles)
        start = start_of(objective, particles)
        if steepest(start) == 0.0 and not self.weights:
            return Moved(particles, start.value, 0.0, 0, True)
        best, steps, status = (particles, start), 0, 0
        while status == 0 and steps < self.max_iter:
            # SciPy's tolerance is one on the whole: it starts anew where the value has
            # fallen so far that it would stop too early
            unit = abs(best[1].value)
            unit = unit if unit > SMALLEST_UNIT else 1.0
            told = _Told(objective, *best, self.weights, unit)
            taken, status = self._minimised(told, self.max_iter - steps)
            steps, best = steps + taken, told.best
            if taken == 0 or abs(best[1].value) > 0.1 * unit:
                break
        particles, here = best
        rests = status == 0 and steps < self.max_iter
        return Moved(particles, here.value, steepest(here), steps, rests)

    def _minimised(self, told, max_iter) -> tuple[int, int]:
        """Run SciPy's L-BFGS; iterations taken and its status, 0 at rest."""
        found = minimize(
            told,
            told.origin,
            jac=True,
            method="L-BFGS-B",
            options={
                "maxiter": max_iter,
                "maxfun": 20 * max_iter,
                "maxcor": self.memory,
                "ftol": self.tol,
                "gtol": 0.0,
            },
        )
        return int(found.nit), int(found.status)


class _Told:
    """What SciPy is told of the objective, and the best that was really seen."""

    def __init__(self, objective, particles, start, weights, unit):
        self.objective, self.start, self.weights = objective, particles, weights
        self.best = particles, start
        self.unit = unit  # SciPy's tolerance is absolute below one
        origin = particles.positions.ravel()
        self.origin = np.append(origin, np.zeros(len(particles))) if weights else origin
        self.best_point = self.origin

    def __call__(self, point):
        particles = self._particles(point)
        here = self.objective.first_variation(particles)
        check_lengths(here, particles)
        if not is_finite(here):
            return self._bowl(point)
        if here.value < self.best[1].value:
            self.best, self.best_point = (particles, here), point.copy()
        slope = (particles.weights[:, None] * here.witness_gradient).ravel()
        if self.weights:
            tilt = weight_slopes(self.objective, particles, here)
            own = particles.weights if self.objective.conserves_mass else 1.0
            slope = np.append(slope, own * tilt)
        return here.value / self.unit, slope / self.unit

    def _particles(self, point):
        n, d = self.start.positions.shape
        moved = self.start.moved_to(point[: n * d].reshape(n, d))
        if not self.weights:
            return moved
        return reweighted(self.objective, moved, point[n * d :])

    def _bowl(self, point):
        """A quadratic about the best point, well above its value."""
        away = point - self.best_point
        height = 1.0 + abs(self.best[1].value) / self.unit
        size = max(float(away @ away), 1e-300)
        return self.best[1].value / self.unit + height, 2.0 * height / size * away
