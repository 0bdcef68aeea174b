r"""Particles from an emulated score: the best few points for draws of the emulator.

The score is learned first (`splitparticles.learning`); then particles descend and split
on half the energy distance to draws of the emulator, which cost no row of the score.
The moments of the draws are corrected by Stein's identities, which take away all Monte
Carlo error where the target is normal: as E[s] = 0 and :math:`E[s_a z_b] =
-\delta_{ab}`, the means of z and of :math:`z_a z_b` are those of

.. math:: z - B s, \qquad z_a z_b - \beta_{ab} \left[\tfrac12 (s_a z_b + z_a s_b) +
          \delta_{ab}\right]

for any B and :math:`\beta`; here those of least variance.

With a log density the emulator is checked once more: the density may neither contradict
the scores, nor be higher at the start than at all draws, nor give importance weights
with a heavy tail (`splitparticles.learning.evidence`).  Where it passes, what is left
between both is corrected: for weights w that stand for the density, and :math:`\hat w`
that stand for the emulator, at the same draws :math:`x_i`,

.. math:: E_p f \approx E_{\hat p} f + \sum_i (w_i - \hat w_i)\, f(x_i),

a difference whose Monte Carlo error vanishes where the emulator is right.  It is left
out where it is within that error for all means and second moments: one far draw of
large weight would change these for the worse.
"""

import numpy as np

from ..coordinates.choose import standardised
from ..coordinates.preconditioner import Preconditioner
from ..draws.draws import Draws, Moments
from ..learning.emulation import Emulation
from ..learning.evidence import Evidence
from ..objectives import Objective
from ..objectives.energy import energy_objective
from .matched import with_moments

DRAWS = 2**13  # of the emulator, that particles stand for

MOST_DRAWS = 2**16  # whose moments they have

SD_ERROR = 0.01  # relative error of a standard deviation that asks for more of them

NARROWEST = 0.5  # standard deviation of a direction, of a coordinate's, that stays

CLEAR = 3.0  # standard errors of a correction that counts


def objective_on_draws(
    emulation: Emulation, evidence: Evidence | None, n_particles: int, rng
) -> tuple[Preconditioner, Objective, Moments]:
    """Standardised coordinates of draws, the objective there, and their moments."""
    x = emulation.draws(DRAWS, rng)
    if (more := _draws_wanted(x) - DRAWS) > 0:
        x = np.vstack([x, emulation.draws(more, rng)])
    x = corrected(emulation, x)
    if not (evidence is not None and evidence.trusted and _is_clear(evidence, x)):
        evidence = None
    moments = _weighted(x, evidence).moments()
    change = standardised(moments.mean, moments.cov, NARROWEST)

    def working(rows):
        return _weighted(rows, evidence).seen_through(change, moments.n, moments.n)

    every, few = working(x).moments(), working(x[:DRAWS])
    moments = few.moments()._replace(mean=every.mean, cov=every.cov)
    return change, energy_objective(few, moments, n_particles), moments


def _draws_wanted(x: np.ndarray) -> int:
    """Number of draws that give standard deviations to one per cent, by kurtosis."""
    z = x - x.mean(axis=0)
    variance = np.maximum((z**2).mean(axis=0), 1e-300)
    kurtosis = ((z / variance**0.5) ** 4).mean(axis=0)
    wanted = 0.25 * (float(kurtosis.max()) - 1.0) / SD_ERROR**2
    return int(min(max(wanted, DRAWS), MOST_DRAWS))


def _is_clear(evidence: Evidence, x: np.ndarray) -> bool:
    """Whether the correction of some mean or second moment is beyond its error."""
    z = (evidence.draws - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-300)
    terms = evidence.correction[:, None] * np.hstack([z, z**2])
    error = np.sqrt((terms**2).sum(axis=0))
    return bool((np.abs(terms.sum(axis=0)) > CLEAR * error).any())


def _weighted(x: np.ndarray, evidence: Evidence | None) -> Draws:
    """Draws of equal weights, with those of the evidence, whose weights sum to zero."""
    if evidence is None:
        return Draws(x)
    w = np.concatenate([np.full(len(x), 1.0 / len(x)), evidence.correction])
    return Draws(np.vstack([x, evidence.draws]), w, signed=True)


def draws_with_moments(
    emulation: Emulation, change: Preconditioner, moments: Moments, m: int, rng
) -> np.ndarray:
    """Draws (m, d) of many, which together have the moments of `objective_on_draws`."""
    x = emulation.draws(max(m, DRAWS), rng)
    z = change.to_working(x)
    mapped = with_moments(z, np.full(len(z), 1.0 / len(z)), moments)
    return x[:m] if mapped is None else change.to_user(mapped[:m])


def corrected(emulation: Emulation, x: np.ndarray) -> np.ndarray:
    """Draws whose mean and covariance are right by Stein's identities.

    Of one mode in straight coordinates; others stay.
    """
    change = emulation.parts[0].fit.change
    if len(emulation.parts) > 1 or not isinstance(change, Preconditioner):
        return x
    z = change.to_working(x)
    s = emulation.parts[0].fit.emulator.score(z)
    mean, mean_s = z.mean(axis=0), s.mean(axis=0)
    d = z.shape[1]
    B = np.linalg.lstsq(s - mean_s, z - mean, rcond=None)[0]
    wanted_mean = mean - mean_s @ B
    y, C = z - wanted_mean, np.zeros((d, d))
    for a in range(d):
        products = y[:, [a]] * y
        control = 0.5 * (s[:, [a]] * y + y[:, [a]] * s) + np.eye(d)[a]
        deviation = control - control.mean(axis=0)
        variance = np.maximum((deviation**2).mean(axis=0), 1e-300)
        beta = (deviation * products).mean(axis=0) / variance
        C[a] = (products - beta * control).mean(axis=0)
    try:
        wanted = np.linalg.cholesky(0.5 * (C + C.T))
        got = np.linalg.cholesky(np.atleast_2d(np.cov(z.T, ddof=0)))
    except np.linalg.LinAlgError:
        return x
    return change.to_user(wanted_mean + np.linalg.solve(got, (z - mean).T).T @ wanted.T)


def doubts_by_evidence(evidence: Evidence) -> list[str]:
    """What a log density says against an emulator of its score."""
    reasons = []
    if evidence.at_start > evidence.highest + evidence.draws.shape[1]:
        reasons.append(
            f"the log density at the start, {evidence.at_start:.6g}, is above that of "
            f"all draws of the emulator, {evidence.highest:.6g}"
        )
    if not evidence.trusted:
        reasons.append(
            "the emulator misses some of the density: the importance weights of its "
            f"draws are not to be trusted (Pareto k {evidence.pareto_k:.2f}, effective "
            f"draws {evidence.effective:.0f} of {len(evidence.draws)}, chains "
            f"{evidence.mismatch:.2g} sd off the emulated density)"
        )
    return reasons
