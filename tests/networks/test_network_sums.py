"""Sums over the inputs: against NumPy, for any shapes and number of threads."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_examples import ACTIVATIONS, LOSSES

import splitparticles as sp
from splitparticles._compiled.threads import using_threads
from splitparticles.networks import network_sums
from splitparticles.testing.oracles import close


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_the_bits_do_not_depend_on_threads(n_threads, monkeypatch):
    monkeypatch.setattr("splitparticles._compiled.threads.STEPS_WORTH_A_THREAD", 100)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(603, 3)), rng.normal(size=(603, 2))
    F = sp.Network(ACTIVATIONS["softplus"], LOSSES["squared"], x, y)
    p = sp.ParticleSet(rng.normal(size=(300, F.dim)))
    v = rng.normal(size=(300, F.dim))
    with using_threads(1):
        alone = F.first_variation(p), F.splitting_product(p, v)
    with using_threads(n_threads):
        threaded = F.first_variation(p), F.splitting_product(p, v)
    assert threaded[0].value == alone[0].value
    assert np.array_equal(threaded[0].witness, alone[0].witness)
    assert np.array_equal(threaded[0].witness_gradient, alone[0].witness_gradient)
    assert np.array_equal(threaded[1], alone[1])


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 4), st.integers(0, 9))
def test_any_numbers_of_rows_and_neurons(rows, n, p, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(rows, p)), rng.normal(size=rows)
    F = sp.Network(ACTIVATIONS["tanh"], LOSSES["squared"], x, y)
    q = sp.ParticleSet(rng.normal(size=(n, F.dim)), rng.normal(size=n))
    f = np.tanh(x @ q.positions[:, 1:-1].T + q.positions[:, -1])
    f = f @ (q.weights * q.positions[:, 0])
    np.testing.assert_allclose(F.predict(q), f, atol=1e-12)
    np.testing.assert_allclose(F.predict(q, x[:1]), f[:1], atol=1e-12)


# one block, one and a bit, and blocks of another size than the largest
@pytest.mark.parametrize("rows", [1, 256, 257, 600])
@pytest.mark.parametrize("n, k", [(1, 1), (4, 2), (7, 3)])
def test_sums_over_blocks_are_those_of_numpy(rows, n, k):
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=(rows, 2)), np.ones(rows)])
    theta, v = rng.normal(size=(2, n, 3))
    c, u = rng.normal(size=(2, n, k))
    r = rng.normal(size=(rows, k))
    tanh = ACTIVATIONS["tanh"]
    s = np.tanh(x @ theta.T)
    s1, s2 = 1.0 - s**2, -2.0 * s * (1.0 - s**2)
    blocks = [network_sums.in_blocks(a) for a in (x, r)]

    f = network_sums.network_outputs(tanh, blocks[0], theta, c)
    close(f[:rows], s @ c, 1e-13)
    slopes, change = s1 * (r @ c.T), x @ v.T
    products = s1 * (r @ u.T) + s2 * change * (r @ c.T)
    for loop, directions, *wanted in [
        (network_sums.correlations, (), s.T @ r, slopes.T @ x),
        (network_sums.squares, (), (s**2).T @ r, (2.0 * s * slopes).T @ x),
        (network_sums.hessian_products, (v, u), (s1 * change).T @ r, products.T @ x),
    ]:
        sums = network_sums.neuron_sums(loop, tanh, *blocks, theta, c, *directions)
        for of_loop, of_numpy in zip(sums, wanted, strict=True):
            close(of_loop, of_numpy, 1e-12)
