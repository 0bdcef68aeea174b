"""Final move of a run: made once more where its particles have not converged."""

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.sampling.polish import Polish, fraction_of_iid

F = sp.KSD(sp.InverseMultiquadric(2.0), lambda x: -x)


class Counting:
    """L-BFGS of some steps that counts its calls."""

    def __init__(self, steps):
        self.steps, self.calls = steps, 0

    def __call__(self, objective, particles):
        self.calls += 1
        return sp.LBFGS(max_iter=self.steps, tol=1e-6)(objective, particles)


@pytest.mark.parametrize("steps, calls", [(2, 2), (500, 1)])
def test_too_few_steps_are_taken_twice(steps, calls, rng):
    far = sp.ParticleSet(rng.normal(size=(16, 2)) + 3.0)
    move = Counting(steps)
    moved = Polish(move)(F, far)
    assert move.calls == calls
    assert moved.value < F.value(sp.LBFGS(max_iter=1)(F, far).particles)


def test_an_objective_without_a_kernel_is_moved_once(rng):
    network = sp.RBFNetwork(np.linspace(-3, 3, 20), rng.normal(size=20))
    move = Counting(1)
    Polish(move)(network, sp.ParticleSet(rng.normal(size=(2, 2)), [1.0, 1.0]))
    assert move.calls == 1


def test_the_fraction_of_draws_is_about_one(rng):
    fractions = [
        fraction_of_iid(F, p, F.value(p))
        for p in (sp.ParticleSet(rng.normal(size=(100, 2))) for _ in range(20))
    ]
    assert 0.7 < np.mean(fractions) < 1.3
