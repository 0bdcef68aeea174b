"""L-BFGS on all positions at once, by SciPy; the default move.

SciPy's line search takes infinite values for progress and gradients of the wrong length
for gradients, so both are checked before it gets them.  At a trial point where F is not
finite it gets a steep bowl around the best point so far instead, with value and slope
that agree: it steps back, and its memory of differences stays sound.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from .._validation import as_count, as_flag, as_nonnegative, as_size, check_fields
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

SMALLEST_UNIT = 1e-100  # F is not divided by a smaller value: slopes would overflow

FLATTEST = 1e-150  # slope, over F's unit, at which particles rest: squares underflow


@dataclass(frozen=True, kw_only=True)
class LBFGS:
    """L-BFGS on positions, or positions and weights.

    Parameters
    ----------
    max_iter : int
        Iterations at most; each costs a little more than one gradient.
    tol : float
        The particles have converged when an iteration lowers F by less than this share
        of F.
    memory : int
        Pairs of differences kept.  From 16 or so on, the last bits may depend on the
        number of threads of LAPACK.
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
    memory: int = 12
    weights: bool = False

    def __post_init__(self):
        check_fields(
            self,
            max_iter=as_size,
            tol=as_nonnegative,
            memory=as_count,
            weights=as_flag,
        )

    def __call__(self, objective, particles):
        """Move the particles downhill."""
        if self.weights:
            check_weights(objective, particles)
        start = start_of(objective, particles)
        if steepest(start) == 0.0 and not self.weights:
            return Moved(particles, start.value, 0.0, 0, True)
        lowest, steps, status = (particles, start), 0, 0
        while status == 0 and steps < self.max_iter:
            # SciPy's tolerance is absolute below one, so F is divided by its value at
            # the start; and the run starts anew where F has fallen far since
            unit = abs(lowest[1].value)
            unit = unit if unit > SMALLEST_UNIT else 1.0
            scaled = _ScipyObjective(objective, *lowest, self.weights, unit)
            taken, status = self._minimised(scaled, self.max_iter - steps)
            steps, lowest = steps + taken, scaled.lowest
            if taken == 0 or abs(lowest[1].value) > 0.1 * unit:
                break
        particles, variation = lowest
        converged = status == 0 and steps < self.max_iter
        value, slope = variation.value, steepest(variation)
        return Moved(particles, value, slope, steps, converged)

    def _minimised(self, scaled, max_iter) -> tuple[int, int]:
        """Iterations of SciPy's L-BFGS and its status, 0 at convergence."""
        outcome = minimize(
            scaled,
            scaled.origin,
            jac=True,
            method="L-BFGS-B",
            options={
                "maxiter": max_iter,
                "maxfun": 20 * max_iter,
                "maxcor": self.memory,
                "ftol": self.tol,
                "gtol": FLATTEST,
            },
        )
        return int(outcome.nit), int(outcome.status)


class _ScipyObjective:
    """F over a unit and its gradient at flat points; the lowest F met is kept."""

    def __init__(self, objective, particles, start, weights, unit):
        self.objective, self.start, self.weights = objective, particles, weights
        self.lowest = particles, start
        self.unit = unit
        origin = particles.positions.ravel()
        self.origin = np.append(origin, np.zeros(len(particles))) if weights else origin
        self.lowest_point = self.origin

    def __call__(self, point):
        particles = self._particles(point)
        variation = self.objective.first_variation(particles)
        check_lengths(variation, particles)
        if not is_finite(variation):
            return self._bowl(point)
        if variation.value < self.lowest[1].value:
            self.lowest, self.lowest_point = (particles, variation), point.copy()
        slope = (particles.weights[:, None] * variation.witness_gradient).ravel()
        if self.weights:
            tilt = weight_slopes(self.objective, particles, variation)
            # the derivative in a logit has the weight as a factor, a free one has none
            factor = particles.weights if self.objective.conserves_mass else 1.0
            slope = np.append(slope, factor * tilt)
        return variation.value / self.unit, slope / self.unit

    def _particles(self, point):
        n, d = self.start.positions.shape
        moved = self.start.moved_to(point[: n * d].reshape(n, d))
        if not self.weights:
            return moved
        return reweighted(self.objective, moved, point[n * d :])

    def _bowl(self, point):
        """A quadratic about the lowest point, well above its value."""
        offset = point - self.lowest_point
        value = self.lowest[1].value / self.unit
        height = 1.0 + abs(value)
        squared = max(float(offset @ offset), 1e-300)
        return value + height, 2.0 * height / squared * offset
