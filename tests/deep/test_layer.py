"""Layers as objectives: against `sp.Network`, and predicted against actual changes."""

import numpy as np
import pytest
from deep_examples import F, deep, network, nn, torch

import splitparticles as sp
from splitparticles.growth.candidates import halves
from splitparticles.testing.checks import check_gradients

SITES = ["one", "two", "block.expand", "wide"]


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_module_of_one_layer_is_the_network_of_the_package(activation):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3))
    y = np.column_stack([np.sin(x[:, 0]), x[:, 1]])
    kind = {"tanh": nn.Tanh(), "relu": nn.ReLU()}[activation]
    module = nn.Sequential(nn.Linear(3, 5), kind, nn.Linear(5, 2, bias=False)).double()

    def half_squared(outputs, targets):
        return 0.5 * ((outputs - targets) ** 2).sum(dim=1).mean()

    layer = deep.Network(module, half_squared, (x, y)).sites["0"]
    own = {"tanh": sp.activations.Tanh(), "relu": sp.activations.ReLU()}[activation]
    oracle = sp.Network(own, sp.losses.Squared(), x, y)
    p = layer.particles.weighted(rng.normal(size=5))
    q = sp.ParticleSet(p.positions[:, :-1], p.weights)
    close = {"rtol": 1e-12, "atol": 1e-14}
    np.testing.assert_allclose(layer.value(p), oracle.value(q), **close)
    np.testing.assert_allclose(layer.witness(p), oracle.witness(q), **close)
    gradient = layer.witness_gradient(p)
    np.testing.assert_allclose(gradient[:, :-1], oracle.witness_gradient(q), **close)
    matrices = layer.splitting_matrices(p)
    wanted = oracle.splitting_matrices(q)
    np.testing.assert_allclose(matrices[:, :-1, :-1], wanted, **close)
    assert not matrices[:, -1].any() and not gradient[:, -1].any()
    v = rng.normal(size=p.positions.shape) * ~layer.labels
    changes = layer.split_change(p, [0, 3], v[[0, 3]], [0.1, 0.5])
    wanted = oracle.split_change(q, [0, 3], v[[0, 3], :-1], [0.1, 0.5])
    np.testing.assert_allclose(changes, wanted, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("name", SITES)
def test_a_layer_passes_the_checks_of_objectives(name):
    layer = network().sites[name]
    p = layer.particles
    assert layer.value(p) == pytest.approx(network().value, abs=1e-14)
    check_gradients(layer, p, 1e-6)


@pytest.mark.parametrize("batch_statistics", [False, True])
@pytest.mark.parametrize("activation", [nn.Tanh, nn.SiLU, nn.Softplus, nn.GELU])
def test_the_change_by_a_split_is_the_predicted_one(activation, batch_statistics):
    net = network(activation, batch_statistics=batch_statistics)
    assert list(net.sites) == SITES
    for name, layer in net.sites.items():
        p = layer.particles
        values, vectors = np.linalg.eigh(layer.splitting_matrices(p))
        i = int(values[:, 0].argmin())
        least, v = values[i, 0], vectors[i, :, 0]
        assert least < 0.0
        ratios = []
        for step in (1e-2, 1e-3):
            after, parents = net.split({name: halves([i], [v], [least])}, step)
            assert parents.tolist() == [i] and len(after) == len(net) + 1
            ratios.append((after.value - net.value) / (0.5 * step**2 * least))
        assert abs(ratios[1] - 1.0) < 1e-3, (name, ratios)
        # the error falls like the square of the step
        assert abs(ratios[1] - 1.0) < 0.1 * abs(ratios[0] - 1.0) + 2e-5, (name, ratios)
        alone = layer.split_change(p, [i], [v], [1e-2])[0]
        assert alone == pytest.approx(ratios[0] * 0.5e-4 * least, rel=1e-6, abs=1e-15)


@pytest.mark.parametrize("batch_statistics", [False, True])
@pytest.mark.parametrize("activation", [nn.Tanh, nn.ReLU, nn.ReLU6, nn.LeakyReLU])
def test_a_split_by_no_step_changes_nothing(activation, batch_statistics):
    net = network(activation, batch_statistics=batch_statistics)
    splits = {}
    for name, layer in net.sites.items():
        n, d = layer.particles.positions.shape
        splits[name] = halves(range(n), np.ones((n, d)) * ~layer.labels, np.ones(n))
    after, _ = net.split(splits, 0.0)
    assert len(after) == 2 * len(net)
    assert abs(after.value - net.value) < 1e-15
    x = net.x
    torch.testing.assert_close(after.module(x), net.module(x), rtol=1e-13, atol=1e-13)


def test_splits_of_a_layer_and_of_all_layers_add_up():
    net = network()
    splits, predicted = {}, 0.0
    step = 1e-3
    for name, layer in net.sites.items():
        values, vectors = np.linalg.eigh(layer.splitting_matrices(layer.particles))
        n = len(values)
        splits[name] = halves(range(n), vectors[:, :, 0], values[:, 0])
        of_layer = 0.5 * step**2 * values[:, 0].sum()
        after, _ = net.split({name: splits[name]}, step)
        assert (after.value - net.value) / of_layer == pytest.approx(1.0, abs=1e-3)
        predicted += of_layer
    after, parents = net.split(splits, step)
    assert len(parents) == len(net)
    assert (after.value - net.value) / predicted == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("activation", [nn.ReLU, nn.ReLU6, nn.LeakyReLU])
def test_ramps_have_the_curvature_of_smooth_ones_and_say_so(activation):
    layers = network(activation).sites
    assert not any(layer.is_exact for layer in layers.values())
    assert all(layer.is_exact for layer in network(nn.SiLU).sites.values())
    for layer in layers.values():  # values and slopes stay exact
        p = layer.particles
        up, down = (
            layer.value(p.moved_to(p.positions + e * ~layer.labels))
            for e in (1e-7, -1e-7)
        )
        slope = layer.gradient(p)[:, :-1].sum()
        assert (up - down) / 2e-7 == pytest.approx(slope, rel=1e-3, abs=1e-7)
    matrices = layers["wide"].splitting_matrices(layers["wide"].particles)
    incoming = matrices[:, 3:-1, 3:-1]  # nothing but the corner has curvature here
    assert np.abs(incoming).max() > 1e-6


def test_steepest_splits_grow_a_layer_unchanged():
    layer = network().sites["wide"]
    p = layer.particles
    for growth in (sp.SteepestSplit(), sp.SteepestSplit(dense=4), sp.SignedSplit()):
        grown = growth(layer, p, 3, np.random.default_rng(0))
        assert grown and layer.value(grown.particles) < layer.value(p)
        kin = grown.particles.positions[len(p) :, -1]
        assert np.array_equal(kin, grown.parents)


def test_single_precision_is_near_double_precision():
    net = network()
    module = net.module.float()
    x, y = net.data.tensors
    single = deep.Network(module, F.cross_entropy, (x.float(), y), rows=48)
    for name, layer in single.sites.items():
        matrices = layer.splitting_matrices(layer.particles)
        wanted = network().sites[name].splitting_matrices(layer.particles)
        np.testing.assert_allclose(matrices, wanted, atol=1e-4 * np.abs(wanted).max())
