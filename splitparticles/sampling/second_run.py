r"""Second run of `sample`, from another start and seed, to compare a result with.

Where it learns an emulator, draws of that are the reference, once fresh rows of the
score at them have confirmed Stein's identities; otherwise its particles are.
"""

import warnings
from collections.abc import Callable
from typing import cast

import numpy as np

from .._linalg import ratio
from ..coordinates.change import ChangeOfVariables
from ..coordinates.preconditioner import Preconditioner
from ..descent.result import Result
from ..diagnostics.report import Report
from ..particles import ParticleSet
from ..scores.counted import CountedScore
from .run import SamplingWarning
from .sample import sample

LEAST_ROWS = 10_000  # of the score that a second run may take, or twice the first's

PARTICLES = 64  # of a second run, at least

ASIDE = 2.0  # standard deviations of its start around the first mean

DRAWS, FRESH_ROWS = 4000, 256  # of an emulator; those of them whose score is asked

FRESH = 4.0  # Stein's identities at fresh draws, in standard errors

DIFFERENT, ROUGH = 2.0, 0.05  # of n particles: DIFFERENT / sqrt(n) + ROUGH


def second_run(
    report: Report, result: Result, score: CountedScore, log_density, rng
) -> np.ndarray | None:
    """Compare with a run from another start, and return its draws if it has any.

    One that is doubted, ends early or has an emulator of another law tells nothing.
    """
    n, d = result.positions.shape
    start = result.mean() + ASIDE * result.std() * rng.standard_normal(d)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SamplingWarning)
        other = sample(
            score.function,
            start,
            max(n, PARTICLES, 2 * d),
            log_density=log_density,
            vectorized=score.vectorized,
            emulator="auto",
            max_score_evals=max(LEAST_ROWS, 2 * result.n_score_evals),
            rng=rng,
        )
    if not other.success:
        return None
    if other.sampler is None:
        _compare(report, result, other.particles)
        return None
    if stein_error(other, score, rng) > FRESH:
        return None
    draws = other.draws(DRAWS, rng=rng)
    _compare(report, result, ParticleSet(draws))
    return draws


def stein_error(result: Result, score: Callable, rng) -> float:
    """Stein's identities at fresh draws of its emulator, in their standard errors."""
    change = working_coordinates(result)
    z = change.to_working(result.draws(FRESH_ROWS, rng=rng))
    s = change.score(score)(z)
    y = z - z.mean(axis=0)
    tanh = np.tanh(y)
    terms = np.hstack([s, s * y + 1.0, s * tanh + 1.0 - tanh**2])
    error = np.maximum(terms.std(axis=0) / np.sqrt(len(z)), 1e-300)
    return float(np.abs(terms.mean(axis=0) / error).max())


def working_coordinates(result: Result) -> ChangeOfVariables:
    """Coordinates of the run, or those of the particles' covariance."""
    if result.preconditioner is not None:
        return cast(ChangeOfVariables, result.preconditioner)
    return Preconditioner.of_covariance(result.mean(), result.cov())


def _compare(report: Report, result: Result, reference: ParticleSet) -> None:
    """Differences of means and sds, and what n particles may be off by."""
    sd = reference.std()
    limit = DIFFERENT / np.sqrt(len(result.particles)) + ROUGH
    difference = ratio(np.abs(result.mean() - reference.mean()), sd)
    text = "a second run from another start has other means"
    report.measure("second_mean", difference.max(), limit, text)
    with np.errstate(divide="ignore"):
        difference = np.abs(np.log(result.std() / sd))
    text = "a second run from another start has other sds"
    report.measure("second_sd", difference.max(), limit, text)
