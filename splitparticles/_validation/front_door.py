"""Validation of what the front doors take: numbers of rows, starts and names."""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from .arrays import as_floats, as_positions
from .memory import memory
from .scalars import as_count

MATRICES = 4  # of (d, d), that working coordinates take at a time


def as_rows(value, name: str, dim: int = 1, least: int = 1) -> int:
    """Number of rows of `dim` numbers that memory can hold."""
    n = as_count(value, name, least, math.inf)
    refuse_too_large(name, f"({n}, {dim}) numbers", n, dim)
    return n


def start_cloud(x0: ArrayLike, n_particles: int, rng) -> np.ndarray:
    """Start points (n0, d) from a point, a cloud or a number of dimensions."""
    if isinstance(x0, (int, np.integer)) and not isinstance(x0, bool):
        refuse_too_large("x0", x0, d := as_count(x0, "x0"))
        return rng.standard_normal((1, d))
    start = as_floats(x0, "x0", "of shape (d,) or (n0, d), or a number of dimensions")
    start = as_positions(start[None] if start.ndim == 1 else start, "x0")
    if len(start) > n_particles:
        start = start[np.sort(rng.choice(len(start), n_particles, replace=False))]
    return start


def checked_names(names, d: int) -> list[str] | None:
    """One name a coordinate, no two of them alike; or None."""
    if names is None:
        return None
    fault = f"names must be {d} different strings, got {names!r}"
    if isinstance(names, (str, bytes, set)) or not isinstance(names, Iterable):
        raise TypeError(fault)
    names = list(names)
    if not all(isinstance(name, str) for name in names):
        raise TypeError(fault)
    if not len(names) == len(set(names)) == d:
        raise ValueError(fault)
    return [str(name) for name in names]


def refuse_too_large(name: str, value: object, *shape: int) -> None:
    """Refuse a value for which arrays of a shape outgrow the machine's memory."""
    needed, limit = 8.0 * math.prod(map(float, shape)), memory()
    if needed > limit:
        raise ValueError(
            f"{name} must fit in memory: {value} need {needed / 2**30:.3g} GiB, and "
            f"this process may have {limit / 2**30:.3g} GiB"
        )


def refuse_large_matrices(name: str, d: int) -> None:
    """Refuse d coordinates whose working coordinates outgrow the memory."""
    refuse_too_large(name, f"{MATRICES} matrices of ({d}, {d})", MATRICES, d, d)
