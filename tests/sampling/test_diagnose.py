"""Right answers pass, wrong ones do not."""

from dataclasses import replace

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.sampling.run import NOT_LEARNED

TWO = sp.GaussianMixture([0.3, 0.7], [[-3.0, 0.0], [3.0, 0.0]], [0.3, 0.3])


def gaussian(d, condition=100.0):
    precision = np.geomspace(1.0, condition, d)
    return (lambda x: -precision * x), lambda x: -0.5 * (x**2 * precision).sum(axis=1)


RIGHT = {
    "Gaussian, d = 2": (*gaussian(2), 2, 32),
    "Gaussian, d = 10": (*gaussian(10), 10, 64),
    "banana": (sp.targets.Banana().score, sp.targets.Banana().log_density, 2, 64),
    "two modes": (TWO.score, TWO.log_density, 2, 64),
}


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("seed", [0, 1])
def test_right_answers_pass(name, seed):
    score, log_density, d, n = RIGHT[name]
    start = np.random.default_rng(seed).uniform(-2, 2, d)
    result = sp.sample(score, start, n, log_density=log_density, rng=seed)
    report = sp.diagnose(result, score=score, log_density=log_density)
    assert report.ok, str(report)


def told(report, words):
    return any(words in text for text in report.warnings)


def test_one_mode_of_two_is_not_the_answer():
    options = {"tempering": False, "emulator": False, "rng": 0}
    result = sp.sample(TWO.score, [-2.0, 0.0], 32, **options)
    assert not result.warnings
    report = sp.diagnose(result, score=TWO.score)
    assert told(report, "2 modes") and report.figures["missed_mass"] > 0.5


def test_a_score_of_the_wrong_sign_or_twice_too_large():
    score, log_density = gaussian(3)
    doubled = sp.sample(lambda x: 2 * score(x), np.ones(3), 32, rng=0)
    report = sp.diagnose(doubled, score=lambda x: 2 * score(x), log_density=log_density)
    assert told(report, "2 times the gradient")
    assert not sp.diagnose(doubled, score=score).ok
    with pytest.warns(sp.SamplingWarning):
        flipped = sp.sample(lambda x: -score(x), np.ones(3), 8, rng=0)
    assert not sp.diagnose(flipped).ok
    assert not sp.diagnose(flipped, score=score).ok


def test_a_collapsed_funnel():
    target = sp.targets.Funnel()
    start = np.full(target.dim, 0.5)
    # coordinates that never bend leave the particles in the neck
    with pytest.warns(sp.SamplingWarning):
        result = sp.sample(target.score, start, 32, preconditioner="diagonal", rng=0)
    assert result.std()[1] < 0.1 * np.sqrt(target.cov[1, 1])
    assert not sp.diagnose(result, score=target.score).ok


def test_fewer_particles_than_coordinates():
    score, _ = gaussian(20)
    with pytest.warns(sp.SamplingWarning, match="cannot span"):
        descended = sp.sample(score, np.zeros(20), 16, emulator=False, rng=0)
    with pytest.warns(sp.SamplingWarning, match="cannot span"):
        emulated = sp.sample(score, np.zeros(20), 16, rng=0)
    for result in (descended, emulated):
        assert told(sp.diagnose(result, score=score), "cannot span 20 coordinates")


@pytest.mark.slow
def test_shrunken_shifted_and_random_particles():
    score, _ = gaussian(2, 1.0)
    right = sp.sample(score, np.zeros(2), 32, rng=0)
    draws = np.random.default_rng(0).normal(size=(4000, 2))
    assert sp.diagnose(right, score=score, draws=draws).ok

    def changed(positions):
        flat = sp.ParticleSet(positions)
        return sp.Result(flat, 1.0, [], np.full(32, -1), right.stop)

    for positions in (
        0.6 * right.positions,
        right.positions + 0.5,
        np.random.default_rng(1).normal(size=(32, 2)),
    ):
        wrong = changed(positions)
        assert not sp.diagnose(wrong, score=score).ok
        assert not sp.diagnose(wrong, draws=draws).ok


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6 + 0.1])
def test_a_constant_column_is_no_alarm(value):
    moving = np.random.default_rng(0).normal(size=500)
    draws = np.column_stack([moving, np.full(500, value)])
    result = sp.compress(draws, 32, rng=0)
    report = sp.diagnose(result, draws=draws)
    assert report.ok, str(report)
    assert report.figures["sd_change"] > 0.0


def test_what_a_successful_run_noted_is_no_alarm():
    result = sp.sample(TWO.score, [-2.0, 0.0], 32, emulator=False, rng=0)
    assert result.success and "Laplace" in result.warnings[0]
    report = sp.diagnose(result, score=TWO.score, second=False)
    assert report.ok, str(report)


def test_a_density_that_does_not_fall_far_out():
    score, _ = gaussian(2, 1.0)
    result = sp.sample(score, [0.5, 0.5], 32, rng=0)

    def cut(x):
        return np.where((np.abs(x) < 4.0).all(axis=1, keepdims=True), -x, 0.0)

    assert told(sp.diagnose(result, score=cut, second=False), "far out")


def test_the_figures_are_those_of_the_documentation():
    result = sp.sample(TWO.score, [-2.0, 0.0], 16, rng=0)
    report = sp.diagnose(
        result, score=TWO.score, log_density=TWO.log_density, draws=TWO.sample(200, 0)
    )
    of_the_score = sp.check_score(TWO.score, 2, log_density=TWO.log_density).figures
    text = sp.diagnose.__doc__
    missing = [name for name in report.figures if f"``{name}``" not in text]
    assert set(missing) <= set(of_the_score), missing


def test_bad_input():
    with pytest.raises(TypeError, match="result must be a Result"):
        sp.diagnose([[1.0]])


def test_a_score_that_was_not_learned_is_told():
    funnel = sp.targets.Funnel(3)
    result = sp.sample(funnel.score, [0.5, 0.5, 0.5], 16, rng=0)
    noted = replace(result, warnings=[f"{NOT_LEARNED}, so particles descended"])
    report = sp.diagnose(noted, score=funnel.score, second=False)
    assert noted.success and told(report, "not learned")
