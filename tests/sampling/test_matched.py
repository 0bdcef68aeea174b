"""Final move on draws of an emulator: the moments are matched."""

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.draws.draws import Draws
from splitparticles.moves import LBFGS
from splitparticles.objectives.energy import energy_objective
from splitparticles.sampling.matched import Matched


def problem(n, rng):
    draws = Draws(
        rng.standard_normal((4000, 3)) @ [[1.0, 0.4, 0], [0, 1, 0], [0, 0, 1]]
    )
    moments = draws.moments()
    return energy_objective(draws, moments, n), moments


@pytest.mark.parametrize("n", [12, 40])
def test_particles_end_at_the_moments_at_little_cost(n, rng):
    objective, moments = problem(n, rng)
    start = sp.ParticleSet(rng.standard_normal((n, 3)))
    plain, matched = (
        LBFGS()(objective, start),
        Matched(LBFGS(), moments)(objective, start),
    )
    assert (
        np.abs(plain.particles.std() / moments.cov.diagonal() ** 0.5 - 1).max() > 0.01
    )
    np.testing.assert_allclose(matched.particles.mean(), moments.mean, atol=1e-12)
    np.testing.assert_allclose(matched.particles.cov(), moments.cov, atol=1e-12)
    assert matched.value == objective.value(matched.particles) < 1.3 * plain.value


def test_too_few_particles_are_left_as_they_are(rng):
    objective, moments = problem(6, rng)
    start = sp.ParticleSet(rng.standard_normal((6, 3)))
    plain, matched = (
        LBFGS()(objective, start),
        Matched(LBFGS(), moments)(objective, start),
    )
    np.testing.assert_array_equal(
        plain.particles.positions, matched.particles.positions
    )
