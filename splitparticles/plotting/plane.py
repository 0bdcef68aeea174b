"""Particles in the plane of two coordinates, or along one."""

from collections.abc import Sequence

import numpy as np

from .._validation import as_nonnegative
from .axes import (
    areas,
    axes_or_new,
    checked_columns,
    checked_extent,
    colours,
    labelled,
    particles_and_labels,
)
from .shades import refuse_target, shade_target


def particles(
    result_or_particles,
    *,
    ax=None,
    coordinates: Sequence[int | str] = (0, 1),
    target=None,
    extent: Sequence[float] | None = None,
    area: float = 40.0,
    **options,
):
    """Particles as dots whose area is proportional to their weight.

    Parameters
    ----------
    result_or_particles : Result, ParticleSet or array_like, shape (n, d)
    ax : Axes, optional
    coordinates : tuple of int or str
        The two to draw, by number or name; a single one, or d = 1, as stems as tall as
        the weights.
    target : optional
        Anything with ``log_density((m, d)) -> (m,)``, d = 1 or 2, shaded behind the
        particles; along a line up to the largest weight.
    extent : tuple of float, optional
        ``(left, right, bottom, top)`` of the shades, ``(left, right)`` for d = 1;
        around the particles if left out.
    area : float
        Of a dot of average weight, in square points.
    **options
        For ``Axes.scatter`` or ``Axes.vlines``.

    Examples
    --------
    >>> import splitparticles as sp
    >>> from matplotlib.figure import Figure
    >>> p = sp.ParticleSet([[0.0, 0.0], [1.0, 2.0]], [0.25, 0.75])
    >>> ax = sp.plotting.particles(p, ax=Figure().subplots())
    >>> ax.collections[0].get_sizes()
    array([20., 60.])
    """
    p, labels = particles_and_labels(result_or_particles, "result_or_particles")
    as_nonnegative(area, "area")
    columns = checked_columns(coordinates, labels)
    refuse_target(target, columns, p.dim)
    ax, xy = axes_or_new(ax), p.positions[:, columns]
    if not {"c", "color", "colors"} & options.keys():
        options["color"] = colours(p.weights)
    if target is not None:
        ends, top = checked_extent(extent, xy), np.abs(p.weights).max()
        shade_target(ax, target, columns, ends, top)
    if len(columns) == 1:
        ax.vlines(xy[:, 0], 0.0, p.weights, **options)
        ax.set(xlabel=labels[columns[0]], ylabel="weight")
        return ax
    defaults = {"linewidths": 0.5, "edgecolors": "white", "zorder": 3}
    ax.scatter(*xy.T, s=areas(p.weights, area), **defaults | options)
    return labelled(ax, columns, labels)
