r"""Default objective of `sample`, and what its particles' scores say against them.

The objective is half the squared Stein discrepancy of two kernels together,

.. math:: \mathrm{KSD}^2_{\mathrm{IMQ}} + \tfrac15 \mathrm{KSD}^2_{\mathrm{linear}},

the inverse multiquadric of a bandwidth that grows as the distances in d dimensions
do, and the linear one, which keeps mean and covariance right where few particles
would be too narrow.  Once there are particles enough to bear its :math:`d^3` demands
a little of the quadratic one joins them, for skewness and tails.
"""

import numpy as np

from ..kernels.polynomial import Linear, Quadratic
from ..kernels.radial import InverseMultiquadric
from ..objectives import KSD, Objective
from ..particles import ParticleSet
from ..scores.derivatives import ScoreDerivatives
from ..scores.identities import DISPERSION, DRIFT, dispersion, drift

BANDWIDTH = 1.4  # of the radial kernel, times the root of the dimension

LINEAR = 0.2  # weight of the linear kernel

QUADRATIC = 0.02  # weight of the quadratic one

STUCK = 0.05  # fraction of independent draws' discrepancy, above which to doubt

FEWEST_TO_DOUBT = 16  # particles that must be below STUCK


def stein_objective(score: ScoreDerivatives, d: int, *, quadratic: bool) -> Objective:
    """Default objective in d whitened coordinates, with the quadratic kernel or not."""
    radial = InverseMultiquadric(BANDWIDTH * np.sqrt(d))
    objective = KSD(radial, score) + LINEAR * KSD(Linear(), score)
    return objective + QUADRATIC * KSD(Quadratic(), score) if quadratic else objective


def fraction_of_iid(
    objective: Objective, particles: ParticleSet, value: float
) -> float:
    r"""Squared discrepancy, as a fraction of that of as many independent draws.

    Of such the expectation is :math:`\tfrac1n E_p[k_p(x, x)]`, here over the particles.
    NaN where the objective has no kernel.
    """
    z, w = particles.positions, particles.probabilities
    diagonal = objective.kernel_pairs(z, z)
    return np.nan if diagonal is None else 2.0 * value * len(z) / float(w @ diagonal)


def can_be_stuck(particles: ParticleSet) -> bool:
    """Whether there are so many particles that `fraction_of_iid` tells something."""
    return len(particles) >= max(FEWEST_TO_DOUBT, 2 * particles.dim)


def doubts(
    objective: Objective, score: ScoreDerivatives, particles: ParticleSet
) -> list[str]:
    """Warnings from Stein's identities and from the discrepancy at final particles.

    They cost a row a particle where the last move has left other scores remembered.
    """
    z, w = particles.positions, particles.probabilities
    n, d = z.shape
    if n <= d:
        return []
    s, warnings = score(z), []
    if (mean := drift(w, s)) > DRIFT:
        warnings.append(f"the mean score is not zero but {mean:.2g} in some direction")
    if (ratio := dispersion(w, z, s)) > DISPERSION:
        warnings.append(
            "the particles are not as wide as their scores say, by a factor of "
            f"{ratio:.3g} in some direction; take {2 * n} or more"
        )
    fraction = fraction_of_iid(objective, particles, objective.value(particles))
    if can_be_stuck(particles) and fraction > STUCK:
        warnings.append(
            f"the discrepancy is {fraction:.2g} of what as many independent draws "
            f"would have, more than the {STUCK:g} that particles well at rest reach"
        )
    return warnings
