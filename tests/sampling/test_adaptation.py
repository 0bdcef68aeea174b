"""Adaptation of coordinates: what follows from each state, and whole runs."""

from dataclasses import replace

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.coordinates.change import Composed
from splitparticles.coordinates.noncentred import NonCentred
from splitparticles.coordinates.preconditioner import Preconditioner
from splitparticles.sampling.adaptation import MOST_SCATTERS, AdaptiveFrame, Task
from splitparticles.scores.counted import CountedScore

WHITE = Preconditioner(np.zeros(2), np.eye(2))


def frame_of(score=lambda x: -x, change=WHITE, *, build=None, adapts=True, **state):
    task = Task(CountedScore(score), build, adapts, curves=True)
    return AdaptiveFrame.of(task, change, **state)


def cloud(n, sd=1.0, d=2):
    """Particles of mean zero and a covariance of sd^2 I."""
    z = np.random.default_rng(0).normal(size=(n, d))
    z = z - z.mean(axis=0)
    root = np.linalg.cholesky(np.cov(z.T, ddof=0))
    return sp.ParticleSet(sd * np.linalg.solve(root, z.T).T)


def stretched(x):
    return -x / [1.0, 25.0]


def steep(x):
    return -x / 0.01


CASES = {
    # (state, particles) -> whether there is a new objective, adapted_at, quadratic
    "one particle tells nothing": ({}, sp.ParticleSet([[0.3, 0.2]]), False, 0, False),
    "white coordinates stay": ({"quadratic": True}, cloud(8), False, 0, True),
    "the quadratic kernel joins": ({}, cloud(8), True, 8, True),
    "other scales": ({"score": stretched}, cloud(3), True, 3, False),
    "not twice as many": ({"score": steep, "adapted_at": 5}, cloud(8), False, 5, False),
    "twice as many": ({"score": steep, "adapted_at": 4}, cloud(8), True, 8, True),
    "the user's coordinates": (
        {"score": steep, "adapts": False},
        cloud(8),
        False,
        0,
        0,
    ),
    "not finite": ({"score": lambda x: x * np.nan}, cloud(8), False, 0, False),
}


@pytest.mark.parametrize("name", CASES)
def test_what_follows_from_a_state(name):
    state, particles, changed, adapted_at, quadratic = CASES[name]
    frame = frame_of(**state)
    restart = frame.next(particles, np.random.default_rng(0))
    assert (restart.objective is not None) == changed
    assert restart.frame.adapted_at == adapted_at
    assert restart.frame.quadratic == quadratic
    if changed:
        before, after = frame.to_user(particles), restart.frame.to_user
        np.testing.assert_allclose(
            after(restart.particles).positions, before.positions, atol=1e-9
        )
    assert frame.adapted_at == state.get("adapted_at", 0)  # the state itself is frozen


def test_coordinates_that_changed_have_a_mean_curvature_of_one():
    restart = frame_of(stretched).next(cloud(8), np.random.default_rng(0))
    matrix = restart.frame.change.matrix
    np.testing.assert_allclose(matrix @ matrix.T, np.diag([1.0, 10.0]), rtol=1e-3)


@pytest.mark.parametrize(
    ("last_fraction", "left", "restarts", "left_after"),
    [
        (np.inf, 2, False, 2),  # the first round: more particles may still help
        (1e-6, 2, True, 1),  # they have come no nearer
        (1e-6, 0, False, 0),
    ],
)
def test_particles_that_come_no_nearer_restart(
    last_fraction, left, restarts, left_after
):
    frame = frame_of(fraction=last_fraction, scatters_left=left, quadratic=True)
    particles = cloud(16, 0.3)
    frame = replace(frame, adapted_at=len(particles))
    restart = frame.next(particles, np.random.default_rng(0))
    assert (restart.objective is not None) == restarts
    assert restart.frame.scatters_left == left_after <= MOST_SCATTERS
    if restarts:
        value = frame.objective.value
        assert value(restart.particles) < 0.9 * value(particles)


def test_fits_of_curved_coordinates_are_repeated_and_counted():
    target = sp.targets.Funnel(3, 1.0)
    wide = Preconditioner(np.zeros(3), np.eye(3))
    frame = frame_of(target.score, wide)
    first = frame.next(cloud(16, d=3), np.random.default_rng(0))
    assert isinstance(first.frame.change, Composed) and first.frame.fits == 1
    assert frame.fits == 0
    again = first.frame.next(first.particles, np.random.default_rng(0))
    assert again.frame.fits in (0, 2)  # none better, or fitted anew at the same number


@pytest.mark.slow
def test_a_run_takes_curved_coordinates_for_a_funnel_and_none_for_a_gaussian():
    target = sp.targets.Funnel(6, 1.0)
    result = sp.sample(target.score, np.ones(6), 64, emulator=False, rng=0)
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
        target.score,
        np.ones(6),
        64,
        score_product=target.score_product,
        emulator=False,
        rng=0,
    )
    assert isinstance(helped.preconditioner, Composed)
    assert helped.n_score_evals < 0.8 * result.n_score_evals
    np.testing.assert_allclose(helped.std(), result.std(), rtol=0.1)
    plain = sp.sample(lambda x: -x / [1.0, 4.0], [1.0, 1.0], 32, emulator=False, rng=0)
    assert isinstance(plain.preconditioner, Preconditioner)


def test_particles_without_the_curvature_of_a_maximum_end_finite(rng):
    # uphill everywhere: a wrong sign
    with pytest.warns(sp.SamplingWarning):
        result = sp.sample(
            lambda x: x**3, rng.normal(size=(16, 2)), 64, emulator=False, rng=0
        )
    assert np.isfinite(result.positions).all()


def test_curvature_that_coordinates_were_checked_by_costs_a_split_nothing(rng):
    linear = Preconditioner(rng.normal(size=4), 2.0 * np.eye(4))
    means = 0.3 * rng.normal(size=(4, 3))
    change = linear.then(NonCentred(0.8, np.linspace(0.0, 1.0, 3), means))
    frame = frame_of(change=change)
    particles = sp.ParticleSet(0.3 * rng.normal(size=(10, 4)))
    frame.next(particles, rng)
    counted = frame.task.score
    rows = counted.rows
    jacobians = frame.score.jacobians(particles.positions)
    assert counted.rows == rows
    step = 1e-5
    for k, axis in enumerate(step * np.eye(4)):
        z = particles.positions
        column = (frame.score(z + axis) - frame.score(z - axis)) / (2.0 * step)
        np.testing.assert_allclose(jacobians[:, :, k], column, rtol=1e-4, atol=1e-4)
