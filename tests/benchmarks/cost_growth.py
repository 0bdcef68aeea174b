r"""What a sum over pairs costs: growth with n, memory, and the machine's own limit.

    python tests/benchmarks/cost_growth.py FILE.png

Time and memory of value and gradient of KSD for 10^2 to 10^5 particles, each number
in a process of its own.  All pairs are visited, so time grows as n^2; no (n, n) array
is ever made, so the memory that a call adds grows as n.  The table shows both, the
slopes fitted to the logarithms of n >= 10^3 (time) and n >= 10^4 (memory, below which
it is less than what the system counts in), and the figure draws them.

`engine.py --roofline` asks the other question, how far the time is from what the
machine could do: it compares the vector instructions that a pair needs with those
that a loop of nothing but multiply-adds gets through, and finds here both.
"""

import argparse
import ctypes
import gc
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

SIZES = [100, 300, 1_000, 3_000, 10_000, 30_000, 100_000]
DIMENSIONS = [2, 10]


# --------------------------------------------------------------------- memory
def give_back_at_once():
    """Ask glibc to keep no freed memory: what it keeps hides from `added_memory`."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(-1, 0)  # M_TRIM_THRESHOLD
        libc.mallopt(-3, 65536)  # M_MMAP_THRESHOLD
        libc.malloc_trim(0)


def added_memory(call, calls=1) -> float | None:
    """Megabytes that a call adds, at its peak, to what the process holds.

    The most that any of the `calls` adds, after one more where there are several.
    None where the system does not tell.
    """
    if sys.platform == "win32":
        return None
    gc.collect()
    give_back_at_once()
    if calls > 1:
        call()  # its memory is the first to be given back at once
    added = [_added_by_one(call) for _ in range(calls)]
    return None if None in added else max(added)


def _added_by_one(call):
    try:
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    except OSError:
        return _grown_peak(call)
    before = _resident("VmRSS")
    call()
    return max(_resident("VmHWM") - before, 0.0)


def _resident(key: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) / 1024.0
    raise LookupError(key)


def _grown_peak(call) -> float | None:
    """Growth of a peak that nothing resets: seen only when it is a new one."""
    import resource  # not there on Windows

    unit = 2**20 if sys.platform == "darwin" else 2**10
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    call()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return grown / unit if grown > 0 else None


# ---------------------------------------------------------- the machine's limit
MULTIPLY_ADDS = 2**31  # of one call of `limit`, over all threads
WIDTH, CHAINS, LENGTH = 512, 4, 32


def instructions(workload: str, d: int) -> float:
    """Vector instructions that one pair takes of one lane.

    Differences, products and sums over coordinates first; then what the kernel, its
    derivatives and the coefficients take.
    """
    model = {"ksd": (11, 28), "mmd": (2, 20), "product": (3, 20)}
    a_coordinate, a_pair = model[workload]
    return a_coordinate * d + a_pair


def limit(_=None):
    """A call of `MULTIPLY_ADDS` multiply-adds that touch registers only."""
    import numba

    from splitparticles._compiled.llvm import use_wide_vectors

    @numba.njit(nogil=True, fastmath={"contract"}, error_model="numpy")
    def chains(x, out, times):
        use_wide_vectors()
        for _ in range(times):
            for j in range(len(x)):  # vectorised; four chains hide the latency
                z = x[j]
                a, b, c, d = z, z + 0.1, z + 0.2, z + 0.3
                for _ in range(LENGTH):
                    a = a * z + 0.5
                    b = b * z + 0.5
                    c = c * z + 0.5
                    d = d * z + 0.5
                out[j] = a * b + c * d

    cores = getattr(os, "sched_getaffinity", None)
    threads = len(cores(0)) if cores else os.cpu_count() or 1
    pool = ThreadPoolExecutor(threads)
    times = MULTIPLY_ADDS // (threads * WIDTH * CHAINS * LENGTH)
    x = np.linspace(0.0, 0.9, WIDTH)

    def call():
        jobs = [pool.submit(chains, x, np.empty(WIDTH), times) for _ in range(threads)]
        return [job.result() for job in jobs]

    return call


def print_shares(found, figure):
    """Table, and figure if named, of the shares of the limit that workloads reach.

    Parameters
    ----------
    found : list of (case, seconds, seconds)
        Of each case the rounds of ours and of `limit`.
    figure : str or None
    """
    # what the machine can do is what it did when nobody disturbed it
    roof = MULTIPLY_ADDS / 1e9 / min(min(limits) for _, _, limits in found)
    print(f"limit {roof:.1f} 10^9 multiply-adds a second, {2.0 * roof:.0f} GFLOP/s")
    print(f"{'workload':20s} {'10^9 instructions/s':>20s} {'share':>6s}")
    labels, rates = [str(case) for case, _, _ in found], []
    for label, (case, seconds, _) in zip(labels, found, strict=True):
        pairs = case.n * case.m + (case.n**2 if case.workload == "mmd" else 0)
        work = pairs * instructions(case.workload, case.d) / 1e9
        rates.append(work / float(np.median(seconds)))
        print(f"{label:20s} {rates[-1]:20.1f} {rates[-1] / roof:6.0%}")
    if figure:
        draw_shares(labels, rates, roof, figure)


def draw_shares(labels, rates, roof, path):
    """Bars of instruction rates under the roof that the machine sets."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    places = range(len(rates))
    fig, ax = plt.subplots(figsize=(1.6 + 0.9 * len(rates), 4.2), layout="constrained")
    bars = ax.bar(places, rates, color="tab:blue", width=0.65)
    ax.bar_label(bars, [f"{rate / roof:.0%}" for rate in rates], padding=2)
    ax.axhline(roof, color="black", lw=1.5)
    ax.text(-0.4, 1.02 * roof, "multiply-adds in registers, all cores")
    ax.set_xticks(places, [label.replace(" ", "\n") for label in labels])
    ax.set_ylim(0.0, 1.12 * max(roof, *rates))
    ax.set_ylabel("$10^9$ lane instructions a second")
    fig.savefig(path, dpi=150)


# --------------------------------------------------------------------- growth
def one(n, d):
    """Seconds and megabytes of one gradient, printed for the parent."""
    import peers

    warm = peers.in_splitparticles(peers.problem("ksd", 100, 0, d))
    warm()
    call = peers.in_splitparticles(peers.problem("ksd", n, 0, d))
    began = time.perf_counter()
    added = added_memory(call)
    seconds = [time.perf_counter() - began]
    if seconds[0] < 1.0:  # a short one is worth repeating, without the bookkeeping
        seconds = []
        while sum(seconds) < 0.5:
            began = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - began)
    print(json.dumps({"seconds": float(np.median(seconds)), "added": added}))


def measure(n, d):
    """The same from a fresh process."""
    command = [sys.executable, str(Path(__file__)), "--one", str(n), str(d)]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(answer.stdout)
    added = np.nan if found["added"] is None else found["added"]
    return found["seconds"], added


def slope(sizes, values, least):
    """Slope of log value against log size from `least` on; NaN when not known."""
    sizes, values = np.array(sizes), np.array(values)
    used = (sizes >= least) & (values > 0)
    if used.sum() < 2:
        return np.nan
    return float(np.polyfit(np.log(sizes[used]), np.log(values[used]), 1)[0])


def draw(found, path):
    """Time and memory against n, with guides of slope 2 and 1."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(1, 2, figsize=(9.0, 4.0), layout="constrained")
    names = "seconds a call", "megabytes that a call adds"
    for ax, which, name, power in zip(axes, (0, 1), names, (2, 1), strict=True):
        for d, values in found.items():
            shown = np.array(values[which])
            if which == 1:  # a few pages more or less say nothing
                shown[shown < 0.1] = np.nan
            ax.loglog(SIZES, shown, "o-", label=f"d = {d}")
        anchor = 1.6 * np.nanmax(found[max(found)][which])
        shown = np.array(SIZES[2:], dtype=float)
        guide = anchor * (shown / shown[-1]) ** power
        ax.loglog(shown, guide, "k--", lw=1, label=f"slope {power}")
        ax.set_xlabel("particles n")
        ax.set_ylabel(name)
        ax.legend()
    fig.suptitle("Value and gradient of KSD")
    fig.savefig(path, dpi=150)


def main():
    """Print the table, draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("figure", nargs="?")
    parser.add_argument("--one", nargs=2, type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        return one(*options.one)
    if options.figure is None:
        parser.error("name the file of the figure")
    found = {}
    print(f"{'d':>3s} {'n':>8s} {'seconds':>10s} {'added MB':>9s}")
    for d in DIMENSIONS:
        found[d] = [], []
        for n in SIZES:
            seconds, added = measure(n, d)
            found[d][0].append(seconds)
            found[d][1].append(added)
            print(f"{d:3d} {n:8d} {seconds:10.5f} {added:9.2f}", flush=True)
        print(
            f"{d:3d} slope of time {slope(SIZES, found[d][0], 1_000):.2f}, "
            f"of memory {slope(SIZES, found[d][1], 10_000):.2f}"
        )
    draw(found, options.figure)


if __name__ == "__main__":
    main()
