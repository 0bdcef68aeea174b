"""Sites: what may split, and the reasons of what may not."""

import numpy as np
import pytest
from deep_examples import F, Small, deep, halves_of_all, network, nn, torch
from torch.nn.utils.parametrizations import weight_norm


class Around(nn.Module):
    """A first layer, something between, and a last one."""

    def __init__(self, between, last):
        super().__init__()
        self.first, self.last = nn.Conv2d(2, 4, 1), last
        self.between = between

    def forward(self, x):
        return self.last(self.between(self.first(x)).flatten(1))


class Call(nn.Module):
    """A function as a module that the trace looks into."""

    def __init__(self, function, *parts):
        super().__init__()
        self.function, self.parts = function, nn.ModuleList(parts)

    def forward(self, x):
        return self.function(x, *self.parts)


def refused(between, wide=4 * 16):
    module = Around(between, nn.Linear(wide, 2))
    data = torch.randn(6, 2, 4, 4), torch.arange(6) % 2
    with pytest.raises(ValueError, match="no layer may split") as error:
        deep.Network(module, F.cross_entropy, data)
    return str(error.value)


def test_sites_of_a_network_and_reasons():
    net = network()
    assert list(net.widths.items()) == [
        ("one", 4),
        ("two", 3),
        ("block.expand", 5),
        ("wide", 4),
    ]
    assert net.refused == {
        "into": "add mixes its channels, or is unknown",
        "block.project": "add mixes its channels, or is unknown",
        "out": "it is the output of the network",
    }
    assert [line.split()[0] for line in repr(net.sites).splitlines()] == [
        "site",
        *net.widths,
    ]


def test_patterns_choose_sites():
    x, y = torch.randn(4, 2, 8, 8), torch.arange(4) % 3
    net = deep.Network(Small(), F.cross_entropy, (x, y), split=["block.*", "wide"])
    assert list(net.widths) == ["block.expand", "wide"]
    assert net.refused["one"] == "no pattern of split names it"


@pytest.mark.parametrize(
    ("between", "reason"),
    [
        (Call(lambda x: x + x), "add mixes"),
        (Call(lambda x: torch.cat([x, x], 1)[:, :4]), "cat mixes"),
        (nn.Softmax(dim=1), "between mixes"),
        (nn.LayerNorm([4, 4, 4]), "between mixes"),
        (nn.Conv2d(4, 4, 1, groups=2), "is a convolution in groups"),
        (nn.Conv2d(4, 4, 3, padding=1, padding_mode="circular"), "padding"),
        (Call(lambda x: x.reshape(-1, 2, 4, 8)), "changes its channels"),
        (Call(lambda x: x.reshape(-1, x.size(1), 4, 4)), "asks for its width"),
        (Call(lambda x, m: m(m(x)), nn.Conv2d(4, 4, 1)), "used more than once"),
        (Call(lambda x, m: m(m(x)), nn.BatchNorm2d(4)), "used more than once"),
        (nn.Linear(4, 4), "linear in the last of 4 axes"),
        (nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64)), "norms flattened"),
        (weight_norm(nn.Conv2d(4, 4, 1)), "has a parametrization"),
        (Call(lambda x: x.mean(dim=1, keepdim=True) + x), "mean mixes"),
        (Call(lambda x: F.interpolate(x, scale_factor=1)), "interpolate mixes"),
    ],
)
def test_what_may_not_split_is_said(between, reason):
    assert reason in refused(between)


@pytest.mark.parametrize(
    "flat",
    [
        lambda x: x.view(x.shape[0], -1),
        lambda x: x.reshape(x.size()[0], -1),
        lambda x: x.view(x.size(0), -1),
        lambda x: torch.flatten(x, 1),
        lambda x: F.adaptive_avg_pool2d(F.relu(x), 2).flatten(start_dim=1),
    ],
)
def test_ways_to_flatten_are_known(flat):
    data = torch.randn(12, 2, 4, 4).double(), torch.arange(12) % 2
    wide = flat(torch.zeros(1, 4, 4, 4)).shape[1]
    module = Around(Call(flat), nn.Linear(wide, 2)).double()
    net = deep.Network(module, F.cross_entropy, data)
    after, _ = net.split(halves_of_all(net), 0.0)
    assert after.widths == {"first": 8}
    assert after.value == pytest.approx(net.value, abs=1e-14)


def test_layers_that_share_their_weights_may_not_split():
    module = nn.Sequential(
        *(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 2))
    )
    module[2].weight = module[0].weight
    data = torch.randn(6, 3), torch.arange(6) % 2
    with pytest.raises(ValueError, match="2 is used more than once"):
        deep.Network(module, F.cross_entropy, data)


def test_a_module_that_cannot_be_traced_is_refused():
    data = torch.randn(4, 2, 4, 4), torch.arange(4) % 2
    branching = Around(Call(lambda x: x if x.sum() > 0 else -x), nn.Linear(64, 2))
    with pytest.raises(TypeError, match="cannot be traced by torch.fx"):
        deep.Network(branching, F.cross_entropy, data)


def test_ramps_in_place_do_not_overwrite_what_is_kept():
    data = torch.randn(8, 3), torch.arange(8) % 2
    torch.manual_seed(0)
    own = nn.Sequential(
        *(nn.Linear(3, 4), nn.ReLU(inplace=True)),
        *(nn.Linear(4, 4), nn.ReLU(inplace=True), nn.Linear(4, 2)),
    )
    net = deep.Network(own, F.cross_entropy, data)
    layer = net.sites["0"]
    p = layer.particles
    assert layer.value(p) == pytest.approx(net.value, abs=1e-7)
    assert np.isfinite(layer.witness_gradient(p)).all()
    assert own[1].inplace  # what the user passed stays as it was
