import numpy as np
import pytest

import splitparticles as sp


@pytest.mark.parametrize("growth", [sp.Insertion(), sp.NewParticle()], ids=repr)
def test_a_new_particle_lowers_f_and_takes_mass_from_all(growth, problems):
    for F, p in problems:
        grown = growth(F, p, 3, np.random.default_rng(0))
        assert list(grown.parents) == [-1]
        q = grown.particles
        assert np.array_equal(q.positions[:-1], p.positions)
        np.testing.assert_allclose(q.weights.sum(), 1.0)
        assert np.ptp(q.weights[:-1] / p.weights) < 1e-12 and q.weights[-1] > 0.0
        found = F.value(q) - F.value(p)
        assert found < 0.0
        np.testing.assert_allclose([grown.expected, grown.predicted], found, rtol=1e-8)
        full = growth(F, p, 0, np.random.default_rng(0))
        assert full.particles is p and not full


def test_the_mass_of_a_new_particle_is_the_best_one(problems):
    F, p = problems[0]
    grown = sp.Insertion()(F, p, 1, np.random.default_rng(0))
    y, best = grown.particles.positions[-1], grown.particles.weights[-1]

    def value(t):
        weights = np.append((1 - t) * p.weights, t)
        return F.value(sp.ParticleSet(np.vstack([p.positions, y]), weights))

    assert value(best) <= min(value(t) for t in np.linspace(0.001, 0.5, 200)) + 1e-12


def test_an_insertion_stands_where_the_witness_is_lowest(problems):
    F, p = problems[0]
    y = sp.Insertion()(F, p, 1, np.random.default_rng(0)).particles.positions[-1:]
    grid = np.stack(np.meshgrid(*2 * [np.linspace(-4, 4, 81)]), axis=-1).reshape(-1, 2)
    assert F.witness(p, y)[0] <= F.witness(p, grid).min() + 1e-3
    assert np.linalg.norm(F.witness_gradient(p, y)) < 1e-3


def test_an_insertion_stays_within_its_reach():
    # under a linear kernel the witness falls without end
    F = sp.KSD(sp.Gaussian(1.0), lambda x: 1.0 - x) + sp.KSD(
        sp.Linear(), lambda x: 1.0 - x
    )
    p = sp.ParticleSet([[-1.0, 0.0], [1.0, 0.5], [0.0, 2.0]])
    far = np.array([[-1e3, -1e3], [1e3, 1e3]])
    assert F.witness(p, far).min() < F.witness(p).min() - 1e3
    grown = sp.Insertion(reach=2.0)(F, p, 1, np.random.default_rng(0)).particles
    away = 2.0 * p.positions.std(axis=0).max() + 1e-9
    x = grown.positions[3]
    assert len(grown) == 4
    assert (p.positions.min(axis=0) - away <= x).all()
    assert (x <= p.positions.max(axis=0) + away).all()


def test_nothing_is_inserted_at_the_target_itself():
    F = sp.MMD(sp.Gaussian(0.5), [[0.0, 0.0], [1.0, 1.0]])
    grown = sp.Insertion()(
        F, sp.ParticleSet([[0.0, 0.0], [1.0, 1.0]]), 3, np.random.default_rng(0)
    )
    assert not grown and not grown.stable


def test_a_draw_of_the_wrong_shape_is_named(problems):
    F, p = problems[0]
    with pytest.raises(ValueError, match="draw must return shape"):
        sp.NewParticle(draw=lambda rng: 1.0)(F, p, 1, np.random.default_rng(0))
