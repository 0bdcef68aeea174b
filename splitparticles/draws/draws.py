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

from .._validation import as_floats, as_positions, as_weights, refuse_nonfinite

ROWS = 2**16  # of a block

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
    weights : array_like, shape (N,), optional
        Equal when left out.
    name : str
        Their name in errors.
    signed : bool
        Whether weights may be negative; they sum to one.
    """

    def __init__(self, source, weights=None, name: str = "draws", *, signed=False):
        self.blocks = _blocks(source, name)
        self.change = None
        self.weights = weights
        if weights is not None:
            n = sum(self.blocks.each(_count, None))
            self.weights = as_weights(weights, f"weights_of_{name}", n, signed=signed)

    def each(self, function: Callable) -> Iterator:
        """``function(z, p, first)`` of each block, in order.

        z (m, d) in working coordinates where there are some, p (m,) weights that are
        not scaled, and the number of the first row.
        """
        if self.change is not None:
            function = partial(_in_working_coordinates, function, self.change)
        return self.blocks.each(function, self.weights)

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
        if isinstance(self.blocks, _OfArray):
            others.blocks = _OfArray(self.in_memory()[0][~left_out])
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
        if n <= few or (small and not isinstance(self.blocks, _OfDask)):
            transformed.blocks = _OfArray(transformed.in_memory()[0])
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


def _rows_of_block(rows, z, p, first):
    inside = rows[(rows >= first) & (rows < first + len(z))]
    return z[inside - first]


def _block_moments(x, p, first):
    finite = np.isfinite(x).all(axis=1)
    if not finite.all():
        row = int(finite.argmin())
        raise ValueError(f"draws must be finite, got row {first + row}: {x[row]}")
    total = float(p.sum())
    mean = p @ x / total if total > 0.0 else x[0]
    offsets = x - mean
    return len(x), total, mean, (p[:, None] * offsets).T @ offsets


# ------------------------------------------------------------------- sources
def _blocks(source, name):
    """Reader of the rows of a source."""
    if type(source).__module__.partition(".")[0] == "dask":
        return _OfDask(source, name)
    plain = isinstance(source, np.ndarray) and source.dtype.kind in "fiub"
    on_disk = hasattr(source, "chunks") and hasattr(source, "shape")  # HDF5, Zarr
    if (plain and not isinstance(source, np.ma.MaskedArray)) or on_disk:
        _refuse_type(source.dtype, name)
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
    if iter(source) is source:  # an iterator can be read only once
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


def _refuse_type(dtype, name) -> None:
    """Raise a TypeError unless numbers of this type are real."""
    if dtype.kind not in "fiub":
        raise TypeError(f"{name} must be real numbers of shape (N, d), got {dtype}")


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
    """Blocks of chunks of any lengths, which each ``make()`` begins anew."""

    def __init__(self, make, name):
        self.make, self.name = make, name

    def each(self, function, weights):
        first = 0
        for x in self._equal_blocks():
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

    def _equal_blocks(self):
        """Chunks put together and cut again, ROWS rows each."""
        waiting, m, dim = [], 0, None
        for number, chunk in enumerate(self._chunks()):
            name = f"{self.name}, chunk {number},"
            chunk = as_floats(chunk, name, "of shape (N_k, d)")
            if dim is None and chunk.ndim == 2:
                dim = chunk.shape[1]
            if chunk.ndim != 2 or chunk.shape[1] != dim or 0 in chunk.shape:
                raise ValueError(
                    f"{name} must have rows and {dim or 'some'} columns, "
                    f"got shape {chunk.shape}"
                )
            refuse_nonfinite(chunk, name)
            waiting.append(chunk)
            m += len(chunk)
            while m >= ROWS:
                rows = np.vstack(waiting)
                yield rows[:ROWS]
                waiting, m = [rows[ROWS:]], m - ROWS
        if m:
            yield np.vstack(waiting)


class _OfDask:
    """Blocks of a dask array, summed by the workers that hold them."""

    def __init__(self, array, name):
        import dask

        self.dask = dask
        if hasattr(array, "to_dask_array"):  # a data frame
            array = array.to_dask_array(lengths=True)
        _refuse_type(array.dtype, name)
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
