"""Particles, labels and columns of a picture, its axes, and lattices in them."""

import numbers

import numpy as np

from .._validation import as_floats, as_positions
from ..particles import ParticleSet


def is_result(data) -> bool:
    """Whether this has particles with labels and rounds, as the result of a run."""
    return hasattr(data, "particles")


def particles_and_labels(data, name: str) -> tuple[ParticleSet, list[str]]:
    """Particles and names of the coordinates of a Result, a ParticleSet or an array."""
    if is_result(data):
        return data.particles, data.labels
    if not isinstance(data, ParticleSet):
        data = ParticleSet(as_positions(data, name))
    return data, [f"x{k}" for k in range(data.dim)]


def checked_columns(coordinates, labels, least: int = 1, most: int = 2) -> list[int]:
    """Columns of coordinates that are given by their numbers or names."""
    dim, known = len(labels), list(labels)
    if dim == 1:
        coordinates = [0]
    asked = np.ravel(np.array(coordinates, dtype=object))
    columns = [known.index(c) if c in known else c for c in asked]
    whole = all(isinstance(c, numbers.Integral) for c in columns)
    valid = set(columns).intersection(range(dim)) if whole else set()
    if len(valid) != len(columns) or not least <= len(valid) <= most:
        number = "two" if least == 2 else "one or two" if most == 2 else "some"
        raise ValueError(
            f"coordinates must be {number} of {dim}, numbers or names, "
            f"got {coordinates!r}"
        )
    return [int(c) for c in columns]


def checked_extent(extent, xy: np.ndarray) -> np.ndarray:
    """Ends (d, 2) of a picture: those given, or around points (n, d)."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    margin = 0.5 * (high - low).max() or 1.0
    around = np.stack([low - margin, high + margin], axis=1)
    if extent is None:
        return around
    number = "two" if len(low) == 1 else "four"
    ends = as_floats(extent, "extent", f"of {number} numbers")
    if ends.shape != (around.size,) or not np.isfinite(ends).all():
        raise ValueError(f"extent must be {number} finite numbers, got {extent!r}")
    return ends.reshape(around.shape)


def lattice(ends: np.ndarray, side: int):
    """Lattice x, y (side, side) between ends (2, 2), and its points (side^2, 2)."""
    (left, right), (bottom, top) = ends
    x, y = np.meshgrid(np.linspace(left, right, side), np.linspace(bottom, top, side))
    return x, y, np.stack([x.ravel(), y.ravel()], axis=1)


def axes_or_new(ax):
    """The axes, or those of a new figure."""
    from matplotlib import pyplot as plt

    return plt.subplots(layout="constrained")[1] if ax is None else ax


def labelled(ax, columns, labels):
    """The axes with their labels, in equal aspect where they show all there is."""
    ax.set(xlabel=labels[columns[0]], ylabel=labels[columns[1]])
    if len(labels) == 2:
        ax.set_aspect("equal")
    return ax


def areas(weights: np.ndarray, area: float) -> np.ndarray:
    """Areas of dots (n,) that are proportional to the weights, `area` on average."""
    total = max(np.abs(weights).sum(), np.finfo(float).tiny)
    return area * len(weights) * np.abs(weights) / total


def heights(weights: np.ndarray) -> np.ndarray:
    """Heights of stems (n,) that are proportional to the weights, at most one."""
    return np.abs(weights) / max(np.abs(weights).max(), np.finfo(float).tiny)


def colours(weights: np.ndarray) -> np.ndarray:
    """Colours of particles (n,): another one where the weight is negative."""
    return np.where(weights < 0, "C3", "C0")
