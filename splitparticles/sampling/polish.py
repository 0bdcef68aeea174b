"""Final move of `sample`, which goes on where its particles have not converged."""

from dataclasses import dataclass

import numpy as np

from ..moves import Move
from ..objectives import Objective
from ..particles import ParticleSet

STUCK = 0.05  # fraction of independent draws' discrepancy, above which to doubt


def fraction_of_iid(
    objective: Objective, particles: ParticleSet, value: float
) -> float:
    r"""Squared discrepancy, as a fraction of that of as many independent draws.

    Of such the expectation is :math:`\tfrac1n E_p[k_p(x, x)]`, here over the particles.
    NaN where the objective has no kernel.
    """
    z, w = particles.positions, particles.probabilities
    own = objective.kernel_pairs(z, z)
    return np.nan if own is None else 2.0 * value * len(z) / float(w @ own)


@dataclass(frozen=True)
class Polish:
    """A move, made once more where the steps it may take were too few.

    About one run in a hundred begins its last round far from a minimum.
    """

    move: Move

    def __call__(self, objective, particles):
        """Move the particles downhill."""
        moved = self.move(objective, particles)
        fraction = fraction_of_iid(objective, moved.particles, moved.value)
        if moved.converged or not fraction > STUCK:
            return moved
        return self.move(objective, moved.particles)
