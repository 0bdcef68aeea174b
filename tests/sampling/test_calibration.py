"""Simulation-based calibration: over data from the model, ranks are uniform.

``tests/benchmarks/calibration.py`` has more models and more simulations.
"""

import numpy as np
import pytest
from scipy.stats import chisquare

import splitparticles as sp

DESIGN = np.array([[1.0, 0.0], [1.0, 1.0], [0.5, -2.0]])
PRECISION = np.eye(2) / 4.0 + DESIGN.T @ DESIGN  # of theta, given y


@pytest.mark.slow
def test_true_parameters_rank_uniformly_among_draws_and_particles():
    ranks, below = [], []
    for number in range(40):
        rng = np.random.default_rng(number)
        theta = 2.0 * rng.normal(size=2)
        y = DESIGN @ theta + rng.normal(size=3)

        def score(x, y=y):
            return (y - x @ DESIGN.T) @ DESIGN - x / 4.0

        result = sp.sample(score, [0.0, 0.0], 32, rng=number)
        assert result.success
        mean = np.linalg.solve(PRECISION, DESIGN.T @ y)
        sd = np.sqrt(np.diag(np.linalg.inv(PRECISION)))
        np.testing.assert_allclose((result.mean() - mean) / sd, 0.0, atol=0.01)
        np.testing.assert_allclose(result.std() / sd, 1.0, atol=0.01)
        ranks.append((result.draws(999, rng=number) < theta).sum(axis=0))
        below.append(result.weights @ (result.positions < theta))
    for column in np.transpose(ranks):
        assert chisquare(np.histogram(column, 5, (0, 1000))[0]).pvalue > 1e-3
    for share in (np.array(ranks) / 999.0, np.array(below)):
        for level in (0.5, 0.9):
            inside = (np.abs(share - 0.5) < 0.5 * level).mean()
            assert abs(inside - level) < 0.2 * (1.0 - level) + 0.07
