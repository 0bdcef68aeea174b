"""Draws of one mode's part of an emulated density."""

from typing import NamedTuple

import numpy as np
import pytest

from splitparticles.learning.part import MIXED, THINS, Part


class States(NamedTuple):
    positions: np.ndarray


class Creeping:
    """Chains of an autoregression, of which `memory` is left after a proposal."""

    def __init__(self, memory):
        self.memory, self.thins = memory, []

    def chains(self, rng, *, steps, warmup, thin):
        assert warmup >= 30 * thin
        self.thins.append(thin)
        left, z = self.memory**thin, rng.standard_normal((96, 2))
        states = []
        for _ in range(steps // thin):
            fresh = rng.standard_normal(z.shape)
            z = left * z + np.sqrt(1.0 - left**2) * fresh
            states.append(z)
        return States(np.array(states))


@pytest.mark.parametrize(
    ("memory", "thins"), [(0.0, THINS[:1]), (0.9, THINS[:2]), (0.999, THINS)]
)
def test_chains_that_creep_are_thinned_until_they_agree(memory, thins):
    fit = Creeping(memory)
    z = Part(fit)._states(86, np.random.default_rng(0))
    assert fit.thins == list(thins) and z.shape == (86, 96, 2)
    if thins != THINS:
        means = (z**2).mean(axis=0)
        assert (means.std(axis=0) / 96**0.5 < 1.1 * MIXED).all()
