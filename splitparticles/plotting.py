"""Plots of particles, of their splitting tree, of rounds and of the witness.

Every function draws into the axes `ax`, or into new ones, and returns them.  The
plane is drawn in equal aspect; projections from more dimensions are not.

>>> import splitparticles as sp
>>> from matplotlib.figure import Figure
>>> result = sp.sample(lambda x: -x, [0.0, 0.0], 8, rng=0)
>>> axes = Figure().subplots(2, 2).ravel()
>>> for plot, ax in zip((particles, tree, history, spectrum), axes):
...     assert plot(result, ax=ax) is ax
"""

import numpy as np

from ._validation import as_count, as_flag, as_floats, as_nonnegative, as_positions
from .particles import ParticleSet

__all__ = ["history", "particles", "spectrum", "tree", "witness"]

MOST_POINTS = 2**12  # a side of a picture

SHADES = [*(-0.5 * np.arange(3.0, -0.1, -0.5) ** 2), 1.0]  # of log p, below its top


def particles(
    result_or_particles,
    *,
    ax=None,
    coordinates: tuple[int, ...] = (0, 1),
    target=None,
    extent: tuple[float, float, float, float] | None = None,
    area: float = 40.0,
    **options,
):
    """Particles as dots whose area is proportional to their weight.

    Parameters
    ----------
    result_or_particles : Result, ParticleSet or array_like, shape (n, d)
    ax : Axes, optional
    coordinates : tuple of int
        The two to draw; a single one, or d = 1, as stems as tall as the weights.
    target : optional
        Anything with ``log_density((m, 2)) -> (m,)``, shaded behind the particles.
    extent : tuple of float, optional
        ``(left, right, bottom, top)`` of the shades; around the particles if left out.
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
    p, labels = _particles_and_labels(result_or_particles, "result_or_particles")
    as_nonnegative(area, "area")
    columns = _checked_columns(coordinates, p.dim)
    if target is not None and not len(columns) == p.dim == 2:
        raise ValueError(f"target can be drawn for d = 2 only, got d = {p.dim}")
    ax = _axes(ax)
    if not {"c", "color", "colors"} & options.keys():
        options["color"] = np.where(p.weights < 0, "C3", "C0")
    if len(columns) == 1:
        ax.vlines(p.positions[:, columns[0]], 0.0, p.weights, **options)
        ax.set(xlabel=labels[columns[0]], ylabel="weight")
        return ax
    xy = p.positions[:, columns]
    if target is not None:  # it takes the coordinates in their own order
        x, y, points = _grid(extent, xy, 80)
        log_p = np.reshape(target.log_density(points[:, np.argsort(columns)]), x.shape)
        greys = [str(0.97 - 0.06 * k) for k in range(len(SHADES) - 1)]
        ax.contourf(x, y, log_p - log_p.max(), levels=SHADES, colors=greys)
    total = max(np.abs(p.weights).sum(), np.finfo(float).tiny)
    size = area * len(xy) * np.abs(p.weights) / total
    defaults = {"linewidths": 0.5, "edgecolors": "white", "zorder": 3}
    ax.scatter(*xy.T, s=size, **defaults | options)
    return _labelled(ax, columns, labels)


def tree(result, *, ax=None, coordinates: tuple[int, int] = (0, 1)):
    """Splitting tree in the plane of two coordinates.

    A line leads from each particle at the end of a round to where it, and the half
    split from it, are at the end of the next one.  Colours count the rounds.

    Parameters
    ----------
    result : Result
        Of a run; ValueError for one that was read from a file, without rounds.
    ax : Axes, optional
    coordinates : tuple of int
    """
    from matplotlib.collections import LineCollection

    columns = _checked_columns(coordinates, result.particles.dim, least=2)
    segments, rounds = _branches(result)
    ax = _axes(ax)
    ax.add_collection(LineCollection(segments[..., columns], array=rounds))
    ax.autoscale_view()
    return _labelled(ax, columns, result.labels)


def history(result, *, ax=None):
    """Discrepancy of each round against its number of particles, on log axes.

    The dashed line falls like the discrepancy of independent draws.

    Parameters
    ----------
    result : Result
        ValueError for one without rounds.
    ax : Axes, optional
    """
    if not result.history:
        raise ValueError("result must have rounds")
    n, values = np.transpose(result.history)
    discrepancy = np.sqrt(np.maximum(2.0 * values, 0.0))
    ax = _axes(ax)
    ax.plot(n, discrepancy, "o-", label="particles")
    rate = discrepancy[0] * np.sqrt(n[0] / n)
    ax.plot(n, rate, "--", color="0.6", zorder=1, label="$n^{-1/2}$")
    ax.set(xscale="log", yscale="log", xlabel="particles", ylabel="discrepancy")
    ax.legend(frameon=False)
    return ax


def spectrum(result, *, ax=None):
    """Splitting eigenvalues of each round, and the decrease of F after its splits.

    Dots are the values ``-v' S v`` of the particles that split; the line is the
    decrease of F to the end of the next round.  Rounds without splits are left out.

    Parameters
    ----------
    result : Result
        Of a run; ValueError for one that was read from a file, without rounds, or
        whose rounds have no splits.
    ax : Axes, optional

    Returns
    -------
    Axes
        Of the eigenvalues; those of the decrease are its twin.
    """
    values = [*(this.value for this in _rounds(result)), result.value]
    dots, decreases = [], []
    for this, decrease in zip(result.rounds, -np.diff(values), strict=True):
        index = -np.asarray(this.grown.splitting_index, dtype=float)
        n, index = len(this.particles), index[index > 0.0]
        dots += [(n, eigenvalue) for eigenvalue in index]
        decreases += [(n, decrease)] if len(index) else []
    if not dots:
        raise ValueError("result has no rounds with splits")
    ax = _axes(ax)
    ax.plot(*np.transpose(dots), "o", color="C0", alpha=0.6, markeredgewidth=0)
    ax.set(xscale="log", yscale="log", xlabel="particles")
    ax.set_ylabel(r"$-\lambda$ of the particles that split", color="C0")
    twin = ax.twinx()
    twin.plot(*np.transpose(decreases), "s-", color="C1", markersize=4)
    if all(decrease > 0.0 for _, decrease in decreases):
        twin.set_yscale("log")
    twin.set_ylabel("decrease of F to the next round", color="C1")
    return ax


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
    p, labels = _particles_and_labels(particles, "particles")
    if p.dim != 2:
        raise ValueError(f"particles must be in the plane, d = 2, got d = {p.dim}")
    as_flag(directions, "directions")
    side = as_count(resolution, "resolution", 2, MOST_POINTS)
    x, y, points = _grid(extent, p.positions, side)
    h = objective.witness(p, points)
    # Far out a Stein witness can be huge: the colours end at nearly all of it.
    top = max(float(np.quantile(np.abs(h), 0.98)), np.finfo(float).tiny)
    levels = np.linspace(-top, top, 22)
    ax = _axes(ax)
    ax.contourf(x, y, h.reshape(x.shape), levels, cmap="RdBu_r", extend="both")
    if directions:
        span = 0.08 * max(np.ptp(x), np.ptp(y))
        _draw_directions(ax, objective, p, span)
    ax.scatter(*p.positions.T, s=25, c="black", edgecolors="white", zorder=3)
    return _labelled(ax, (0, 1), labels)


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


def _particles_and_labels(data, name):
    """Particles and names of the coordinates of a Result, a ParticleSet or an array."""
    particles = getattr(data, "particles", data)
    if not isinstance(particles, ParticleSet):
        particles = ParticleSet(as_positions(particles, name))
    return particles, getattr(data, "labels", [f"x{k}" for k in range(particles.dim)])


def _checked_columns(coordinates, dim, least=1):
    columns = [0] if dim == 1 else list(coordinates)
    valid = set(columns) & set(range(dim))
    if len(valid) != len(columns) or not least <= len(valid) <= 2:
        number = "two" if least == 2 else "one or two"
        raise ValueError(f"coordinates must be {number} of {dim}, got {coordinates!r}")
    return columns


def _grid(extent, xy, side):
    """Lattice x, y (side, side) and its points (side^2, 2); around xy by default."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    margin = 0.5 * (high - low).max() or 1.0
    around = np.stack([low - margin, high + margin], axis=1).ravel()
    ends = around if extent is None else as_floats(extent, "extent", "of shape (4,)")
    if ends.shape != (4,) or not np.isfinite(ends).all():
        raise ValueError(f"extent must be four finite numbers, got {extent!r}")
    left, right, bottom, top = ends
    x, y = np.meshgrid(np.linspace(left, right, side), np.linspace(bottom, top, side))
    return x, y, np.stack([x.ravel(), y.ravel()], axis=1)


def _rounds(result):
    if not result.rounds:
        raise ValueError("result must have rounds; one read from a file has none")
    return result.rounds


def _branches(result):
    """Segments (m, 2, d) from round to round, and the round (m,) each belongs to."""
    stages = [(r.particles.positions, r.grown.parents, r.kept) for r in _rounds(result)]
    if not np.array_equal(stages[-1][0], result.positions):  # a round was cut short
        stages.append((result.positions, None, None))
    segments, rounds = [np.zeros((0, 2, result.particles.dim))], [np.zeros(0)]
    for k in range(1, len(stages)):
        (before, parents, _), (after, _, kept) = stages[k - 1], stages[k]
        rows = slice(len(after)) if kept is None else kept
        source = np.concatenate([np.arange(len(before)), parents])[rows]
        split = source >= 0  # an inserted particle has no parent and no segment
        segments.append(np.stack([before[source[split]], after[split]], axis=1))
        rounds.append(np.full(split.sum(), float(k)))
    return np.concatenate(segments), np.concatenate(rounds)


def _axes(ax):
    from matplotlib import pyplot as plt

    return plt.subplots(layout="constrained")[1] if ax is None else ax


def _labelled(ax, columns, labels):
    ax.set(xlabel=labels[columns[0]], ylabel=labels[columns[1]])
    if len(labels) == 2:
        ax.set_aspect("equal")
    return ax
