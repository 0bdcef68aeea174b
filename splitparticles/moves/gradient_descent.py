r"""Gradient descent in the mean-field sense, with Armijo's rule.

Each particle moves with velocity :math:`-\nabla h(x_i)`, whatever its weight (the
sign of a negative weight turns it): the Wasserstein gradient flow.  Splitting a
particle in place changes nothing.  Weights, when they move, follow the mirror step
:math:`w_i \propto w_i e^{-\tau h(x_i)}`.
"""

from dataclasses import dataclass

import numpy as np

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
        The particles rest when a step lowers the objective by less than this share.
    step : float, optional
        First step to try, in squared length over the unit of h; by default one that
        moves the steepest particle by a tenth.  Later steps start from twice the last.
    slope : float
        Armijo's share of the predicted decrease that a step has to bring.
    weights : bool
        Move the weights too.
    search : bool
        False: plain gradient descent, whose every step is `step` long and costs one
        gradient.  The best particles seen are returned.

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
        if not self.search and self.step is None:
            raise ValueError("GradientDescent without a search needs a step, got None")

    def __call__(self, objective, particles):
        """Move the particles downhill."""
        if self.weights:
            check_weights(objective, particles)
        here = start = start_of(objective, particles)
        if not self.search:
            return self._plain(objective, particles, here)
        step = self.step or 0.1 / max(steepest(here), 1e-300)
        for taken in range(self.max_iter):
            found = self._line_search(objective, particles, here, step)
            if found is None:  # at rest only if there was nothing left to gain
                rests = step * steepest(here) ** 2 <= 1e-9 * abs(start.value)
                return Moved(particles, here.value, steepest(here), taken, rests)
            gain = here.value - found[1].value
            particles, here, step = found
            if gain <= self.tol * abs(here.value):
                return Moved(particles, here.value, steepest(here), taken + 1, True)
            step *= 2.0
        return Moved(particles, here.value, steepest(here), self.max_iter, False)

    def _plain(self, objective, particles, here):
        """Steps of one length, however the value fares; the best seen is kept."""
        best, rests = (particles, here), False
        for taken in range(self.max_iter):  # noqa: B007  (counts the steps taken)
            particles = self._stepped(objective, particles, here, self.step)
            there = objective.first_variation(particles)
            check_lengths(there, particles)
            if not is_finite(there):
                break
            gain, here = here.value - there.value, there
            if here.value < best[1].value:
                best = particles, here
            rests = 0.0 <= gain <= self.tol * abs(here.value)
            if rests:
                break
        return Moved(best[0], best[1].value, steepest(best[1]), taken + 1, rests)

    def _stepped(self, objective, particles, here, step):
        """Particles a step downhill."""
        down = -np.sign(particles.weights)[:, None] * here.witness_gradient
        trial = particles.moved_to(particles.positions + step * down)
        if self.weights:
            trial = reweighted(objective, trial, -step * here.witness)
        return trial

    def _line_search(self, objective, particles, here, step):
        """Particles, first variation and step after a decrease; None without one."""
        w, slope = particles.weights, here.witness_gradient
        rate = np.abs(w) @ (slope**2).sum(axis=1)
        if self.weights:
            tilt = weight_slopes(objective, particles, here)
            rate += (w if objective.conserves_mass else 1.0) * tilt @ tilt
        for _ in range(60):
            trial = self._stepped(objective, particles, here, step)
            there = objective.first_variation(trial)
            check_lengths(there, trial)
            enough = here.value - self.slope * step * rate
            if is_finite(there) and there.value < here.value and there.value <= enough:
                return trial, there, step
            step *= 0.5
        return None
