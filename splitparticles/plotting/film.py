"""Film of a run: particles move to the end of each round, and split."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .._display import counted
from .._files import written_whole
from .._validation import as_positive
from .axes import areas, checked_columns, checked_extent, colours, heights, labelled
from .branches import rounds_of, transitions
from .shades import draws_behind, ranges, refuse_target, shade_draws, shade_target

FRAMES = 20  # a second

MOVING = 0.7  # of a round, before the particles rest

AREA = 1500.0  # of all dots, in square points

MOST_MEGABYTES = 1000  # of the pictures in HTML


def animate(
    result,
    path=None,
    *,
    coordinates: Sequence[int | str] = (0, 1),
    seconds_a_round: float = 1.0,
    target=None,
    draws=None,
    ax=None,
):
    """Film of the splitting: particles split, and move to the end of the next round.

    Parameters
    ----------
    result : Result
        Of a run; ValueError for one that was read from a file, without rounds.
    path : str or path, optional
        File to write, ``.gif`` or ``.html``, whole or not at all.
    coordinates : tuple of int or str
        The two to film, by number or name; a single one, or d = 1, as stems whose
        height is the weight over the largest.
    seconds_a_round : float
    target, draws : optional
        To shade behind the particles, as in `particles` and `corner`.
    ax : Axes, optional
        Of a window, to show the film in.  A new figure belongs to the film alone.

    Returns
    -------
    matplotlib.animation.FuncAnimation
        Shown by notebooks as a player; ``to_jshtml()`` gives that.  Keep it: a film
        ends when nothing refers to it.

    Raises
    ------
    OSError
        When the file cannot be written; an old one is left as it was.
    """
    from matplotlib.animation import FuncAnimation
    from matplotlib.figure import Figure

    class Film(FuncAnimation):
        """Animation that notebooks show as a player."""

        def _repr_html_(self):
            return _html(self)

    suffix = _checked_suffix(path)
    ticks = int(np.ceil(FRAMES * as_positive(seconds_a_round, "seconds_a_round")))
    columns = checked_columns(coordinates, result.labels)
    refuse_target(target, columns, result.particles.dim)
    first = rounds_of(result)[0].particles
    steps = [(first, np.arange(len(first)), first), *transitions(result)]
    if is_new := ax is None:
        ax = Figure(figsize=(5.0, 4.6), layout="constrained").subplots()
    ends = _shaded(ax, result, steps, columns, target, draws)
    update = (_stems if len(columns) == 1 else _dots)(ax, columns, result.labels)
    ax.set(xlim=ends[0], ylim=ends[-1] if len(columns) == 2 else (0.0, 1.08))
    ax.set_title(" ")
    if is_new:  # all frames have the layout of this one
        ax.figure.draw_without_rendering()
        ax.figure.set_layout_engine("none")

    def draw(frame):
        step, tick = divmod(frame, ticks)
        x, weights = _between(*steps[step], min((tick + 1) / (MOVING * ticks), 1.0))
        ax.set_title(counted(len(x), "particle"))
        update(x[:, columns], weights)

    film = Film(ax.figure, draw, len(steps) * ticks, interval=1000.0 / FRAMES)
    if path is not None:
        written_whole({path: CONTENT[suffix](film)})
    return film


def _checked_suffix(path):
    if path is None:
        return None
    suffix = Path(path).suffix.lower() if isinstance(path, str | os.PathLike) else None
    if suffix not in CONTENT:
        raise ValueError(f"path must end in .gif or .html, got {path!r}")
    return suffix


def _shaded(ax, result, steps, columns, target, draws):
    """Ends (k, 2) of the axes, into which a target or draws are shaded."""
    everywhere = np.vstack([after.positions[:, columns] for _, _, after in steps])
    if target is not None:
        ends = checked_extent(None, everywhere)
        shade_target(ax, target, columns, ends)
        return ends
    background = draws_behind(result, draws, columns, result.particles.dim)
    ends = ranges(everywhere, background)
    if background is not None:
        shade_draws(ax, background, ends)
    return ends


def _between(before, source, after, share):
    """Positions and weights on the way from the end of a round to that of the next."""
    share *= share * (3.0 - 2.0 * share)  # it begins and ends at rest
    inserted = source < 0  # they grow where they are put
    start = np.where(inserted[:, None], after.positions, before.positions[source])
    x = start + share * (after.positions - start)
    return x, after.weights * np.where(inserted, share, 1.0)


def _dots(ax, columns, labels):
    """Function that moves dots, whose area is proportional to the weight."""
    dots = ax.scatter([], [], linewidths=0.5, edgecolors="white", zorder=3)
    labelled(ax, columns, labels)

    def update(x, weights):
        sizes = areas(weights, AREA / len(x))
        dots.set(offsets=x, sizes=sizes, facecolor=colours(weights))

    return update


def _stems(ax, columns, labels):
    """Function that moves stems, as tall as the weights over the largest."""
    stems = ax.vlines([], 0.0, [])
    ax.set(xlabel=labels[columns[0]], ylabel="weight / largest")

    def update(x, weights):
        tips = np.column_stack([x, heights(weights)])
        segments = np.stack([tips * [1.0, 0.0], tips], axis=1)
        stems.set(segments=segments, color=colours(weights))

    return update


def _gif(film) -> bytes:
    from matplotlib.animation import PillowWriter

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.gif"
        film.save(path, writer=PillowWriter(fps=FRAMES))
        return path.read_bytes()


def _html(film) -> str:
    from matplotlib import rc_context

    with rc_context({"animation.embed_limit": MOST_MEGABYTES}):
        return film.to_jshtml(fps=FRAMES)


CONTENT = {".gif": _gif, ".html": lambda film: _html(film).encode()}
