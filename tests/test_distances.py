import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import energy_distance as scipy_energy

import splitparticles as sp


def test_energy_distance_is_that_of_scipy_on_a_line(rng):
    x, y = rng.normal(size=(20, 1)), rng.normal(size=(30, 1)) + 1
    w, v = rng.dirichlet(np.ones(20)), rng.dirichlet(np.ones(30))
    found = sp.energy_distance(x, y, weights_x=w, weights_y=v)
    # SciPy returns the root
    np.testing.assert_allclose(found, scipy_energy(x[:, 0], y[:, 0], w, v) ** 2)


def test_energy_distance_in_blocks(rng, monkeypatch):
    x, y = rng.normal(size=(25, 3)), rng.normal(size=(30, 3))
    wanted = 2 * cdist(x, y).mean() - cdist(x, x).mean() - cdist(y, y).mean()
    monkeypatch.setattr("splitparticles.distances.ROWS", 7)
    np.testing.assert_allclose(sp.energy_distance(x, y), wanted)
    assert sp.energy_distance(x, x) == 0.0


def test_discrepancies_vanish_between_equals_and_obey_the_triangle(rng):
    x, y, z = rng.normal(size=(3, 15, 2))
    k = sp.Gaussian(1.0)
    assert sp.mmd(x, x[::-1], kernel=k) < 1e-7
    assert sp.mmd(x, z, kernel=k) <= sp.mmd(x, y, kernel=k) + sp.mmd(y, z, kernel=k)
    doubled = sp.mmd(np.vstack([x, x[:1]]), y, weights_x=[0.5] + [1] * 14 + [0.5])
    np.testing.assert_allclose(doubled, sp.mmd(x, y))


def test_ksd_falls_as_draws_come_from_the_target(rng):
    x = rng.normal(size=(300, 2))
    right, wrong = (sp.ksd(x, score) for score in (lambda x: -x, lambda x: -(x - 1)))
    assert right < 0.3 * wrong
    with pytest.raises(ValueError, match="not finite"):
        sp.ksd(x, lambda x: np.full_like(x, np.inf))


def test_columns_have_to_agree(rng):
    for distance in (sp.mmd, sp.energy_distance):
        with pytest.raises(ValueError, match="y must have 2 columns"):
            distance(np.zeros((3, 2)), np.zeros((3, 1)))


def test_infinity_wasserstein_is_the_bottleneck_of_permutations():
    from itertools import permutations

    rng = np.random.default_rng(0)
    for _ in range(10):
        x, y = rng.normal(size=(2, 5, 2))
        far = np.linalg.norm(x[:, None] - y, axis=2)
        best = min(
            far[np.arange(5), p].max() for p in map(list, permutations(range(5)))
        )
        assert sp.infinity_wasserstein(x, y) == pytest.approx(best, abs=1e-15)


def test_infinity_wasserstein_on_a_line_is_that_of_quantiles():
    rng = np.random.default_rng(0)
    for _ in range(10):
        x, y = np.sort(rng.normal(size=7)), np.sort(rng.normal(size=4))
        v, w = rng.integers(1, 9, 7) / 1.0, rng.integers(1, 9, 4) / 1.0
        p, q = v.cumsum() / v.sum(), w.cumsum() / w.sum()
        levels = np.concatenate([p, q])
        levels = np.sort(levels)[:-1] - 1e-9
        ends = np.concatenate([levels, levels + 2e-9])
        ends = ends[(ends > 0) & (ends < 1)]
        i, j = np.searchsorted(p, ends), np.searchsorted(q, ends)
        # pieces of no length do not count
        wide = np.diff(np.sort(np.concatenate([[0.0], p, q]))) > 1e-8
        middles = np.sort(np.concatenate([[0.0], p, q]))
        middles = (0.5 * (middles[1:] + middles[:-1]))[wide]
        i, j = np.searchsorted(p, middles), np.searchsorted(q, middles)
        wanted = np.abs(x[i] - y[j]).max()
        found = sp.infinity_wasserstein(
            sp.ParticleSet(x[:, None], v), sp.ParticleSet(y[:, None], w)
        )
        assert found == pytest.approx(wanted, abs=1e-12)


def test_a_split_and_a_move_are_in_the_same_ball():
    p = sp.ParticleSet(np.random.default_rng(0).normal(size=(6, 3)))
    moved = p.moved_to(p.positions + [0.1, 0.0, 0.0])
    assert sp.infinity_wasserstein(p, moved) <= 0.1 + 1e-12
    split = p.split([1, 4], np.eye(3)[:2], 0.1)
    assert sp.infinity_wasserstein(p, split) == pytest.approx(0.1)
    assert sp.infinity_wasserstein(p, p) == 0.0
    with pytest.raises(ValueError, match="weights of q"):
        sp.infinity_wasserstein(p, p.weighted([-1.0, 1, 1, 1, 1, 1]))
    with pytest.raises(ValueError, match="3 coordinates"):
        sp.infinity_wasserstein(p, [[0.0]])
