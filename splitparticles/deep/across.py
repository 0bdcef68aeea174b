"""Growth of a network across its layers, within a budget.

The candidates of all sites are pooled, and a knapsack of their gains and costs chooses.
Costs of neighbours multiply, so the budget of the knapsack is shrunk until the real
cost fits.  All chosen splits are made at once, by one step, relative to the neurons'
own size, at which the loss is lowest.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._validation import as_callable, as_count, as_positive, as_rng, check_fields
from ..growth.candidates import Candidate, SplitGrowth
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

FIRST_STEP = 0.1
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
        Steps tried.

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
    trials: int = field(default=8, kw_only=True)

    def __post_init__(self):
        offers = getattr(self.growth, "candidates", None)
        if isinstance(self.growth, type) or not callable(offers):
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
        check_fields(self, trials=as_count)

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
        rng, sites = as_rng(rng), network.sites
        offers = {}
        for name, layer in sites.items():
            relative = Relative(layer)
            offers[name] = (
                relative.scales,
                self.growth.candidates(relative, relative.particles, rng),
            )
        known = [found.least_index for _, found in offers.values()]
        least = float(np.nanmin(known)) if np.isfinite(known).any() else np.nan
        exact = all(layer.is_exact for layer in sites.values())
        stable = exact and all(found.stable for _, found in offers.values())
        pool = [
            (name, split)
            for name, (_, found) in offers.items()
            for split in found.splits
            if split.curvature < 0.0
        ]
        chosen = self._chosen(network, pool, checked_limit(limit))
        if not chosen:
            none: Any = network  # the particle set here
            return nothing_grew(none, least, stable=stable and not pool)
        splits: dict[str, list[Candidate]] = {}
        for name, split in chosen:
            size = offers[name][0][split.parent]
            wide = split._replace(offsets=split.offsets * size)
            splits.setdefault(name, []).append(wide)
        return self._split(network, splits, least)

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
        new = np.array([len(split.shares) - 1 for _, split in pool])
        gains = np.array([-split.curvature for _, split in pool])
        prices = new[:, None] * np.array([each[name] for name, _ in pool])

        def tried(share):
            rows = knapsack(gains, prices, share * (most - now), int(new.sum()))
            wider = dict(widths)
            for j in rows:
                wider[pool[j][0]] += int(new[j])
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
    def _split(self, network, splits, least):
        """All splits, by the step at which the loss is lowest."""
        now = network.value
        curvature = sum(s.curvature for chosen in splits.values() for s in chosen)

        def change(steps):
            return np.array([network.split(splits, steps[0])[0].value - now])

        gain = -0.5 * FIRST_STEP**2 * curvature
        (step,), (fall,) = search_steps(
            change, np.array([curvature]), 2.0 * gain, self.trials
        )
        if not fall < 0.0:
            return nothing_grew(network, least)
        grown, parents = network.split(splits, step)
        index = [
            s.curvature
            for name in network.widths
            for s in splits.get(name, ())
            for _ in s.shares[1:]
        ]
        return Grown(
            grown,
            parents,
            predicted=float(0.5 * step**2 * curvature),
            expected=float(fall),
            splitting_index=np.array(index),
            least_index=least,
            steps=np.full(len(parents), step),
        )


def checked_limit(limit) -> list[tuple[Callable, float]]:
    """Costs and the most that a network may have of each."""
    if limit is None:
        return []
    if not isinstance(limit, Mapping) or not set(limit) <= set(LIMITS):
        raise ValueError(f"limit must be a mapping of {sorted(LIMITS)}, got {limit!r}")
    return [(LIMITS[k], as_positive(v, f"limit[{k!r}]")) for k, v in limit.items()]
