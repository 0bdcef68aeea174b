"""Networks as functionals of their neurons: NumPy, differences, family checks."""

import numpy as np
import pytest
from network_examples import ACTIVATIONS, LOSSES, ORACLES, data, mixed, network, neurons

import splitparticles as sp
from splitparticles.testing.checks import (
    check_gradients,
    check_halves_change_nothing,
    check_hessians,
    check_split_gain,
)
from splitparticles.testing.oracles import close


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_value_and_witness_are_those_of_numpy(activation, loss):
    F = network(activation, loss)
    p, x = neurons(F), F.inputs
    k = F.n_outputs
    c, a, b = p.positions[:, :k], p.positions[:, k:-1], p.positions[:, -1]
    sigma = ORACLES[activation](x @ a.T + b)
    f = sigma @ (p.weights[:, None] * c)
    np.testing.assert_allclose(F.predict(p).reshape(f.shape), f, atol=1e-12)
    close([F.value(p)], [F.loss.value(f, F.targets).mean()], 1e-13)
    slope = F.loss.slope(f, F.targets)
    close(F.witness(p), ((slope.T @ sigma).T * c).sum(axis=1) / len(x), 1e-12)


@pytest.mark.parametrize("activation", ["rbf", "tanh", "softplus"])
@pytest.mark.parametrize("loss", LOSSES)
def test_the_family_checks_hold(activation, loss):
    F = network(activation, loss)
    check_gradients(F, neurons(F), 1e-7)
    check_hessians(F, neurons(F), 1e-7)
    check_halves_change_nothing(F, neurons(F))
    check_split_gain(F, neurons(F))


def test_the_family_checks_hold_of_signed_masses():
    x, y = data("squared")
    F = sp.Network(ACTIVATIONS["rbf"], LOSSES["squared"], x, y[:, 0], masses=True)
    assert F.dim == 4
    check_gradients(F, neurons(F), 1e-7)
    check_hessians(F, neurons(F), 1e-7)
    check_halves_change_nothing(F, neurons(F))
    check_split_gain(F, neurons(F))


def test_the_family_checks_hold_with_weight_decay():
    F, plain = network("tanh", "softmax", decay=0.3), network("tanh", "softmax")
    p = neurons(F)
    close(
        [F.value(p)],
        [plain.value(p) + 0.15 * p.weights @ (p.positions**2).sum(axis=1)],
        1e-13,
    )
    check_gradients(F, p, 1e-7)
    check_hessians(F, p, 1e-7)
    check_halves_change_nothing(F, p)
    check_split_gain(F, p)
    kinds = [ACTIVATIONS["rbf"], ACTIVATIONS["tanh"]]
    F = sp.Network(kinds, LOSSES["squared"], *data("squared"), decay=0.3)
    assert not F.gradient(neurons(F))[:, -1].any()


def test_neurons_far_out_have_a_finite_value_without_decay():
    F = network("tanh", "logistic")
    far = sp.ParticleSet([[1.0, 1e200, 0.0, 0.0, 0.0]], [1.0])
    assert np.isfinite(F.first_variation(far).witness).all()
    decayed = network("tanh", "logistic", decay=1.0)
    assert decayed.value(far) == np.inf


def test_a_witness_is_a_first_variation():
    F = network("tanh", "softmax")
    p, extra = neurons(F), neurons(F, 1, seed=5).positions
    for t in (1e-4, -1e-4):
        more = sp.ParticleSet(np.vstack([p.positions, extra]), np.append(p.weights, t))
        slope = (F.value(more) - F.value(p)) / t
        assert abs(slope - F.witness(p, extra)[0]) < 1e-3 * abs(slope)


@pytest.mark.parametrize("loss", LOSSES)
def test_s_plus_t_is_the_hessian_and_neurons_cross_in_t_only(loss):
    """Hessian of F in all neurons = S on the diagonal + T everywhere."""
    F = network("tanh", loss)
    p = neurons(F, 3)
    n, d = p.positions.shape
    k = F.n_outputs

    def gradient(flat):
        return np.stack([F.gradient(p.moved_to(a.reshape(n, d))).ravel() for a in flat])

    hessian = differences_of_rows(gradient, p.positions.reshape(1, -1))[0]
    S = F.splitting_matrices(p)
    blocks = np.zeros((n, d, n, d))
    f = F.predict(p)
    f = f.reshape(len(f), k)
    jacobians = _jacobians(F, p)  # (n, d, N, k), of w_i c_i sigma_i
    for i in range(n):
        for j in range(n):
            for a in range(d):
                curved = F.loss.curvature(f, F.targets, jacobians[i, a])
                for b in range(d):
                    T = (curved * jacobians[j, b]).sum(axis=1).mean()
                    blocks[i, a, j, b] = T + (S[i, a, b] if i == j else 0.0)
    close(hessian.reshape(n, d, n, d), blocks, 1e-6)


def _jacobians(F, p):
    n, d = p.positions.shape
    out = np.zeros((n, d, len(F.targets), F.n_outputs))
    for i in range(n):
        for a in range(d):
            e = 1e-6 * np.eye(d)[a]
            pair = np.stack([p.positions[i] + e, p.positions[i] - e])
            change = F.predict(sp.ParticleSet(pair, [p.weights[i], -p.weights[i]]))
            out[i, a] = change.reshape(-1, F.n_outputs) / 2e-6
    return out


def differences_of_rows(function, rows, step=1e-6):
    eye = step * np.eye(rows.shape[1])
    up = function(rows[0] + eye)
    down = function(rows[0] - eye)
    return ((up - down) / (2.0 * step))[None]


def test_splits_of_two_neurons_add_up_without_cross_terms():
    F = network("rbf", "logistic")
    p = sp.LBFGS(max_iter=300)(F, sp.ParticleSet(neurons(F, 2).positions, [1, 1]))
    p = p.particles
    v, e = np.linalg.eigh(F.splitting_matrices(p))[1][:, :, 0], np.full(2, 1e-2)
    before = F.value(p)
    alone = F.split_change(p, np.arange(2), v, e)
    together = F.value(p.split([0, 1], v, e)) - before
    assert abs(together - alone.sum()) < 2e-3 * abs(alone).max()


def test_rows_of_a_network_are_a_network_of_rows():
    F = network("rbf", "softmax")
    rows = np.array([3, 1, 30])
    G = sp.Network(ACTIVATIONS["rbf"], LOSSES["softmax"], *data("softmax"))
    part, p = F.of_rows(rows), neurons(F)
    values = F.loss.value(F.predict(p), F.targets)
    close([part.value(p)], [values[rows].mean()], 1e-13)
    assert part.n_rows == 3 and F.n_rows == 37
    assert F.value(p) == G.value(p)


def test_unit_weights_are_the_same_network():
    F, p = network(), neurons(network())
    q = F.of_unit_weights(p)
    assert (q.weights == 1.0).all()
    np.testing.assert_allclose(F.predict(q), F.predict(p), atol=1e-12)
    with pytest.raises(ValueError, match="weights are the output weights"):
        F = sp.RBFNetwork([0.0, 1.0], [0.0, 1.0])
        F.of_unit_weights(sp.ParticleSet([[1.0, 1.0]]))


def test_an_offset_is_added_on_the_data():
    x, y = data("squared")
    F, G = network(), network(offset=y)
    p = neurons(F)
    np.testing.assert_allclose(G.predict(p), F.predict(p) + y, atol=1e-13)
    np.testing.assert_allclose(G.predict(p, x), F.predict(p), atol=1e-13)
    close([G.value(p)], [0.5 * (F.predict(p) ** 2).sum(axis=1).mean()], 1e-12)


@pytest.mark.parametrize(
    "change, match",
    [
        ({"activation": "tanh"}, "activation must be one of sp.activations"),
        ({"activation": sp.Gaussian(1.0)}, "profile of three numbers"),
        ({"activation": []}, "empty sequence"),
        ({"loss": "squared"}, "loss must be one of sp.losses"),
        ({"inputs": [[np.nan, 0.0], [0.0, 1.0]]}, "inputs must be finite, got row 0"),
        ({"inputs": np.zeros((3, 2))}, "a row for each of 3 inputs, got 2"),
        ({"outputs": [np.inf, 0.0]}, "outputs must be finite"),
        ({"outputs": ["a", "b"]}, "outputs must be real numbers"),
        ({"outputs": np.zeros((2, 2)), "masses": True}, "masses are for one output"),
        ({"loss": sp.losses.Logistic(), "outputs": [0.0, 2.0]}, "0 or 1"),
        ({"loss": sp.losses.Softmax(), "outputs": [0.0, 0.5]}, "whole numbers from 0"),
        ({"loss": sp.losses.Softmax(), "outputs": [0.0, -1.0]}, "whole numbers from 0"),
        ({"decay": -1.0}, "decay must be at least 0"),
        ({"decay": 1.0, "masses": True}, "decay is for output weights"),
        ({"offset": [[np.nan], [0.0]]}, "offset must be finite"),
        ({"offset": [0.0]}, "offset must have shape"),
    ],
)
def test_bad_data_are_refused(change, match):
    given = {
        "activation": sp.activations.Tanh(),
        "loss": sp.losses.Squared(),
        "inputs": [[0.0, 1.0], [1.0, 0.0]],
        "outputs": [0.0, 1.0],
    }
    with pytest.raises((TypeError, ValueError), match=match):
        sp.Network(**(given | change))


def test_neurons_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="have 6 coordinates, got 2"):
        network().value(sp.ParticleSet([[1.0, 2.0]]))
    p = sp.ParticleSet([[1.0, 2.0, 1.0, 0.0, 0.0, 0.0, 2.0]])
    with pytest.raises(ValueError, match="which of 2 activations"):
        mixed().value(p)
    with pytest.raises(ValueError, match="must have 3 columns"):
        network().predict(neurons(network()), np.zeros((2, 2)))
