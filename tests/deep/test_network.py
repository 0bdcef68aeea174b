"""Networks: costs, copies, and what children inherit."""

import numpy as np
import pytest
from deep_examples import F, Small, deep, halves_of_all, network, nn, torch


def counted(module, x):
    """Parameters, and multiply-accumulates by what the layers put out."""
    macs = []

    def hook(part, inputs, output):
        macs.append(output[0].numel() * part.weight[0].numel())

    kinds = nn.Conv2d, nn.Linear
    handles = [
        part.register_forward_hook(hook)
        for part in module.modules()
        if isinstance(part, kinds)
    ]
    module.eval()(x[:1])
    for handle in handles:
        handle.remove()
    return sum(p.numel() for p in module.parameters()), sum(macs)


def test_costs_at_any_widths_are_those_of_the_network_built():
    net = network(steps=0)
    assert (net.parameters, net.macs) == counted(net.module, net.x)
    splits = halves_of_all(net)
    for names in (["one"], ["two", "wide"], list(net.widths)):
        wider = {name: 2 * net.widths[name] for name in names}
        wanted = deep.parameters(net, wider), deep.macs(net, wider)
        after, _ = net.split({name: splits[name] for name in names}, 0.1)
        assert (after.parameters, after.macs) == wanted == counted(after.module, net.x)
        assert {name: after.widths[name] for name in names} == wider


def test_the_module_of_the_user_and_the_network_stay_as_they_are():
    with torch.random.fork_rng(devices=[]):
        module = Small().double()
    state = {k: v.clone() for k, v in module.state_dict().items()}
    net = network(steps=0)
    own = deep.Network(module, F.cross_entropy, (net.x, net.y))
    before = own.value
    for layer in own.sites.values():
        layer.splitting_matrices(layer.particles)
    own.split(halves_of_all(own), 0.1)
    deep.SGD(epochs=1)(own.copy(), np.random.default_rng(0))
    assert own.value == before
    for key, value in module.state_dict().items():
        assert torch.equal(value, state[key]), key
    assert module.training


def test_deciding_by_the_batch_leaves_running_statistics():
    net = network(steps=3, batch_statistics=True)
    state = {k: v.clone() for k, v in net.module.state_dict().items()}
    for layer in net.sites.values():
        layer.splitting_product(layer.particles, layer.particles.positions)
    assert all(torch.equal(v, state[k]) for k, v in net.module.state_dict().items())
    assert net.value != network(steps=3).value


def test_children_inherit_statistics_and_momentum():
    net = network()
    name = "block.expand"
    deep.SGD(epochs=1, lr=1e-3, batch=16)(net, np.random.default_rng(0))
    assert set(net.momentum) == {k for k, _ in net.module.named_parameters()}
    chosen = [halves_of_all(net)[name][i] for i in (3, 1)]
    after, parents = net.split({name: chosen}, 0.3)
    assert parents.tolist() == [3, 1]
    assert after.parents[name].tolist() == [-1] * 5 + [3, 1]
    kin = [0, 1, 2, 3, 4, 3, 1]
    share = torch.tensor([1.0, 0.5, 1.0, 0.5, 1.0, 0.5, 0.5], dtype=torch.float64)
    for part in ("block.norm", "block.norm2"):
        old, new = (n.module.get_submodule(part) for n in (net, after))
        assert torch.equal(new.running_mean, old.running_mean[kin])
        assert torch.equal(new.running_var, old.running_var[kin])
        assert new.num_features == 7
    old, new = net.momentum, after.momentum
    for key in ("block.expand.weight", "block.norm.bias", "block.depthwise.weight"):
        scale = share.reshape(-1, *[1] * (old[key].ndim - 1))
        assert torch.allclose(new[key], old[key][kin] * scale)
    key = "block.project.weight"
    assert torch.equal(new[key], old[key][:, kin])
    for key, state in new.items():
        assert state.shape == after.module.get_parameter(key).shape


def test_momentum_of_children_is_that_of_the_same_path():
    """A split by no step leaves the path of the outputs as it was."""
    net = network(nn.SiLU, steps=30)
    move = deep.SGD(epochs=1, lr=1e-4, batch=48, decay=0.0)
    move(net, np.random.default_rng(0))
    after, _ = net.split(halves_of_all(net, "wide"), 0.0)
    ways = []
    for one in (net, after):
        f = one.module(one.x)
        slopes = torch.autograd.grad(one.loss(f, one.y), list(one.module.parameters()))
        named = dict(one.module.named_parameters())
        along = sum(
            float((one.momentum[key] * slope).sum())
            for key, slope in zip(named, slopes, strict=True)
            if key == "out.weight"
        )
        ways.append(along)
    # each child of the reader's weights has the momentum of its parent
    assert ways[1] == pytest.approx(2.0 * ways[0], rel=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"module": "net"}, "module must be"),
        ({"loss": 3}, "loss must be"),
        ({"rows": 0}, "rows must be"),
        ({"data": (torch.zeros(3, 2),)}, "data must be inputs and targets"),
        ({"data": 3}, "data must be inputs and targets"),
        ({"data": (torch.zeros(3, 2), torch.zeros(2))}, "a target for each input"),
        ({"data": (torch.full((3, 2), torch.nan), torch.zeros(3))}, "in row 0"),
    ],
)
def test_bad_arguments_are_named(change, message):
    module = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2))
    data = torch.zeros(3, 2), torch.zeros(3, dtype=int)
    options = {"module": module, "loss": F.cross_entropy, "data": data, **change}
    with pytest.raises((TypeError, ValueError), match=message):
        deep.Network(**options)


def test_rows_are_chosen_by_the_generator():
    module = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2))
    data = torch.randn(50, 2), torch.arange(50) % 2
    one, same, other = (
        deep.Network(module, F.cross_entropy, data, rows=10, rng=rng)
        for rng in (0, 0, 1)
    )
    assert torch.equal(one.x, same.x) and not torch.equal(one.x, other.x)
    assert len(one.x) == 10


def test_a_dataset_is_taken():
    class Rows(torch.utils.data.Dataset):
        def __len__(self):
            return 20

        def __getitem__(self, i):
            return torch.full((2,), float(i)) / 20.0, i % 2

    module = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2))
    net = deep.Network(module, F.cross_entropy, Rows(), rows=8, rng=0)
    assert net.x.shape == (8, 2) and net.y.dtype == torch.int64
    moved = deep.SGD(epochs=2, batch=6)(net, np.random.default_rng(0))
    assert moved.steps == 6 and np.isfinite(moved.value)


def test_training_goes_on_with_the_momentum():
    net = network()
    deep.SGD(epochs=1, lr=1e-3, batch=16)(net, np.random.default_rng(0))
    other = net.copy()
    other.module.train()
    loss = other.loss(other.module(net.x), net.y)
    named = dict(other.module.named_parameters())
    slopes = dict(
        zip(named, torch.autograd.grad(loss, list(named.values())), strict=True)
    )
    buffers = {key: 0.9 * net.momentum[key] + slopes[key] for key in named}
    deep.SGD(epochs=1, lr=1e-2, batch=48, decay=0.0)(net, np.random.default_rng(1))
    for key, value in net.module.named_parameters():  # one step, by Nesterov's rule
        wanted = named[key] - 1e-2 * (slopes[key] + 0.9 * buffers[key])
        torch.testing.assert_close(value, wanted, rtol=1e-8, atol=1e-10)
