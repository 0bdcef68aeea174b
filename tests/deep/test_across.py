"""Growth across layers: budgets, steps, certificates, and rounds."""

import numpy as np
import pytest
from deep_examples import deep, network, nn, torch

import splitparticles as sp
from splitparticles.deep import across
from splitparticles.deep.relative import Relative


@pytest.mark.parametrize("share", [0.1, 0.4, 1.0])
@pytest.mark.parametrize("cost", [deep.macs, deep.parameters])
def test_the_real_cost_is_within_the_budget(cost, share):
    net = network()
    rng = np.random.default_rng(0)
    grown = deep.Across(cost=cost, budget=share)(net, None, rng)
    now, after = cost(net), cost(grown.particles)
    assert now < after <= (1.0 + share) * now
    assert grown.particles.value < net.value
    assert grown.expected < grown.particles.value - net.value < 0.0
    assert len(grown.parents) == len(grown.particles) - len(net)
    # candidates are left: another neuron of the cheapest site would cost too much,
    # or the rest of the budget is a small share of it
    assert after > now + 0.5 * share * now or len(grown.parents) == len(net)


def test_several_resources_and_a_limit_hold_together():
    net = network()
    growth = deep.Across(cost=(deep.macs, deep.parameters), budget=(0.5, 0.2))
    grown = growth(net, None, np.random.default_rng(0)).particles
    assert grown.macs <= 1.5 * net.macs and grown.parameters <= 1.2 * net.parameters
    limit = {"macs": 1.1 * net.macs, "parameters": 1.3 * net.parameters}
    grown = deep.Across(budget=1.0)(net, limit, np.random.default_rng(0)).particles
    assert net.macs < grown.macs <= limit["macs"]
    assert grown.parameters <= limit["parameters"]
    full = deep.Across()(net, {"macs": net.macs}, np.random.default_rng(0))
    assert not full and full.particles is net


def test_small_steps_change_the_loss_as_predicted(monkeypatch):
    net = network()
    searched = deep.Across(sp.SteepestSplit(), budget=10.0)
    longer = searched(net, None, np.random.default_rng(0))
    assert len(set(longer.steps)) > 1  # each neuron has its own
    monkeypatch.setattr(across, "FIRST_STEP", 1e-3)
    monkeypatch.setattr(across, "SHARES", 1)
    growth = deep.Across(sp.SteepestSplit(), budget=10.0, trials=1)
    grown = growth(net, None, np.random.default_rng(0))
    assert grown.steps == pytest.approx(1e-3)  # relative to the neurons
    assert grown.expected / grown.predicted == pytest.approx(1.0, abs=1e-2)
    assert longer.expected < grown.expected < 0.0


@pytest.mark.parametrize(
    "rule", [sp.SteepestSplit(dense=1), sp.RandomSplit(), sp.SignedSplit()]
)
def test_rules_of_splitting_grow_networks(rule):
    net = network()
    grown = deep.Across(rule, budget=0.5)(net, None, np.random.default_rng(1))
    assert grown and grown.particles.value < net.value
    assert np.isfinite(grown.least_index) or isinstance(rule, sp.RandomSplit)
    assert all(-1 <= tree.min() for tree in grown.particles.parents.values())


def test_without_trials_gains_are_predicted_and_steps_are_the_same():
    net = network()
    growth = deep.Across(sp.SteepestSplit(), budget=0.5, trials=0)
    grown = growth(net, None, np.random.default_rng(0))
    assert grown and grown.particles.value < net.value
    assert len(set(grown.steps)) == 1
    every = [
        np.linalg.eigvalsh(
            Relative(layer).splitting_matrices(Relative(layer).particles)
        )
        for layer in net.sites.values()
    ]
    least = np.sort(np.concatenate([values[:, 0] for values in every]))
    assert grown.splitting_index.min() == pytest.approx(least[0])
    assert grown.least_index == pytest.approx(least[0])


def test_only_exact_layers_are_certified():
    """Where all outgoing weights vanish, no split changes the loss."""
    for activation, wanted in ((nn.Tanh, True), (nn.ReLU, False)):
        net = network(activation)
        for name in ("two", "block.expand", "block.project", "wide", "out", "one"):
            with torch.no_grad():
                net.module.get_submodule(name).weight.zero_()
        grown = deep.Across()(net, None, np.random.default_rng(0))
        assert not grown and grown.stable is wanted


def test_bad_options_are_named():
    for options, message in (
        ({"growth": sp.Insertion()}, "growth must be a SteepestSplit"),
        ({"growth": sp.SteepestSplit}, "growth must be a SteepestSplit"),
        ({"cost": "macs"}, "cost must be"),
        ({"cost": (deep.macs, deep.parameters)}, "a number for each of 2 costs"),
        ({"budget": -1.0}, "budget must be"),
        ({"trials": -1}, "trials must be"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            deep.Across(**options)
    with pytest.raises(ValueError, match="limit must be a mapping"):
        deep.Across()(network(steps=0), {"flops": 3}, np.random.default_rng(0))


# -------------------------------------------------------------------------- rounds
def test_rounds_are_those_of_the_package():
    net = network(steps=0)
    first = net.widths
    move = deep.SGD(epochs=2, lr=0.02, batch=16)
    growth, limit = deep.Across(budget=0.5), {"macs": 3.0 * net.macs}
    options = {"move": move, "growth": growth, "limit": limit}
    sizes, states = [], []
    for this in deep.rounds(net, **options, max_rounds=3, rng=0):
        assert isinstance(this, sp.Round)
        assert this.particles.widths == net.widths  # it grows with the next round
        assert this.value == this.particles.value == net.value
        assert this.predicted == this.grown.predicted
        sizes.append(net.macs)
        states.append(this)
    assert len(states) == 3 and sizes == sorted(sizes) and not states[-1].grown
    assert sizes[-1] <= limit["macs"] and states[0].particles.widths == first
    assert states[0].actual < 0.0 > states[0].grown.expected
    assert sizes[1] == states[0].grown.particles.macs > sizes[0]
    assert len(net) == sum(map(len, net.parents.values()))
    again = network(steps=0)
    values = [r.value for r in deep.rounds(again, **options, max_rounds=3, rng=0)]
    assert values == [r.value for r in states]  # the same bits


def test_rounds_end_at_a_limit():
    net = network(steps=0)
    options = {"move": deep.SGD(epochs=1, lr=0.01), "limit": {"macs": net.macs + 1}}
    assert len(list(deep.rounds(net, **options, rng=0))) == 1


def test_training_lowers_the_loss_and_keeps_the_global_generator():
    net = network(steps=0)
    before, state = net.value, torch.random.get_rng_state()
    moved = deep.SGD(epochs=10, lr=0.05, batch=16)(net, np.random.default_rng(0))
    assert moved.value == net.value < before and moved.steps == 30
    assert torch.equal(state, torch.random.get_rng_state())
    assert moved.gradient_norm > 0.0 and not net.module.training


def test_a_loss_that_is_no_more_finite_leaves_the_network_as_it_was():
    net = network(nn.ReLU, steps=0)
    before = {k: v.clone() for k, v in net.module.state_dict().items()}
    with pytest.raises(ValueError, match="the loss is (nan|inf) at step"):
        deep.SGD(epochs=20, lr=1e30)(net, np.random.default_rng(0))
    assert all(torch.equal(v, before[k]) for k, v in net.module.state_dict().items())


def test_options_of_training_are_named():
    for options, message in (
        ({"epochs": 0}, "epochs must be"),
        ({"lr": 0.0}, "lr must be"),
        ({"momentum": 1.0}, "momentum must be below 1"),
        ({"decay": -1.0}, "decay must be"),
        ({"batch": 0}, "batch must be"),
        ({"augment": 3}, "augment must be"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            deep.SGD(**options)
