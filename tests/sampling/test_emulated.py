"""`sample` on an emulator of the score."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.learning.emulation import emulate, with_masses
from splitparticles.learning.evidence import evidence
from splitparticles.learning.lockstep import Ledger
from splitparticles.sampling.emulated import (
    DRAWS,
    MOST_DRAWS,
    corrected,
    objective_on_draws,
)
from splitparticles.scores.counted import CountedScore

GAUSSIAN = sp.GaussianMixture([1.0], [[1.0, -2.0]], [[[1.0, 0.5], [0.5, 2.0]]])


def sampled(score, x0, n=32, **options):
    return sp.sample(score, x0, n, **{"rng": 0, **options})


def test_a_few_hundred_rows_do_and_draws_are_free():
    result = sampled(GAUSSIAN.score, [0.0, 0.0])
    sd = np.sqrt(np.diag(GAUSSIAN.cov))
    assert result.success and result.warnings == []
    assert result.n_score_evals < 200 and 0 < result.n_score_calls < 30
    assert result.emulator_error < 1e-3
    assert (np.abs(result.mean() - GAUSSIAN.mean) < 0.02 * sd).all()
    np.testing.assert_allclose(result.std(), sd, rtol=0.04)
    draws = result.draws(8000, rng=1)
    assert draws.shape == (8000, 2) and result.n_score_evals < 200
    np.testing.assert_allclose(np.cov(draws.T), GAUSSIAN.cov, rtol=0.1)
    assert np.array_equal(draws, result.draws(8000, rng=1))
    assert len(result.draws(7, chains=3, rng=0)) == 7
    doubled = result.mapped(lambda x: 2.0 * x).draws(50, chains=1, rng=1)
    assert np.array_equal(doubled, 2.0 * result.draws(50, chains=1, rng=1))


def test_steins_identities_take_away_the_monte_carlo_error_of_a_normal_law():
    ledger, rng = Ledger(CountedScore(GAUSSIAN.score), 1000), np.random.default_rng(0)
    emulation = emulate(ledger, np.zeros(2), None, rng)
    rounded = with_masses(emulation.parts, np.array([1.0 + 2**-52]))
    assert len(replace(emulation, parts=rounded).draws(7, rng)) == 7
    raw = emulation.draws(2000, rng)
    mended = corrected(emulation, raw)
    for x, largest in ((raw, 0.2), (mended, 2e-3)):
        assert np.abs(x.mean(axis=0) - GAUSSIAN.mean).max() < largest
        assert np.abs(np.cov(x.T, ddof=0) - GAUSSIAN.cov).max() < largest
    assert np.abs(np.cov(raw.T, ddof=0) - GAUSSIAN.cov).max() > 2e-3


def test_more_particles_cost_no_more_rows():
    few, many = (sampled(GAUSSIAN.score, [0.0, 0.0], n) for n in (4, 200))
    assert few.n_score_evals == many.n_score_evals and len(many.particles) == 200


def test_draws_have_the_moments_of_the_particles():
    scale = np.array([1.0, 30.0, 0.2])
    result = sp.sample(lambda x: (2.0 - x) / scale**2, np.zeros(3), 32, rng=0)
    draws = result.draws(9000, rng=1)
    np.testing.assert_allclose(draws.mean(axis=0), result.mean(), rtol=1e-9)
    np.testing.assert_allclose(draws.std(axis=0), result.std(), rtol=1e-9)
    few = np.vstack([result.draws(100, rng=seed) for seed in range(20)])
    assert few[:100].std(axis=0) != pytest.approx(result.std(), rel=1e-3)
    assert np.abs((few.mean(axis=0) - 2.0) / scale).max() < 0.08


def test_without_an_emulator_there_are_no_draws():
    result = sampled(GAUSSIAN.score, [0.0, 0.0], 8, emulator=False)
    with pytest.raises(ValueError, match="emulator"):
        result.draws(10)
    assert np.isnan(result.emulator_error) and result.n_score_calls > 0
    with pytest.raises(ValueError, match="emulator must be"):
        sp.sample(GAUSSIAN.score, [0.0, 0.0], 8, emulator=True)


def test_what_cannot_be_learned_is_descended_on():
    noise = np.random.default_rng(0)

    def score(x):
        return -np.sign(x) * (1.0 + noise.random(x.shape))

    with pytest.warns(sp.SamplingWarning, match="mean score"):  # it is random
        result = sampled(score, [0.3, 0.4], 8, max_score_evals=6000)
    assert result.sampler is None and np.isnan(result.emulator_error)
    assert any("was not learned" in text for text in result.warnings)


def test_a_log_density_that_contradicts_the_score_is_told():
    def log_density(x):
        return -0.5 * (x**2).sum(axis=1)

    with pytest.warns(sp.SamplingWarning, match="contradict"):
        result = sampled(lambda x: -2.0 * x, [0.5, 0.5], log_density=log_density)
    assert not result.success and result.stop is sp.Stop.DOUBTED
    right = sampled(lambda x: -x, [0.5, 0.5], log_density=log_density)
    assert right.success and right.warnings == []


def test_a_log_density_gives_the_evidence_in_few_calls(tmp_path):
    calls = []

    def log_density(x):
        calls.append(len(x))
        return GAUSSIAN.log_density(x) + 3.0

    result = sampled(GAUSSIAN.score, [0.0, 0.0], log_density=log_density)
    assert result.success and result.warnings == []
    assert abs(result.log_evidence - 3.0) < 0.02 and "log evidence" in repr(result)
    assert result.pareto_k < 0.7 and 800.0 < result.effective_draws <= 1024.0
    assert calls == [1, 1025, 32]  # the start, the weights, and the scores' differences
    result.save(tmp_path / "result.npz")
    for same in (sp.load(tmp_path / "result.npz"), result.mapped(np.exp)):
        assert same.log_evidence == result.log_evidence
        assert same.pareto_k == result.pareto_k
        assert same.effective_draws == result.effective_draws
    without = sampled(GAUSSIAN.score, [0.0, 0.0])
    figures = without.log_evidence, without.pareto_k, without.effective_draws
    assert np.isnan(figures).all() and "log evidence" not in repr(without)


def test_particles_are_corrected_by_the_weights():
    """An emulator of N(0, I) for a log density of N(0, .95^2 I) scores it that much."""
    factor = 0.95**-2

    def log_density(x):
        return -0.5 * factor * (x**2).sum(axis=1)

    ledger, rng = Ledger(CountedScore(lambda x: -x), 1000), np.random.default_rng(0)
    emulation = emulate(ledger, np.full(2, 0.3), None, rng)
    measured = evidence(emulation.parts, log_density, np.zeros((1, 2)), rng)
    assert measured.trusted
    for weights, sd in ((None, 1.0), (measured, 0.95)):
        change, *_ = objective_on_draws(emulation, weights, 16, rng)
        np.testing.assert_allclose(np.diag(np.abs(change.matrix)), sd, atol=0.015)


def test_a_density_that_the_emulator_misses_is_told():
    tailed = sp.GaussianMixture([0.95, 0.05], np.zeros((2, 2)), [1.0, 16.0])

    def score(x):
        return -x

    with pytest.warns(sp.SamplingWarning, match="misses some of the density"):
        result = sampled(score, [0.5, 0.5], log_density=tailed.log_density, rng=1)
    assert result.stop is sp.Stop.DOUBTED and result.pareto_k > 0.7


@pytest.mark.parametrize("limit", [1, 5, 20, 60])
def test_limits_hold_while_the_score_is_learned(limit):
    rows = []

    def score(x):
        rows.append(len(x))
        return -x

    result = sampled(score, [3.0, 3.0], 16, max_score_evals=limit)
    assert sum(rows) <= limit and result.stop is sp.Stop.MAX_SCORE_EVALS
    assert np.isfinite(result.positions).all() and not result.success
    assert len(result.positions) in (1, 16)  # the start, or draws


def test_errors_of_the_score_are_the_users():
    def score(x):
        if len(x) > 10:
            raise RuntimeError("too many")
        return -x

    with pytest.raises(RuntimeError, match="too many") as caught:
        sampled(score, [3.0, 3.0])
    assert np.isfinite(caught.value.result.positions).all()


def test_a_callback_may_stop_in_any_round_on_the_emulator():
    seen = []

    def callback(this):
        seen.append(this)
        if len(seen) == 3:
            raise StopIteration

    result = sampled(GAUSSIAN.score, [0.0, 0.0], 16, callback=callback)
    assert result.stop is sp.Stop.CALLBACK and not result.success
    assert result.n_rounds == 3 and result.sampler is not None
    assert np.array_equal(result.positions, seen[-1].particles.positions)


def test_without_tempering_no_other_mode_is_looked_for():
    two = sp.GaussianMixture([0.5, 0.5], [[-4.0, 0.0], [4.0, 0.0]], [1.0, 1.0])
    result = sampled(two.score, [4.0, 0.5], 16, tempering=False)
    assert result.sampler is not None and result.positions[:, 0].min() > 0.0
    both = sampled(two.score, [4.0, 0.5], 16)
    assert abs(both.mean()[0]) < 0.5


def test_too_few_particles_to_span_the_coordinates_are_doubted():
    with pytest.warns(sp.SamplingWarning, match="cannot span"):
        result = sampled(lambda x: -x, np.ones(6), 6)
    assert not result.success and result.sampler is not None


def test_a_heavy_tail_has_the_moments_of_more_draws_than_the_particles_see():
    part = SimpleNamespace(fit=SimpleNamespace(change=None))
    numbers = []

    class Heavy:
        parts = [part, part]

        def draws(self, m, rng):
            numbers.append(m)
            return rng.standard_normal((m, 2)) ** 3

    change, _, moments = objective_on_draws(Heavy(), None, 8, np.random.default_rng(0))
    assert numbers[0] == DRAWS == moments.n and sum(numbers) == MOST_DRAWS
    np.testing.assert_allclose(moments.mean, 0.0, atol=1e-12)
    np.testing.assert_allclose(np.diag(moments.cov), 1.0)
    sd = 15.0**0.5  # of the cube of a normal number
    np.testing.assert_allclose(np.diag(change.matrix), sd, rtol=0.05)


def test_narrow_directions_keep_their_width():
    cov = np.full((5, 5), 0.95) + 0.05 * np.eye(5)
    precision = np.linalg.inv(cov)
    result = sampled(lambda x: -x @ precision, np.ones(5), 24)
    values, turn = np.linalg.eigh(cov)
    variances = np.diag(turn.T @ result.cov() @ turn)
    np.testing.assert_allclose(variances / values, 1.0, atol=0.05)
