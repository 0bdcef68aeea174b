"""Right results have no warning; wrong ones have one, its reason first, no success."""

import re
import warnings

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.coordinates.noncentred import NonCentred
from splitparticles.coordinates.preconditioner import Preconditioner
from splitparticles.sampling.doubts import (
    contradicted,
    doubts_by_identities,
    doubts_by_log_density,
    fall_from_start,
    points_without_fall,
)
from splitparticles.scores.counted import CountedScore
from splitparticles.scores.derivatives import ScoreDerivatives

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 2))
SEPARABLE = (X[:, 0] + 0.3 * X[:, 1] > 0).astype(float)
DESIGN = RNG.normal(size=(300, 4)).astype(np.float32)
ANSWERS = (DESIGN @ np.arange(4) + RNG.normal(size=300)).astype(np.float32)
TWO = sp.GaussianMixture([0.4, 0.6], [[-4.0, 0.0], [4.0, 0.0]], [1.0, 1.0])
EFFECTS = np.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
ERRORS = np.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])


def normal(x):
    return -x


def normal_log_density(x):
    return -0.5 * (x**2).sum(axis=1)


def logistic(x):
    """Of a separable regression without a prior: the density has no integral."""
    return (SEPARABLE - 1.0 / (1.0 + np.exp(-np.clip(x @ X.T, -700, 700)))) @ X


def single(x):
    """Of a regression, in single precision; its law is normal."""
    x = x.astype(np.float32)
    return (ANSWERS - x @ DESIGN.T) @ DESIGN


def cut(x):
    """Of a normal law where all coordinates are below 3, and zero beyond."""
    return np.where((np.abs(x) < 3.0).all(axis=1, keepdims=True), -x, 0.0)


def cut_log_density(x):
    inside = (np.abs(x) < 3.0).all(axis=1)
    return np.where(inside, normal_log_density(x), -np.inf)


def schools(x):
    """Of eight schools, centred, in theta, mu and log tau: it has no mode."""
    theta, mu, tau = x[:, :8], x[:, 8:9], np.exp(x[:, 9:])
    residual = (theta - mu) / tau**2
    of_mu = residual.sum(axis=1, keepdims=True) - mu / 25.0
    of_tau = (residual * (theta - mu) - 1.0).sum(axis=1, keepdims=True)
    of_tau += 1.0 - 2.0 * tau**2 / (25.0 + tau**2)
    return np.hstack([(EFFECTS - theta) / ERRORS**2 - residual, of_mu, of_tau])


RIGHT = {
    "a start where the score is zero": (normal, np.zeros(10), 64, {}),
    "few particles": (normal, [0.7, 0.7], 8, {}),
    "Cauchy": (lambda x: -2 * x / (1 + x * x), [0.7], 64, {}),
    "banana": (sp.targets.Banana().score, [0.7, 0.7], 64, {}),
    "funnel": (sp.targets.Funnel().score, [0.7, 0.7], 64, {}),
    "no mode": (schools, np.zeros(10), 64, {}),
    "two modes": (TWO.score, [0.7, 0.7], 32, {"log_density": TWO.log_density}),
    "log density": (normal, [0.7, 0.7], 32, {"log_density": normal_log_density}),
    "a bound": (cut, [0.5, 0.2], 32, {"log_density": cut_log_density}),
    "duplicates": (normal, np.full((8, 2), 0.7), 32, {}),
    "a wide cloud": (normal, 1e3 * RNG.normal(size=(64, 2)), 64, {}),
    "single precision": (single, np.zeros(4), 32, {}),
    "other units": (
        lambda x: -1e6 * (x - 1e-4),
        [1e-4, 0.0],
        32,
        {"preconditioner": np.diag([1e-6, 1e-6]), "tempering": False},
    ),
}

WRONG = {
    "separable": (logistic, np.zeros(2), 64, {}, "wide"),
    "zero beyond a bound": (cut, [0.5, 0.2], 32, {}, "no density"),
    "flat": (np.zeros_like, [0.5, 0.2], 16, {}, "wide"),
    "wrong sign": (lambda x: x, [0.5, 0.2], 16, {}, "wide"),
    "a flat direction": (lambda x: x * [-1.0, 0.0], [0.5, 0.2], 16, {}, "wide"),
    "Gamma, d = 1": (lambda x: 2 / x - 1, [1.5], 64, {}, "wide"),
    "Gamma, d = 2": (lambda x: 2 / x - 1, [1.5, 1.2], 64, {}, "no density"),
    "far cloud": (normal, 1e3 * RNG.normal(size=(16, 2)), 64, {}, "mean score|wide"),
    "nothing but duplicates": (normal, np.full((64, 2), 0.7), 64, {}, "mean score"),
    "kinks": (lambda x: -np.sign(x), [0.7, 0.3], 64, {}, "mean score|wide"),
    "too few": (normal, np.full(20, 0.5), 16, {}, "cannot span"),
    "twice the score": (
        lambda x: -2 * x,
        [0.5, 0.5],
        32,
        {"log_density": normal_log_density},
        "contradict",
    ),
    "an objective of one's own": (
        normal,
        [0.5, 0.5],
        16,
        {"objective": lambda s, product: sp.KSD(sp.Gaussian(0.02), s, product)},
        "wide|mean score",
    ),
}


def identities(z, **options):
    return doubts_by_identities(ScoreDerivatives(normal), sp.ParticleSet(z), **options)


def sampled(score, x0, n, **options):
    return sp.sample(score, x0, n, emulator=False, rng=0, **options)


@pytest.mark.parametrize("name", RIGHT)
def test_right_results_have_no_warning(name):
    score, x0, n, options = RIGHT[name]
    result = sampled(score, x0, n, **options)
    assert result.success and result.warnings == []


@pytest.mark.parametrize("name", WRONG)
def test_wrong_results_have_one_warning_and_no_success(name):
    score, x0, n, options, reason = WRONG[name]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = sampled(score, x0, n, **options)
    (warning,) = [w for w in caught if w.category is sp.SamplingWarning]
    assert result.stop is sp.Stop.DOUBTED and not result.success
    assert str(warning.message) == result.warnings[0]
    assert warning.filename == __file__
    assert re.search(reason, result.warnings[0])


def white(n, d, rng):
    """Rows of mean zero and covariance one."""
    z = rng.normal(size=(n, d))
    z -= z.mean(axis=0)
    return np.linalg.solve(np.linalg.cholesky(np.cov(z.T, ddof=0)), z.T).T


def test_scores_speak_against_particles_that_are_narrow_or_aside(rng):
    z = white(40, 2, rng)
    assert identities(z) == []
    assert "take 80 or more" in identities(0.8 * z)[0]
    assert "or more" not in identities(0.8 * z, full=False)[0]
    assert "or more" not in identities(0.5 * z)[0]  # too far off for more to help
    assert "not as wide" in identities(1.2 * z)[0]
    assert "mean score" in identities(z + [0.0, 0.2])[0]
    nowhere = ScoreDerivatives(lambda z: np.full_like(z, np.nan))
    assert "not finite" in doubts_by_identities(nowhere, sp.ParticleSet(z))[0]


def test_fewer_particles_than_coordinates_may_be_aside_too(rng):
    z = rng.normal(size=(8, 20))
    assert identities(z - z.mean(axis=0)) == []
    assert "mean score" in identities(z - z.mean(axis=0) + 0.2)[0]


def test_units_do_not_matter_to_the_mean_score(rng):
    z, L = white(40, 2, rng), np.array([[1e-3, 0.0], [5.0, 0.1]])
    score = ScoreDerivatives(lambda x: -np.linalg.solve(L.T, np.linalg.solve(L, x.T)).T)
    near = sp.ParticleSet((z + [0.0, 0.03]) @ L.T)
    assert doubts_by_identities(score, near) == []
    aside = doubts_by_identities(score, sp.ParticleSet((z + [0.0, 0.2]) @ L.T))
    assert "mean score" in aside[0]


def test_doubts_ask_the_score_where_nothing_else_has(rng):
    counted = CountedScore(normal)
    doubts_by_identities(ScoreDerivatives(counted), sp.ParticleSet(white(40, 2, rng)))
    assert counted.rows == 40


def test_a_density_that_falls_on_every_ray_is_no_doubt(rng):
    particles = sp.ParticleSet(rng.normal(size=(40, 2)))
    for score in (normal, lambda x: -2 * x / (1 + x * x), sp.targets.Banana().score):
        assert len(points_without_fall(score, LINEAR, particles)) == 0
    valley = points_without_fall(  # it rises for a while
        lambda x: np.where((np.abs(x) > 5) & (np.abs(x) < 30), x, -x), LINEAR, particles
    )
    assert len(valley) == 0
    assert len(points_without_fall(np.zeros_like, LINEAR, particles)) == 16
    half = points_without_fall(lambda x: np.where(x > 0, -x, 0.0), LINEAR, particles)
    assert len(half) and (half < 0).all()

    def fails(x):
        raise ZeroDivisionError

    assert len(points_without_fall(fails, LINEAR, particles)) == 0
    assert (
        len(points_without_fall(normal, LINEAR, sp.ParticleSet(np.ones((3, 2))))) == 0
    )


LINEAR = Preconditioner(np.zeros(2), np.eye(2))


def by_log_density(log_density, x, start, change=LINEAR):
    cloud, rng = np.array([start]), np.random.default_rng(0)
    return doubts_by_log_density(
        log_density, change, x, -x, rng, reached=x, cloud=cloud
    )


def test_a_start_above_all_points_reached_is_a_doubt(rng):
    x = rng.normal(size=(30, 2))

    def peaked(x):
        return normal_log_density(x) + 9.0 * (np.abs(x - 7.0) < 1.0).all(axis=1)

    assert by_log_density(normal_log_density, x, [0.0, 0.0]) == []
    assert by_log_density(peaked, x, [7.0, 7.0]) == []
    assert "start" in by_log_density(peaked, x + 6.0 - 9.0, [0.0, 0.0])[0]
    assert (
        "-inf"
        in by_log_density(
            lambda x: np.where(x[:, 0] < 0.5, normal_log_density(x), -np.inf),
            x,
            [0.0, 0.0],
        )[0]
    )


def test_the_neck_of_a_funnel_is_no_better_start(rng):
    funnel = sp.targets.Funnel(9, 1.0)
    x, neck = funnel.sample(60, rng), -4.0 * (np.arange(9) == 0)[None]
    linear = Preconditioner(np.zeros(9), np.eye(9))
    bent = NonCentred(1.0, np.ones(8), np.zeros((4, 8)))
    assert fall_from_start(funnel.log_density, linear, x, neck) > 2.0
    assert fall_from_start(funnel.log_density, bent, x, neck) < 0.0


def test_a_gradient_of_another_function_is_found_by_rows_already_asked(rng):
    x = rng.normal(size=(16, 2))
    for factor, wrong in ((1.0, False), (1.02, False), (1.2, True), (-1.0, True)):
        assert contradicted(normal_log_density, LINEAR, x, -factor * x, rng) == wrong
    rough = contradicted(
        lambda x: normal_log_density(x).astype(np.float32) - np.float32(900),
        LINEAR,
        x,
        -x,
        rng,
    )
    assert not rough
    assert not contradicted(lambda x: np.full(len(x), np.nan), LINEAR, x, -x, rng)


def test_a_move_that_evaluates_other_batches_last_silences_no_doubt():
    class Idle:
        def __call__(self, objective, particles):
            moved = sp.LBFGS(max_iter=1)(objective, particles)
            for shift in range(1, 7):
                objective.value(particles.moved_to(particles.positions + shift))
            return moved._replace(particles=particles, value=objective.value(particles))

    x = 0.5 * np.random.default_rng(0).normal(size=(16, 2))
    options = {"preconditioner": "none", "tempering": False, "move": Idle()}
    with pytest.warns(sp.SamplingWarning, match="mean score"):
        result = sampled(normal, x, 16, **options)
    assert any("not as wide" in text for text in result.warnings)


def test_limits_and_tolerances_of_the_user_keep_their_stop():
    for options in ({"max_score_evals": 300}, {"tol": 50.0}):
        result = sampled(normal, np.full(20, 0.5), 16, **options)
        assert result.stop.name in ("MAX_SCORE_EVALS", "TOLERANCE")
        assert "cannot span" in result.warnings[0]


def test_a_search_that_led_far_down_from_the_start_is_taken_back(monkeypatch):
    from splitparticles.sampling import start

    def astray(score, change, rng):
        return Preconditioner(np.full(2, 50.0), np.eye(2))

    monkeypatch.setattr(start, "gaussian_fit", astray)
    result = sampled(normal, [0.5, 0.5], 32, log_density=normal_log_density)
    assert result.success and np.abs(result.mean()).max() < 0.1
    monkeypatch.setattr(start, "LARGEST_FALL", np.inf)
    rng = np.random.default_rng(0)
    begun = start.find_start(
        CountedScore(normal),
        np.full((1, 2), 0.5),
        preconditioner="auto",
        explores=True,
        log_density=normal_log_density,
        n_particles=32,
        rng=rng,
    )
    assert begun.particles.mean()[0] > 40.0
