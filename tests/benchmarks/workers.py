"""A slow score on 1, 4 and 16 workers: wall time beside the ideal.

    python tests/benchmarks/workers.py [--seconds 0.05]

The score of a correlated normal law in five dimensions waits so many seconds a row, as
a simulator would.  Ideal is the time of the waiting alone, were each call of k rows
spread evenly: ceil(k / workers) rows one after the other.
"""

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

import splitparticles as sp

COVARIANCE = 0.5 * np.eye(5) + 0.5
PRECISION = np.linalg.inv(COVARIANCE)


def slow_score(seconds, point):
    """Score of one point, after a while."""
    time.sleep(seconds)
    return -PRECISION @ point


class Spread:
    """A mapped score that notes the rows of each call."""

    def __init__(self, score):
        self.score, self.rows = score, []

    def __call__(self, x):
        self.rows.append(len(x))
        return self.score(x)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=0.05, help="a row")
    seconds = parser.parse_args().seconds
    sp.sample(lambda x: -x @ PRECISION, 5, rng=0)  # loads what is compiled
    print("workers   rows  calls   wall s  ideal s  wall / ideal  sds / true")
    for workers in (1, 4, 16):
        with ThreadPoolExecutor(workers) as pool:
            mapped = sp.MappedScore(partial(slow_score, seconds), map=pool.map)
            score = Spread(mapped)
            began = time.perf_counter()
            result = sp.sample(score, np.ones(5), rng=0)
            wall = time.perf_counter() - began
        ideal = seconds * sum(-(-k // workers) for k in score.rows)
        ratio = result.std() / np.sqrt(np.diag(COVARIANCE))
        print(
            f"{workers:7d} {sum(score.rows):6d} {len(score.rows):6d} {wall:8.2f}"
            f" {ideal:8.2f} {wall / ideal:13.2f}  {ratio.min():.3f}-{ratio.max():.3f}"
        )


if __name__ == "__main__":
    main()
