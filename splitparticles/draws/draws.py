r"""Draws of any size: an array, a file on disk, chunks, or a dask array.

Draws are read in blocks of `ROWS` rows, in their order and as often as needed; one
block is in memory at a time.  A sum over all draws is the sum of its blocks' sums,
added in that order: it is the same to the last bit for an array, for the same rows in
chunks of any size, and for a dask array whose blocks are summed by its workers.
"""

from collections.abc import Callable, Iterator
from copy import copy
from functools import partial
from typing import NamedTuple

import numpy as np

from .._files import Answers
from .._validation import as_weights, refuse_large_matrices
from ..stop import check_time
from .labelled import unpacked
from .sources import InMemory, OfDask, blocks_of

MEMORY = 2**28  # bytes that working copies of all draws may take


class Moments(NamedTuple):
    """Number, weight, mean and covariance of draws, from one pass."""

    n: int
    total: float
    """Sum of the weights, n when they are equal."""
    mean: np.ndarray
    cov: np.ndarray


class Draws:
    """Weighted draws, read in blocks as often as needed.

    Parameters
    ----------
    source : array_like, callable, iterable or dask array
        See `compress`.
    weights : array_like, shape (N,) or (N, 1), optional
        Equal when left out.
    name : str
        Their name in errors.
    signed : bool
        Whether weights may be negative; they sum to one.
    """

    def __init__(self, source, weights=None, name: str = "draws", *, signed=False):
        source, self.names = unpacked(source, name)
        self.blocks, self.notes = blocks_of(source, name)
        self.change, self.deadline = None, np.inf
        self.answers = Answers()
        self.weights = weights
        if weights is not None:
            n = sum(self.blocks.each(_count, None))
            self.weights = as_weights(
                weights, f"weights_of_{name}", n, signed=signed, column=True
            )

    def each(self, function: Callable) -> Iterator:
        """``function(z, p, first)`` of each block, in order.

        z (m, d) in working coordinates where there are some, p (m,) weights that are
        not scaled, and the number of the first row.
        """
        if self.change is not None:
            function = partial(_in_working_coordinates, function, self.change)
        for part in self.blocks.each(function, self.weights):
            check_time(self.deadline)
            yield part

    def until(self, deadline: float) -> "Draws":
        """Return the same draws, of which no block is read after a deadline."""
        limited = copy(self)
        limited.deadline = deadline
        return limited

    def with_answers(self, answers: Answers) -> "Draws":
        """Return the same draws, sums over which are kept."""
        kept = copy(self)
        kept.answers = answers
        return kept

    @property
    def first(self) -> np.ndarray:
        """First row, (d,)."""
        for block in self.blocks.each(_block_itself, None):
            return block[0]
        raise ValueError("draws must have at least one row, got none")

    def moments(self) -> Moments:
        """Number, mean and covariance.

        Raises
        ------
        ValueError
            When a row is not finite, or there is none.
        """
        parts = list(self.each(_block_moments))
        if not parts:
            raise ValueError("draws must have at least one row, got none")
        n, total, mean, scatter = parts[0]
        # Blocks are merged about their own means, so that large means cancel nothing.
        for block_n, block_total, block_mean, block_scatter in parts[1:]:
            fraction = block_total / max(total + block_total, 1e-300)
            gap = block_mean - mean
            mean = mean + fraction * gap
            scatter = scatter + block_scatter + fraction * total * np.outer(gap, gap)
            n, total = n + block_n, total + block_total
        return Moments(n, total, mean, scatter / total)

    def without(self, left_out: np.ndarray) -> "Draws":
        """Return the same draws, some of which (N,) have no weight."""
        others = copy(self)
        weights = np.ones(len(left_out)) if self.weights is None else self.weights
        weights = np.where(left_out, 0.0, weights)
        if isinstance(self.blocks, InMemory):
            others.blocks = InMemory(self.in_memory()[0][~left_out])
            weights = None if self.weights is None else weights[~left_out]
        others.weights = None if weights is None else weights / weights.sum()
        return others

    def taken(self, rows: np.ndarray) -> np.ndarray:
        """Draws of these rows, (len(rows), d); rows in increasing order."""
        return np.vstack(list(self.each(partial(_rows_of_block, rows))))

    def few_distinct(self, most: int) -> int:
        """Number of different rows, counted up to `most`."""
        rows: set[bytes] = set()
        for some in self.each(partial(_different_rows, most)):
            rows.update(some)
            if len(rows) >= most:
                return most
        return len(rows)

    def seen_through(self, change, n: int, few: int) -> "Draws":
        """Return the same n draws in working coordinates; in memory if they fit.

        Those of a dask array stay with its workers unless they are `few`.
        """
        transformed = copy(self)
        transformed.change = change
        small = 8 * n * len(change.centre) <= MEMORY
        if n <= few or (small and not isinstance(self.blocks, OfDask)):
            transformed.blocks = InMemory(transformed.in_memory()[0])
            transformed.change = None
        return transformed

    def in_memory(self) -> tuple[np.ndarray, np.ndarray]:
        """Draws (N, d) and their weights (N,), which sum to one."""
        z = np.vstack(list(self.each(_block_itself)))
        n = len(z)
        return z, np.full(n, 1.0 / n) if self.weights is None else self.weights


# Functions of blocks are of the module and not local: dask sends them to workers.
def _in_working_coordinates(function, change, x, p, first):
    return function(np.ascontiguousarray(change.to_working(x)), p, first)


def _block_itself(z, p, first):
    return z


def _different_rows(most, z, p, first):
    rows: set[bytes] = set()
    for row in z[p > 0.0] + 0.0:  # the two zeros are one
        if len(rows) >= most:
            break
        rows.add(row.tobytes())
    return rows


def _count(x, p, first):
    return len(x)


def _rows_of_block(rows, z, p, first):
    inside = rows[(rows >= first) & (rows < first + len(z))]
    return z[inside - first]


def _block_moments(x, p, first):
    refuse_large_matrices("draws", x.shape[1])
    finite = np.isfinite(x).all(axis=1)
    if not finite.all():
        row = int(finite.argmin())
        raise ValueError(f"draws must be finite, got row {first + row}: {x[row]}")
    total = float(p.sum())
    mean = p @ x / total if total > 0.0 else x[0]
    offsets = x - mean
    return len(x), total, mean, (p[:, None] * offsets).T @ offsets
