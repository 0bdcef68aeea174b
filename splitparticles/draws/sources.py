"""Sources of draws, read in blocks: an array, a file on disk, chunks, a dask array."""

from functools import partial
from math import prod

import numpy as np

from .._validation import as_floats, refuse_nonfinite
from .labelled import as_rows, check_shape, notes_on

ROWS = 2**16  # of a block


def blocks_of(source, name):
    """Reader of the rows of a source, and notes on how its shape is taken."""
    if type(source).__module__.partition(".")[0] == "dask":
        return OfDask.of(source, name)
    plain = isinstance(source, np.ndarray) and source.dtype.kind in "fiub"
    if plain and not isinstance(source, np.ma.MaskedArray):
        return InMemory(as_rows(source, name)), notes_on(source.shape)
    if hasattr(source, "chunks") and hasattr(source, "shape"):  # HDF5, Zarr
        _refuse_type(source.dtype, name)
        shape = tuple(source.shape or ())
        check_shape(shape, name)
        if len(shape) == 2:
            return InMemory(source), []
        return OfChunks(partial(_slabs, source, name), name), notes_on(shape)
    if callable(source):
        return OfChunks(source, name), []
    if hasattr(source, "__array__") or not _holds_chunks(source):
        array = as_floats(source, name, "of shape (N, d)")
        rows = as_rows(array, name)
        refuse_nonfinite(rows, name)
        return InMemory(rows), notes_on(array.shape)
    if isinstance(source, (str, bytes)) or not hasattr(source, "__iter__"):
        raise TypeError(
            f"{name} must be an array (N, d) or chunks of it, got {source!r}"
        )
    if iter(source) is source:  # an iterator can be read only once
        source = list(source)
    return OfChunks(lambda: source, name), []


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


def _slabs(array, name):
    """Chunks (m, d) of an array on disk of another shape, in its order."""
    step = max(ROWS // prod(array.shape[1:-1]), 1)
    for first in range(0, array.shape[0], step):
        yield as_rows(np.asarray(array[first : first + step]), name)


def _weights_of(weights, first, m):
    return np.ones(m) if weights is None else weights[first : first + m]


class InMemory:
    """Blocks of an array, in memory or on disk."""

    def __init__(self, array):
        self.array = array

    def each(self, function, weights):
        """``function(x, p, first)`` of each block, in order."""
        for first in range(0, self.array.shape[0], ROWS):
            x = np.ascontiguousarray(self.array[first : first + ROWS], dtype=float)
            yield function(x, _weights_of(weights, first, len(x)), first)


class OfChunks:
    """Blocks of chunks of any lengths, which each ``make()`` begins anew."""

    def __init__(self, make, name):
        self.make, self.name = make, name

    def each(self, function, weights):
        """``function(x, p, first)`` of each block, in order."""
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


class OfDask:
    """Blocks of a dask array, summed by the workers that hold them."""

    def __init__(self, array):
        import dask

        self.dask = dask
        self.array = array.rechunk({0: ROWS, 1: -1})

    @classmethod
    def of(cls, array, name):
        """Reader, and notes on how the shape is taken."""
        if hasattr(array, "to_dask_array"):  # a data frame
            array = array.to_dask_array(lengths=True)
        _refuse_type(array.dtype, name)
        if np.isnan(array.shape).any():
            array = array.compute_chunk_sizes()
        return cls(as_rows(array, name)), notes_on(array.shape)

    def each(self, function, weights):
        """``function(x, p, first)`` of each block, in order."""
        tasks, first = [], 0
        blocks = self.array.to_delayed().ravel()
        for block, m in zip(blocks, self.array.chunks[0], strict=True):
            p = None if weights is None else weights[first : first + m]
            tasks.append(self.dask.delayed(_on_worker)(function, block, p, first))
            first += m
        yield from self.dask.compute(*tasks)


def _on_worker(function, x, p, first):
    x = as_floats(x, "draws", "of shape (N, d)")  # they may be of another type
    return function(x, np.ones(len(x)) if p is None else p, first)
