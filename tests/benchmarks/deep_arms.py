"""Ways to a network of given size, for equal compute: grown, from scratch, pruned.

Compute is counted in epochs times multiply-accumulates of the network trained.  What a
growth costs (eigenpairs, trials of steps) is measured in CPU seconds and charged at the
rate of the epochs before it.  Every arm has the same budget, half as much again as the
rounds of training alone would take; the last training of an arm takes what is left.
"""

import time
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional as F

from splitparticles import deep
from splitparticles.deep.surgery import install
from splitparticles.growth.candidates import halves
from splitparticles.growth.growth import Grown
from splitparticles.particles import ParticleSet

SMALL_STEP = 0.1  # of random children, relative to their parents
WIDER = 1.5  # of a network that is pruned
SPARSITY = 1e-3  # L1 penalty of the slopes of batch norms before pruning by them
FEWEST = 4  # channels that pruning leaves
ROWS = 256  # on which growth is decided


class Task(NamedTuple):
    """Data, a family of networks, and how they are trained."""

    data: deep.loaders.Halves
    make: object
    """widths -> module"""
    width: int
    """Width of the network that is grown."""
    epochs: int
    rounds: int
    growth: float = 0.6
    lr: float = 0.1
    later_lr: float | None = None
    """Learning rate after a growth; the same when left out."""
    augment: object = None
    cost: object = deep.macs
    trials: int = 2
    """Steps tried for each candidate."""
    charges: bool = True
    """Whether growths are charged; else they come on top, and are told in seconds."""
    sunk: bool = False
    """Whether the network that is grown was there before, and costs nothing."""

    @property
    def most(self):
        """Cost of the last network."""
        start = self.cost(network_of(self, self.width, 0))
        return start * (1.0 + self.growth) ** self.rounds

    @property
    def units(self):
        """Compute that every arm may spend."""
        start = network_of(self, self.width, 0).macs
        sizes = (1.0 + self.growth) ** np.arange(self.rounds + 1)
        return 1.5 * self.epochs * start * sizes.sum()


class Spent:
    """Compute so far."""

    def __init__(self):
        self.units = self.seconds = 0.0
        self.rate = np.nan

    def train(self, task, network, epochs, lr, rng):
        start = time.process_time()
        deep.SGD(epochs=epochs, lr=lr, augment=task.augment)(network, rng)
        seconds = time.process_time() - start
        self.seconds += seconds
        self.units += epochs * network.macs
        self.rate = epochs * network.macs / seconds

    def grow(self, growth, network, rng, *, charges):
        start = time.process_time()
        grown = growth(network, None, rng)
        seconds = time.process_time() - start
        self.seconds += seconds
        self.units += seconds * self.rate if charges else 0.0
        return grown


# ------------------------------------------------------------------------ growths
def random_splits(task):
    """Random neurons along random directions, within the budget of a round."""

    def growth(network, limit, rng):
        most = (1.0 + task.growth) * task.cost(network)
        pool = [(s, i) for s, n in network.widths.items() for i in range(n)]
        chosen, widths = {s: [] for s in network.widths}, network.widths
        for k in rng.permutation(len(pool)):
            name, row = pool[k]
            wider = {**widths, name: widths[name] + 1}
            if task.cost(network, wider) <= most:
                widths = wider
                chosen[name].append(row)
        return _split(network, chosen, rng)

    return growth


def uniform(task):
    """All layers wider by one factor, random neurons along random directions."""

    def growth(network, limit, rng):
        most = (1.0 + task.growth) * task.cost(network)
        low, high, best = 0.0, 1.0, {}
        for _ in range(12):
            share = 0.5 * (low + high)
            new = {s: round(share * n) for s, n in network.widths.items()}
            wider = {s: n + new[s] for s, n in network.widths.items()}
            if task.cost(network, wider) <= most:
                low, best = share, new
            else:
                high = share
        rows = {
            s: rng.permutation(n)[: best.get(s, 0)] for s, n in network.widths.items()
        }
        return _split(network, rows, rng)

    return growth


def _split(network, rows, rng):
    """Split rows of each site along random directions of their own weights."""
    splits = {}
    for name, layer in network.sites.items():
        x, c = layer.particles.positions, layer.coordinates
        v = rng.standard_normal(x.shape)
        read = sum(part.size for part in c.parts if part.is_read)
        v[:, :read] = 0.0
        v[:, read + c.parts[len(c.readers)].size :] = 0.0
        v *= c.scales(x) / np.linalg.norm(v, axis=1, keepdims=True)
        i = np.asarray(rows[name], dtype=int)
        splits[name] = halves(i, v[i], np.zeros(len(i)))
    grown, parents = network.split(splits, SMALL_STEP)
    none = np.zeros(len(parents))
    return Grown(grown, parents, np.nan, np.nan, none, np.nan, none)


# ------------------------------------------------------------------------ pruning
def pruned(task, network, most, by):
    """Network of the best channels that costs `most` at most.

    By the slopes of batch norms under one threshold, or, ``by="l1"``, the same share of
    each layer by the L1 norms of its kernels.
    """
    scores = {}
    for name, layer in network.sites.items():
        graph, c = layer.graph, layer.coordinates
        if by == "l1":
            weight = graph.get_submodule(name).weight
            scores[name] = weight.detach().abs().flatten(1).sum(1).numpy()
        else:
            slopes = [graph.get_submodule(n).weight.detach().abs() for n in c.norms]
            scores[name] = torch.stack(slopes).amin(0).numpy()
    low, high, best = 0.0, 1.0, None
    for _ in range(12):
        share = 0.5 * (low + high)
        bar = np.quantile(np.concatenate(list(scores.values())), share)
        keep = {}
        for name, score in scores.items():
            many = int((score > bar).sum())
            if by == "l1":
                many = round((1.0 - share) * len(score))
            keep[name] = np.sort(np.argsort(-score)[: max(FEWEST, many)])
        if task.cost(network, {s: len(k) for s, k in keep.items()}) <= most:
            high, best = share, keep
        else:
            low = share
    smaller = network.copy()
    for site in smaller._sites:
        c = deep.layer.Coordinates(smaller.graph, site)
        rows = best[site.name]
        kept = ParticleSet(c.positions()[rows], np.ones(len(rows)))
        install(smaller.graph, site, kept, smaller.momentum)
    smaller.momentum = {}
    smaller._trace()
    return smaller


# ------------------------------------------------------------------------ the arms
def network_of(task, width, seed):
    """Untrained network."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = task.make(width)
    data = task.data.x, task.data.y
    return deep.Network(module, F.cross_entropy, data, rng=seed, rows=ROWS)


def grown(task, growth, seed, log=None):
    """Train and grow; the last round trains for what compute is left."""
    spent, rng = Spent(), np.random.default_rng(seed)
    network = network_of(task, task.width, seed)
    for k in range(task.rounds + 1):
        lr = task.lr if k == 0 or task.later_lr is None else task.later_lr
        epochs = task.epochs
        if k == task.rounds > 0:
            epochs = max(1, round((task.units - spent.units) / network.macs))
        spent.train(task, network, epochs, lr, rng)
        if log is not None:
            log.append(described(task, network, spent))
        if k == task.rounds:
            return network, spent
        value = network.value
        larger = spent.grow(growth, network, rng, charges=task.charges)
        if log is not None:
            log[-1].update(
                predicted=larger.predicted,
                actual=larger.particles.value - value,
                value=value,
            )
        if larger:
            network.become(larger.particles)
    return network, spent


def scratch(task, widths, seed, sunk=0.0):
    """Network of these widths, trained once."""
    spent, rng = Spent(), np.random.default_rng(100 + seed)
    network = network_of(task, widths, 100 + seed)
    epochs = max(1, round((task.units - sunk) / network.macs))
    spent.train(task, network, epochs, task.lr, rng)
    return network, spent


def pruned_arm(task, widths, seed, by):
    """Wider network trained, pruned to a cost, and trained again, half each."""
    spent, rng = Spent(), np.random.default_rng(200 + seed)
    network = network_of(task, [round(WIDER * w) for w in widths], 200 + seed)
    loss = network.loss
    if by == "bn":
        norms = [m for m in network.module.modules() if isinstance(m, deep.graph.NORMS)]
        network.loss = lambda f, y: (
            loss(f, y) + SPARSITY * sum(norm.weight.abs().sum() for norm in norms)
        )
    epochs = max(1, round(0.5 * task.units / network.macs))
    spent.train(task, network, epochs, task.lr, rng)
    network.loss = loss
    network = pruned(task, network, task.most, by)
    epochs = max(1, round((task.units - spent.units) / network.macs))
    spent.train(task, network, epochs, task.lr, rng)
    return network, spent


@torch.no_grad()
def scores(network, x, y):
    """Mean loss and accuracy."""
    network.module.eval()
    f = torch.cat([network.module(x[i : i + 500]) for i in range(0, len(x), 500)])
    right = (f.argmax(dim=1) == y).double().mean()
    return float(F.cross_entropy(f, y)), float(right)


def described(task, network, spent):
    """Row of a table."""
    loss, accuracy = scores(network, task.data.test_x, task.data.test_y)
    own = scores(network, task.data.x[:2000], task.data.y[:2000])
    return {
        "accuracy": accuracy,
        "loss": loss,
        "train_loss": own[0],
        "train_accuracy": own[1],
        "macs": network.macs,
        "parameters": network.parameters,
        "widths": list(network.widths.values()),
        "units": spent.units,
        "seconds": spent.seconds,
    }
