"""Preconditioner, the climb to a mode, and the counting score."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import splitparticles as sp
from splitparticles.modes.climb import find_mode
from splitparticles.scores.score import Score
from splitparticles.stop import LimitReached, Stop


@given(st.integers(0, 10**6))
def test_there_and_back(seed):
    rng = np.random.default_rng(seed)
    d = int(rng.integers(1, 6))
    change = sp.Preconditioner(
        rng.normal(size=d), rng.normal(size=(d, d)) + 3 * np.eye(d)
    )
    z = rng.normal(size=(4, d))
    np.testing.assert_allclose(change.to_working(change.to_user(z)), z, atol=1e-9)


def test_scores_and_products_change_with_the_coordinates():
    rng = np.random.default_rng(0)
    target = sp.targets.Gaussian([1.0, 2.0], [[4.0, 1.0], [1.0, 2.0]])
    change = sp.Preconditioner.of_covariance([1.0, 2.0], [[4.0, 1.0], [1.0, 2.0]])
    z, v = rng.normal(size=(2, 5, 2))
    np.testing.assert_allclose(change.score(target.score)(z), -z, atol=1e-12)
    product = change.product(target.score_product)(z, v)
    np.testing.assert_allclose(product, -v, atol=1e-12)


def test_a_preconditioner_has_to_be_invertible_and_fit():
    for centre, matrix in (
        ([0.0, 0.0], [[1.0, 1.0], [1.0, 1.0]]),
        ([0.0, 0.0], [[0.0, 0.0], [0.0, 0.0]]),
        ([0.0], [[1.0, 0.0], [0.0, 1.0]]),
        ([[0.0]], [[1.0]]),
        ([np.nan], [[1.0]]),
    ):
        with pytest.raises(ValueError, match="matrix|centre"):
            sp.Preconditioner(centre, matrix)


@pytest.mark.parametrize("condition", [1.0, 1e6, 1e12])
def test_the_mode_of_a_gaussian_is_found_from_afar(condition):
    rng = np.random.default_rng(1)
    d = 6
    turn = np.linalg.qr(rng.normal(size=(d, d)))[0]
    sd = np.geomspace(1.0, condition**-0.5, d)
    precision = turn / sd**2 @ turn.T
    mode = rng.normal(size=d)
    rows = []

    def score(x):
        rows.append(len(x))
        return -(x - mode) @ precision

    found = find_mode(score, mode + 1e3 * turn @ (sd * rng.normal(size=d)))
    assert found.converged and sum(rows) < 150
    change = found.preconditioner
    error = (change.centre - mode) @ turn / sd
    assert np.abs(error).max() < 1e-3
    curvature = change.matrix.T @ precision @ change.matrix
    np.testing.assert_allclose(curvature, np.eye(d), atol=1e-2)


def test_the_mode_of_a_banana_is_found():
    target = sp.targets.Banana()
    found = find_mode(target.score, np.array([3.0, -4.0]))
    assert found.converged
    assert np.abs(target.score(found.preconditioner.centre[None])).max() < 1e-4


def test_a_singular_mode_is_reported():
    # a funnel's density grows without bound as v falls, beside x = 0
    funnel = sp.targets.Funnel(dim=5, scale=3.0)
    found = find_mode(lambda x: funnel.score(np.clip(x, -300, 300)), np.full(5, 0.5))
    away = abs(found.preconditioner.centre[0])
    assert not found.converged or away < 30


def test_flat_ground_is_reported():
    assert not find_mode(np.zeros_like, np.ones(3)).converged
    assert not find_mode(lambda x: np.ones_like(x), np.ones(3)).converged
    assert not find_mode(lambda x: x, np.ones(3)).converged  # wrong sign


def test_a_score_that_is_not_finite_at_the_start_is_an_error():
    with pytest.raises(ValueError, match="not finite at the start"):
        find_mode(lambda x: np.full_like(x, np.nan), np.ones(2))


def test_rows_are_counted_and_remembered():
    seen = []

    def function(x):
        seen.append(len(x))
        return -x

    score = Score(function)
    x = np.random.default_rng(0).normal(size=(5, 2))
    assert np.array_equal(score(x), -x) and np.array_equal(score(x.copy()), -x)
    assert seen == [5] and score.rows == 5
    score.product(x, np.ones_like(x))
    assert seen == [5, 10] and score.rows == 15
    assert not score(x).flags.writeable


def test_limits_hold_before_the_call():
    score = Score(lambda x: -x, max_rows=7)
    score(np.zeros((5, 2)))
    with pytest.raises(LimitReached, match="max_score_evals") as limit:
        score(np.ones((3, 2)))
    assert limit.value.stop is Stop.MAX_SCORE_EVALS
    assert score.rows == 5
    score(np.ones((2, 2)))
    with pytest.raises(LimitReached, match="max_time"):
        Score(lambda x: -x, deadline=0.0)(np.zeros((1, 1)))


def test_products_and_curvature_by_differences():
    rng = np.random.default_rng(0)
    target = sp.GaussianMixture([0.3, 0.7], rng.normal(size=(2, 3)), [0.5, 1.0])
    x, u, v = rng.normal(size=(3, 6, 3))
    exact = target.score_product(x, v), target.score_curvature(x, u, v)
    for score in (Score(target.score), Score(target.score, target.score_product)):
        np.testing.assert_allclose(score.product(x, v), exact[0], rtol=0, atol=1e-8)
        np.testing.assert_allclose(score.curvature(x, u, v), exact[1], atol=1e-6)
    none = np.zeros_like(v)
    assert not Score(target.score).product(x, none).any()
    assert not Score(target.score).curvature(x, none, v).any()


def test_one_point_at_a_time():
    one = Score(lambda x: -x if x.shape == (2,) else None, vectorized=False)
    x = np.arange(6.0).reshape(3, 2)
    assert np.array_equal(one(x), -x) and one.rows == 3
