"""Densities behind particles: of draws, and of targets that know theirs."""

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.special import ndtri

from ..draws.labelled import as_draws
from ..particles import ParticleSet
from .axes import is_result, lattice

SHADES = [*(-0.5 * np.arange(3.0, -0.1, -0.5) ** 2), 1.0]  # of log p, below its top

GREYS = [str(0.97 - 0.06 * k) for k in range(len(SHADES) - 1)]

MASSES = [0.98, 0.9, 0.75, 0.6, 0.4, 0.2, 0.05]  # of draws in regions of a grey

MOST_DRAWS = 4000

BINS = 80  # a side

BLUR = 0.7, 4.0  # least and largest bandwidth, in bins

TAIL = 0.001  # of the draws, beyond either end of a picture

SIDE = 80  # points a side of a target's shades


def draws_behind(data, draws, columns, dim: int) -> ParticleSet | None:
    """Some columns of draws to shade behind particles, a few thousand of them.

    Those given, else of the result's emulator, else those that were compressed.
    """
    if draws is not None:
        draws = as_draws(draws, "draws", dim)
        rows, repeats = _some_rows(len(draws), None)
        return ParticleSet(draws[rows][:, columns], repeats)
    if not is_result(data):
        return None
    if data.sampler is not None:
        return ParticleSet(data.draws(MOST_DRAWS, rng=0)[:, columns])
    if data.compressed is None:
        return None
    draws = data.compressed
    rows, repeats = _some_rows(draws.moments().n, draws.weights)
    return ParticleSet(draws.taken(rows)[:, columns], repeats)


def _some_rows(n, weights):
    """Rows below n, as many as are drawn, and how often: evenly apart in weight."""
    many = MOST_DRAWS if weights is not None else min(n, MOST_DRAWS)
    total = np.cumsum(np.ones(n) if weights is None else weights)
    levels = (np.arange(many) + 0.5) / many * total[-1]
    return np.unique(np.searchsorted(total, levels), return_counts=True)


def ranges(positions: np.ndarray, draws: ParticleSet | None) -> np.ndarray:
    """Ends of each axis (d, 2): around all particles and nearly all draws."""
    if draws is not None:
        positions = np.vstack([positions, draws.quantile([TAIL, 1.0 - TAIL])])
    low, high = positions.min(axis=0), positions.max(axis=0)
    margin = 0.06 * (high - low)
    flat = margin <= 1e-9 * np.maximum(np.abs(low), np.abs(high))
    margin[flat] = np.maximum(0.1 * np.abs(low[flat]), 1e-9)
    return np.stack([low - margin, high + margin], axis=1)


def shade_draws(ax, draws: ParticleSet, ends: np.ndarray) -> None:
    """Fill the density of draws: along one axis to height one, or over two.

    A grey begins where the density encloses one of the `MASSES`.
    """
    counts, edges = np.histogramdd(
        draws.positions, BINS, [*map(tuple, ends)], weights=draws.weights
    )
    bins = _bandwidths(draws) * BINS / np.ptp(ends, axis=1)
    density = gaussian_filter(counts, np.clip(bins, *BLUR))
    middle = [0.5 * (e[1:] + e[:-1]) for e in edges]
    if draws.dim == 1:
        ax.fill_between(*middle, density / density.max(), color="0.85", zorder=0)
        return
    falling = np.sort(density, axis=None)[::-1]
    enclosed = np.cumsum(falling) / falling.sum()
    levels = falling[np.searchsorted(enclosed, MASSES)]
    levels = np.unique([*levels, 1.01 * falling[0]])
    greys = GREYS[: len(levels) - 1]
    ax.contourf(*middle, density.T, levels=levels, colors=greys, zorder=0)


def _bandwidths(draws):
    """Bandwidths (d,) by Silverman's rule, at the scale where draws are densest.

    It follows a narrow mode where others are far.
    """
    nearest = np.diff(draws.quantile(np.linspace(0.1, 0.9, 9)), axis=0).min(axis=0)
    scale = nearest / ndtri(0.6)  # the middle tenths of a normal law
    return 0.9 * scale * len(draws) ** (-1.0 / (4 + draws.dim))


def shade_target(ax, target, columns, ends, top: float = 1.0) -> None:
    """Fill the density of a target in the plane, or along a line to a height."""
    if len(columns) == 1:
        low, high = ends[0]
        x = np.linspace(low, high, 5 * SIDE)
        log_p = np.ravel(target.log_density(x[:, None]))
        density = top * np.exp(log_p - log_p.max())
        ax.fill_between(x, density, color="0.85", zorder=0)
        return
    x, y, points = lattice(ends, SIDE)
    # it takes the coordinates in their own order
    log_p = np.reshape(target.log_density(points[:, np.argsort(columns)]), x.shape)
    ax.contourf(x, y, log_p - log_p.max(), levels=SHADES, colors=GREYS, zorder=0)


def refuse_target(target, columns, dim: int) -> None:
    """Raise a ValueError unless a picture shows all coordinates of a target."""
    if target is not None and not len(columns) == dim <= 2:
        raise ValueError(f"target can be drawn for d = 1 or 2 only, got d = {dim}")
