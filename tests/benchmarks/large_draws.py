"""`compress` of draws larger than memory, and on a dask cluster that loses a worker.

    python tests/benchmarks/large_draws.py FOLDER [-N 10000000] [-d 5] [-n 64]

Writes N draws to a file in FOLDER, compresses them from a memmap and prints the most
memory that the process ever held; then compresses the same file as a dask array on a
cluster of two worker processes, one of which is killed in the middle, and prints
whether particles and value are the same to the last bit.  The memmap runs in a process
of its own, so that its memory is its own.
"""

import argparse
import multiprocessing
import os
import resource
import signal
import threading
import time
from pathlib import Path

import numpy as np

import splitparticles as sp


def write(path, n, d):
    """Draws of a skewed target, a million at a time."""
    out = np.lib.format.open_memmap(path, "w+", shape=(n, d))
    rng = np.random.default_rng(0)
    mix = rng.standard_normal((d, d))
    for first in range(0, n, 1_000_000):
        m = min(1_000_000, n - first)
        out[first : first + m] = rng.gamma(3.0, size=(m, d)) @ mix
    out.flush()


def from_memmap(path, n, out):
    """Compress a memmap, and say what it took."""
    began = time.perf_counter()
    result = sp.compress(np.load(path, mmap_mode="r"), n, rng=0)
    seconds = time.perf_counter() - began
    status = dict(
        line.split(":", 1)
        for line in Path("/proc/self/status").read_text().splitlines()
    )
    anonymous = int(status["RssAnon"].split()[0]) / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    out.put((seconds, peak, anonymous, result.positions, result.value))


def rows_of(path, first, last):
    """Rows of the file, read by whoever needs them."""
    return np.array(np.load(path, mmap_mode="r")[first:last])


def as_dask(path, size=300_000):
    """Return the file as a dask array whose blocks are read where they are summed."""
    import dask
    import dask.array as da

    n, d = np.load(path, mmap_mode="r").shape
    blocks = []
    for first in range(0, n, size):
        last = min(first + size, n)
        block = dask.delayed(rows_of)(path, first, last)
        blocks.append(da.from_delayed(block, (last - first, d), float))
    return da.concatenate(blocks)


def on_cluster(path, n, kill_after):
    """Compress a dask array on two workers, one of which dies."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as two,
        Client(two),
    ):
        draws = as_dask(path)
        victim = next(iter(two.workers.values())).pid
        timer = threading.Timer(kill_after, os.kill, (victim, signal.SIGKILL))
        timer.start()
        began = time.perf_counter()
        result = sp.compress(draws, n, rng=0)
        seconds = time.perf_counter() - began
        timer.cancel()
    return seconds, result


def main():
    """Print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-N", type=int, default=10_000_000)
    parser.add_argument("-d", type=int, default=5)
    parser.add_argument("-n", type=int, default=64)
    options = parser.parse_args()
    path = options.folder / f"draws-{options.N}-{options.d}.npy"
    if not path.exists():
        write(path, options.N, options.d)
    spawn = multiprocessing.get_context("spawn")
    out = spawn.Queue()
    alone = spawn.Process(target=from_memmap, args=(path, options.n, out))
    alone.start()
    seconds, peak, anonymous, positions, value = out.get()
    alone.join()
    print(
        f"memmap of {options.N} draws, d = {options.d}, n = {options.n}: "
        f"{seconds:.1f} s, peak resident {peak:.2f} GiB with pages of the file, "
        f"{anonymous:.2f} GiB without at the end",
        flush=True,
    )
    kill_after = 10.0
    took, result = on_cluster(path, options.n, kill_after)
    same = np.array_equal(result.positions, positions) and result.value == value
    print(f"dask, one of two workers killed after {kill_after:.0f} s of {took:.1f} s: ")
    print("the same bits" if same else "NOT the same bits")


if __name__ == "__main__":
    main()
