"""Derivatives of a score: given, or by differences of it."""

import numpy as np

import splitparticles as sp
from splitparticles.scores.counted import CountedScore
from splitparticles.scores.derivatives import ScoreDerivatives


def test_products_and_curvature_by_differences():
    rng = np.random.default_rng(0)
    target = sp.GaussianMixture([0.3, 0.7], rng.normal(size=(2, 3)), [0.5, 1.0])
    x, u, v = rng.normal(size=(3, 6, 3))
    exact = target.score_product(x, v), target.score_curvature(x, u, v)
    by_differences = ScoreDerivatives(target.score)
    for score in (by_differences, ScoreDerivatives(target.score, target.score_product)):
        np.testing.assert_allclose(score.product(x, v), exact[0], rtol=0, atol=1e-8)
        np.testing.assert_allclose(score.curvature(x, u, v), exact[1], atol=1e-6)
    none = np.zeros_like(v)
    assert not by_differences.product(x, none).any()
    assert not by_differences.curvature(x, none, v).any()


def test_jacobians_that_are_known_are_not_asked_again():
    asked = []

    def counted(x):
        asked.append(len(x))
        return -x

    score = ScoreDerivatives(counted, sided=True)
    x = np.ones((3, 2))
    first = score.jacobians(x)
    rows = sum(asked)
    assert score.jacobians(x.copy()) is first and sum(asked) == rows
    np.testing.assert_allclose(first, np.tile(-np.eye(2), (3, 1, 1)), rtol=1e-6)
    score.jacobians(x + 1.0)
    assert sum(asked) > rows


def test_one_sided_differences_cost_half_and_are_nearly_exact():
    rng = np.random.default_rng(0)
    target = sp.GaussianMixture([0.3, 0.7], rng.normal(size=(2, 3)), [0.5, 1.0])
    x, v = rng.normal(size=(2, 8, 3))
    n, d = x.shape
    counted = CountedScore(target.score)
    score = ScoreDerivatives(counted, sided=True)
    product = score.product(x, v)
    assert counted.rows == 2 * n  # at x, known from then on, and beside it
    np.testing.assert_allclose(product, target.score_product(x, v), atol=1e-4)
    exact = ScoreDerivatives(target.score, target.score_product, target.score_curvature)
    before = counted.rows
    np.testing.assert_allclose(score.jacobians(x), exact.jacobians(x), atol=1e-4)
    assert counted.rows == before + n * d
    slope = score.jacobian_slope(x, v)
    np.testing.assert_allclose(slope, exact.jacobian_slope(x, v), atol=1e-2)
    assert counted.rows <= before + n * (2 * d + 1)
