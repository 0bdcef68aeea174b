r"""Default objective of `sample`, and how well its particles rest.

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
