"""What the scores at the final particles say against them."""

import numpy as np

import splitparticles as sp
from splitparticles.sampling.objective import doubts, fraction_of_iid, stein_objective
from splitparticles.scores.counted import CountedScore
from splitparticles.scores.derivatives import ScoreDerivatives


def test_scores_at_the_end_speak_against_particles_that_are_narrow_or_aside(rng):
    counted = CountedScore(lambda x: -x)
    score = ScoreDerivatives(counted)
    objective = stein_objective(score, 2, quadratic=False)
    z = rng.normal(size=(40, 2))
    z = np.linalg.solve(np.linalg.cholesky(np.cov(z.T, ddof=0)), (z - z.mean(0)).T).T

    def identities(z):
        warnings = doubts(objective, score, sp.ParticleSet(z))
        return [w for w in warnings if "independent draws" not in w]

    assert identities(z) == []
    assert counted.rows == 40  # they are asked where nothing else has asked them
    assert "not as wide" in identities(0.8 * z)[0]
    assert "not as wide" in identities(1.2 * z)[0]
    assert "mean score" in identities(z + [0.0, 0.2])[0]
    draws_alone = doubts(objective, score, sp.ParticleSet(z))
    assert "independent draws" in draws_alone[0]
    assert doubts(objective, score, sp.ParticleSet(z[:2])) == []  # too few to tell
    assert sp.sample(lambda x: -x / [1.0, 4.0], [1.0, 1.0], 32, rng=0).warnings == []


def test_a_move_that_evaluates_other_batches_last_silences_no_doubt():
    class Idle:
        def __call__(self, objective, particles):
            moved = sp.LBFGS(max_iter=1)(objective, particles)
            for shift in range(1, 7):
                objective.value(particles.moved_to(particles.positions + shift))
            return moved._replace(particles=particles, value=objective.value(particles))

    x = 0.5 * np.random.default_rng(0).normal(size=(16, 2))
    result = sp.sample(
        lambda x: -x, x, 16, preconditioner="none", tempering=False, move=Idle()
    )
    assert any("not as wide" in text for text in result.warnings)


def test_fractions_of_independent_draws_are_about_one_for_these(rng):
    objective = stein_objective(ScoreDerivatives(lambda x: -x), 3, quadratic=True)
    fractions = []
    for _ in range(20):
        particles = sp.ParticleSet(rng.normal(size=(100, 3)))
        value = objective.value(particles)
        fractions.append(fraction_of_iid(objective, particles, value))
    assert 0.8 < np.mean(fractions) < 1.2
    mmd = sp.MMD(sp.Gaussian(1.0), rng.normal(size=(20, 3)))
    assert 0.0 < fraction_of_iid(mmd, particles, mmd.value(particles))
