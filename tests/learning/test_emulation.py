"""A score learned by rounds of fresh rows: emulators, modes, doubts and draws."""

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.learning.climb import climb
from splitparticles.learning.emulation import emulate
from splitparticles.learning.lockstep import Ledger, OutOfRows, together
from splitparticles.scores.counted import CountedScore
from splitparticles.stop import Stop


def learned(score, start, *, rows=3000, log_density=None, seed=0):
    ledger = Ledger(CountedScore(score), rows)
    rng = np.random.default_rng(seed)
    start = np.asarray(start, dtype=float)
    return emulate(ledger, start, log_density, rng), ledger


def test_searches_in_lockstep_share_their_calls_and_end_when_rows_do():
    def search(count):
        total = 0.0
        try:
            for k in range(count):
                s = yield np.full((2, 3), float(k))
                total += s.sum()
        except OutOfRows:
            return -total
        return total

    ledger = Ledger(CountedScore(lambda x: 2.0 * x), 100)
    assert together(ledger, [search(3), search(1), search(0)]) == [36.0, 0.0, 0.0]
    assert ledger.counted.calls == 3 and ledger.counted.rows == 8
    assert np.array_equal(ledger.s, 2.0 * ledger.x) and len(ledger.x) == 8
    ledger = Ledger(CountedScore(lambda x: 2.0 * x), 5)
    assert together(ledger, [search(3), search(1)]) == [-0.0, 0.0]
    assert ledger.counted.rows == 4 and ledger.stop is None
    counted = CountedScore(lambda x: 2.0 * x, max_rows=5)
    ledger = Ledger(counted, 100)
    together(ledger, [search(3), search(1)])
    assert ledger.stop is Stop.MAX_SCORE_EVALS


@pytest.mark.parametrize("condition", [1.0, 1e6])
def test_a_climb_ends_at_the_mode_of_a_normal_within_few_rows(condition):
    sd = np.geomspace(1.0, condition**0.5, 6)
    ledger = Ledger(CountedScore(lambda x: -(x - 3.0) / sd**2), 500)
    start = np.random.default_rng(0).uniform(-2.0, 2.0, 6)
    (found,) = together(ledger, [climb(start, np.random.default_rng(0))])
    assert found.converged and ledger.counted.rows < 60
    assert (np.abs(found.end.x - 3.0) < 0.4 * sd).all()
    covariance = found.end.A @ found.end.A.T
    np.testing.assert_allclose(covariance, np.diag(sd**2), rtol=1e-2, atol=1e-4)


def test_a_climb_leaves_a_saddle_and_a_point_of_zero_score():
    two = sp.GaussianMixture([0.5, 0.5], [[-3.0, 0.0], [3.0, 0.0]], [1.0, 1.0])
    ledger = Ledger(CountedScore(two.score), 500)
    (found,) = together(ledger, [climb(np.zeros(2), np.random.default_rng(0))])
    assert found.converged and abs(abs(found.end.x[0]) - 3.0) < 0.3


def test_a_normal_law_costs_few_rows_and_calls():
    sd = np.geomspace(1.0, 100.0, 8)
    found, ledger = learned(lambda x: -(x - 1.0) / sd**2, np.zeros(8))
    assert found.doubts == [] and found.error < 1e-4
    assert ledger.counted.rows < 250 and ledger.counted.calls < 30
    x = found.draws(20_000, np.random.default_rng(0))
    assert (np.abs(x.mean(axis=0) - 1.0) < 0.04 * sd).all()
    np.testing.assert_allclose(x.std(axis=0), sd, rtol=0.03)


def test_two_modes_have_an_emulator_each_and_their_masses():
    two = sp.GaussianMixture([0.7, 0.3], [[-4.0, 0.0], [4.0, 0.0]], [1.0, 0.5])
    for log_density in (None, two.log_density):
        found, _ = learned(two.score, [4.0, 0.0], log_density=log_density)
        assert found.doubts == [] and len(found.parts) == 2
        x = found.draws(20_000, np.random.default_rng(0))
        assert abs((x[:, 0] < 0.0).mean() - 0.7) < 0.02


def noisy(x):
    seed = x[0, 0].view(np.uint64)  # another one for each batch
    return -x + np.random.default_rng(seed).normal(size=x.shape)


@pytest.mark.parametrize(
    "score",
    [
        lambda x: np.zeros_like(x),
        lambda x: x,
        lambda x: np.stack([-x[:, 0], 0.0 * x[:, 1]], axis=1),
        lambda x: (
            -x + np.random.default_rng(x[0, 0].view(np.uint64)).normal(size=x.shape)
        ),
    ],
    ids=["flat", "wrong sign", "flat direction", "noise"],
)
def test_what_cannot_be_learned_is_doubted(score):
    found, _ = learned(score, [0.3, 0.4], rows=1000)
    assert found.doubts


def test_a_region_without_a_score_is_survived():
    def score(x):
        if (np.abs(x) > 4.0).any():
            raise np.linalg.LinAlgError("no decomposition")
        return -x

    found, _ = learned(score, [0.5, 0.5])
    x = found.draws(4000, np.random.default_rng(0))
    np.testing.assert_allclose(x.std(axis=0), 1.0, rtol=0.05)


def test_the_same_generator_gives_the_same_bits():
    banana = sp.targets.Banana()
    first, second = (learned(banana.score, [0.1, 0.2], seed=3)[0] for _ in range(2))
    draws = [one.draws(500, np.random.default_rng(0)) for one in (first, second)]
    assert np.array_equal(*draws)
