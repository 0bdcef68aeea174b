"""Witness over the plane, and the splitting directions in it."""

import numpy as np

from .._validation import as_count, as_flag
from .axes import axes_or_new, checked_extent, labelled, lattice, particles_and_labels

MOST_POINTS = 2**12  # a side of a picture


def witness(
    objective,
    particles,
    *,
    ax=None,
    extent=None,
    resolution: int = 80,
    directions: bool = False,
):
    """Witness function over the plane: F decreases as mass moves to where it is low.

    Parameters
    ----------
    objective : Objective
        In the coordinates of the particles.
    particles : ParticleSet, Result or array_like, shape (n, 2)
        ValueError for any other d.
    ax : Axes, optional
    extent : tuple of float, optional
        ``(left, right, bottom, top)``; around the particles if left out.
    resolution : int
        Points a side.
    directions : bool
        Draw the splitting directions: a line through each particle with a negative
        splitting eigenvalue, along its eigenvector, longer the lower the eigenvalue.

    Examples
    --------
    >>> import splitparticles as sp
    >>> from matplotlib.figure import Figure
    >>> F, p = sp.KSD(sp.Gaussian(1.0), lambda x: -x), sp.ParticleSet([[0.0, 0.0]])
    >>> ax = sp.plotting.witness(F, p, ax=Figure().subplots(), resolution=20)
    """
    p, labels = particles_and_labels(particles, "particles")
    if p.dim != 2:
        raise ValueError(f"particles must be in the plane, d = 2, got d = {p.dim}")
    as_flag(directions, "directions")
    side = as_count(resolution, "resolution", 2, MOST_POINTS)
    x, y, points = lattice(checked_extent(extent, p.positions), side)
    h = objective.witness(p, points)
    # Far out a Stein witness can be huge: the colours end at nearly all of it.
    top = max(float(np.quantile(np.abs(h), 0.98)), np.finfo(float).tiny)
    levels = np.linspace(-top, top, 22)
    ax = axes_or_new(ax)
    ax.contourf(x, y, h.reshape(x.shape), levels, cmap="RdBu_r", extend="both")
    if directions:
        span = 0.08 * max(np.ptp(x), np.ptp(y))
        _draw_directions(ax, objective, p, span)
    ax.scatter(*p.positions.T, s=25, c="black", edgecolors="white", zorder=3)
    return labelled(ax, (0, 1), labels)


def _draw_directions(ax, objective, particles, span):
    """Lines along the splitting directions, the longest as long as `span`."""
    from matplotlib.collections import LineCollection

    x = particles.positions
    values, vectors = np.linalg.eigh(objective.splitting_matrices(particles))
    size = np.sqrt(np.maximum(-values[:, 0], 0.0))
    size = 0.5 * span * size / max(size.max(), np.finfo(float).tiny)
    v = size[:, None] * vectors[:, :, 0]
    ends = np.stack([x - v, x + v], axis=1)
    ax.add_collection(LineCollection(ends[size > 0], colors="black", linewidths=2))
