"""What the arms of learning_rivals.py share: the problem, and one try at it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from judging import Counted

import splitparticles as sp


class Try(NamedTuple):
    """Rows and calls of one setting from one start, and how to get its points."""

    setting: str
    rows: int
    calls: int
    points: Callable
    """() -> positions (n, d), weights (n,) or None."""


class Problem(NamedTuple):
    """A posterior, its judge and the options of the command line."""

    name: str
    logp_score: Callable
    d: int
    judge: Callable
    options: object

    def starts(self):
        """Yield seeds, start points in [-2, 2]^d and a counted log density."""
        for seed in range(self.options.starts):
            x0 = np.random.default_rng(seed).uniform(-2.0, 2.0, self.d)
            yield seed, x0, Counted(self.logp_score)

    def used(self, points) -> dict[str, float]:
        """Shares of the allowance that the points use."""
        found = points()
        if found is None or not np.isfinite(found[0]).all():
            return {"none": np.inf}
        return self.judge(*found)

    def compressed(self, draws, weights=None) -> Callable:
        """Points that stand for weighted draws, when they are asked for."""

        def points():
            if len(draws) < self.options.n or not np.isfinite(draws).all():
                return None
            few = sp.compress(draws, self.options.n, weights_of_draws=weights, rng=0)
            return few.positions, few.weights

        return points


def importance_weights(log_density, log_proposal):
    """Weights that sum to one; zero where the density is not finite."""
    ratios = np.where(np.isfinite(log_density), log_density - log_proposal, -np.inf)
    weights = np.exp(ratios - ratios.max())
    return weights / weights.sum()
