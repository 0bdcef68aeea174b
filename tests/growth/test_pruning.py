import numpy as np
import pytest

import splitparticles as sp


def test_coincident_and_weightless_particles_go(problems):
    F, p = problems[0]
    far = sp.ParticleSet(
        np.vstack([p.positions, p.positions[:2], [[9.0, 9.0]]]),
        np.append(np.append(p.weights, [0.1, 0.05]), 0.0) / 1.15,
    )
    fewer = sp.pruned(F, far, tol=1e-9)
    assert len(fewer) <= len(p) and F.value(fewer) <= F.value(far) * (1.0 + 1e-8)
    assert np.abs(fewer.positions).max() < 9.0
    np.testing.assert_allclose(fewer.weights.sum(), 1.0)


@pytest.mark.parametrize("tol", [0.0, 1e-3, 0.3])
def test_pruning_never_costs_more_than_was_allowed(tol, problems):
    for F, p in problems:
        many = sp.LBFGS(max_iter=50)(
            F, p.split(np.arange(4), np.tile([[1.0, 0.0]], (4, 1)), 0.3)
        ).particles
        fewer = sp.pruned(F, many, tol=tol)
        assert F.value(fewer) <= F.value(many) * (1.0 + tol) + 1e-11
        assert 1 <= len(fewer) <= len(many)
    assert len(sp.pruned(F, sp.ParticleSet([[0.0, 0.0]]), tol=tol)) == 1


def test_a_generous_tolerance_prunes_and_weights_of_both_signs_may(problems):
    F, p = problems[0]
    assert len(sp.pruned(F, p, tol=1e6)) == 1
    signed = sp.SignedSplit()(F, p, 4, np.random.default_rng(0)).particles
    doubled = signed.split([0], [[1.0, 0.0]], 0.0)
    fewer = sp.pruned(F, doubled, tol=1e-9)
    assert len(fewer) <= len(signed)
    np.testing.assert_allclose(fewer.weights.sum(), 1.0)
    with pytest.raises(ValueError, match="tol"):
        sp.pruned(F, p, tol=-1.0)


def crowded():
    """A run's start with five particles more than are needed."""
    rng = np.random.default_rng(0)
    F = sp.MMD(sp.Gaussian(1.0), [[-2.0, 0.0], [2.0, 0.0]])
    spare = rng.normal(size=(5, 2)) * 0.1 + [2.0, 0.0]
    return F, sp.ParticleSet(np.vstack([[[-2.0, 0.0]], spare]), [0.5] + [0.1] * 5)


def test_growth_and_pruning_keep_n_honest():
    F, start = crowded()
    options = dict(continuation=False, prune=1e-2, max_rounds=50)
    fewer = sp.descend(F, start, n_particles=8, **options)
    assert fewer.success  # at the rounding of F splits came and went for ever
    whole = sp.descend(F, start, n_particles=8, continuation=False)
    assert len(fewer.particles) == 2 < len(whole.particles)
    np.testing.assert_allclose(sorted(fewer.positions[:, 0]), [-2.0, 2.0], atol=1e-3)
    assert fewer.value < 1e-6 and np.isclose(fewer.weights.sum(), 1.0)
    values = [this.value for this in fewer.rounds]
    assert (np.diff(values) <= 0).all()


def test_pruning_costs_less_than_was_gained_however_generous():
    F = sp.MMD(sp.Gaussian(1.0), np.random.default_rng(1).normal(size=(200, 2)))
    start = sp.ParticleSet(np.random.default_rng(2).normal(size=(4, 2)))
    result = sp.descend(F, start, n_particles=8, prune=1e6, continuation=False)
    values = [this.value for this in result.rounds]
    assert any(this.kept is not None for this in result.rounds)
    assert (np.diff(values) < 0).all() and len(result.particles) > 1


def test_a_pruned_run_keeps_its_tree():
    F = sp.MMD(sp.Gaussian(1.0), np.random.default_rng(1).normal(size=(200, 2)))
    start = sp.ParticleSet(
        np.repeat(np.random.default_rng(2).normal(size=(4, 2)), 3, 0)
    )
    result = sp.descend(F, start, n_particles=12, prune=0.1, continuation=False)
    pruned = [this for this in result.rounds if this.kept is not None]
    assert pruned
    for this in pruned:
        assert len(this.kept) == len(this.particles) < len(this.moved.particles)
    for this in [*result.rounds, result]:
        parents = np.asarray(this.parents)
        assert len(parents) == len(this.particles)
        assert ((parents >= -1) & (parents < len(parents))).all()
    from matplotlib.figure import Figure

    ax = sp.plotting.tree(result, ax=Figure().subplots())
    wanted = sum(len(this.particles) for this in result.rounds[1:])
    assert len(ax.collections[0].get_segments()) == wanted


def test_the_parent_of_a_kept_row_is_the_nearest_ancestor_kept():
    from splitparticles.descent.loop import _without

    parents = np.array([-1, 0, 1, 2, -1])
    assert _without(parents, np.array([0, 3, 4])).tolist() == [-1, 0, -1]
    assert _without(parents, np.array([2, 3])).tolist() == [-1, 0]
