"""Splitting tree: where the particles of each round came from."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from ..particles import ParticleSet
from .axes import axes_or_new, checked_columns, labelled

MOST_ROUNDS = 6  # in a legend


def tree(result, *, ax=None, coordinates: Sequence[int | str] = (0, 1)):
    """Splitting tree in the plane of two coordinates.

    A line leads from each particle at the end of a round to where it, and the half
    split from it, are at the end of the next one.  Colours count the rounds; a legend
    beside the axes tells some of them.

    Parameters
    ----------
    result : Result
        Of a run; ValueError for one that was read from a file, without rounds.
    ax : Axes, optional
    coordinates : tuple of int or str
        The two to draw, by number or name.
    """
    from matplotlib.collections import LineCollection

    columns = checked_columns(coordinates, result.labels, least=2)
    segments, rounds = [np.zeros((0, 2, 2))], [np.zeros(0)]
    for k, (before, source, after) in enumerate(transitions(result), start=1):
        split = source >= 0  # an inserted particle has no parent and no segment
        ends = before.positions[source[split]], after.positions[split]
        segments.append(np.stack(ends, axis=1)[..., columns])
        rounds.append(np.full(split.sum(), float(k)))
    lines = LineCollection([*np.concatenate(segments)], array=np.concatenate(rounds))
    ax = axes_or_new(ax)
    ax.add_collection(lines)
    ax.autoscale_view()
    _legend(ax, lines)
    return labelled(ax, columns, result.labels)


def _legend(ax, lines):
    """Legend of some rounds, beside the axes: colour k is the way in round k + 1."""
    from matplotlib.lines import Line2D

    last = int(max(lines.get_array(), default=0))
    shown = np.linspace(1, last, min(last, MOST_ROUNDS)).round().astype(int)
    handles = [Line2D([], [], color=lines.to_rgba(k), label=k + 1) for k in shown]
    if handles:
        look = {"title": "round", "frameon": False, "fontsize": "small"}
        ax.legend(handles=handles, loc="center left", bbox_to_anchor=(1, 0.5), **look)


def rounds_of(result):
    """Rounds of a run; ValueError where there are none."""
    if not result.rounds:
        raise ValueError("result must have rounds; one read from a file has none")
    return result.rounds


def transitions(result) -> Iterator[tuple[ParticleSet, np.ndarray, ParticleSet]]:
    """Particles at the end of each round and of the next one, (n, d) and (m, d).

    Between them the rows (m,) from which the later ones came, -1 for one that was
    inserted.
    """
    stages = [(r.particles, r.grown.parents, r.kept) for r in rounds_of(result)]
    if np.array_equal(stages[-1][0].positions, result.positions):
        stages[-1] = (result.particles, *stages[-1][1:])  # with their final weights
    else:  # a round was cut short
        stages.append((result.particles, None, None))
    for (before, parents, _), (after, _, kept) in pairwise(stages):
        rows = slice(len(after)) if kept is None else kept
        yield before, np.concatenate([np.arange(len(before)), parents])[rows], after
