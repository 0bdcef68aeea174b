r"""Doubts about final particles: what the scores and the log density say against them.

Stein's identities are measured in units that no linear change of coordinates moves,
:math:`|E[ss^T]^{-1/2} E[s]|` and the eigenvalues of :math:`-E[s (z - \bar z)^T]`, and
the discrepancy against that of independent draws.  All of these are local, so the score
is asked far out too, where it costs a few fresh rows: on the ray through a particle a
density with a finite integral falls faster than 1/r, so that :math:`-s \cdot z > 1` in
the end.
"""

from collections.abc import Callable

import numpy as np

from .._linalg import row_dot
from ..coordinates.change import ChangeOfVariables
from ..modes.trial import trial_score
from ..particles import ParticleSet
from ..scores.derivatives import ScoreDerivatives
from ..scores.identities import DISPERSION, DRIFT, dispersion, drift
from .adaptation import AdaptiveFrame
from .objective import STUCK, can_be_stuck, fraction_of_iid

RAYS = 16  # through the outermost particles

FAR = 10.0, 40.0, 160.0  # distances along them, in those of particles from their mean

LEAST_FALL = 0.5  # -s.z, at all of these, below which a density has no integral

HELPED = 2.0  # dispersion up to which more particles are likely to help

STEP = 0.02  # of differences of the log density, in working coordinates

COMPARED_ROWS = 16  # rows whose scores are compared with the log density

DISAGREEMENT = 0.05  # of score and log density, relative

CONTRADICTION = "log_density and score contradict each other"

LEAST_INSIDE = 0.95  # share of the points reached that must have a log density


def doubts(
    frame: AdaptiveFrame,
    particles: ParticleSet,
    cloud: np.ndarray,
    log_density: Callable | None,
    rng,
    *,
    full: bool,
) -> list[str]:
    """Reasons not to trust the particles at the end of a run that began at a cloud.

    With `full` there are as many as were asked for, and more may help.  It costs three
    rows a ray, and a row a particle where the last move has left others remembered.
    """
    x = frame.change.to_user(particles.positions)
    s = frame.task.score(x)
    reasons = doubts_by_identities(frame.score, particles, full=full)
    if frame.task.build is None and can_be_stuck(particles):
        value = frame.objective.value(particles)
        fraction = fraction_of_iid(frame.objective, particles, value)
        if fraction > STUCK:
            reasons.append(
                f"the discrepancy is {fraction:.2g} of what as many independent draws "
                f"would have, more than the {STUCK:g} that particles well at rest reach"
            )
    far = points_without_fall(frame.task.score, frame.change, particles.moved_to(x))
    if log_density is not None:
        reasons += doubts_by_log_density(
            log_density, frame.change, x, s, rng, reached=x, cloud=cloud
        )
        with np.errstate(all="ignore"):  # beyond a bound it is -inf
            far = far[log_density(far) > -np.inf] if len(far) else far
    if len(far):
        reasons.append(
            "far out the density does not fall: the score has the wrong sign, or it is "
            f"that of no density with a finite integral, as at {_shown(far[0])}"
        )
    return reasons


def doubts_by_identities(
    score: ScoreDerivatives, particles: ParticleSet, *, full: bool = True
) -> list[str]:
    """Doubts by Stein's identities for constants and for the coordinates."""
    z, w = particles.positions, particles.probabilities
    n, d = z.shape
    s, reasons = score(z), []
    if not np.isfinite(s).all():
        return ["the score at the particles is not finite"]
    # fewer particles than coordinates do not tell what units are right
    mean = drift(w, s if n <= d else s @ _inverse_root((w[:, None] * s).T @ s))
    if not mean <= DRIFT:
        reasons.append(f"the mean score is not zero but {mean:.2g} in some direction")
    if n <= d:
        return reasons
    if not (ratio := dispersion(w, z, s)) <= DISPERSION:
        helps = full and ratio < HELPED and not reasons
        advice = f"; take {2 * n} or more" if helps else ""
        reasons.append(
            "the particles are not as wide as their scores say, by a factor of "
            f"{ratio:.3g} in some direction{advice}"
        )
    return reasons


def points_without_fall(
    score: Callable, change: ChangeOfVariables, particles: ParticleSet
) -> np.ndarray:
    """The farthest points (k, d) of the rays along which the density does not fall.

    Score and particles are the user's; distances are those of the linear part of the
    change.  At one distance alone the density may rise: into the valley of a banana.
    """
    linear, _ = change.factors()
    mean, x = particles.mean(), particles.positions
    length = np.linalg.norm(
        linear.to_working(x) - linear.to_working(mean[None]), axis=1
    )
    away = (length > 0.0) & (x != mean).any(axis=1)
    outermost = np.argsort(-length[away], kind="stable")[:RAYS]
    if not len(outermost):
        return x[:0]
    stretch = np.sqrt(np.mean(length**2)) / length[away][outermost]
    rays = stretch[:, None] * (x[away][outermost] - mean)
    steps = np.array(FAR)[:, None, None] * rays
    with np.errstate(all="ignore"):
        s = trial_score(score)(mean + steps.reshape(-1, x.shape[1]))
        fall = -row_dot(s.reshape(steps.shape), steps)
    rises = (fall < LEAST_FALL).all(axis=0)
    return mean + steps[-1, rises]


def doubts_by_log_density(
    log_density: Callable, change: ChangeOfVariables, x, s, rng, *, reached, cloud
) -> list[str]:
    """What a log density says against a result.

    Parameters
    ----------
    log_density : callable
    change : ChangeOfVariables
        Working coordinates.
    x, s : ndarray, shape (N, d)
        Points and their scores, of which the last few are compared with it.
    rng : numpy.random.Generator
    reached, cloud : ndarray, shapes (n, d), (n0, d)
        Points that stand for the result, and where the run began.
    """
    reasons = []
    if contradicted(log_density, change, x[-COMPARED_ROWS:], s[-COMPARED_ROWS:], rng):
        reasons.append(CONTRADICTION)
    with np.errstate(all="ignore"):
        inside = log_density(reached) > -np.inf  # NaN is not
    if (rise := fall_from_start(log_density, change, reached, cloud)) > len(cloud[0]):
        reasons.append(
            f"the log density at the start is {rise:.6g} above that at all points "
            "reached"
        )
    if np.mean(inside) < LEAST_INSIDE:
        share = 100.0 * np.mean(~inside)
        reasons.append(
            f"the log density is -inf at {share:.3g} % of the points reached"
        )
    return reasons


def fall_from_start(log_density: Callable, change: ChangeOfVariables, x, cloud):
    """Largest log density of a start cloud less that of points x, as one of z.

    In curved coordinates, where the neck of a funnel is no mode.
    """
    with np.errstate(all="ignore"):
        heights, at_start = (
            log_density(points) + change.log_determinant(change.to_working(points))
            for points in (x, cloud)
        )
    return np.max(at_start) - np.max(heights[heights > -np.inf], initial=-np.inf)


def contradicted(log_density: Callable, change: ChangeOfVariables, x, s, rng) -> bool:
    """Whether differences of the log density disagree with the scores s at x (n, d)."""
    z = change.to_working(x)
    v = STEP * rng.standard_normal(z.shape)
    above, below = change.to_user(z + v), change.to_user(z - v)
    with np.errstate(all="ignore"):
        up, down = np.split(log_density(np.vstack([above, below])), 2)
        rise = up - down
        slope = row_dot(s, above - below)
        difference = np.abs(rise - slope)
    finite = np.isfinite(difference)
    if not finite.any():
        return False
    typical = np.median(np.abs(slope[finite]))
    return bool(np.median(difference[finite]) > DISAGREEMENT * typical + 1e-12)


def _inverse_root(F):
    """Symmetric inverse root of a covariance of scores; directions without stay."""
    values, turn = np.linalg.eigh(F)
    values = np.where(values > 1e-12 * values[-1], values, np.inf)
    return (turn / np.sqrt(values)) @ turn.T


def _shown(point):
    return np.array2string(point, precision=3, threshold=6, edgeitems=2)
