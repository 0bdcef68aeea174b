"""Threads for the rows of a loop: blocks of rows on a small pool of Python threads.

Rows are independent and no row depends on its block, so the bits are the same for any
number of threads.  No threading layer of Numba is involved: there is none to abort
when two threads call at once, or after a fork.
"""

import functools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

# Below this many inner steps (0.15 ms) a call is over before a second thread has woken
# up and caught up; a block of the larger size (0.1 s) is how long Ctrl-C may wait.
STEPS_WORTH_A_THREAD = 1_500_000

STEPS_OF_A_BLOCK = 500_000_000

# A thread may wake up late, or on a core that has other work: there are several blocks
# for each thread, and the first that is free takes the next one.  No block is so small
# that loading its partners counts.
BLOCKS_OF_A_THREAD, ROWS_OF_A_BLOCK = 4, 32


_n_threads: ContextVar[int | None] = ContextVar("n_threads", default=None)

_pools: dict[int, ThreadPoolExecutor] = {}


def _forget_pools() -> None:
    """Threads do not survive a fork: the child starts its own."""
    _pools.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pools)


@contextmanager
def using_threads(n_threads: int | None) -> Iterator[None]:
    """Loops called inside use this many threads; None is one a core."""
    token = _n_threads.set(n_threads)
    try:
        yield
    finally:
        _n_threads.reset(token)


@functools.cache
def n_cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows have no affinity
        return os.cpu_count() or 1


def pair_steps(x: np.ndarray, y: np.ndarray, sums: int) -> int:
    """Inner steps of a call with `sums` sums over coordinates for each pair."""
    return len(x) * len(y) * (sums * x.shape[1] + 8)


def in_row_blocks(
    loop: Callable,
    kernel,
    arrays: tuple,
    rows: int,
    steps: int,
    *,
    fewest_rows: int = ROWS_OF_A_BLOCK,
) -> None:
    """Fill the `rows` of the outputs among `arrays`, in blocks, on the threads.

    Parameters
    ----------
    loop : callable
        ``loop(kernel, *arrays, first, last)`` fills rows first to last - 1.
    steps : int
        Inner steps of the whole call: pairs, times the sums over coordinates that each
        takes, times d, and some more for the profile.  About 0.1 ns each.
    fewest_rows : int
        Fewest rows that are worth a block of their own.
    """
    # Numba compiles one version only, for writable arrays in C order
    arrays = tuple(a if a.flags.carray else np.array(a, order="C") for a in arrays)
    if steps < min(STEPS_WORTH_A_THREAD, STEPS_OF_A_BLOCK):
        return loop(kernel, *arrays, 0, rows)
    n_threads = _n_threads.get() or n_cores()
    if steps < STEPS_WORTH_A_THREAD or rows < 2:
        n_threads = 1
    wanted = n_threads if n_threads == 1 else BLOCKS_OF_A_THREAD * n_threads
    wanted = max(n_threads, min(wanted, rows // fewest_rows))
    blocks = min(rows, max(wanted, -(-steps // STEPS_OF_A_BLOCK)))
    edges = [rows * b // blocks for b in range(blocks + 1)]
    remaining = iter(range(blocks))

    def work():
        for b in remaining:
            loop(kernel, *arrays, edges[b], edges[b + 1])

    submitted = [_pool(n_threads).submit(work) for _ in range(1, n_threads)]
    work()
    for future in submitted:
        future.result()


def _pool(n_threads: int) -> ThreadPoolExecutor:
    """Pool for a call on `n_threads`, one of which is the caller's own."""
    pool = _pools.get(n_threads)
    if pool is None:
        pool = _pools.setdefault(n_threads, ThreadPoolExecutor(n_threads - 1))
    return pool
