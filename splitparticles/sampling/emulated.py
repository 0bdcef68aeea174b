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

a difference whose Monte Carlo error vanishes where the emulator is right.
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


def objective_on_draws(
    emulation: Emulation, evidence: Evidence | None, n_particles: int, rng
) -> tuple[Preconditioner, Objective, Moments]:
    """Standardised coordinates of draws, the objective there, and their moments."""
    x, w = corrected(emulation, emulation.draws(DRAWS, rng)), None
    if evidence is not None and evidence.trusted:
        w = np.concatenate([np.full(len(x), 1.0 / len(x)), evidence.correction])
        x = np.vstack([x, evidence.draws])
    moments = Draws(x, w, signed=True).moments()
    change = standardised(moments.mean, moments.cov)
    z = Draws(change.to_working(x), w, signed=True)
    moments = z.moments()
    return change, energy_objective(z, moments, n_particles), moments


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
