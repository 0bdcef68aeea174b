"""Scouts that look for other modes, and the climb that they come after."""

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.learning.climb import climb
from splitparticles.learning.lockstep import Ledger, together
from splitparticles.learning.scouts import other_modes
from splitparticles.modes.search import secant_lengths
from splitparticles.scores.counted import CountedScore


def climbed(score, start, rng):
    ledger = Ledger(CountedScore(score), 3000)
    (found,) = together(ledger, [climb(start, rng)])
    return ledger, found


@pytest.mark.parametrize("seed", range(5))
def test_the_other_of_two_bells_is_found_from_either(seed):
    means = [[0.0, 0.0], [8.0, 0.0]]
    two = sp.GaussianMixture([0.5, 0.5], means, [1.0, 1.0])
    rng = np.random.default_rng(seed)
    for start in means:
        ledger, first = climbed(two.score, start + rng.normal(size=2), rng)
        before = ledger.counted.rows
        modes, heights = other_modes(ledger, first.end, None, rng)
        assert len(modes) == 2 and ledger.counted.rows - before < 150
        x = sorted((mode.x for mode in modes), key=lambda mode: mode[0])
        np.testing.assert_allclose(x, means, atol=0.6)
        values = two.log_density([mode.x for mode in modes])
        # the integral of the score along the line between them
        assert heights[1] - heights[0] == pytest.approx(values[1] - values[0], abs=1e-3)


@pytest.mark.parametrize("first", range(4))
def test_bells_in_a_row_are_found_from_each_other(first):
    means = np.array([[0.0, 0.0], [6.0, 6.0], [12.0, 0.0], [18.0, 6.0]])
    bells = sp.GaussianMixture([0.2, 0.5, 0.1, 0.2], means, np.ones(4))
    rng = np.random.default_rng(first)
    ledger, found = climbed(bells.score, means[first] + 0.5, rng)
    modes, _ = other_modes(ledger, found.end, bells.log_density, rng)
    assert len(modes) == 4 and ledger.counted.rows < 500


@pytest.mark.parametrize("d", [1, 2, 8])
def test_one_bell_costs_few_rows(d):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        ledger, first = climbed(lambda x: -x, rng.normal(size=d), rng)
        before = ledger.counted.rows
        modes, heights = other_modes(ledger, first.end, None, rng)
        assert len(modes) == 1 and heights == [0.0]
        assert ledger.counted.rows - before < 60


@pytest.mark.parametrize("d", [2, 5])
def test_scouts_come_home_down_heavy_tails_without_a_climb(d):
    def score(x):  # of a Student law with five degrees of freedom
        return -(5.0 + d) * x / (5.0 + (x * x).sum(axis=1, keepdims=True))

    for seed in range(5):
        rng = np.random.default_rng(seed)
        ledger, first = climbed(score, rng.normal(size=d), rng)
        before = ledger.counted.rows
        assert len(other_modes(ledger, first.end, None, rng)[0]) == 1
        assert ledger.counted.rows - before < 90


def test_a_stride_is_the_secant_s_where_concave_and_doubled_elsewhere():
    dz = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    ds = np.array([[-4.0, 7.0], [1.0, 0.0], [0.0, 0.0]])
    step = np.array([0.1, 0.1, 0.3])
    np.testing.assert_allclose(secant_lengths(dz, ds, step), [0.25, 0.2, 0.6])


def test_the_heaviest_site_of_a_funnel_is_above_the_end_of_its_neck():
    funnel = sp.targets.Funnel(8)
    scales = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        _, found = climbed(funnel.score, rng.normal(size=8), rng)
        assert not found.converged
        assert any(found.heaviest is site for site in found.sites)
        assert found.heaviest.x[0] > found.end.x[0] + 2.0
        scales.append(found.heaviest.x[0])
    # the log variance of the others has sd 3 about 0; the ends have a median of -15
    assert abs(np.median(scales)) < 5.0
