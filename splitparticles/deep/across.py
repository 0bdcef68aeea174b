"""Growth of a network across its layers, within a budget.

The step of each candidate is searched on the exact change of the loss, relative to the
neuron's own size.  (The eigenvalue alone misleads: the steepest neurons often bear the
shortest steps.)  The candidates of all sites are pooled, and a knapsack of their gains
and costs chooses.  Costs of neighbours multiply, so the budget of the knapsack is
shrunk until the real cost fits.  All steps are then scaled by the share at which
the loss of the network with all splits is lowest.
"""

from __future__ import annotations  # the pages are built without PyTorch

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .._validation import as_callable, as_count, as_positive, as_rng, check_fields
from ..growth.candidates import Candidate, Candidates, SplitGrowth
from ..growth.growth import Grown, nothing_grew
from ..growth.knapsack import checked_budget, knapsack
from ..growth.splits import search_steps
from ..growth.steepest_split import SteepestSplit
from .costs import macs, parameters
from .network import Network
from .relative import Relative

LIMITS: dict[str, Callable] = {"macs": macs, "parameters": parameters}
"""Costs that a limit may name."""

SHRINKS = 10
"""Bisections of the budget that the knapsack is given."""

SHARES = 5
"""Shares of their steps tried for all splits together."""

FIRST_STEP = 0.2
"""First step tried, relative to the neurons."""


@dataclass(frozen=True)
class Across:
    """Splits of all layers together, within a budget.

    Parameters
    ----------
    growth : SteepestSplit, RandomSplit or SignedSplit
        Rule that offers candidates, in coordinates relative to the neurons' own size.
    cost : callable, or sequence of them
        ``cost(network, widths) -> number``, such as `macs` and `parameters`.
    budget : float, or sequence of them
        Share of each cost that a round may add: 0.4 is two fifths more.
    trials : int
        Steps tried for each candidate, a pass each over what lies behind its layer.
        With 0 gains are the predicted ones, and all steps are the same.

    Examples
    --------
    >>> import numpy as np, torch
    >>> from splitparticles import deep
    >>> x = torch.linspace(-2.0, 2.0, 50)[:, None]
    >>> module = torch.nn.Sequential(
    ...     torch.nn.Linear(1, 2), torch.nn.Tanh(), torch.nn.Linear(2, 1)
    ... )
    >>> network = deep.Network(module, torch.nn.functional.mse_loss, (x, x.abs()))
    >>> rng = np.random.default_rng(0)
    >>> grown = deep.Across(cost=deep.parameters, budget=0.5)(network, {}, rng)
    >>> grown.particles.widths, network.widths, grown.particles.value < network.value
    ({'0': 3}, {'0': 2}, True)
    """

    growth: SplitGrowth = field(
        default_factory=lambda: SteepestSplit(dense=1, products=10)
    )
    cost: Callable | Sequence[Callable] = field(default=macs, kw_only=True)
    budget: ArrayLike = field(default=0.5, kw_only=True)
    trials: int = field(default=4, kw_only=True)

    def __post_init__(self):
        if isinstance(self.growth, type) or not isinstance(self.growth, SplitGrowth):
            raise TypeError(
                "growth must be a SteepestSplit, RandomSplit or SignedSplit, "
                f"got {self.growth!r}"
            )
        for cost in self._costs:
            as_callable(cost, "cost", "(network, widths) -> number")
        if len(checked_budget(self.budget)) != len(self._costs):
            raise ValueError(
                f"budget must have a number for each of {len(self._costs)} costs, "
                f"got {self.budget!r}"
            )
        check_fields(self, trials=partial(as_count, least=0))

    @property
    def _costs(self) -> list[Callable]:
        return [self.cost] if callable(self.cost) else list(self.cost)

    def __call__(
        self, network: Network, limit: Mapping[str, float] | None, rng
    ) -> Grown:
        """Grow; ``particles`` of the outcome is a larger copy of the network.

        Parameters
        ----------
        network : Network
        limit : mapping of str to float, optional
            Most that the whole network may cost: ``"macs"``, ``"parameters"``.
        rng : Generator
        """
        rng, layers, limits = as_rng(rng), network.sites, checked_limit(limit)
        offers = {name: self._offers(layer, rng) for name, layer in layers.items()}
        known = [offer.least_index for offer, _ in offers.values()]
        least = float(np.nanmin(known)) if np.isfinite(known).any() else np.nan
        exact = all(layer.is_exact for layer in layers.values())
        stable = exact and all(offer.stable for offer, _ in offers.values())
        pool = [split for _, splits in offers.values() for split in splits]
        chosen = self._chosen(network, pool, limits)
        if not chosen:
            none: Any = network  # the particle set here
            return nothing_grew(none, least, stable=stable and not pool)
        return self._split(network, layers, chosen, least)

    def _offers(self, layer, rng) -> tuple[Candidates, list[_Priced]]:
        """Candidates of a layer, and those that gain with their best steps."""
        relative, particles = Relative(layer), layer.particles
        offer = self.growth.candidates(relative, relative.particles, rng)
        splits = [
            s._replace(offsets=s.offsets * relative.scales[s.parent])
            for s in offer.splits
            if s.curvature < 0.0
        ]
        index = np.array([s.curvature for s in splits])
        steps = np.full(len(splits), FIRST_STEP)
        changes = 0.5 * index * steps**2
        if self.trials:
            steps, changes = search_steps(
                lambda steps: layer.changes(particles, splits, steps),
                index,
                steps**2 * np.abs(index),
                self.trials,
            )
        found = zip(splits, steps, -changes, strict=True)
        return offer, [_Priced(layer.name, *of) for of in found if of[2] > 0.0]

    # --------------------------------------------------------------- the choice
    def _chosen(self, network, pool, limit):
        """Candidates that gain most within the budget and the limit."""
        costs = [*self._costs, *(cost for cost, _ in limit)]
        now = np.array([cost(network, None) for cost in costs], dtype=float)
        shares = [*checked_budget(self.budget), *[np.inf] * len(limit)]
        most = now * (1.0 + np.array(shares))
        most = np.minimum(most, [*[np.inf] * len(self._costs), *(m for _, m in limit)])
        if not pool or (most <= now).any():
            return []
        widths = network.widths
        each = {
            name: np.array([cost(network, {name: n + 1}) for cost in costs]) - now
            for name, n in widths.items()
        }
        new = np.array([len(one.split.shares) - 1 for one in pool])
        gains = np.array([one.gain for one in pool])
        prices = new[:, None] * np.array([each[one.site] for one in pool])

        def tried(share):
            rows = knapsack(gains, prices, share * (most - now), int(new.sum()))
            wider = dict(widths)
            for j in rows:
                wider[pool[j].site] += int(new[j])
            real = np.array([cost(network, wider) for cost in costs])
            return rows if (real <= most).all() else None

        best, low, high = tried(1.0), 0.0, 1.0
        if best is None:
            for _ in range(SHRINKS):
                share = 0.5 * (low + high)
                rows = tried(share)
                low, high = (low, share) if rows is None else (share, high)
                best = best if rows is None else rows
        return [] if best is None else [pool[j] for j in best]

    # ----------------------------------------------------------------- the step
    def _split(self, network, layers, chosen, least):
        """All splits, by the share of their steps at which the loss falls."""
        now, splits = network.value, {name: [] for name in layers}
        for one in chosen:
            wide = one.split._replace(offsets=one.step * one.split.offsets)
            splits[one.site].append(wide)

        def change(shares):
            return np.array([network.split(splits, shares[0])[0].value - now])

        # steps that are best alone are long together
        index = np.array([sum(one.split.curvature * one.step**2 for one in chosen)])
        (share,), (fall,) = search_steps(change, index, -index, SHARES)
        if not fall < 0.0:
            return nothing_grew(network, least)
        expected = sum(
            layer.changes(layer.particles, splits[name], share).sum()
            for name, layer in layers.items()
        )
        grown, parents = network.split(splits, share)
        made = [
            one
            for name in layers
            for one in chosen
            if one.site == name
            for _ in one.split.shares[1:]
        ]
        return Grown(
            grown,
            parents,
            predicted=float(0.5 * share**2 * index[0]),
            expected=float(expected),
            splitting_index=np.array([one.split.curvature for one in made]),
            least_index=least,
            steps=share * np.array([one.step for one in made]),
        )


class _Priced(NamedTuple):
    """Candidate of a site, its best step, relative to the neuron, and its gain."""

    site: str
    split: Candidate
    step: float
    gain: float


def checked_limit(limit) -> list[tuple[Callable, float]]:
    """Costs and the most that a network may have of each."""
    if limit is None:
        return []
    if not isinstance(limit, Mapping) or not set(limit) <= set(LIMITS):
        raise ValueError(f"limit must be a mapping of {sorted(LIMITS)}, got {limit!r}")
    return [(LIMITS[k], as_positive(v, f"limit[{k!r}]")) for k, v in limit.items()]
