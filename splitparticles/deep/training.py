"""Training of a network between two growths."""

from __future__ import annotations  # the pages are built without PyTorch

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset

from .._validation import (
    as_callable,
    as_count,
    as_nonnegative,
    as_optional,
    as_positive,
    check_fields,
)
from ..moves.move import Moved, NotFinite
from .network import Network


@dataclass(frozen=True, kw_only=True)
class SGD:
    """Stochastic gradient descent by a learning rate that falls along a cosine.

    The momentum goes on from the last call; new neurons have that of their parents.

    Parameters
    ----------
    epochs : int
        Passes over the data.
    lr : float
        Learning rate at the start.
    momentum, decay : float
        Nesterov's momentum, and weight decay.
    batch : int
        Rows of a step.
    augment : callable, optional
        ``(inputs, torch.Generator) -> inputs`` of a batch.

    Raises
    ------
    ValueError
        When an option is out of range; in a run `splitparticles.moves.NotFinite`, when
        the loss is no more finite.  The network then is as it was.

    Examples
    --------
    >>> import numpy as np, torch
    >>> from splitparticles import deep
    >>> x = torch.linspace(-2.0, 2.0, 64)[:, None]
    >>> module = torch.nn.Sequential(
    ...     torch.nn.Linear(1, 2), torch.nn.Tanh(), torch.nn.Linear(2, 1)
    ... )
    >>> network = deep.Network(module, torch.nn.functional.mse_loss, (x, x.tanh()))
    >>> before, move = network.value, deep.SGD(epochs=20, lr=0.05, decay=0.0, batch=16)
    >>> move(network, np.random.default_rng(0)).value < 0.1 * before
    True
    """

    epochs: int = 10
    lr: float = 0.1
    momentum: float = 0.9
    decay: float = 5e-4
    batch: int = 64
    augment: Callable | None = None

    def __post_init__(self):
        check_fields(
            self,
            epochs=as_count,
            lr=as_positive,
            momentum=as_nonnegative,
            decay=as_nonnegative,
            batch=as_count,
        )
        if self.momentum >= 1.0:
            raise ValueError(f"momentum must be below 1, got {self.momentum}")
        signature = "(inputs, generator) -> inputs"
        as_optional(
            lambda f, name: as_callable(f, name, signature), self.augment, "augment"
        )

    def __call__(self, network: Network, rng: np.random.Generator) -> Moved:
        """Train the network in place."""
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        before = copy.deepcopy(network.module.state_dict())
        named = dict(network.module.named_parameters())
        optimizer = torch.optim.SGD(
            named.values(),
            lr=self.lr,
            momentum=self.momentum,
            weight_decay=self.decay,
            nesterov=self.momentum > 0.0,
        )
        for name, state in network.momentum.items():
            optimizer.state[named[name]]["momentum_buffer"] = state
        with torch.random.fork_rng(devices=[]):  # dropout draws from the global one
            torch.manual_seed(int(rng.integers(2**62)))
            try:
                steps = self._descend(network, optimizer, generator)
            except BaseException:
                network.module.load_state_dict(before)
                raise
            finally:
                network.module.eval()
        network.momentum = {
            name: state
            for name, parameter in named.items()
            if (state := optimizer.state[parameter].get("momentum_buffer")) is not None
        }
        norms = [
            np.linalg.norm(layer.witness_gradient(layer.particles), axis=1).max()
            for layer in network.sites.values()
        ]
        slope = float(max(norms))
        # the network is the particle set here
        return Moved(cast(Any, network), network.value, slope, steps, False)

    def _descend(self, network, optimizer, generator) -> int:
        """Steps of all epochs; their number."""
        network.module.train()
        many, done = self.epochs * max(len(network.data) // self.batch, 1), 0
        device = next(network.module.parameters()).device
        for _ in range(self.epochs):
            for x, y in batches(network.data, self.batch, generator):
                rate = 0.5 * self.lr * (1.0 + np.cos(np.pi * done / many))
                optimizer.param_groups[0]["lr"] = rate
                x = x if self.augment is None else self.augment(x, generator)
                optimizer.zero_grad()
                loss = network.loss(network.module(x.to(device)), y.to(device))
                if not torch.isfinite(loss):
                    raise NotFinite(
                        f"the loss is {loss.item()} at step {done} of {many} with a "
                        f"learning rate of {rate:.3g}; the network is as it was"
                    )
                loss.backward()
                optimizer.step()
                done += 1
        return done


def batches(data, size: int, generator) -> Iterator[tuple]:
    """Batches of an epoch in random order; rows that fill none are left out."""
    size = min(size, len(data))
    if not isinstance(data, TensorDataset):
        options = {"shuffle": True, "drop_last": True, "generator": generator}
        yield from DataLoader(data, size, **options)
        return
    order = torch.randperm(len(data), generator=generator)
    for rows in order[: len(order) // size * size].reshape(-1, size):
        yield tuple(tensor[rows] for tensor in data.tensors)
