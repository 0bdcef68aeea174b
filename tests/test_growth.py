import numpy as np
import pytest
from checks import check_growth

import splitparticles as sp
from splitparticles.front_door import Equalised

GROWTHS = [
    sp.SteepestSplit(),
    sp.SteepestSplit(everyone=True),
    sp.SteepestSplit(trials=1),
    sp.RandomSplit(),
]


def rested(objective, n, d, seed=0):
    start = sp.ParticleSet(np.random.default_rng(seed).normal(size=(n, d)))
    return sp.LBFGS(max_iter=300)(objective, start).particles


@pytest.mark.parametrize("growth", GROWTHS, ids=repr)
def test_the_family_check_holds(growth):
    draws = np.random.default_rng(0).normal(size=(100, 2))
    mmd = sp.MMD(sp.Gaussian(0.5), draws)
    check_growth(growth, mmd, rested(mmd, 4, 2))
    ksd = sp.KSD(sp.InverseMultiquadric(1.0), lambda x: -x)
    check_growth(growth, ksd, rested(ksd, 4, 2))


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


def test_the_step_found_is_close_to_the_best_one():
    F = sp.KSD(sp.InverseMultiquadric(1.5), lambda x: -x)
    one = sp.ParticleSet([[0.0, 0.0]])
    grown = sp.SteepestSplit()(F, one, 1, None)
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
    grown = sp.SteepestSplit()(F, trapped, 2, None)
    freed = sp.LBFGS()(F, grown.particles).particles
    if np.abs(freed.positions[:, 0]).max() < 0.1:  # the first split was along the axis
        freed = sp.descend(F, freed, n_particles=8).particles
    assert freed.positions[:, 0].min() < -0.3 and freed.positions[:, 0].max() > 0.3


def test_a_stable_particle_is_certified_and_may_be_far_from_the_best():
    # on a line h J = 9 > 1 + d/2 between two sharp modes: no small split helps
    target = sp.GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [0.1, 0.1])
    F = sp.KSD(sp.Gaussian(0.1**0.5), target.score, target.score_product)
    grown = sp.SteepestSplit()(F, sp.ParticleSet([[0.0]]), 3, None)
    assert len(grown.parents) == 0 and grown.stable and grown.least_index > 0
    result = sp.descend(F, sp.ParticleSet([[0.0]]), n_particles=8)
    assert result.stop is sp.Stop.STABLE and len(result.positions) == 1
    assert "local optimum" in result.message
    assert F.value(sp.ParticleSet([[-1.0], [1.0]])) < 0.9 * result.value
    full = sp.SteepestSplit()(F, sp.ParticleSet([[1.0]]), 0, None)
    assert not full.stable  # no room is no certificate


def test_a_fraction_splits_the_best_ones():
    draws = np.random.default_rng(0).normal(size=(100, 2))
    F = sp.MMD(sp.Gaussian(0.4), draws)
    p = rested(F, 8, 2)
    everyone = sp.SteepestSplit()(F, p, 8, None)
    two = sp.SteepestSplit(fraction=0.25)(F, p, 8, None)
    assert len(two.parents) == 2 < len(everyone.parents)
    assert set(two.parents) == set(everyone.parents[:2])


def test_equal_weights_stay_equal():
    draws = np.random.default_rng(0).normal(size=(100, 2))
    F = sp.MMD(sp.Gaussian(0.4), draws)
    grown = Equalised(sp.SteepestSplit())(F, rested(F, 4, 2), 2, None)
    np.testing.assert_allclose(grown.particles.weights, 1 / 6)


def test_everyone_splits_while_somebody_gains():
    draws = np.vstack(
        [np.zeros((50, 2)), np.random.default_rng(0).normal(size=(50, 2))]
    )
    F = sp.MMD(sp.Gaussian(0.3), draws)
    p = sp.ParticleSet([[0.0, 0.0], [6.0, 6.0]])  # only the far one is stable or flat
    chosen = sp.SteepestSplit()(F, p, 2, None)
    all_of_them = sp.SteepestSplit(everyone=True)(F, p, 2, None)
    assert len(all_of_them.parents) == 2 >= len(chosen.parents)


def test_a_random_split_is_the_generators():
    F = sp.KSD(sp.InverseMultiquadric(1.0), lambda x: -x)
    p = rested(F, 3, 2)
    once, again, other = (
        sp.RandomSplit()(F, p, 3, np.random.default_rng(seed)).particles.positions
        for seed in (1, 1, 2)
    )
    assert np.array_equal(once, again) and not np.array_equal(once, other)


def test_whoever_stands_beside_a_place_without_a_score_is_not_split():
    F = sp.KSD(sp.Gaussian(1.0), lambda x: np.where(x > 0.5, np.nan, -x))
    p = sp.ParticleSet([[0.0], [0.4999999]])
    for growth in (sp.SteepestSplit(), sp.SteepestSplit(everyone=True)):
        grown = growth(F, p, 2, None)
        assert list(grown.parents) == [0] and np.isnan(grown.least_index)
        assert np.isfinite(grown.particles.positions).all()
