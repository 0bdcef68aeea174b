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
