"""Shape of the tail of importance weights."""

import numpy as np

from splitparticles.modes.masses import pareto_shape


def test_pareto_shape_of_known_tails():
    rng = np.random.default_rng(0)
    for k in (0.2, 0.5, 1.0):
        draws = rng.uniform(size=200_000) ** -k
        assert abs(pareto_shape(draws / draws.sum()) - k) < 0.15
    assert pareto_shape(np.full(1000, 1e-3)) == 0.0
