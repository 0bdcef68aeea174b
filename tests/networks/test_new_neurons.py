"""Insertion of neurons: promises, sizes, and the choice of a kind."""

import numpy as np
import pytest
from network_examples import ACTIVATIONS, LOSSES, data, network, neurons

import splitparticles as sp
from splitparticles.testing.oracles import close, differences


def test_an_insertion_chooses_among_kinds():
    rng = np.random.default_rng(0)
    x = np.linspace(-4.0, 4.0, 200)
    for kind, y in enumerate([np.exp(-8.0 * (x - 1) ** 2), np.tanh(4.0 * (x + 1.0))]):
        kinds = [ACTIVATIONS["rbf"], ACTIVATIONS["tanh"]]
        F = sp.Network(kinds, LOSSES["squared"], x, y)
        p = sp.ParticleSet([[0.0, 1.0, 0.0, 0.0]], [1.0])
        grown = sp.Insertion()(F, p, 1, rng).particles
        assert grown.positions[1, -1] == kind
        assert F.value(grown) < 1e-6


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("growth", [sp.Insertion(), sp.NewParticle()])
def test_a_new_neuron_leaves_the_others_alone(growth, loss):
    F = network("tanh", loss)
    p = neurons(F)
    grown = growth(F, p, 3, np.random.default_rng(0))
    assert len(grown.particles) == 6 and F.value(grown.particles) < F.value(p)
    assert np.array_equal(grown.particles.positions[:5], p.positions)
    assert np.array_equal(grown.particles.weights[:5], p.weights)
    change = F.value(grown.particles) - F.value(p)
    close([grown.expected], [change], 1e-9)


@pytest.mark.parametrize("masses", [False, True])
def test_a_promise_of_least_squares_is_the_change(masses):
    x, y = data("squared")
    F = sp.Network(ACTIVATIONS["rbf"], LOSSES["squared"], x, y[:, 0], masses=masses)
    p = neurons(F)
    at = F.proposals(p, 7, np.random.default_rng(0))
    for point, promised in zip(at, F.promise(p, at), strict=True):
        new = F.newcomer(p, point)
        close([F.value(new.of_share(1.0)) - F.value(p)], [promised], 1e-10)
        close([new.slope], [2.0 * promised], 1e-10)
    slopes = differences(lambda points: F.promise(p, points), at)
    promises, gradient = F.promise_and_gradient(p, at)
    close(promises, F.promise(p, at))
    close(gradient, slopes, 1e-6)


def test_a_promise_includes_the_decay():
    F = network("rbf", "squared", decay=0.1)
    p = neurons(F)
    at = F.proposals(p, 7, np.random.default_rng(0))
    for point, promised in zip(at, F.promise(p, at), strict=True):
        close([F.value(F.newcomer(p, point).of_share(1.0)) - F.value(p)], [promised])
    slopes = differences(lambda points: F.promise(p, points), at)
    promises, gradient = F.promise_and_gradient(p, at)
    close(promises, F.promise(p, at))
    close(gradient, slopes, 1e-6)
