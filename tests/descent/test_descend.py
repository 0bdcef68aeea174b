import time

import numpy as np
import pytest

import splitparticles as sp

MIXTURE = sp.GaussianMixture(
    [0.1, 0.2, 0.3, 0.4], [[-2, 0], [2, 1], [0, -2], [-1, 2]], [0.3, 0.4, 0.2, 0.3]
)
NARROW = sp.MMD(sp.Gaussian(0.5), MIXTURE)
ONE = sp.ParticleSet([[0.5, 0.5]])


def squared(result):
    return 2.0 * result.value


@pytest.mark.slow
def test_coarse_to_fine_gives_the_same_from_every_start_and_beats_one_scale():
    rng = np.random.default_rng(0)
    starts = [sp.ParticleSet(rng.normal(size=(1, 2)) * 2) for _ in range(3)]
    options = dict(n_particles=32, growth=sp.SteepestSplit(everyone=True))
    options["final_move"] = sp.LBFGS()
    values = [squared(sp.descend(NARROW, p, **options)) for p in starts]
    np.testing.assert_allclose(values, values[0], rtol=0.02)
    fixed = [
        squared(sp.descend(NARROW, p, continuation=False, **options)) for p in starts
    ]
    assert values[0] < 0.9 * min(fixed)
    clouds = [sp.ParticleSet(MIXTURE.sample(32, rng=seed)) for seed in range(5)]
    scratch = [2.0 * sp.LBFGS(max_iter=1000)(NARROW, cloud).value for cloud in clouds]
    assert values[0] < 0.9 * min(scratch)


@pytest.mark.slow
def test_rounds_go_from_coarse_to_the_scale_asked_for():
    result = sp.descend(NARROW, ONE, n_particles=16)
    followed = [r.bandwidth for r in result.rounds]
    assert followed[-1] is None and followed[0] > 4 * 0.5
    coarse = [b for b in followed if b is not None]
    assert coarse == sorted(coarse, reverse=True) and min(coarse) > 0.5
    assert np.isclose(result.value, NARROW.value(result.particles))
    for this in sp.rounds(NARROW, ONE, n_particles=4, continuation=False):
        assert this.bandwidth is None


def test_a_rule_of_the_user_for_the_scale():
    result = sp.descend(
        NARROW, ONE, n_particles=8, continuation=lambda objective, n, dim: 3.0 / n
    )
    assert [r.bandwidth for r in result.rounds][:2] == [3.0, 1.5]
    result = sp.descend(
        NARROW, ONE, n_particles=4, continuation=sp.CoarseToFine(factor=1e-3)
    )
    assert all(r.bandwidth is None for r in result.rounds)


def test_the_generator_and_the_drain_are_the_same_loop():
    F = sp.KSD(sp.InverseMultiquadric(2.0), lambda x: -x)
    drained = sp.descend(F, ONE, n_particles=8, rng=0)
    watched = list(sp.rounds(F, ONE, n_particles=8, rng=0))
    assert len(watched) == drained.n_rounds
    last = watched[-1].particles.positions
    assert np.array_equal(last, drained.positions)


def test_each_round_tells_what_happened():
    F = sp.KSD(sp.InverseMultiquadric(2.0), lambda x: -x)
    result = sp.descend(F, ONE, n_particles=8)
    assert [len(r.particles) for r in result.rounds][:3] == [1, 2, 4]
    values = [r.value for r in result.rounds]
    assert values == sorted(values, reverse=True)
    rows = [r.n_score_evals for r in result.rounds]
    assert rows == sorted(rows) and rows[-1] == result.n_score_evals > 0
    for this in result.rounds[:-1]:
        assert this.actual < 0 and this.predicted < 0
        assert this.predicted <= 1.0 * this.actual * 0.1
        np.testing.assert_allclose(F.value(this.particles), this.value)
        assert this.grown.least_index < 0


def test_the_splitting_tree():
    F = sp.KSD(sp.InverseMultiquadric(2.0), lambda x: -x)
    result = sp.descend(F, sp.ParticleSet([[1.0, 0.0], [-1.0, 0.2]]), n_particles=8)
    assert result.parents.shape == (8,)
    assert (result.parents[:2] == -1).all()
    newcomers = np.arange(2, 8)
    assert (result.parents[2:] >= 0).all() and (result.parents[2:] < newcomers).all()


def test_weights_that_halves_left_behind_recover():
    law = sp.GaussianMixture(
        [0.2, 0.3, 0.3, 0.2],
        [[-2.0, 0.0], [2.0, 0.0], [0.0, 2.5], [0.5, -2.5]],
        [np.diag([0.5, 0.1]), [[0.4, 0.3], [0.3, 0.5]], 0.2 * np.eye(2), np.eye(2)],
    )
    F = sp.MMD(sp.Gaussian(0.5), law)
    result = sp.descend(F, sp.ParticleSet([[3.0, 3.0]]), n_particles=32)
    clouds = [sp.ParticleSet(law.sample(32, seed)) for seed in range(5)]
    assert result.value < min(sp.LBFGS()(F, cloud).value for cloud in clouds)
    assert result.weights.min() > 0.0
    kept = sp.descend(
        F, sp.ParticleSet([[3.0, 3.0]]), n_particles=32, final_move=sp.LBFGS()
    )
    assert result.value < 0.7 * kept.value


def test_tol_ends_the_growth():
    F = sp.KSD(sp.InverseMultiquadric(2.0), lambda x: -x)
    result = sp.descend(F, ONE, n_particles=64, tol=0.2)
    assert result.stop is sp.Stop.TOLERANCE and result.success
    assert result.discrepancy < 0.2 and len(result.positions) < 64
    fewer = [r for r in result.rounds if len(r.particles) < len(result.particles)]
    assert fewer[-1].value > 0.5 * 0.2**2
    assert "tol" in result.message
    fine = sp.descend(NARROW, ONE, n_particles=64, tol=0.1)
    assert fine.stop is sp.Stop.TOLERANCE and fine.rounds[-1].bandwidth is None


def test_max_rounds_and_max_particles():
    F = sp.KSD(sp.InverseMultiquadric(2.0), lambda x: -x)
    result = sp.descend(F, ONE, n_particles=64, max_rounds=3)
    assert result.stop is sp.Stop.MAX_ROUNDS and result.n_rounds == 3
    assert not result.success
    for n in (1, 2, 3, 5, 11):
        assert len(sp.descend(F, ONE, n_particles=n).positions) == n


def test_the_last_move_may_differ():
    moves = []

    def spy(name, **options):
        def move(objective, particles):
            moves.append((name, len(particles)))
            return sp.LBFGS(**options)(objective, particles)

        return move

    F = sp.KSD(sp.InverseMultiquadric(2.0), lambda x: -x)
    early, late = spy("early", max_iter=3), spy("late")
    sp.descend(F, ONE, n_particles=4, move=early, final_move=late)
    assert moves == [("early", 1), ("early", 2), ("late", 4)]


def test_a_plain_function_is_a_growth():
    def twins(objective, particles, limit, rng):
        n = min(limit, len(particles))
        v = np.ones((n, particles.dim))
        grown = particles.split(np.arange(n), v, np.full(n, 0.1))
        none = np.full(n, np.nan)
        return sp.Grown(grown, np.arange(n), np.nan, np.nan, none, np.nan, none)

    F = sp.KSD(sp.InverseMultiquadric(2.0), lambda x: -x)
    result = sp.descend(F, ONE, n_particles=4, growth=twins)
    assert len(result.positions) == 4 and result.value < F.value(ONE)


def test_wrong_arguments_name_themselves():
    F = sp.KSD(sp.InverseMultiquadric(2.0), lambda x: -x)
    for options, name in (
        (dict(n_particles=0), "n_particles"),
        (dict(move="adam"), "move"),
        (dict(growth=3), "growth"),
        (dict(continuation="never"), "continuation"),
        (dict(tol=-1.0), "tol"),
        (dict(max_rounds=0), "max_rounds"),
        (dict(callback=3), "callback"),
        (dict(seed=3), "rng="),
        (dict(n_partcles=3), "n_particles"),
    ):
        with pytest.raises((TypeError, ValueError), match=name):
            sp.descend(F, ONE, **options)
    with pytest.raises(TypeError, match="objective"):
        sp.descend(lambda p: 0.0, ONE)
    with pytest.raises(ValueError, match="n_particles"):
        sp.descend(F, sp.ParticleSet(np.zeros((3, 2))), n_particles=2)


def test_progress_goes_to_stderr(capsys):
    F = sp.KSD(sp.InverseMultiquadric(2.0), lambda x: -x)
    sp.descend(F, ONE, n_particles=4, progress=True)
    told = capsys.readouterr()
    assert told.out == "" and "4 particles" in told.err


def test_rows_are_those_of_this_run():
    F = sp.KSD(sp.InverseMultiquadric(2.0), lambda x: -x)
    once, again = (sp.descend(F, ONE, n_particles=4) for _ in range(2))
    assert once.n_score_evals == again.n_score_evals > 0
    assert again.rounds[-1].n_score_evals == again.n_score_evals


def test_only_a_certificate_is_called_one():
    def nothing(objective, particles, limit, rng):
        return sp.Grown(
            particles, np.zeros(0, int), 0.0, 0.0, ONE.weights[:0], -1.0, []
        )

    F = sp.KSD(sp.InverseMultiquadric(2.0), lambda x: -x)
    result = sp.descend(F, ONE, n_particles=4, growth=nothing)
    assert result.stop is sp.Stop.NOTHING_GREW


def test_time_is_looked_at_between_the_steps_of_any_move():
    def slow(objective, particles):
        for _ in range(50):
            time.sleep(0.02)
            value, gradient = objective.value_and_gradient(particles)
            particles = particles.moved_to(particles.positions - 0.1 * gradient)
        return sp.Moved(particles, value, 0.0, 50, False)

    began = time.monotonic()
    F = sp.MMD(sp.Gaussian(1.0), [[0.0, 0.0], [1.0, 1.0]])
    start = sp.ParticleSet([[2.0, 0.0]])
    result = sp.descend(F, start, n_particles=64, move=slow, max_time=0.1)
    assert result.stop is sp.Stop.MAX_TIME and time.monotonic() - began < 0.6
    assert result.value < F.value(start)  # the best that was seen, not the start
