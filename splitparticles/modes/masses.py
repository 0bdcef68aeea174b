"""Masses of modes: by Laplace's formula, or by importance sampling."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import softmax

from .search import Mode


# ---------------------------------------------------------------------- masses
class Masses(NamedTuple):
    """Masses of modes, and how far they are to be trusted."""

    masses: np.ndarray
    """They sum to one, (K,)."""
    effective: float
    """Effective number of draws behind them; nan for Laplace's formula."""
    pareto_k: float
    """Tail of the importance weights: above 0.7 they are not to be trusted."""


def laplace_masses(modes: list[Mode]) -> Masses:
    """Masses by Laplace's formula, from the score alone."""
    return Masses(softmax([mode.log_mass for mode in modes]), np.nan, np.nan)


def measured_masses(
    modes: list[Mode], log_density: Callable, rng, *, draws: int = 1000, nu: float = 5.0
) -> Masses:
    r"""Masses by importance sampling from Student bells at the modes.

    The draws x of all bells together have density :math:`q = \tfrac1K \sum_k q_k`;
    mode k has the mass :math:`\sum w\, q_k / \sum_l q_l` of the weights w = p/q.
    """
    d = len(modes[0].centre)
    x = []
    for mode in modes:
        heavy = np.sqrt(nu / rng.chisquare(nu, (draws, 1)))
        x.append(mode.preconditioner.to_user(heavy * rng.standard_normal((draws, d))))
    x = np.vstack(x)
    bells = np.array(
        [
            -0.5 * (nu + d) * np.log1p(mode.distances(x) ** 2 / nu)
            - np.linalg.slogdet(mode.preconditioner.matrix)[1]
            for mode in modes
        ]
    )
    mixture = np.logaddexp.reduce(bells, axis=0)
    logs = np.asarray(log_density(x), dtype=float) - mixture
    weights = softmax(np.where(np.isfinite(logs), logs, -np.inf))
    masses = np.exp(bells - mixture) @ weights
    return Masses(masses, 1.0 / float(weights @ weights), pareto_shape(weights))


def pareto_shape(weights: np.ndarray) -> float:
    r"""Shape k of the generalised Pareto tail of importance weights.

    By Zhang and Stephens's estimate from the largest :math:`\min(N/5, 3\sqrt N)`
    (key ``VSGYG24`` in docs/references.bib): the variance of the estimate is finite
    below 1/2, and it is of practical use below 0.7.
    """
    weights = np.sort(weights)
    m = int(min(0.2 * len(weights), 3.0 * np.sqrt(len(weights))))
    y = weights[-m:] - weights[-m - 1]
    if m < 5 or y[-1] <= 0.0 or y[m // 4] <= 0.0:
        return 0.0 if m < 5 or y[-1] <= 0.0 else np.inf
    candidates = 30 + int(np.sqrt(m))
    b = 1.0 - np.sqrt(candidates / (np.arange(1, candidates + 1) - 0.5))
    b = b / (3.0 * y[m // 4]) + 1.0 / y[-1]
    k = np.log1p(-b[:, None] * y).mean(axis=1)
    profile = m * (np.log(-b / k) - k - 1.0)
    share = softmax(profile)
    best = share @ b
    shape = np.log1p(-best * y).mean()
    return float((shape * m + 5.0) / (m + 10.0))  # drawn to 1/2 where draws are few
