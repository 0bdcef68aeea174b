"""Small deep networks that tests share."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from splitparticles import deep  # noqa: E402
from splitparticles.growth.candidates import halves  # noqa: E402

torch.set_num_threads(1)  # two threads on a busy machine are slower


class Residual(nn.Module):
    """Expansion, depthwise filter and projection, added to what comes in."""

    def __init__(self, channels, wide, activation):
        super().__init__()
        self.expand = nn.Conv2d(channels, wide, 1, bias=False)
        self.norm = nn.BatchNorm2d(wide)
        self.first = activation()
        self.depthwise = nn.Conv2d(wide, wide, 3, padding=1, groups=wide)
        self.norm2 = nn.BatchNorm2d(wide)
        self.second = activation()
        self.project = nn.Conv2d(wide, channels, 1, bias=False)
        self.norm3 = nn.BatchNorm2d(channels)

    def forward(self, x):
        z = self.first(self.norm(self.expand(x)))
        z = self.second(self.norm2(self.depthwise(z)))
        return x + self.norm3(self.project(z))


class Small(nn.Module):
    """Convolutions, a residual block, pooling, flattening and linear layers."""

    def __init__(self, activation=nn.Tanh):
        super().__init__()
        self.one = nn.Conv2d(2, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.act = activation()
        self.two = nn.Conv2d(4, 3, 3, stride=2, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(3)
        self.act2 = activation()
        self.into = nn.Conv2d(3, 3, 1)
        self.block = Residual(3, 5, activation)
        self.pool = nn.AvgPool2d(2)
        self.wide = nn.Linear(3 * 4, 4)
        self.act3 = activation()
        self.out = nn.Linear(4, 3)

    def forward(self, x):
        x = self.act(self.norm(self.one(x)))
        x = self.act2(self.norm2(self.two(x)))
        x = self.pool(self.block(self.into(x)))
        return self.out(self.act3(self.wide(x.view(x.size(0), -1))))


def images(n=48, seed=0):
    """Images (n, 2, 8, 8) in double precision, of three classes."""
    x = np.random.default_rng(seed).normal(size=(n, 2, 8, 8))
    y = (x.mean(axis=(1, 2, 3)) > 0).astype(int) + (x[:, 0].std(axis=(1, 2)) > 1.0)
    return torch.tensor(x), torch.tensor(y)


def network(activation=nn.Tanh, *, steps=60, batch_statistics=False, seed=1):
    """Network that has learned a little, in double precision."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = Small(activation).double()
    x, y = images()
    optimizer = torch.optim.SGD(module.parameters(), 0.05, momentum=0.9)
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(module(x), y).backward()
        optimizer.step()
    options = {"batch_statistics": batch_statistics}
    return deep.Network(module, F.cross_entropy, (x, y), **options)


def halves_of_all(net, *names):
    """Every neuron of some sites in halves, along random directions."""
    splits, rng = {}, np.random.default_rng(0)
    for name in names or net.widths:
        layer = net.sites[name]
        n, d = layer.particles.positions.shape
        v = rng.normal(size=(n, d)) * ~layer.labels
        splits[name] = halves(range(n), v, -np.ones(n))
    return splits
