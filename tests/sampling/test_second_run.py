"""A second run tells right means and sds from wrong ones."""

from dataclasses import replace

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.diagnostics.report import Report
from splitparticles.sampling.second_run import FRESH, second_run, stein_error
from splitparticles.scores.counted import CountedScore

SCALES = np.array([1.0, 100.0])


def normal(x):
    return -(x - 3.0) / SCALES**2


def kinked(x):
    return -np.sign(x)


def compared(positions, score=normal):
    report, n = Report(), len(positions)
    particles = sp.ParticleSet(positions)
    stop = sp.Stop.MAX_PARTICLES
    result = sp.Result(particles, 1.0, [], np.full(n, -1), stop)
    counted, rng = CountedScore(score), np.random.default_rng(0)
    return report, second_run(report, result, counted, None, rng)


@pytest.fixture(scope="module")
def right():
    return sp.sample(normal, [0.0, 0.0], 32, emulator=False, rng=0)


def test_right_means_and_sds_agree_and_the_draws_are_the_laws(right):
    report, draws = compared(right.positions)
    assert report.ok and set(report.figures) == {"second_mean", "second_sd"}
    assert draws.shape == (4000, 2)
    np.testing.assert_allclose(draws.mean(axis=0), 3.0, atol=0.1 * SCALES.max())
    np.testing.assert_allclose(draws.std(axis=0), SCALES, rtol=0.1)


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda x: x + [0.0, 50.0], "means"),
        (lambda x: 3.0 + 0.6 * (x - 3.0), "sds"),
        (lambda x: 3.0 + [1.0, 0.0] * (x - 3.0), "sds"),
    ],
    ids="aside narrow flat".split(),
)
def test_wrong_ones_do_not(right, change, words):
    report, _ = compared(change(right.positions))
    (warning,) = report.warnings
    assert words in warning


@pytest.mark.slow
def test_a_run_that_is_doubted_tells_nothing(rng):
    report, draws = compared(rng.laplace(size=(32, 2)), kinked)
    assert draws is None and report.figures == {}


def test_fresh_rows_of_an_emulator_know_its_score():
    result = sp.sample(normal, [0.0, 0.0], 32, emulator="auto", rng=0)
    rng = np.random.default_rng(0)
    for factor, right in ((1.0, True), (2.0, False), (-1.0, False)):
        counted = CountedScore(lambda x, factor=factor: factor * normal(x))
        assert (stein_error(result, counted, rng) < FRESH) == right
        assert counted.rows == 256
    report = sp.diagnose(result, score=lambda x: 2.0 * normal(x), second=False)
    assert report.figures["fresh"] > FRESH
    narrow = result.particles.moved_to(3.0 + 0.4 * (result.positions - 3.0))
    for particles, right in ((result.particles, True), (narrow, False)):
        judged = replace(result, particles=particles)
        assert sp.diagnose(judged, score=normal, second=False).ok == right


def test_the_second_run_can_be_left_out(right):
    asked = []
    for second in (False, True):
        rows = []

        def score(x, rows=rows):
            rows.append(len(x))
            return normal(x)

        report = sp.diagnose(right, score=score, second=second)
        assert report.ok and ("second_mean" in report.figures) == second
        assert ("energy_of_iid" in report.figures) == second
        asked.append(sum(rows))
    assert asked[1] > asked[0] + 100
