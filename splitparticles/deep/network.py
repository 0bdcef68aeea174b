"""Deep networks whose layers' neurons are particles."""

import copy
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase

import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset, TensorDataset

from .._validation import as_callable, as_count, as_flag, as_instance, as_rng
from ..growth.candidates import Candidate, split_apart
from ..particles import ParticleSet
from .coordinates import Coordinates
from .costs import amounts, macs, parameters
from .graph import evaluate, in_mode, traced
from .layer import Layer
from .sites import Site, find_sites
from .surgery import install


class Sites(dict[str, Layer]):
    """Layers of a network whose neurons may split, by name; printed with their costs.

    Parameters
    ----------
    layers : dict of str to Layer
    costs : dict of str to tuple of int
        Parameters and multiply-accumulates of one neuron more.
    """

    def __init__(self, layers: Mapping[str, Layer], costs: Mapping[str, tuple]):
        super().__init__(layers)
        self._costs = costs

    def __repr__(self) -> str:
        longest = max([4, *map(len, self)])
        head = f"{'site':{longest}}  neurons  parameters each  MACs each"
        lines = [
            f"{name:{longest}}  {layer.coordinates.width:7}  "
            f"{self._costs[name][0]:15}  {self._costs[name][1]:9}"
            for name, layer in self.items()
        ]
        return "\n".join([head, *lines])


class Network:
    """Network of PyTorch whose layers grow by splitting.

    Parameters
    ----------
    module : torch.nn.Module
        Of convolutions, linear layers, batch norms and channelwise functions, such that
        ``torch.fx`` can trace it.  It is copied.
    loss : callable
        Outputs (N, ...) and targets (N, ...) -> mean loss, such as
        ``torch.nn.functional.cross_entropy``.
    data : tuple of arrays, or torch.utils.data.Dataset
        Inputs and targets to train on.
    split : sequence of str
        Patterns of the names of layers that may split, such as ``["features.*"]``.
    rows : int
        Rows of the data on which growth is decided.
    batch_statistics : bool
        Decide growth by the statistics of these rows in batch norms, as in training, in
        place of the running ones.
    rng : None, int, Generator, optional
        Chooses the rows.

    Raises
    ------
    TypeError
        When the module cannot be traced.
    ValueError
        When no layer may split; the message says why.

    Examples
    --------
    >>> import torch
    >>> from splitparticles import deep
    >>> x = torch.linspace(-2.0, 2.0, 50)[:, None]
    >>> module = torch.nn.Sequential(
    ...     torch.nn.Linear(1, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1)
    ... )
    >>> network = deep.Network(module, torch.nn.functional.mse_loss, (x, x.abs()))
    >>> network.widths, network.macs, network.parameters
    ({'0': 3}, 6, 10)
    >>> network.refused
    {'2': 'it is the output of the network'}
    """

    def __init__(
        self,
        module: nn.Module,
        loss: Callable,
        data,
        *,
        split: Sequence[str] = ("*",),
        rows: int = 512,
        batch_statistics: bool = False,
        rng=None,
    ):
        as_instance(module, nn.Module, "module")
        self.loss = as_callable(loss, "loss", "(outputs, targets) -> mean loss")
        self.batch_statistics = as_flag(batch_statistics, "batch_statistics")
        self.data = _as_dataset(data)
        self.module = copy.deepcopy(module)
        self.momentum: dict[str, torch.Tensor] = {}
        self.x, self.y = self._decisive(as_count(rows, "rows"), as_rng(rng))
        self._split = [split] if isinstance(split, str) else list(split)
        self._trace()
        if not self._sites:
            raise ValueError(f"no layer may split: {self.refused}")
        self.parents = {name: np.full(n, -1) for name, n in self.widths.items()}

    def _decisive(self, many, rng):
        """Rows on which growth is decided, in the order of the data."""
        chosen = rng.permutation(len(self.data))[:many]
        batch = [self.data[int(i)] for i in np.sort(chosen)]
        x = torch.stack([torch.as_tensor(row[0]) for row in batch])
        return x, torch.stack([torch.as_tensor(row[1]) for row in batch])

    def _trace(self):
        """Graph, sites and amounts of the module as it is."""
        self.graph = traced(self.module)
        values = self._values(self.x[:2])
        shapes = {
            node: value.shape if isinstance(value, torch.Tensor) else None
            for node, value in values.items()
        }
        sites, self.refused = find_sites(self.graph, shapes)
        self._sites: list[Site] = []
        for site in sites:
            if any(fnmatchcase(site.name, pattern) for pattern in self._split):
                self._sites.append(site)
            else:
                self.refused[site.name] = "no pattern of split names it"
        self.amounts = amounts(self.graph, self._sites, shapes)

    # ------------------------------------------------------------- evaluation
    @torch.no_grad()
    def _values(self, x):
        """Values of all nodes on inputs x."""
        inputs = [n for n in self.graph.graph.nodes if n.op == "placeholder"]
        if len(inputs) != 1:
            raise TypeError(f"module must take one input, got {len(inputs)}")
        with in_mode(self.module, batch_statistics=self.batch_statistics):
            x = x.to(next(self.module.parameters()).device)
            return evaluate(self.graph, self.graph.graph.nodes, {inputs[0]: x})

    @property
    @torch.no_grad()
    def value(self) -> float:
        """Mean loss on the rows that decide growth."""
        values = self._values(self.x)
        return float(self._loss_of(values[list(self.graph.graph.nodes)[-1]]))

    def _loss_of(self, outputs):
        return self.loss(outputs, self.y.to(outputs.device))

    # ------------------------------------------------------------------ sites
    @property
    def sites(self) -> Sites:
        """Objectives of the layers that may split, in their order."""
        values = self._values(self.x)
        mode = {"batch_statistics": self.batch_statistics}
        layers = {
            s.name: Layer(self.graph, s, values, self._loss_of, **mode)
            for s in self._sites
        }
        costs = {
            s.name: tuple(
                cost(self, {s.name: self.widths[s.name] + 1}) - cost(self)
                for cost in (parameters, macs)
            )
            for s in self._sites
        }
        return Sites(layers, costs)

    @property
    def widths(self) -> dict[str, int]:
        """Neurons of each site, by name."""
        return {
            site.name: self.graph.get_submodule(site.name).weight.shape[0]
            for site in self._sites
        }

    def __len__(self) -> int:
        """Neurons of all sites."""
        return sum(self.widths.values())

    @property
    def macs(self) -> int:
        """Multiply-accumulates of convolutions and linear layers, for one input."""
        return macs(self)

    @property
    def parameters(self) -> int:
        """Number of parameters."""
        return parameters(self)

    def __repr__(self) -> str:
        return (
            f"Network({len(self)} neurons, {len(self._sites)} sites, "
            f"{self.parameters} parameters, {self.macs} MACs)"
        )

    # ----------------------------------------------------------------- growth
    def copy(self) -> "Network":
        """Network with tensors of its own, on the same data."""
        other = copy.copy(self)
        other.module = copy.deepcopy(self.module)
        other.momentum = {name: state.clone() for name, state in self.momentum.items()}
        other.parents = dict(self.parents)
        other._trace()
        return other

    def become(self, other: "Network") -> None:
        """Take the place of a copy that has grown."""
        self.__dict__.update(other.__dict__)

    def split(
        self, splits: Mapping[str, Sequence[Candidate]], step: float
    ) -> tuple["Network", np.ndarray]:
        """Network after splits at several sites, and the parents of the new neurons.

        Parameters
        ----------
        splits : mapping of str to sequence of Candidate
            By site; offsets in coordinates of the network as it is.
        step : float

        Returns
        -------
        Network
        ndarray of int, shape (m,)
            Rows of the parents in their own sites, site after site.
        """
        other, parents = self.copy(), {}
        rows: dict[str, np.ndarray] = {}
        # the last layer first: the offsets of its weights have the shapes of before
        for before, site in zip(self._sites[::-1], other._sites[::-1], strict=True):
            chosen = splits.get(site.name, ())
            old = Coordinates(self.graph, before)
            wider = [s._replace(offsets=old.widened(s.offsets, rows)) for s in chosen]
            positions = Coordinates(other.graph, site).positions()
            neurons = ParticleSet(positions, np.ones(len(positions)))
            grown, parents[site.name] = split_apart(neurons, wider, step)
            if chosen:
                rows[site.name] = install(other.graph, site, grown, other.momentum)
            tree = self.parents[site.name], parents[site.name]
            other.parents[site.name] = np.concatenate(tree)
        other._trace()
        return other, np.concatenate([parents[site.name] for site in self._sites])


def _as_dataset(data) -> Dataset:
    """Data set of inputs and targets."""
    if isinstance(data, Dataset):
        if len(data) == 0:
            raise ValueError("data has no rows")
        return data
    if not isinstance(data, Sequence) or len(data) != 2:
        raise TypeError(
            "data must be inputs and targets, or a torch Dataset of such pairs, "
            f"got {type(data).__name__}"
        )
    x, y = (torch.as_tensor(part) for part in data)
    if len(x) != len(y) or len(x) == 0:
        raise ValueError(
            f"data must have a target for each input, got {len(x)} inputs and "
            f"{len(y)} targets"
        )
    if x.is_floating_point() and not torch.isfinite(x).all():
        row = int((~torch.isfinite(x)).flatten(1).any(dim=1).nonzero()[0])
        raise ValueError(f"data has an input that is not finite, in row {row}")
    return TensorDataset(x, y)
