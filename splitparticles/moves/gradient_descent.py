r"""Gradient descent in the mean-field sense (Wasserstein gradient flow).

Each particle moves with velocity :math:`-\nabla h(x_i)`, whatever its weight (a
negative weight turns the sign), so a particle split in place changes nothing.  The step
is found by backtracking to Armijo's condition.  Weights, when they move, follow the
mirror step :math:`w_i \propto w_i e^{-\tau h(x_i)}`.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from .._validation import (
    as_flag,
    as_nonnegative,
    as_optional,
    as_positive,
    as_share,
    as_size,
    check_fields,
)
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


@dataclass(frozen=True, kw_only=True)
class GradientDescent:
    r"""Gradient descent with a backtracking line search.

    Parameters
    ----------
    max_iter : int
        Steps at most.
    tol : float
        The particles have converged when a step lowers F by less than this share of F.
    step : float, optional
        First step to try, in squared length over the unit of h; by default one that
        moves the steepest particle by a tenth.  Later searches start from twice the
        last step.
    slope : float
        Armijo's constant: share of the predicted decrease that a step has to bring.
    weights : bool
        Move the weights too.
    search : bool
        False: every step is `step` long and costs one gradient; the particles of lowest
        F are returned.

    Raises
    ------
    ValueError
        When there is no search and no step.

    Examples
    --------
    >>> import splitparticles as sp
    >>> F = sp.MMD(sp.Gaussian(1.0), [[0.0], [0.0]])
    >>> moved = sp.GradientDescent()(F, sp.ParticleSet([[1.0]]))
    >>> bool(abs(moved.particles.positions[0, 0]) < 1e-2)
    True
    """

    max_iter: int = 500
    tol: float = 1e-6
    step: float | None = None
    slope: float = 1e-4
    weights: bool = False
    search: bool = True

    def __post_init__(self):
        check_fields(
            self,
            max_iter=as_size,
            tol=as_nonnegative,
            step=partial(as_optional, as_positive),
            slope=as_share,
            weights=as_flag,
            search=as_flag,
        )
        if not self.search and self.step is None:
            raise ValueError("GradientDescent without a search needs a step, got None")

    def __call__(self, objective, particles):
        """Move the particles downhill."""
        if self.weights:
            check_weights(objective, particles)
        variation = start = start_of(objective, particles)
        if not self.search:
            return self._plain(objective, particles, variation)
        step = self.step or 0.1 / max(steepest(variation), 1e-300)
        taken, converged = 0, False
        while taken < self.max_iter and not converged:
            accepted = self._line_search(objective, particles, variation, step)
            if accepted is None:  # converged only if there was nothing left to gain
                gain = step * steepest(variation) ** 2
                converged = gain <= 1e-9 * abs(start.value)
                break
            before, taken = variation.value, taken + 1
            particles, variation, step = accepted
            step *= 2.0
            converged = before - variation.value <= self.tol * abs(variation.value)
        value, slope = variation.value, steepest(variation)
        return Moved(particles, value, slope, taken, converged)

    def _plain(self, objective, particles, variation):
        """Steps of one length, whether F falls or not; the lowest F met is kept."""
        lowest, taken, converged = (particles, variation), 0, False
        while taken < self.max_iter and not converged:
            taken += 1
            particles = self._stepped(objective, particles, variation, self.step)
            before, variation = variation.value, objective.first_variation(particles)
            check_lengths(variation, particles)
            if not is_finite(variation):
                break
            if variation.value < lowest[1].value:
                lowest = particles, variation
            gain = before - variation.value
            converged = 0.0 <= gain <= self.tol * abs(variation.value)
        return Moved(lowest[0], lowest[1].value, steepest(lowest[1]), taken, converged)

    def _stepped(self, objective, particles, variation, step):
        """Particles a step downhill."""
        down = -np.sign(particles.weights)[:, None] * variation.witness_gradient
        trial = particles.moved_to(particles.positions + step * down)
        if self.weights:
            trial = reweighted(objective, trial, -step * variation.witness)
        return trial

    def _line_search(self, objective, particles, variation, step):
        """Particles, first variation and step after a decrease; None without one."""
        w, slope = particles.weights, variation.witness_gradient
        rate = np.abs(w) @ (slope**2).sum(axis=1)
        if self.weights:
            tilt = weight_slopes(objective, particles, variation)
            rate += (w if objective.conserves_mass else 1.0) * tilt @ tilt
        for _ in range(60):
            trial = self._stepped(objective, particles, variation, step)
            at_trial = objective.first_variation(trial)
            check_lengths(at_trial, trial)
            fall = variation.value - at_trial.value
            if is_finite(at_trial) and fall > 0.0 and fall >= self.slope * step * rate:
                return trial, at_trial, step
            step *= 0.5
        return None
