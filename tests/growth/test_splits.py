import numpy as np
import pytest

import splitparticles as sp
from splitparticles.growth.growth import backtracked
from splitparticles.growth.splits import search_steps


@pytest.mark.parametrize("gain", [1e-6, 1.0, 10.0])
def test_the_search_finds_the_lowest_change_of_each_split(gain):
    # changes that begin as index * step**2 / 2 and rise again
    index = np.array([-1.0, -1e-3, -5.0, 2.0])

    def change(steps):
        t = steps**2
        rising = np.array([t[0] ** 2, 1e-3 * t[1] ** 1.5, 3.0 * t[2] ** 4, 0.0])
        return 0.5 * index * t + rising

    grid = np.linspace(0.0, 3.0, 20_001)
    lowest = np.min([change(np.full(4, step)) for step in grid], axis=0)
    _, found = search_steps(change, index, gain, 30)
    np.testing.assert_allclose(found, lowest, rtol=1e-3)
    steps, few = search_steps(change, index, 1.0, 5)
    np.testing.assert_allclose(few[0], lowest[0], rtol=0.01)
    assert steps[3] == few[3] == 0.0  # nothing is downhill


def test_a_change_that_is_not_finite_is_a_step_too_far():
    def wall(steps):
        return np.where(steps > 0.3, np.nan, -(steps**2))

    steps, found = search_steps(wall, np.array([-2.0]), 1e3, 40)
    assert 0.2 < steps[0] <= 0.3 and found[0] == -(steps[0] ** 2)


def test_steps_are_halved_until_f_falls():
    assert backtracked(lambda x: x - 0.2, 1.0) == (0.125, pytest.approx(-0.075))
    assert backtracked(lambda x: x, 1.0) is None


def test_splits_that_raise_f_together_are_halved():
    F = sp.KSD(sp.InverseMultiquadric(1.0), lambda x: -x)
    p = sp.ParticleSet([[0.0]])
    F.split_change = lambda p, parents, v, steps: np.where(steps < 50, -steps, 1.0)
    grown = sp.SteepestSplit(trials=9)(F, p, 1, np.random.default_rng(0))
    searched, _ = search_steps(
        lambda steps: F.split_change(p, None, None, steps),
        grown.splitting_index,
        F.value(p),
        9,
    )
    assert F.value(p.split([0], [[1.0]], searched)) > F.value(p)
    assert F.value(grown.particles) < F.value(p)
    halvings = np.log2(searched / grown.steps)
    assert halvings == pytest.approx(np.round(halvings)) and halvings >= 1
    assert grown.expected == pytest.approx(-grown.steps.sum())
