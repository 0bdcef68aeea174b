import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import splitparticles as sp


def particle_sets():
    def build(seed):
        rng = np.random.default_rng(seed)
        n, d = rng.integers(1, 9), rng.integers(1, 5)
        return sp.ParticleSet(rng.normal(size=(n, d)), rng.dirichlet(np.ones(n)))

    return st.integers(0, 10**6).map(build)


@given(particle_sets(), st.floats(0, 5))
def test_a_split_keeps_mass_and_mean(p, step):
    rng = np.random.default_rng(0)
    m = int(rng.integers(1, len(p) + 1))
    parents = rng.choice(len(p), m, replace=False)
    grown = p.split(parents, rng.normal(size=(m, p.dim)), np.full(m, step))
    assert len(grown) == len(p) + m
    np.testing.assert_allclose(grown.weights.sum(), p.weights.sum())
    np.testing.assert_allclose(grown.mean(), p.mean(), atol=1e-12)
    assert (grown.std() >= p.std() - 1e-12).all()


@given(particle_sets())
def test_summaries_are_those_of_the_measure(p):
    x, w = p.positions, p.weights
    np.testing.assert_allclose(p.mean(), w @ x)
    np.testing.assert_allclose(np.diag(p.cov()), p.std() ** 2, atol=1e-14)
    np.testing.assert_allclose(p.expect(lambda z: z**2), w @ x**2)
    np.testing.assert_allclose(p.expect(lambda z: z[:, 0]), w @ x[:, 0])
    cov = np.cov(x.T, aweights=w, bias=True) if len(p) > 1 else np.zeros((p.dim, p.dim))
    np.testing.assert_allclose(p.cov(), np.reshape(cov, (p.dim, p.dim)), atol=1e-12)


def test_quantiles_of_midpoints_come_back():
    from scipy.stats import norm

    n = 100
    levels = (np.arange(n) + 0.5) / n
    p = sp.ParticleSet(norm.ppf(levels)[::-1, None])
    np.testing.assert_allclose(p.quantile(levels)[:, 0], norm.ppf(levels), atol=1e-12)
    assert p.quantile(0.5).shape == (1,)
    assert p.quantile([[0.1, 0.2]]).shape == (1, 2, 1)
    with pytest.raises(ValueError, match="q must be"):
        p.quantile(1.2)


def test_resampling_is_systematic_and_the_generators():
    p = sp.ParticleSet([[0.0], [1.0], [2.0]], [0.5, 0.25, 0.25])
    draws = p.resample(1000, rng=1)
    np.testing.assert_allclose(
        [(draws == k).sum() for k in range(3)], [500, 250, 250], atol=1
    )
    assert np.array_equal(draws, p.resample(1000, rng=1))
    assert not np.array_equal(draws, p.resample(1000, rng=2))


def test_particles_never_change():
    x, w = np.zeros((2, 2)), np.ones(2)
    p = sp.ParticleSet(x, w)
    x[0] = 9.0
    w[0] = 9.0
    assert not p.positions.any() and (p.weights == 1.0).all()
    with pytest.raises(ValueError, match="read-only"):
        p.positions[0, 0] = 1.0
    with pytest.raises(AttributeError):
        p.weights = w


def test_signed_weights_are_particles_too_but_not_draws():
    p = sp.ParticleSet([[0.0], [1.0]], [2.0, -1.0])
    np.testing.assert_allclose(p.mean(), [-1.0])
    for refused in (lambda: p.quantile(0.5), lambda: p.resample(3)):
        with pytest.raises(ValueError, match="not negative"):
            refused()
    with pytest.raises(ValueError, match="sum to zero"):
        sp.ParticleSet([[0.0], [1.0]], [1.0, -1.0]).mean()


def test_an_expectation_needs_a_value_a_particle():
    with pytest.raises(ValueError, match="one value a particle"):
        sp.ParticleSet([[0.0], [1.0]]).expect(lambda x: 3.0)


@pytest.mark.parametrize("bad", [[2], [-1], [0, 0], [0.5], [np.nan], ["a"]], ids=repr)
def test_what_is_no_parent_is_refused(bad):
    p = sp.ParticleSet([[0.0], [1.0]])
    with pytest.raises(ValueError, match="parents must be different rows below 2"):
        p.split(bad, np.ones((len(bad), 1)), 0.5)
    assert len(p.split([], np.zeros((0, 1)), 0.5)) == 2


@pytest.mark.parametrize("size", [1e308, 1.0, 5e-324])
def test_probabilities_sum_to_one_whatever_the_size_of_the_weights(size):
    p = sp.ParticleSet([[0.0], [4.0], [4.0]], np.full(3, size))
    np.testing.assert_allclose(p.probabilities, 1.0 / 3.0)
    np.testing.assert_allclose(p.mean(), [8.0 / 3.0])
    assert sp.energy_distance([[0.0], [1.0]], [[0.0], [1.0]], weights_x=[size] * 2) == 0
