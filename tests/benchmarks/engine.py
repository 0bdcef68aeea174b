"""The compiled sums against the same formulas in the libraries one would use instead.

    python tests/benchmarks/engine.py [--quick] [--only ksd,mmd,...] [--rounds R]
    python tests/benchmarks/engine.py --roofline [--figure FILE.png]

Workloads and libraries are those of `peers.py`, as far as they are installed.  Each
implementation runs in a process of its own, and they take turns: only one computes at
a time.  In each round one times warm calls for 0.3 s, three at least, and answers
their median.  Leave the machine to it.  The table:

    warm        median over rounds
    cold        from the start of the process to its first result
    first       the first call alone: it compiles, or loads what was compiled
    memory      MB a warm call adds at its peak, less what a library kept from before
    from NumPy  largest difference from NumPy's result, relative to its largest entry;
                ours is checked in every run
    peer/ours   of the fastest peer and the next, medians over rounds, with what must
                hold for the fastest

With --roofline the workloads with most pairs take turns with a loop of nothing but
multiply-adds, and the table shows how much of its rate they reach.
"""

import argparse
import importlib.util
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import NamedTuple

import cost_growth
import numpy as np
import peers
from judging import wait_for_idle

HAND = ["numpy", "torch", "jax", "jax grad"]
PEERS = dict.fromkeys(["mmd", "split", "product"], HAND)
PEERS["ksd"] = [*HAND, "ksddescent"]
PEERS["svgd"] = ["numpy", "torch", "jax", "blackjax", "blackjax fixed"]
# Least ratio of the fastest peer's time to ours, by the size of the workload and d.
MUST_HOLD = {
    "ksd": {
        100: {2: 5.0, 10: 3.5, 50: 1.5},
        1_000: {2: 22.0, 10: 8.0, 50: 2.5},
        4_000: {2: 35.0, 10: 14.0, 50: 4.0},
    },
    "mmd": {
        10_000: {2: 2.5, 10: 1.8},
        100_000: {2: 4.5, 10: 2.2},
        1_000_000: {2: 4.5, 10: 2.2},
    },
    "svgd": {1_000: {10: 6.0}},
    "split": {1_000: {2: 20.0, 10: 10.0, 50: 6.0}},
    "product": {1_000: {2: 10.0, 10: 5.0, 50: 2.0}},
}
OWN_AT_MOST = 1.3  # a user's kernel, in times of the built-in one
AGREEMENT = 1e-12
SECONDS_A_ROUND, CALLS_A_ROUND = 0.3, 3


class Case(NamedTuple):
    """One workload of one size, and who computes it."""

    workload: str
    n: int
    m: int
    d: int
    libraries: list

    @property
    def size(self):
        return self.m if self.workload == "mmd" else self.n

    def __str__(self):
        n = f"m={self.m}" if self.workload == "mmd" else f"n={self.n}"
        return f"{self.workload} {n} d={self.d}"


def cases(options):
    """What the table shows, in its order."""
    for workload, sizes in MUST_HOLD.items():
        for size, dimensions in sizes.items():
            large = size > 100_000 and not options.large
            slow = options.quick and size in (4_000, 100_000)
            if workload not in options.only or large or slow:
                continue
            n, m = (200, size) if workload == "mmd" else (size, size)
            for d in dimensions:
                libraries = ["ours"] + [p for p in PEERS[workload] if fit(p, n, d)]
                yield Case(workload, n, m, d, libraries)
    if "own" in options.only:
        for d in MUST_HOLD["ksd"][1_000]:
            yield Case("ksd", 1_000, 0, d, ["own", "ours", "numpy"])


def fit(peer, n, d):
    """Whether a peer is installed and stays under 4 GB."""
    # ksddescent holds about eight (n, n, d) arrays of doubles
    if peer == "ksddescent" and (n > 1_000 or 64 * n * n * d > 4e9):
        return False
    return importlib.util.find_spec(peer.split()[0]) is not None


# --------------------------------------------------------------------- worker
def serve(library, workload, *sizes):
    """Compute once, then do what the parent asks for: a line of JSON each."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print does not mix with the answers

    def say(**answer):
        print(json.dumps(answer), file=answers, flush=True)

    try:
        makers = {**peers.IMPLEMENTATIONS, "limit": cost_growth.limit}
        call = makers[library](peers.problem(workload, *map(int, sizes)))
        began = time.perf_counter()
        result = call()
        say(first=time.perf_counter() - began)
        for line in sys.stdin:
            order = json.loads(line)
            if order["do"] == "save":  # the first of all: the result is let go
                np.savez(order["path"], *result)
                result = None
                say()
            elif order["do"] == "memory":
                say(memory=cost_growth.added_memory(call, calls=3))
            else:
                say(seconds=median_call(call))
    except Exception as error:
        say(failed=f"{type(error).__name__}: {error}"[:200])


def median_call(call):
    """Median seconds of the calls of one round."""
    times = []
    while sum(times) < SECONDS_A_ROUND or len(times) < CALLS_A_ROUND:
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return float(np.median(times))


class Worker:
    """The parent's end of one implementation in a process of its own."""

    def __init__(self, library, case):
        self.library, self.rounds = library, []
        self.memory = self.result = self.difference = None
        sizes = map(str, (case.n, case.m, case.d))
        command = [sys.executable, __file__, "--worker", library, case.workload, *sizes]
        began = time.perf_counter()
        self.process = Popen(
            command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, text=True
        )
        self.first = self._answer().get("first")
        self.cold = time.perf_counter() - began

    def _answer(self):
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"failed": "it ended without an answer"}
        if "failed" in answer:
            self.close()
            raise RuntimeError(f"{self.library}: {answer['failed']}")
        return answer

    def ask(self, **order):
        """Send an order, wait for its answer."""
        time.sleep(0.05)  # the threads of the one before have gone to sleep
        print(json.dumps(order), file=self.process.stdin, flush=True)
        return self._answer()

    def saved(self):
        """Arrays of the first result."""
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "result.npz")
            self.ask(do="save", path=path)
            with np.load(path) as arrays:
                return [arrays[name] for name in arrays.files]

    def close(self):
        """End the process: it has nothing more to read."""
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def measured(case, rounds):
    """Workers of one case, by library, after all rounds; those that failed left out."""
    workers = {}
    for library in case.libraries:
        try:
            workers[library] = worker = Worker(library, case)
            worker.result = None if library == "limit" else worker.saved()
        except RuntimeError as error:
            workers.pop(library, None)
            print(f"{case}: {error}", flush=True)
    for _ in range(rounds):
        for worker in workers.values():
            wait_for_idle()  # threads of the one before may still be spinning
            worker.rounds.append(worker.ask(do="time")["seconds"])
    for worker in workers.values():
        worker.memory = worker.ask(do="memory")["memory"]
        worker.close()
    return workers


# ---------------------------------------------------------------------- table
def check(case, workers):
    """Set each worker's difference from NumPy; ours must be none to speak of."""
    wanted = workers["numpy"].result
    for worker in workers.values():
        worker.difference = max(
            np.abs(one - other).max() / np.abs(other).max()
            for one, other in zip(worker.result, wanted, strict=True)
        )
        worker.result = None
        if worker.library in ("ours", "own"):
            assert worker.difference < AGREEMENT, f"{case}: {worker.difference}"


def ratio(slow, fast):
    """Median over rounds of one worker's time to another's."""
    return float(np.median(np.array(slow.rounds) / fast.rounds))


def verdict(case, workers):
    """Ratios of one case, and whether what must hold does."""
    ours = workers["ours"]
    if "own" in workers:
        times = ratio(workers["own"], ours)
        word = "ok" if times <= OWN_AT_MOST else "short"
        return f"own/built-in {times:.2f} (at most {OWN_AT_MOST}: {word})"
    others = [worker for label, worker in workers.items() if label != "ours"]
    best, *rest = sorted(others, key=lambda worker: np.median(worker.rounds))
    least = MUST_HOLD[case.workload][case.size][case.d]
    word = "ok" if ratio(best, ours) >= least else "short"
    words = f"{ratio(best, ours):.2f} {best.library} (at least {least:g}: {word})"
    return words + "".join(f", {ratio(w, ours):.2f} {w.library}" for w in rest[:1])


def print_table(options):
    """One block of rows a case."""
    print(
        f"{'workload':20s} {'library':14s} {'warm ms':>10s} {'cold s':>7s} "
        f"{'first s':>8s} {'memory MB':>9s} {'from NumPy':>10s}  peer/ours"
    )
    for case in cases(options):
        workers = measured(case, options.rounds)
        check(case, workers)
        words = verdict(case, workers)
        for label, worker in workers.items():
            memory = "-" if worker.memory is None else f"{worker.memory:.1f}"
            print(
                f"{str(case):20s} {label:14s} {1e3 * np.median(worker.rounds):10.3f} "
                f"{worker.cold:7.2f} {worker.first:8.3f} {memory:>9s} "
                f"{worker.difference:10.0e} {words}",
                flush=True,
            )
            words = ""


def print_roofline(options):
    """Ours in turn with a loop of nothing but multiply-adds."""
    found = []
    sizes = [("ksd", 4_000, 4_000), ("mmd", 200, 100_000), ("product", 1_000, 1_000)]
    for workload, n, m in sizes:
        for d in (2, 10) if workload == "mmd" else (2, 10, 50):
            case = Case(workload, n, m, d, ["ours", "limit"])
            workers = measured(case, options.rounds)
            found.append((case, workers["ours"].rounds, workers["limit"].rounds))
    cost_growth.print_shares(found, options.figure)


def main():
    """Print the table."""
    if sys.argv[1:2] == ["--worker"]:
        return serve(*sys.argv[2:])
    names = [*MUST_HOLD, "own"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="leave long ones out")
    parser.add_argument("--large", action="store_true", help="add 10^6 draws")
    parser.add_argument("--only", default=",".join(names), help="some of %(default)s")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--roofline", action="store_true")
    parser.add_argument("--figure", help="draw the shares of the limit here")
    options = parser.parse_args()
    options.only = options.only.split(",")
    if not set(options.only) <= set(names):
        parser.error(f"--only takes some of {names}")
    if options.roofline:
        print_roofline(options)
    else:
        print_table(options)


if __name__ == "__main__":
    main()
