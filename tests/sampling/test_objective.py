"""Default objective, against independent draws."""

import numpy as np

import splitparticles as sp
from splitparticles.sampling.objective import fraction_of_iid, stein_objective
from splitparticles.scores.derivatives import ScoreDerivatives


def test_fractions_of_independent_draws_are_about_one_for_these(rng):
    objective = stein_objective(ScoreDerivatives(lambda x: -x), 3, quadratic=True)
    fractions = []
    for _ in range(20):
        particles = sp.ParticleSet(rng.normal(size=(100, 3)))
        value = objective.value(particles)
        fractions.append(fraction_of_iid(objective, particles, value))
    assert 0.8 < np.mean(fractions) < 1.2
    mmd = sp.MMD(sp.Gaussian(1.0), rng.normal(size=(20, 3)))
    assert 0.0 < fraction_of_iid(mmd, particles, mmd.value(particles))
