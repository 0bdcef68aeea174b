"""Pictures of particles, of how they came about, and of what drives them.

Every function draws into the axes `ax`, or into new ones, and returns them.  The
plane is drawn in equal aspect; projections from more dimensions are not.
"""

import numpy as np

from .particles import ParticleSet

__all__ = ["history", "particles", "spectrum", "tree", "witness"]


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

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        When there are no such coordinates, or a target but d is not 2.

    Examples
    --------
    >>> import splitparticles as sp
    >>> from matplotlib.figure import Figure
    >>> p = sp.ParticleSet([[0.0, 0.0], [1.0, 2.0]], [0.25, 0.75])
    >>> ax = sp.plotting.particles(p, ax=Figure().subplots())
    >>> ax.collections[0].get_sizes()
    array([20., 60.])
    """
    these, labels = _unpacked(result_or_particles)
    chosen = _chosen(coordinates, these.dim)
    if target is not None and not len(chosen) == these.dim == 2:
        raise ValueError(f"target can be drawn for d = 2 only, got d = {these.dim}")
    ax = _axes(ax)
    if not {"c", "color", "colors"} & options.keys():
        options["color"] = np.where(these.weights < 0, "C3", "C0")
    if len(chosen) == 1:
        ax.vlines(these.positions[:, chosen[0]], 0.0, these.weights, **options)
        ax.set(xlabel=labels[chosen[0]], ylabel="weight")
        return ax
    xy = these.positions[:, chosen]
    if target is not None:
        x, y, points = _grid(extent, xy, 80)
        # the target knows the coordinates in their own order
        height = np.reshape(target.log_density(points[:, np.argsort(chosen)]), x.shape)
        greys = [str(0.97 - 0.06 * k) for k in range(len(SHADES) - 1)]
        ax.contourf(x, y, height - height.max(), levels=SHADES, colors=greys)
    size = np.abs(these.weights)
    size = area * len(size) * size / max(size.sum(), np.finfo(float).tiny)
    look = {"linewidths": 0.5, "edgecolors": "white", "zorder": 3}
    ax.scatter(*xy.T, s=size, **look | options)
    return _named(ax, chosen, labels)


def tree(result, *, ax=None, coordinates: tuple[int, int] = (0, 1)):
    """Draw the splitting tree where it happened.

    A line leads from each particle's resting place to where it, and the half split
    from it, rest in the next round.  Colours count the rounds.

    Parameters
    ----------
    result : Result
        Of a run; ValueError for one that was read from a file, without rounds.
    ax : Axes, optional
    coordinates : tuple of int

    Returns
    -------
    Axes

    Examples
    --------
    >>> import splitparticles as sp
    >>> from matplotlib.figure import Figure
    >>> result = sp.sample(lambda x: -x, [0.0, 0.0], 8, rng=0)
    >>> ax = sp.plotting.tree(result, ax=Figure().subplots())
    """
    from matplotlib.collections import LineCollection

    chosen = _chosen(coordinates, result.particles.dim, least=2)
    segments, rounds = _branches(result)
    ax = _axes(ax)
    ax.add_collection(LineCollection(segments[..., chosen], array=rounds))
    ax.autoscale_view()
    return _named(ax, chosen, result.labels)


def history(result, *, ax=None):
    """Discrepancy of each round against its number of particles, on log axes.

    The dashed line falls like the discrepancy of independent draws.

    Parameters
    ----------
    result : Result
        Of a run; ValueError for one that was read from a file, without rounds.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> import splitparticles as sp
    >>> from matplotlib.figure import Figure
    >>> result = sp.sample(lambda x: -x, [0.0, 0.0], 8, rng=0)
    >>> ax = sp.plotting.history(result, ax=Figure().subplots())
    """
    rounds = _rounds(result)
    n = np.array([len(this.particles) for this in rounds])
    discrepancy = np.sqrt([max(2.0 * this.value, 0.0) for this in rounds])
    ax = _axes(ax)
    ax.plot(n, discrepancy, "o-", label="particles")
    rate = discrepancy[0] * np.sqrt(n[0] / n)
    ax.plot(n, rate, "--", color="0.6", zorder=1, label="$n^{-1/2}$")
    ax.set(xscale="log", yscale="log", xlabel="particles", ylabel="discrepancy")
    ax.legend(frameon=False)
    return ax


def spectrum(result, *, ax=None):
    """Splitting eigenvalues of each round, and what F lost by its splits.

    Dots are the curvatures ``-v' S v`` of those who split, larger where more is to be
    gained; the line is the fall of F to the next round, after the descent that
    followed.  Nothing is drawn of rounds without splits.

    Parameters
    ----------
    result : Result
        Of a run; ValueError for one that was read from a file, without rounds, or in
        which nobody split.
    ax : Axes, optional

    Returns
    -------
    Axes
        Of the eigenvalues; that of the loss is its twin.

    Examples
    --------
    >>> import splitparticles as sp
    >>> from matplotlib.figure import Figure
    >>> result = sp.sample(lambda x: -x, [0.0, 0.0], 8, rng=0)
    >>> ax = sp.plotting.spectrum(result, ax=Figure().subplots())
    """
    rounds, values = _rounds(result), [this.value for this in result.rounds]
    values.append(result.value)
    dots, drops = [], []
    for k, this in enumerate(rounds):
        index = -np.asarray(this.grown.splitting_index, dtype=float)
        n, index = len(this.particles), index[index > 0.0]
        dots += [(n, size) for size in index]
        if len(index):
            drops.append((n, values[k] - values[k + 1]))
    if not dots:
        raise ValueError("result must have rounds in which somebody split")
    ax = _axes(ax)
    ax.plot(*np.transpose(dots), "o", color="C0", alpha=0.6, markeredgewidth=0)
    ax.set(xscale="log", yscale="log", xlabel="particles")
    ax.set_ylabel(r"$-\lambda$ of those who split", color="C0")
    other = ax.twinx()
    other.plot(*np.transpose(drops), "s-", color="C1", markersize=4)
    if all(drop > 0.0 for _, drop in drops):
        other.set_yscale("log")
    other.set_ylabel("fall of F to the next round", color="C1")
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
    """Witness function over the plane: mass wants to go where it is low.

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
        Draw the splitting directions: a line through each particle that wants to split,
        along its eigenvector, longer the lower the eigenvalue.

    Returns
    -------
    Axes

    Examples
    --------
    >>> import splitparticles as sp
    >>> from matplotlib.figure import Figure
    >>> F, p = sp.KSD(sp.Gaussian(1.0), lambda x: -x), sp.ParticleSet([[0.0, 0.0]])
    >>> ax = sp.plotting.witness(F, p, ax=Figure().subplots(), resolution=20)
    """
    these, labels = _unpacked(particles)
    if these.dim != 2:
        raise ValueError(f"particles must be in the plane, d = 2, got d = {these.dim}")
    x, y, points = _grid(extent, these.positions, resolution)
    h = objective.witness(these, points)
    # far out a Stein witness can be huge: the colours end at nearly all of it
    top = max(float(np.quantile(np.abs(h), 0.98)), np.finfo(float).tiny)
    look = {"levels": np.linspace(-top, top, 22), "cmap": "RdBu_r", "extend": "both"}
    ax = _axes(ax)
    ax.contourf(x, y, h.reshape(x.shape), **look)
    if directions:
        span = 0.08 * max(np.ptp(x), np.ptp(y))
        _draw_directions(ax, objective, these, span)
    ax.scatter(*these.positions.T, s=25, c="black", edgecolors="white", zorder=3)
    return _named(ax, (0, 1), labels)


def _draw_directions(ax, objective, these, span):
    """Lines along the splitting directions, the longest as long as `span`."""
    from matplotlib.collections import LineCollection

    values, vectors = np.linalg.eigh(objective.splitting_matrices(these))
    size = np.sqrt(np.maximum(-values[:, 0], 0.0))
    size = 0.5 * span * size / max(size.max(), np.finfo(float).tiny)
    reach = size[:, None] * vectors[:, :, 0]
    ends = np.stack([these.positions - reach, these.positions + reach], axis=1)
    ax.add_collection(LineCollection(ends[size > 0], colors="black", linewidths=2))


def _unpacked(given):
    if hasattr(given, "labels"):
        return given.particles, given.labels
    these = given if isinstance(given, ParticleSet) else ParticleSet(given)
    return these, [f"x{k}" for k in range(these.dim)]


def _chosen(coordinates, dim, least=1):
    chosen = [0] if dim == 1 else list(coordinates)
    known = set(chosen) & set(range(dim))
    if len(known) != len(chosen) or not least <= len(known) <= 2:
        wanted = "two" if least == 2 else "one or two"
        raise ValueError(f"coordinates must be {wanted} of {dim}, got {coordinates!r}")
    return chosen


def _grid(extent, xy, many):
    """Lattice x, y (many, many) and its points (many^2, 2); around xy by default."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    room = 0.5 * (high - low).max() or 1.0
    around = np.stack([low - room, high + room], axis=1).ravel()
    left, right, bottom, top = around if extent is None else extent
    x, y = np.meshgrid(np.linspace(left, right, many), np.linspace(bottom, top, many))
    return x, y, np.stack([x.ravel(), y.ravel()], axis=1)


def _rounds(result):
    if not result.rounds:
        raise ValueError("result must have rounds; one read from a file has none")
    return result.rounds


def _branches(result):
    """Segments (m, 2, d) from place to place, and the round (m,) each belongs to."""
    stages = [(r.particles.positions, r.grown.parents, r.kept) for r in _rounds(result)]
    if not np.array_equal(stages[-1][0], result.positions):  # a round was cut short
        stages.append((result.positions, None, None))
    segments, rounds = [np.zeros((0, 2, result.particles.dim))], [np.zeros(0)]
    for k in range(1, len(stages)):
        (before, parents, _), (after, _, kept) = stages[k - 1], stages[k]
        source = np.concatenate([np.arange(len(before)), parents])
        source = source[: len(after)] if kept is None else source[kept]
        known = source >= 0  # one put in from nowhere begins a line of its own
        segments.append(np.stack([before[source[known]], after[known]], axis=1))
        rounds.append(np.full(known.sum(), float(k)))
    return np.concatenate(segments), np.concatenate(rounds)


def _axes(ax):
    from matplotlib import pyplot

    return pyplot.subplots(layout="constrained")[1] if ax is None else ax


def _named(ax, chosen, labels):
    ax.set(xlabel=labels[chosen[0]], ylabel=labels[chosen[1]])
    if len(labels) == 2:
        ax.set_aspect("equal")
    return ax
