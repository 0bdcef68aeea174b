"""Corner plot: a triangle of panels, one for each pair of coordinates."""

from collections.abc import Sequence

import numpy as np

from .._display import SHOWN, rounded
from .._validation import as_nonnegative
from .axes import areas, checked_columns, colours, particles_and_labels
from .shades import draws_behind, ranges, shade_draws

INCHES = 1.9  # a side of a panel

STEM = 0.35  # of the density's height, for the largest weight

POINTS = 220.0  # which the letters of a label may take along a panel

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
        the emulator, at no row of the score, else those that were compressed, else none.
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
    background = draws_behind(result, draws, p.dim)
    panels = _triangle(axes, len(columns))
    if coordinates is None and p.dim > SHOWN:
        note = f"the first {SHOWN} of {p.dim} coordinates"
        panels[0, 0].figure.text(0.99, 0.99, note, ha="right", va="top")
    ends = ranges(p.positions, background)
    for i, row in enumerate(columns):
        _draw_marginal(panels[i, i], p, background, row, ends)
        _entitle(panels[i, i], p, row, labels[row])
        for j, column in enumerate(columns[:i]):
            _draw_pair(panels[i, j], p, background, [column, row], ends, area)
    _label(panels, [labels[column] for column in columns])
    return panels


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


def _draw_marginal(ax, p, draws, column, ends):
    if draws is not None:
        shade_draws(ax, draws, [column], ends[[column]])
    stems = STEM * np.abs(p.weights) / np.abs(p.weights).max()
    ax.vlines(p.positions[:, column], 0.0, stems, lw=1.0, color=colours(p.weights))
    ax.set(xlim=ends[column], ylim=(0.0, 1.08 if draws is not None else 1.2 * STEM))


def _draw_pair(ax, p, draws, pair, ends, area):
    if draws is not None:
        shade_draws(ax, draws, pair, ends[pair])
    x, y = p.positions[:, pair].T
    look = {"linewidths": 0.4, "edgecolors": "white", "zorder": 3}
    ax.scatter(x, y, s=areas(p.weights, area), color=colours(p.weights), **look)
    ax.set(xlim=ends[pair[0]], ylim=ends[pair[1]])


def _entitle(ax, p, column, label):
    """Median and its distances to the quantiles about it, where weights have them."""
    if p.probabilities.min() < 0.0:
        return
    low, median, high = p.quantile(QUANTILES)[:, column]
    up, down = high - median, median - low
    digits = [rounded(v, min(up, down) or max(up, down)) for v in (median, up, down)]
    text = f"{label} = {digits[0]} +{digits[1]} \N{MINUS SIGN}{digits[2]}"
    ax.set_title(text, loc="left", fontsize=min(9.0, POINTS / len(text)))


def _label(panels, labels):
    """Names and numbers of the axes, at the left and at the bottom only."""
    from matplotlib.ticker import MaxNLocator

    last = len(labels) - 1
    for i, j in zip(*np.tril_indices(last + 1), strict=True):
        ax = panels[i, j]
        ax.xaxis.set_major_locator(MaxNLocator(3, prune="both"))
        ax.yaxis.set_major_locator(MaxNLocator(3, prune="both"))
        ax.tick_params(labelsize=8, labelbottom=i == last, labelleft=j < i and j == 0)
        ax.tick_params(left=j < i)
        size = {"fontsize": min(10.0, POINTS / len(labels[j]))}
        if i == last:
            ax.set_xlabel(labels[j], **size)
        if j == 0 < i:
            ax.set_ylabel(labels[i], fontsize=min(10.0, POINTS / len(labels[i])))
    panels[0, 0].figure.align_labels()
