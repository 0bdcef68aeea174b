r"""Draws of any size: an array, a file on disk, chunks, or a dask array.

Whatever holds them, draws are gone through in blocks of so many rows, in their order,
as often as wanted, and no more than one block is in memory at a time.  A sum over all
draws is the sum of its blocks' sums, added in that order: so it is the same to the last
bit whether an array is handed over, the same rows in chunks of any size, or a dask
array whose blocks are summed by the workers that hold them.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from .._validation import as_floats, as_positions, as_weights, refuse_nonfinite

ROWS = 2**16  # of a block

MEMORY = 2**28  # bytes that working copies of all draws may take


class Moments(NamedTuple):
    """What one pass over draws finds."""

    n: int
    total: float
    """Sum of the weights, n when they are equal."""
    mean: np.ndarray
    cov: np.ndarray


class Draws:
    """Weighted draws in blocks, gone through as often as wanted.

    Parameters
    ----------
    source : array_like, callable, iterable or dask array
        See `compress`.
    weights : array_like, shape (N,), optional
        Equal when left out.
    name : str
        What to call them in errors.
    """

    def __init__(self, source, weights=None, name: str = "draws"):
        self.blocks = _blocks(source, name)
        self.change = None
        self.weights = weights
        if weights is not None:
            n = _length(self.blocks)
            self.weights = as_weights(weights, f"weights_of_{name}", n)

    def each(self, function: Callable) -> Iterator:
        """``function(z, p, first)`` of each block, in order.

        z (m, d) in working coordinates where there are some, p (m,) weights that are
        not scaled, and the number of the first row.
        """
        seen = function
        if self.change is not None:
            seen = partial(_changed, function, self.change)
        return self.blocks.each(seen, self.weights)

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
        for more, extra, other, other_scatter in parts[1:]:
            share, gap = extra / max(total + extra, 1e-300), other - mean
            mean = mean + share * gap
            scatter = scatter + other_scatter + share * total * np.outer(gap, gap)
            n, total = n + more, total + extra
        return Moments(n, total, mean, scatter / total)

    def taken(self, rows: np.ndarray) -> np.ndarray:
        """Draws of these rows, (len(rows), d); rows in increasing order."""
        return np.vstack(list(self.each(partial(_rows_of_block, rows))))

    def seen_through(self, change, n: int, few: int) -> "Draws":
        """Return the same n draws in working coordinates; in memory if they fit.

        Those of a dask array stay where they are unless they are few.
        """
        seen = Draws.__new__(Draws)
        seen.weights, seen.change, seen.blocks = self.weights, change, self.blocks
        small = 8 * n * len(change.centre) <= MEMORY
        if n <= few or (small and not isinstance(self.blocks, _OfDask)):
            seen.blocks, seen.change = _OfArray(seen.in_memory()[0]), None
        return seen

    def in_memory(self) -> tuple[np.ndarray, np.ndarray]:
        """Draws (N, d) and their weights (N,), which sum to one."""
        z = np.vstack(list(self.each(_block_itself)))
        n = len(z)
        return z, np.full(n, 1.0 / n) if self.weights is None else self.weights


def _changed(function, change, x, p, first):
    return function(np.ascontiguousarray(change.to_working(x)), p, first)


def _block_itself(z, p, first):
    return z


def _rows_of_block(rows, z, p, first):
    inside = rows[(rows >= first) & (rows < first + len(z))]
    return z[inside - first]


def _block_moments(x, p, first):
    fine = np.isfinite(x).all(axis=1)
    if not fine.all():
        row = int(fine.argmin())
        raise ValueError(f"draws must be finite, got row {first + row}: {x[row]}")
    total = float(p.sum())
    mean = p @ x / total if total > 0.0 else x[0]
    gap = x - mean
    return len(x), total, mean, (p[:, None] * gap).T @ gap


# ------------------------------------------------------------------- sources
def _blocks(source, name):
    """What goes through the rows of a source."""
    if type(source).__module__.partition(".")[0] == "dask":
        return _OfDask(source, name)
    plain = isinstance(source, np.ndarray) and source.dtype.kind in "fiub"
    on_disk = hasattr(source, "chunks") and hasattr(source, "shape")  # HDF5, Zarr
    if (plain and not isinstance(source, np.ma.MaskedArray)) or on_disk:
        if len(source.shape) != 2 or 0 in source.shape:
            raise ValueError(
                f"{name} must have shape (N, d) with N, d >= 1, got {source.shape}"
            )
        return _OfArray(source)
    if callable(source):
        return _OfChunks(source, name)
    if hasattr(source, "__array__") or not _holds_chunks(source):
        return _OfArray(as_positions(source, name))
    if isinstance(source, (str, bytes)) or not hasattr(source, "__iter__"):
        raise TypeError(
            f"{name} must be an array (N, d) or chunks of it, got {source!r}"
        )
    if iter(source) is source:  # can be gone through once only
        source = list(source)
    return _OfChunks(lambda: source, name)


def _holds_chunks(source) -> bool:
    """Whether something that is no array is an iterable of arrays (N_k, d)."""
    if not isinstance(source, (list, tuple)):
        return True
    try:
        return any(np.ndim(chunk) == 2 for chunk in source)
    except ValueError:  # ragged
        return False


def _length(blocks) -> int:
    return sum(blocks.each(_count, None))


def _count(x, p, first):
    return len(x)


def _weights_of(weights, first, m):
    return np.ones(m) if weights is None else weights[first : first + m]


class _OfArray:
    """Blocks of an array, in memory or on disk."""

    def __init__(self, array):
        self.array = array

    def each(self, function, weights):
        for first in range(0, len(self.array), ROWS):
            x = np.ascontiguousarray(self.array[first : first + ROWS], dtype=float)
            yield function(x, _weights_of(weights, first, len(x)), first)


class _OfChunks:
    """Blocks of chunks that ``make()`` goes through anew, of any lengths."""

    def __init__(self, make, name):
        self.make, self.name = make, name

    def each(self, function, weights):
        first = 0
        for x in self._evened():
            yield function(x, _weights_of(weights, first, len(x)), first)
            first += len(x)

    def _chunks(self):
        try:
            return iter(self.make())
        except TypeError as error:
            raise TypeError(
                f"{self.name} must be an array, chunks of it, or a callable without "
                f"arguments that returns chunks: {error}"
            ) from None

    def _evened(self):
        """Chunks put together and cut again, ROWS rows each."""
        waiting, m, dim = [], 0, None
        for number, chunk in enumerate(self._chunks()):
            what = f"{self.name}, chunk {number},"
            chunk = as_floats(chunk, what, "of shape (N_k, d)")
            if dim is None and chunk.ndim == 2:
                dim = chunk.shape[1]
            if chunk.ndim != 2 or chunk.shape[1] != dim or 0 in chunk.shape:
                raise ValueError(
                    f"{what} must have rows and {dim or 'some'} columns, "
                    f"got shape {chunk.shape}"
                )
            refuse_nonfinite(chunk, what)
            waiting.append(chunk)
            m += len(chunk)
            while m >= ROWS:
                whole = np.vstack(waiting)
                yield whole[:ROWS]
                waiting, m = [whole[ROWS:]], m - ROWS
        if m:
            yield np.vstack(waiting)


class _OfDask:
    """Blocks of a dask array, summed where they are by the scheduler in force."""

    def __init__(self, array, name):
        import dask

        self.dask = dask
        if hasattr(array, "to_dask_array"):  # a data frame
            array = array.to_dask_array(lengths=True)
        if array.ndim != 2:
            raise ValueError(f"{name} must have shape (N, d), got {array.shape}")
        if np.isnan(array.shape[0]):
            array = array.compute_chunk_sizes()
        self.array = array.rechunk({0: ROWS, 1: -1})

    def each(self, function, weights):
        tasks, first = [], 0
        blocks = self.array.to_delayed().ravel()
        for block, m in zip(blocks, self.array.chunks[0], strict=True):
            p = None if weights is None else weights[first : first + m]
            tasks.append(self.dask.delayed(_on_worker)(function, block, p, first))
            first += m
        yield from self.dask.compute(*tasks)


def _on_worker(function, x, p, first):
    x = np.ascontiguousarray(x, dtype=float)
    return function(x, np.ones(len(x)) if p is None else p, first)
