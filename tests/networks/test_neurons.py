"""Neurons as points: kinds, and random neurons."""

import numpy as np
import pytest
from network_examples import ACTIVATIONS, LOSSES, data, mixed, network, neurons

import splitparticles as sp
from splitparticles.testing.checks import check_split_gain


def test_neurons_of_two_kinds_are_the_sum_of_two_networks():
    F, p = mixed(), neurons(mixed(), 6)
    parts = []
    for kind, name in enumerate(["rbf", "tanh"]):
        rows = p.positions[:, -1] == kind
        part = sp.ParticleSet(p.positions[rows, :-1], p.weights[rows])
        parts.append(network(name).predict(part))
    np.testing.assert_allclose(F.predict(p), parts[0] + parts[1], atol=1e-12)
    slope = F.witness_gradient(p)
    assert not slope[:, -1].any() and slope[:, :-1].all()
    S = F.splitting_matrices(p)
    assert not S[:, -1].any() and not S[:, :, -1].any()
    check_split_gain(F, p)


@pytest.mark.parametrize(
    "growth",
    [
        sp.SteepestSplit(),
        sp.SteepestSplit(dense=1),
        sp.RandomSplit(),
        sp.SignedSplit(),
    ],
    ids=repr,
)
def test_children_inherit_the_kind_of_their_parent(growth):
    F, p = mixed(), neurons(mixed(), 4)
    grown = growth(F, p, 4, np.random.default_rng(0))
    assert len(grown.parents)
    kinds = grown.particles.positions[:, -1]
    assert np.array_equal(kinds[4:], p.positions[grown.parents, -1])
    assert F.value(grown.particles) < F.value(p)
    moved = sp.LBFGS(max_iter=5)(F, grown.particles).particles
    assert np.array_equal(moved.positions[:, -1], kinds)


@pytest.mark.parametrize("growth", [sp.SteepestSplit(dense=1), sp.SteepestSplit()])
def test_a_stable_neuron_does_not_change_its_kind(growth):
    # fitted without error, no direction gains, and the label's eigenvalue is zero
    x = np.linspace(-2.0, 2.0, 50)
    kinds = [ACTIVATIONS["rbf"], ACTIVATIONS["tanh"]]
    F = sp.Network(kinds, LOSSES["squared"], x, 1.5 * np.tanh(x), decay=0.1)
    p = sp.LBFGS(max_iter=500)(F, sp.ParticleSet([[1.0, 1.0, 0.1, 1.0]], [1.0]))
    assert np.linalg.eigvalsh(F.splitting_matrices(p.particles)[0])[0] == 0.0
    grown = growth(F, p.particles, 1, np.random.default_rng(0))
    assert len(grown.parents) == 0 and grown.stable


def test_a_budget_is_spread_over_kinds():
    F, p = mixed(), neurons(mixed(), 6)
    p = sp.ParticleSet(p.positions, np.ones(6))

    def cost(particles):
        return np.where(particles.positions[:, -1] == 0.0, 1.0, 10.0)

    split = sp.SteepestSplit(cost=cost, budget=3.0)
    grown = split(F, p, 6, np.random.default_rng(0))
    assert len(grown.parents) and not p.positions[grown.parents, -1].any()
    rich = sp.SteepestSplit(cost=cost, budget=100.0)
    larger = rich(F, p, 6, np.random.default_rng(0))
    assert p.positions[larger.parents, -1].any()


def test_a_constant_input_makes_no_neuron_far_out():
    x, y = data("squared")
    x = np.column_stack([x, np.full(len(x), 0.1), np.zeros(len(x))])
    assert 0.0 < x[:, 3].std() < 1e-15
    F = sp.Network(ACTIVATIONS["tanh"], LOSSES["squared"], x, y)
    proposals = F.proposals(neurons(F), 50, np.random.default_rng(0))
    assert np.abs(proposals).max() < 1e3
