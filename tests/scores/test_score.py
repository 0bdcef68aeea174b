"""The counting score: rows, limits and derivatives by differences."""

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.scores.score import Score
from splitparticles.stop import LimitReached, Stop


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
