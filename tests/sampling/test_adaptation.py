"""Coordinates that a run takes up, and what speaks against its end."""

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.coordinates.change import Composed
from splitparticles.coordinates.noncentred import NonCentred
from splitparticles.coordinates.preconditioner import Preconditioner
from splitparticles.sampling.adaptation import ScoreCoordinates
from splitparticles.scores.score import Score


@pytest.mark.slow
def test_a_run_takes_curved_coordinates_for_a_funnel_and_none_for_a_gaussian():
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


def test_particles_without_the_curvature_of_a_maximum_end_finite(rng):
    # uphill everywhere: a wrong sign
    result = sp.sample(lambda x: x**3, rng.normal(size=(16, 2)), 64, rng=0)
    assert np.isfinite(result.positions).all()


def test_curvature_that_coordinates_were_checked_by_costs_a_split_nothing(rng):
    linear = Preconditioner(rng.normal(size=4), 2.0 * np.eye(4))
    means = 0.3 * rng.normal(size=(4, 3))
    change = linear.then(NonCentred(0.8, np.linspace(0.0, 1.0, 3), means))
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
