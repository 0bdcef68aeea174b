"""Objectives with converged particles that the tests of all growths share."""

import numpy as np
import pytest

import splitparticles as sp


def converged(objective, n, d):
    start = sp.ParticleSet(np.random.default_rng(0).normal(size=(n, d)))
    return sp.LBFGS(max_iter=300)(objective, start).particles


@pytest.fixture(scope="session")
def problems():
    """An MMD, a KSD and a sum of both, each with four converged particles."""
    mmd = sp.MMD(sp.Gaussian(0.5), np.random.default_rng(0).normal(size=(100, 2)))
    ksd = sp.KSD(sp.InverseMultiquadric(1.0), lambda x: -x)
    return [(F, converged(F, 4, 2)) for F in (mmd, ksd, mmd + 0.5 * ksd)]


@pytest.fixture(scope="session")
def trap():
    """A KSD of two narrow modes, with a stable particle between them."""
    two = sp.GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [0.1, 0.1])
    F = sp.KSD(sp.Gaussian(0.1**0.5), two.score, two.score_product)
    return F, sp.ParticleSet([[0.0]])


@pytest.fixture(scope="session")
def eight():
    """An MMD to draws, with eight converged particles."""
    F = sp.MMD(sp.Gaussian(0.4), np.random.default_rng(0).normal(size=(100, 2)))
    return F, converged(F, 8, 2)
