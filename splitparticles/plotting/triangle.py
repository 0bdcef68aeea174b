"""Corner plot: a triangle of panels, one for each pair of coordinates."""

from collections.abc import Sequence

import numpy as np

from .._display import SHOWN, rounded
from .._validation import as_nonnegative
from ..particles import ParticleSet
from .axes import areas, checked_columns, colours, heights, particles_and_labels
from .shades import draws_behind, ranges, shade_draws

INCHES = 1.9  # a side of a panel

STEM = 0.35  # of the density's height, for the largest weight

POINTS = 200.0  # which the letters of a label may take along a panel

LINE = 30  # letters of a title

QUANTILES = [0.16, 0.5, 0.84]  # median and one standard deviation of a normal law


def corner(
    result,
    *,
    coordinates: Sequence[int | str] | None = None,
    draws=None,
    axes=None,
    area: float = 20.0,
):
    r"""Corner plot: particles over the density of draws, for each pair of coordinates.

    On the diagonal the density of each coordinate, with particles as stems as tall as
    their weights, below their median and its distances to the quantiles 16 % and 84 %.
    Below it, the greys enclose 98, 90, 75, 60, 40, 20 and 5 % of the draws, and
    particles are dots whose area is proportional to their weight.

    Parameters
    ----------
    result : Result, ParticleSet or array_like, shape (n, d)
    coordinates : sequence of int or str, optional
        Numbers or names; all of them, but at most the first eight, if left out.
    draws : array_like, shape (N, d), optional
        Or a data frame or a posterior, as in `compress`.  If left out, 4,000 draws of
        the emulator, at no row of the score, or those that were compressed, or none.
    axes : array of Axes, shape (k, k), optional
        Those of k coordinates, to draw into; of a new figure if left out.
    area : float
        Of a dot of average weight, in square points.

    Returns
    -------
    ndarray of Axes, shape (k, k)
        Those above the diagonal are empty.

    Examples
    --------
    >>> import splitparticles as sp
    >>> result = sp.compress([[0.0, 1.0, 5.0], [1.0, 3.0, 4.0], [2.0, 4.0, 7.0]], 2)
    >>> from matplotlib.figure import Figure
    >>> panels = sp.plotting.corner(
    ...     result, coordinates=["x0", "x2"], axes=Figure().subplots(2, 2)
    ... )
    >>> panels[1, 0].get_xlabel(), panels[1, 0].get_ylabel()
    ('x0', 'x2')
    """
    p, labels = particles_and_labels(result, "result")
    as_nonnegative(area, "area")
    first = range(min(p.dim, SHOWN))
    chosen = first if coordinates is None else coordinates
    columns = checked_columns(chosen, labels, most=p.dim)
    panels = _triangle(axes, len(columns))
    if coordinates is None and p.dim > SHOWN:
        note = f"the first {SHOWN} of {p.dim} coordinates"
        panels[0, 0].figure.text(0.99, 0.99, note, ha="right", va="top")
    background = draws_behind(result, draws, columns, p.dim)
    p, labels = _of_columns(p, columns), [labels[column] for column in columns]
    ends = ranges(p.positions, background)
    for i, j in zip(*np.tril_indices(p.dim), strict=True):
        ax, pair = panels[i, j], [j, i] if j < i else [i]
        if background is not None:
            shade_draws(ax, _of_columns(background, pair), ends[pair])
        (_draw_pair if j < i else _draw_marginal)(ax, _of_columns(p, pair), area)
        ax.set(xlim=ends[j], ylim=ends[i] if j < i else (0.0, 1.08))
        _set_ticks(ax, i == p.dim - 1, j == 0 < i, j < i)
    _label(panels, p, labels)
    return panels


def _of_columns(particles, columns):
    return ParticleSet(particles.positions[:, columns], particles.weights)


def _triangle(axes, k):
    """Panels (k, k) of which the upper ones are off."""
    from matplotlib import pyplot as plt

    if axes is None:
        side = INCHES * k if k > 1 else 2.0 * INCHES
        size = {"figsize": (side + 0.6, side + 0.6), "layout": "constrained"}
        _, axes = plt.subplots(k, k, squeeze=False, **size)
    panels = np.array(axes, dtype=object)
    if panels.size != k * k or panels.ndim not in (0, 2):
        raise ValueError(f"axes must be an array of ({k}, {k}) Axes, got {axes!r}")
    panels = panels.reshape(k, k)
    for ax in panels[np.triu_indices(k, 1)]:
        ax.axis("off")
    return panels


def _draw_marginal(ax, p, area):
    stems, colour = STEM * heights(p.weights), colours(p.weights)
    ax.vlines(p.positions[:, 0], 0.0, stems, lw=1.0, color=colour)


def _draw_pair(ax, p, area):
    look = {"linewidths": 0.4, "edgecolors": "white", "zorder": 3}
    sizes = areas(p.weights, area)
    ax.scatter(*p.positions.T, s=sizes, color=colours(p.weights), **look)


def _set_ticks(ax, bottom, left, is_pair):
    """A few ticks, with numbers at the left and at the bottom only."""
    from matplotlib.ticker import MaxNLocator

    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(3, prune="both"))
    ax.tick_params(labelsize=8, labelbottom=bottom, labelleft=left, left=is_pair)


def _label(panels, p, labels):
    """Names of the axes, and titles over the diagonal."""
    for k, label in enumerate(labels):
        size = min(10.0, POINTS / len(label))
        panels[-1, k].set_xlabel(label, fontsize=size)
        if k:
            panels[k, 0].set_ylabel(label, fontsize=size)
        if p.weights.min() >= 0.0 and p.weights.any():
            title = _title(label, p.quantile(QUANTILES)[:, k])
            size = min(9.0, POINTS / max(map(len, title.splitlines())))
            panels[k, k].set_title(title, loc="left", fontsize=size)
    panels[0, 0].figure.align_labels()


def _title(label, quantiles):
    """Median and its distances to the quantiles about it."""
    low, median, high = quantiles
    up, down = high - median, median - low
    digits = [rounded(v, min(up, down) or max(up, down)) for v in (median, up, down)]
    text = f"{digits[0]} +{digits[1]} -{digits[2]}".replace("-", "\N{MINUS SIGN}")
    gap = "\n" if len(label + text) > LINE else " "
    return f"{label} ={gap}{text}"
