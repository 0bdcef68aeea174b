"""Coordinates that bend, how they are fitted, and when a run takes them up."""

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.coordinates.fit_noncentred import Cloud, straightened
from splitparticles.coordinates.noncentred import (
    Composed,
    Scaled,
    composed,
    pulled_product,
)
from splitparticles.coordinates.preconditioner import Preconditioner
from splitparticles.modes.gaussian_fit import settled
from splitparticles.sampling.adaptation import ScoreCoordinates
from splitparticles.scores.score import Score
from splitparticles.testing.oracles import close, differences


def bent(rng, d=4):
    """Some coordinates that bend, after some that do not."""
    share = np.linspace(0.0, 1.0, d - 1)
    curve = Scaled(0.8, share, 0.3 * rng.normal(size=(4, d - 1)))
    turn = np.linalg.qr(rng.normal(size=(d, d)))[0]
    return Composed(Preconditioner(rng.normal(size=d), 2.0 * turn), curve)


def log_volume(change, z):
    """Logarithm of the determinant of the change at z (n, d), by differences."""
    h, d = 1e-5, z.shape[1]
    columns = [
        (change.to_user(z + h * e) - change.to_user(z - h * e)) / (2.0 * h)
        for e in np.eye(d)
    ]
    return np.linalg.slogdet(np.stack(columns, axis=2))[1]


def funnel_cloud(rng, n=40, d=5, scale=1.0):
    """Particles of a funnel, its scores and Jacobians, in turned coordinates."""
    target = sp.targets.Funnel(d, scale)
    turn = np.linalg.qr(rng.normal(size=(d, d)))[0]
    x = target.sample(n, rng)

    def product(x, v):
        return target.score_product(x, v)

    J = np.stack([product(x, np.broadcast_to(e, x.shape)) for e in np.eye(d)], axis=2)
    z, s = x @ turn, target.score(x) @ turn
    return Cloud(z, s, turn.T @ J @ turn, np.full(n, 1.0 / n))


def test_a_particle_that_sees_no_curvature_at_all_is_no_error(rng):
    cloud = funnel_cloud(rng)
    cloud.J[3] = 0.0
    levelled = cloud.through(cloud.levelled())
    assert np.isfinite(straightened(levelled).to_user(levelled.z)).all()


def test_there_and_back(rng):
    change = bent(rng)
    z = rng.normal(size=(20, 4))
    close(change.to_working(change.to_user(z)), z, 1e-12)
    close(change.to_user(np.zeros((1, 4)))[0], change.centre, 1e-14)


def test_the_pulled_score_is_the_slope_of_the_density_there(rng):
    change, precision = bent(rng), np.array([1.0, 2.0, 0.5, 3.0])

    def log_density(z):
        x = change.to_user(z)
        return -0.5 * (x**2 @ precision) + log_volume(change, z)

    z = rng.normal(size=(6, 4))
    score = change.score(lambda x: -x * precision)
    close(score(z), differences(log_density, z), 1e-5)


def test_products_are_the_slope_of_the_pulled_score(rng):
    change, precision = bent(rng), np.array([1.0, 2.0, 0.5, 3.0])
    z, v = rng.normal(size=(2, 6, 4))
    score = change.score(lambda x: -x * precision)
    h = 1e-5
    slope = (score(z + h * v) - score(z - h * v)) / (2.0 * h)
    product = change.product(lambda x, v: -v * precision, lambda x: -x * precision)
    close(product(z, v), slope, 1e-6)
    s = -change.to_user(z) * precision
    close(pulled_product(change, z, v, s, lambda dx: -dx * precision), slope, 1e-6)


def test_linear_changes_join(rng):
    first = Preconditioner(rng.normal(size=3), rng.normal(size=(3, 3)))
    second = Preconditioner(rng.normal(size=3), rng.normal(size=(3, 3)))
    both = composed(first, second)
    assert isinstance(both, Preconditioner)
    z = rng.normal(size=(5, 3))
    close(both.to_user(z), first.to_user(second.to_user(z)), 1e-13)


def test_a_funnel_is_straightened_from_what_its_particles_know(rng):
    cloud = funnel_cloud(rng)
    level = cloud.levelled()
    levelled = cloud.through(level)
    curve = straightened(levelled)
    assert levelled.through(curve).spread() < 1e-3 * levelled.spread()
    # there, all but the first coordinate are Gaussian given it
    straight = levelled.through(curve)
    close(straight.s[:, 1:], -straight.z[:, 1:], 1e-2)


@pytest.mark.slow
def test_a_run_bends_for_a_funnel_and_not_for_a_gaussian():
    target = sp.targets.Funnel(6, 1.0)
    result = sp.sample(target.score, np.ones(6), 64, rng=0)
    assert isinstance(result.preconditioner, Composed)
    draws = target.sample(50_000, np.random.default_rng(0))
    sd = draws.std(axis=0)
    assert (np.abs(result.mean() - draws.mean(axis=0)) < 0.15 * sd).all()
    assert 0.75 < (result.std() / sd).min() and (result.std() / sd).max() < 1.15
    again = sp.sample(
        target.score, np.ones(6), 16, preconditioner=result.preconditioner, rng=0
    )
    assert again.preconditioner is not None and len(again.particles) == 16
    helped = sp.sample(
        target.score, np.ones(6), 64, score_product=target.score_product, rng=0
    )
    assert isinstance(helped.preconditioner, Composed)
    assert helped.n_score_evals < 0.8 * result.n_score_evals
    np.testing.assert_allclose(helped.std(), result.std(), rtol=0.1)
    plain = sp.sample(lambda x: -x / [1.0, 4.0], [1.0, 1.0], 32, rng=0)
    assert isinstance(plain.preconditioner, Preconditioner)


def test_a_start_leaves_a_lonely_mode_and_stays_at_a_good_one(rng):
    # 30 standard normals of scale exp(t): the mode is where they are all near zero
    def score(x):
        t, y = x[:, :1], x[:, 1:]
        squares = (y**2).sum(axis=1, keepdims=True)
        along = np.exp(-2.0 * t) * squares - 30.0 - t / 0.25
        return np.hstack([along, -y * np.exp(-2.0 * t)])

    mode = Preconditioner(np.r_[-7.5, np.zeros(30)], np.diag([0.5] + [5.5e-4] * 30))
    found = settled(Score(score), mode, rng)
    assert abs(found.centre[0]) < 0.5 * abs(mode.centre[0])
    white = Preconditioner(np.zeros(3), np.eye(3))
    counted = Score(lambda x: -x)
    assert settled(counted, white, rng) is white and counted.rows == 6


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_start_that_reaches_beyond_the_domain_draws_in(bad, rng):
    def score(x):
        far = np.abs(x).max(axis=1, keepdims=True) > 0.5
        return np.where(far, bad, -100.0 * x)

    white = Preconditioner(np.zeros(2), np.eye(2))
    found = settled(Score(score), white, rng)
    assert np.linalg.norm(found.matrix, 2) < 0.5


def test_scores_at_the_end_speak_against_particles_that_are_narrow_or_aside(
    rng, monkeypatch
):
    # draws that did not rest are doubted for that too, which is not looked at here
    monkeypatch.setattr("splitparticles.sampling.adaptation.STUCK", np.inf)
    place = ScoreCoordinates(
        Preconditioner(np.zeros(2), np.eye(2)), Score(lambda x: -x), None, True
    )
    z = rng.normal(size=(40, 2))
    z = np.linalg.solve(np.linalg.cholesky(np.cov(z.T, ddof=0)), (z - z.mean(0)).T).T

    def doubts(z):
        particles = sp.ParticleSet(z)
        assert place.doubts(particles) == []  # no score is known, and none is asked
        place.objective().value(particles)
        return place.doubts(particles)

    assert doubts(z) == []
    assert "not as wide" in doubts(0.8 * z)[0]
    assert "not as wide" in doubts(1.2 * z)[0]
    assert "mean score" in doubts(z + [0.0, 0.2])[0]
    assert sp.sample(lambda x: -x / [1.0, 4.0], [1.0, 1.0], 32, rng=0).warnings == []


def test_particles_that_see_no_maximum_leave_the_coordinates_as_they_are(rng):
    # uphill everywhere: a wrong sign
    result = sp.sample(lambda x: x**3, rng.normal(size=(16, 2)), 64, rng=0)
    assert np.isfinite(result.positions).all()
    uphill = Cloud(np.eye(2), np.eye(2), np.stack([np.eye(2)] * 2), np.full(2, 0.5))
    with pytest.raises(ValueError, match="curvature"):
        uphill.levelled()


def test_curvature_that_coordinates_were_checked_by_costs_a_split_nothing(rng):
    change = bent(rng)
    place = ScoreCoordinates(change, Score(lambda x: -x), None, True)
    particles = sp.ParticleSet(0.3 * rng.normal(size=(10, len(change.centre))))
    place._better(particles, False)
    rows = place.counted.rows
    known = place.working.jacobians(particles.positions)
    assert place.counted.rows == rows
    fresh = ScoreCoordinates(change, Score(lambda x: -x), None, True).working
    np.testing.assert_allclose(
        known, fresh.jacobians(particles.positions), rtol=1e-4, atol=1e-4
    )
