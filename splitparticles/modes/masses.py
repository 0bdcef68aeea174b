"""Masses of modes: by Laplace's formula, or by importance sampling."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import softmax

from .search import Mode


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
    r"""Masses by importance sampling from Student-t proposals at the modes.

    The draws x of all proposals together have density
    :math:`q = \tfrac1K \sum_k q_k`; mode k has the mass
    :math:`\sum w\, q_k / \sum_l q_l` of the weights w = p/q.
    """
    d = len(modes[0].centre)

    def student(mode):
        heavy = np.sqrt(nu / rng.chisquare(nu, (draws, 1)))
        return mode.preconditioner.to_user(heavy * rng.standard_normal((draws, d)))

    def log_student(mode, x):
        log_volume = np.linalg.slogdet(mode.preconditioner.matrix)[1]
        return -0.5 * (nu + d) * np.log1p(mode.distances(x) ** 2 / nu) - log_volume

    x = np.vstack([student(mode) for mode in modes])
    proposals = np.array([log_student(mode, x) for mode in modes])
    mixture = np.logaddexp.reduce(proposals, axis=0)
    log_weights = np.asarray(log_density(x), dtype=float) - mixture
    weights = softmax(np.where(np.isfinite(log_weights), log_weights, -np.inf))
    masses = np.exp(proposals - mixture) @ weights
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
    if m < 5 or y[-1] <= 0.0:
        return 0.0
    quartile = y[m // 4]
    if quartile <= 0.0:
        return np.inf
    # posterior mean of b = k / sigma over quantiles of its prior, by profile likelihood
    grid = 30 + int(np.sqrt(m))
    b = 1.0 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))
    b = b / (3.0 * quartile) + 1.0 / y[-1]
    k = np.log1p(-b[:, None] * y).mean(axis=1)
    posterior = softmax(m * (np.log(-b / k) - k - 1.0))
    shape = np.log1p(-(posterior @ b) * y).mean()
    return float((shape * m + 5.0) / (m + 10.0))  # drawn to 1/2 where draws are few
