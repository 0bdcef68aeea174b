"""The Gaussian nearest to a target, from a mode."""

import numpy as np
import pytest

from splitparticles.coordinates.preconditioner import Preconditioner
from splitparticles.modes.gaussian_fit import gaussian_fit
from splitparticles.scores.counted import CountedScore


def test_a_start_leaves_a_lonely_mode_and_stays_at_a_good_one(rng):
    # 30 standard normals of scale exp(t): the mode is where they are all near zero
    def score(x):
        t, y = x[:, :1], x[:, 1:]
        squares = (y**2).sum(axis=1, keepdims=True)
        along = np.exp(-2.0 * t) * squares - 30.0 - t / 0.25
        return np.hstack([along, -y * np.exp(-2.0 * t)])

    mode = Preconditioner(np.r_[-7.5, np.zeros(30)], np.diag([0.5] + [5.5e-4] * 30))
    found = gaussian_fit(CountedScore(score), mode, rng)
    assert abs(found.centre[0]) < 0.5 * abs(mode.centre[0])
    white = Preconditioner(np.zeros(3), np.eye(3))
    counted = CountedScore(lambda x: -x)
    assert gaussian_fit(counted, white, rng) is white and counted.rows == 6


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_start_that_reaches_beyond_the_domain_draws_in(bad, rng):
    def score(x):
        far = np.abs(x).max(axis=1, keepdims=True) > 0.5
        return np.where(far, bad, -100.0 * x)

    white = Preconditioner(np.zeros(2), np.eye(2))
    found = gaussian_fit(CountedScore(score), white, rng)
    assert np.linalg.norm(found.matrix, 2) < 0.5
