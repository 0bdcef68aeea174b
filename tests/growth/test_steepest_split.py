import numpy as np
import pytest

import splitparticles as sp
from splitparticles.testing.checks import check_growth

GROWTHS = [
    sp.SteepestSplit(),
    sp.SteepestSplit(everyone=True),
    sp.SteepestSplit(trials=1),
    sp.SteepestSplit(dense=1),
]


@pytest.mark.parametrize("growth", GROWTHS, ids=repr)
def test_the_family_check_holds(growth, problems):
    for F, p in problems[:2]:
        check_growth(growth, F, p)


@pytest.mark.parametrize("d", [2, 5, 20])
def test_the_steepest_direction_beats_random_ones_at_a_small_step(d):
    scales = np.linspace(0.5, 2.0, d)
    F = sp.KSD(sp.Gaussian(d**0.5), lambda x: -x / scales**2)
    one = sp.ParticleSet(np.zeros((1, d)))
    index, vectors = np.linalg.eigh(F.splitting_matrices(one)[0])
    rng, step, none = np.random.default_rng(0), np.array([1e-2]), np.array([0])
    best = F.split_change(one, none, vectors[None, :, 0], step)[0]
    np.testing.assert_allclose(best, 0.5 * index[0] * 1e-4, rtol=0.01)
    for _ in range(20):
        v = rng.normal(size=(1, d))
        v /= np.linalg.norm(v)
        assert best < F.split_change(one, none, v, step)[0]


def test_particles_about_a_symmetric_mode_leave_every_subspace():
    # eigenvectors are coordinate axes, the same of all particles: 2^k particles that
    # split along them would have no width in more than k of ten coordinates
    F = sp.KSD(sp.InverseMultiquadric(10**0.5), lambda x: -x)
    options = {"n_particles": 64, "move": sp.LBFGS(max_iter=20), "rng": 0}
    result = sp.descend(F, np.zeros((1, 10)), **options)
    assert result.std().min() > 0.9
    again = sp.descend(F, np.zeros((1, 10)), max_rounds=3, **options)
    assert np.array_equal(again.positions, result.rounds[2].particles.positions)


@pytest.mark.parametrize("dense", [64, 1])
def test_a_direction_is_random_among_equal_eigenvalues_only(dense):
    spread = np.array([0.5, 0.5, 2.0])
    F = sp.KSD(sp.InverseMultiquadric(1.5), lambda x: -x / spread**2)
    one = sp.ParticleSet([[0.0, 0.0, 0.0]])
    values = np.linalg.eigvalsh(F.splitting_matrices(one)[0])
    assert values[0] == pytest.approx(values[1]) and values[2] > 0.6 * values[0]
    angles = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        grown = sp.SteepestSplit(dense=dense)(F, one, 1, rng)
        v = grown.particles.positions[0] / grown.steps[0]
        assert abs(v[2]) < 0.1
        np.testing.assert_allclose(grown.splitting_index[0], values[0], rtol=1e-3)
        angles.append(np.arctan2(v[1], v[0]) % np.pi)
    quarters = np.histogram(angles, bins=4, range=(0.0, np.pi))[0]
    assert quarters.min() >= 3


def test_the_step_found_is_close_to_the_best_one():
    F = sp.KSD(sp.InverseMultiquadric(1.5), lambda x: -x)
    one = sp.ParticleSet([[0.0, 0.0]])
    grown = sp.SteepestSplit()(F, one, 1, np.random.default_rng(0))
    steps = np.linspace(0.01, 3.0, 400)
    direction = (grown.particles.positions[0] / grown.steps[0])[None]
    change = [F.split_change(one, [0], direction, [e])[0] for e in steps]
    assert grown.expected < 0.98 * min(change)  # both negative
    found = F.value(grown.particles) - F.value(one)
    np.testing.assert_allclose(found, grown.expected, rtol=1e-9)


def test_the_symmetric_trap_is_left_by_a_split_and_not_by_a_gradient():
    # both particles on the saddle between two modes
    target = sp.GaussianMixture([0.5, 0.5], [[-1, 0], [1, 0]], [0.3, 0.3])
    F = sp.KSD(sp.Gaussian(0.1**0.5), target.score, target.score_product)
    trapped = sp.LBFGS()(F, sp.ParticleSet([[0.0, 0.4], [0.0, -0.4]])).particles
    assert np.abs(trapped.positions[:, 0]).max() < 1e-9
    assert np.abs(F.gradient(trapped)[:, 0]).max() < 1e-9
    freed = sp.descend(F, trapped, n_particles=8, rng=0).particles
    assert freed.positions[:, 0].min() < -0.3 and freed.positions[:, 0].max() > 0.3


def test_a_stable_particle_is_certified_and_may_be_far_from_the_best(trap):
    # on a line h J = 9 > 1 + d/2 between two sharp modes: no small split helps
    F, one = trap
    grown = sp.SteepestSplit()(F, one, 3, None)
    assert not grown and grown.stable and grown.least_index > 0
    alone = sp.SteepestSplit()
    result = sp.descend(F, one, n_particles=8, growth=alone)
    assert result.stop is sp.Stop.STABLE and len(result.positions) == 1
    assert "local optimum" in result.message
    assert F.value(sp.ParticleSet([[-1.0], [1.0]])) < 0.9 * result.value
    full = sp.SteepestSplit()(F, sp.ParticleSet([[1.0]]), 0, None)
    assert not full.stable  # no room is no certificate


def test_a_fraction_splits_the_best_ones(eight):
    F, p = eight
    rows = {
        fraction: sp.SteepestSplit(fraction=fraction)(
            F, p, 8, np.random.default_rng(0)
        ).parents
        for fraction in (1.0, 0.25)
    }
    assert len(rows[0.25]) == 2 < len(rows[1.0])
    assert list(rows[0.25]) == list(rows[1.0][:2])


def test_everyone_splits_while_one_particle_gains():
    # the first particle is where it should be, the second between two draws
    F = sp.MMD(sp.Gaussian(0.3), [[0.0, 0.0], [3.0, 0.0], [3.0, 1.0]])
    p = sp.ParticleSet([[0.0, 0.0], [3.0, 0.5]], [1 / 3, 2 / 3])
    gains = sp.SteepestSplit()(F, p, 2, np.random.default_rng(0))
    assert list(gains.parents) == [1]
    both = sp.SteepestSplit(everyone=True)(F, p, 2, np.random.default_rng(0))
    assert list(both.parents) == [1, 0] and both.steps[1] < 0.2 * both.steps[0]
    assert F.value(both.particles) < F.value(p)
    np.testing.assert_allclose(both.particles.weights, [1 / 6, 1 / 3, 1 / 3, 1 / 6])


def test_a_particle_whose_splitting_matrix_is_not_finite_is_not_split():
    F = sp.KSD(sp.Gaussian(1.0), lambda x: np.where(x > 0.5, np.nan, -x))
    p = sp.ParticleSet([[0.0], [0.4999999]])
    for growth in (sp.SteepestSplit(), sp.SteepestSplit(everyone=True)):
        grown = growth(F, p, 2, None)
        assert list(grown.parents) == [0] and np.isnan(grown.least_index)
        assert np.isfinite(grown.particles.positions).all()


def test_many_coordinates_need_no_matrix():
    d = 300
    F = sp.KSD(sp.InverseMultiquadric(d**0.5), lambda x: -x, lambda x, v: -v)
    F.splitting_matrices = None
    one = sp.ParticleSet(np.zeros((1, d)))
    grown = sp.SteepestSplit()(F, one, 1, np.random.default_rng(0))
    assert len(grown.particles) == 2 and F.value(grown.particles) < F.value(one)
