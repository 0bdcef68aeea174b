r"""Adaptation of the working coordinates of `sample` between rounds.

Working coordinates come first: a mode, and the curvature there (`find_mode`).  A
mode may be far from the bulk, so they are checked as particles multiply: where the
mean curvature over the particles, :math:`\bar J = -\tfrac1n \sum_i \nabla
s(x_i)`, an estimate of the Fisher information :math:`E_p[-\nabla^2 \log p]`, is no
longer about the identity, the coordinates become those in which it is.  Its inverse
is the covariance when the target is Gaussian.  Where the curvature varies from
particle to particle, and curved coordinates
(`splitparticles.coordinates.noncentred`) leave less than a tenth of that, they are
taken up, and fitted anew as the particles spread in them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from .._validation import as_callable
from ..coordinates.change import ChangeOfVariables, Composed
from ..coordinates.fit_noncentred import fit_noncentred
from ..coordinates.preconditioner import Preconditioner
from ..coordinates.score_sample import ScoreSample
from ..descent.frame import Frame, Restart
from ..objectives import Objective
from ..particles import ParticleSet
from ..scores.counted import CountedScore
from ..scores.derivatives import ScoreDerivatives
from .objective import STUCK, can_be_stuck, fraction_of_iid, stein_objective
from .restart import from_a_wide_cloud, spread_normal

PARTICLES_TO_BEND = 2  # a coordinate, from which on the quadratic kernel counts

CURVATURE_RATIO = 2.0  # by which a mean curvature may differ from one

LARGEST_CHANGE = 10.0  # by which one estimate may widen a coordinate's variance

PARTICLES_TO_CURVE = 8  # in all, from which on coordinates may be curved

LEAST_VARIATION = 0.05  # of curvature, a coordinate, that is worth it

STRAIGHTER = 0.1  # variation of curvature in curved coordinates, of that in linear ones

MOST_SCATTERS = 2  # tries of a run to start anew from afar

REPEATS = 3  # fits of curved coordinates at one number of particles


class Task(NamedTuple):
    """What stays the same in a run of `sample`, whatever its coordinates."""

    score: CountedScore
    """Of the user, in the user's coordinates."""
    build: Callable | None
    """(score, score_product) -> Objective; the default objective for None."""
    adapts: bool
    """Whether the coordinates may change."""
    curves: bool
    """Whether they may be curved, and the particles restart from afar."""


class CurvedScore(ScoreDerivatives):
    """Score in the inner coordinates of a composition.

    Its Jacobians come from those in the outer coordinates, which adaptation needs too.
    """

    def __init__(self, outer: ScoreDerivatives, inner: ChangeOfVariables, product):
        super().__init__(inner.score(outer), product, sided=True)
        self.outer, self.inner = outer, inner

    def _new_jacobians(self, x):
        n = len(x)
        sample = _sampled(self.outer, self.inner.to_user(x), np.full(n, 1.0 / n))
        return sample.through(self.inner).J


@dataclass(frozen=True, eq=False)
class AdaptiveFrame(Frame):
    """Working coordinates with their objective, and the state of their adaptation."""

    task: Task
    change: ChangeOfVariables
    linear_score: ScoreDerivatives
    """In the linear part of the coordinates."""
    score: ScoreDerivatives
    objective: Objective
    quadratic: bool = False
    """Whether the quadratic kernel is part of the objective."""
    adapted_at: int = 0
    """Particles when the coordinates were taken up."""
    fits: int = 0
    """Of curved coordinates at that number of particles."""
    fraction: float = np.inf
    """Of independent draws' discrepancy, in the last round."""
    scatters_left: int = MOST_SCATTERS

    @classmethod
    def of(cls, task: Task, change: ChangeOfVariables, **state) -> "AdaptiveFrame":
        """Frame of a task in the coordinates of a change."""
        linear, inner = change.factors()
        score = linear_score = _working_score(task.score, linear)
        if inner is not None:
            product = None
            if task.score.product is not None:
                product = change.product(task.score.product, task.score)
            score = CurvedScore(linear_score, inner, product)
        quadratic = state.get("quadratic", False)
        if task.build is None:
            objective = stein_objective(score, len(change.centre), quadratic=quadratic)
        else:
            build = as_callable(task.build, "objective", "(score, score_product)")
            objective = build(score, score.product if score.has_product else None)
        return cls(task, change, linear_score, score, objective, **state)

    def next(self, particles: ParticleSet, rng) -> Restart:
        """Coordinates that suit the particles better, or a new start of these."""
        frame, moved = self._adapted(particles, rng)
        if moved is not None:
            return Restart(frame, frame.objective, moved)
        return frame._unstuck(particles, rng)

    def _adapted(self, particles, rng) -> tuple["AdaptiveFrame", ParticleSet | None]:
        """Better coordinates, checked each time that the particles have doubled."""
        n, d = particles.positions.shape
        again = 0 < self.fits < REPEATS
        if not self.task.adapts or n < 2 or not (again or n >= 2 * self.adapted_at):
            return self, None
        quadratic = self.task.build is None and n >= PARTICLES_TO_BEND * d
        change, curved = self._better(particles, quadratic)
        if change is None:
            return replace(self, fits=0), None
        fits = (self.fits + 1 if n == self.adapted_at else 1) if curved else 0
        frame = AdaptiveFrame.of(
            self.task,
            change,
            quadratic=quadratic,
            adapted_at=n,
            fits=fits,
            scatters_left=self.scatters_left,
        )
        if curved and self.fits == 0:
            z = spread_normal(n, d, rng)
        else:
            z = change.to_working(self.change.to_user(particles.positions))
        return frame, particles.moved_to(z)

    def _unstuck(self, particles, rng) -> Restart:
        """Restart from afar, where adding particles no longer helps."""
        value = self.objective.value(particles)
        fraction = np.nan
        if self.task.build is None:
            fraction = fraction_of_iid(self.objective, particles, value)
        frame = replace(self, fraction=fraction)
        worse = fraction > max(STUCK, self.fraction) and can_be_stuck(particles)
        if not (self.task.adapts and self.task.curves and worse and self.scatters_left):
            return Restart(frame)
        frame = replace(frame, scatters_left=self.scatters_left - 1)
        restarted = from_a_wide_cloud(self.objective, particles, rng)
        if restarted is None:
            return Restart(frame)
        return Restart(frame, self.objective, restarted)

    def _better(self, particles, quadratic) -> tuple[ChangeOfVariables | None, bool]:
        """Better coordinates, None to stay, and whether they were curved anew."""
        linear, inner = self.change.factors()
        z = particles.positions
        z = z if inner is None else inner.to_user(z)
        flat = _sampled(self.linear_score, z, particles.probabilities)
        if not np.isfinite(flat.J).all():
            return None, False
        sample = flat if inner is None else flat.through(inner)
        if not np.isfinite(sample.J).all():
            return None, False
        n, d = z.shape
        if self.task.curves and d > 1 and n >= PARTICLES_TO_CURVE:
            curve = _straightened(flat, sample)
            if curve is not None:
                return _whitened(Composed(linear, curve), flat.through(curve)), True
        if not _is_white(sample):
            return _whitened(self.change, sample), False
        if quadratic != self.quadratic:
            shift = Preconditioner(sample.w @ sample.z, np.eye(d))
            return self.change.then(shift), False
        return None, False


def _working_score(score: CountedScore, change) -> ScoreDerivatives:
    product = None
    if score.product is not None:
        product = change.product(score.product, score)
    working = change.score(score)
    return ScoreDerivatives(working, product, sided=True, single=score.is_single)


def _sampled(score: ScoreDerivatives, z, w) -> ScoreSample:
    J = score.jacobians(z)
    return ScoreSample(z, score(z), 0.5 * (J + J.swapaxes(1, 2)), w)


def _is_white(sample) -> bool:
    """Whether the mean curvature is about one."""
    values = np.linalg.eigvalsh(sample.mean_curvature())
    return 1.0 / CURVATURE_RATIO < values[0] and values[-1] < CURVATURE_RATIO


def _whitened(change, sample):
    """Coordinates after a change in which the mean curvature of the sample is one."""
    values, turn = np.linalg.eigh(sample.mean_curvature())
    scale = np.maximum(values, 1.0 / LARGEST_CHANGE) ** -0.5
    try:
        return change.then(Preconditioner(sample.w @ sample.z, turn * scale))
    except ValueError:  # a singular mode: the particles are off to infinity
        return None


def _straightened(flat, sample):
    """Curved coordinates for a sample in linear ones, where they are worth it.

    They have to leave less of the curvature's variation than a fraction of what linear
    coordinates do, and less than the present ones, in which the particles are `sample`.
    """
    try:
        variation = sample.variation()
        if variation < LEAST_VARIATION * flat.z.shape[1]:
            return None
        level = flat.whitening()
        levelled = flat.through(level)
        curve = fit_noncentred(levelled)
        curve = Composed(level.then(curve.outer), curve.inner)
        after = flat.through(curve).variation()
    except ValueError:  # a singular mode, or none: the particles are off to infinity
        return None
    limit = min(STRAIGHTER * levelled.variation(), variation)
    return curve if after < limit else None
