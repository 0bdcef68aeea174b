"""Restart of particles from a wide normal cloud, where more of them come no nearer."""

import numpy as np

from ..moves import LBFGS, NotFinite
from ..objectives import Objective
from ..particles import ParticleSet

WIDE, STEPS_DOWN = 3.0, 30  # standard deviations of such a start, and its steps

STEPS_ON = 8  # of particles that may only need more


def from_a_wide_cloud(
    objective: Objective, particles: ParticleSet, rng
) -> ParticleSet | None:
    """Particles from afar that reach less than half of F, or None.

    The density may have a shoulder that the witness does not see.  Particles that only
    needed more steps are moved on instead.
    """
    n, d = particles.positions.shape
    value = objective.value(particles)
    try:
        rested = LBFGS(max_iter=STEPS_ON)(objective, particles)
        if rested.value < 0.9 * value:
            return rested.particles
        z = particles.mean() + particles.std() * WIDE * spread_normal(n, d, rng)
        restarted = LBFGS(max_iter=STEPS_DOWN)(objective, particles.moved_to(z))
    except NotFinite:
        return None
    return restarted.particles if restarted.value < 0.5 * value else None


def spread_normal(n: int, d: int, rng) -> np.ndarray:
    """Draws (n, d) of a standard normal, shifted and scaled to mean 0, variances 1.

    Particles that have just been straightened lie in the clumps they had split in.
    """
    z = rng.standard_normal((n, d))
    z -= z.mean(axis=0)
    return z / z.std(axis=0)
