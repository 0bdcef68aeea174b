"""The climb to a mode."""

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.modes.climb import find_mode
from splitparticles.scores.counted import CountedScore


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


@pytest.mark.parametrize("start", [np.full(5, 0.5), np.zeros(5)])
def test_the_mode_of_a_funnel_is_found_however_narrow(start):
    # log p = -v^2 / 18 - 4 v / 2 at y = 0, and the variance of y is exp(v)
    laplace = find_mode(sp.targets.Funnel(dim=5, scale=3.0).score, start)
    assert laplace.converged
    L = laplace.preconditioner.matrix
    mode = [-18.0, 0.0, 0.0, 0.0, 0.0]
    np.testing.assert_allclose(laplace.preconditioner.centre, mode, 1e-6, 1e-9)
    np.testing.assert_allclose(np.diag(L @ L.T), [9.0] + [np.exp(-18.0)] * 4, 0.01)


@pytest.mark.parametrize("d", [1, 2])
def test_a_density_without_bound_has_no_mode(d):
    def score(x):  # p = exp(-|x|^2 / 2) / |x|^(1/2)
        return -0.5 * x / (x**2).sum(axis=1, keepdims=True) - x

    laplace = find_mode(score, np.full(d, 0.5))
    assert not laplace.converged
    np.testing.assert_array_equal(laplace.preconditioner.centre, 0.5)
    np.testing.assert_array_equal(laplace.preconditioner.matrix, np.eye(d))


@pytest.mark.parametrize("sd", [[1.0, 1.0, 1.0], [1.0, 10.0, 1e3]])
def test_a_start_at_the_mode_stays_there_and_finds_the_curvature(sd):
    laplace = find_mode(lambda x: -x / np.square(sd), np.zeros(3))
    assert laplace.converged
    np.testing.assert_allclose(laplace.preconditioner.centre, 0.0, atol=1e-6)
    L = laplace.preconditioner.matrix
    np.testing.assert_allclose(L @ L.T, np.diag(np.square(sd)), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("start", [[0.0, 0.0, 0.0], [0.0, 3.0, -2.0]])
def test_a_saddle_is_left_along_its_negative_curvature(start):
    # beside the plane between two modes the score leads onto it and nowhere else
    means = np.array([[4.0, 0.0, 0.0], [-4.0, 0.0, 0.0]])
    target = sp.GaussianMixture([0.5, 0.5], means, [1.0, 1.0])
    laplace = find_mode(target.score, np.array(start))
    assert laplace.converged
    x = laplace.preconditioner.centre
    np.testing.assert_allclose(np.abs(x), means[0], atol=1e-3)


def test_a_minimum_is_left_along_all_directions_at_once():
    corners = [[a, b, c] for a in (-3.0, 3.0) for b in (-3.0, 3.0) for c in (-3.0, 3.0)]
    target = sp.GaussianMixture(np.ones(8), corners, np.full(8, 0.5))
    score = CountedScore(target.score)
    laplace = find_mode(score, np.zeros(3))
    assert laplace.converged and score.rows < 50  # one by one: two more saddles
    np.testing.assert_allclose(np.abs(laplace.preconditioner.centre), 3.0, atol=1e-2)


def test_flat_ground_is_reported():
    assert not find_mode(np.zeros_like, np.ones(3)).converged
    assert not find_mode(lambda x: np.ones_like(x), np.ones(3)).converged
    for start in (np.ones(3), np.zeros(3)):
        assert not find_mode(lambda x: x, start).converged  # wrong sign


def test_a_score_that_is_not_finite_at_the_start_is_an_error():
    with pytest.raises(ValueError, match="not finite at the start"):
        find_mode(lambda x: np.full_like(x, np.nan), np.ones(2))


def test_a_way_that_leads_to_a_known_mode_is_given_up():
    target = sp.targets.Banana()
    start = target.mean + 0.5
    whole, given_up = CountedScore(target.score), CountedScore(target.score)
    found = find_mode(whole, start)
    there = found.preconditioner
    assert found.converged
    again = find_mode(
        given_up,
        start,
        known=lambda x: np.linalg.norm(there.to_working(x[None])) < 1.0,
    )
    assert not again.converged and "known" in again.message
    assert given_up.rows < whole.rows


@pytest.mark.parametrize("error", [FloatingPointError, np.linalg.LinAlgError])
def test_a_numerical_failure_at_a_trial_point_is_no_end_of_the_climb(error):
    failures = []

    def score(x):
        if (np.abs(x) > 4.0).any():
            failures.append(x)
            raise error("too far")
        return -x / np.sqrt(1.0 + x**2)  # Newton's step leads from x to -x^3

    laplace = find_mode(score, np.array([0.1, 2.0]))
    assert failures and laplace.converged
    np.testing.assert_allclose(laplace.preconditioner.centre, 0.0, atol=1e-3)
