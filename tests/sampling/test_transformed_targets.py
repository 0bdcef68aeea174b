"""Laws of constrained parameters, sampled in real coordinates."""

import numpy as np
from scipy.stats import dirichlet, gamma

import splitparticles as sp
from splitparticles.transforms import Positive, Simplex

ALPHA = np.array([2.0, 3.0, 4.0])
GAMMA = Positive().target(
    lambda x: 2 * np.log(x[:, 0]) - 2 * x[:, 0], lambda x: 2 / x - 2
)
DIRICHLET = Simplex(3).target(
    lambda x: np.log(x) @ (ALPHA - 1), lambda x: (ALPHA - 1) / x
)


def test_a_gamma_is_sampled_through_its_logarithm():
    result = sp.sample(GAMMA.score, [0.0], 64, rng=0)
    x = Positive().to_user(result.positions)
    assert result.success
    assert abs(result.weights @ x[:, 0] - 1.5) < 0.05
    quantiles = gamma(3, scale=0.5).cdf(np.sort(x[:, 0]))
    assert np.abs(quantiles - (np.arange(64) + 0.5) / 64).max() < 0.06


def test_a_gamma_is_sampled_by_differences_too():
    target = Positive().target(lambda x: 2 * np.log(x[:, 0]) - 2 * x[:, 0])
    result = sp.sample(target.score, [0.0], 64, rng=0)
    x = Positive().to_user(result.positions)
    assert abs(result.weights @ x[:, 0] - 1.5) < 0.05


def test_a_dirichlet_is_sampled_through_the_simplex():
    result = sp.sample(DIRICHLET.score, [0.0, 0.0], 64, rng=0)
    x = Simplex(3).to_user(result.positions)
    law = dirichlet(ALPHA)
    np.testing.assert_allclose(result.weights @ x, law.mean(), atol=0.01)
    spread = result.weights @ (x - law.mean()) ** 2
    np.testing.assert_allclose(spread, law.var(), rtol=0.15)
