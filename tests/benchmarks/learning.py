"""Particles and draws of an emulator on real posteriors, judged by other rulers.

    python tests/benchmarks/learning.py FOLDER [--only NAME] [--starts 3] [-n 64]

For each posterior and start in [-2, 2]^d: score rows and calls, the emulator's error on
fresh rows; worst mean error and standard deviations of the particles, their 5 to 95 %
quantiles relative to n exact draws, the energy distance squared relative to that of n
draws over what support points reach; mean and standard deviations of 10,000 draws.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
from judging import energy_floor, moments_off, reference

import splitparticles as sp


def judged(rulers, target, seed: int, n: int) -> str:
    """Line of figures for one start."""
    x0 = np.random.default_rng(seed).uniform(-2.0, 2.0, size=target.d)
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sp.SamplingWarning)
        result = sp.sample(target.score, x0, n, rng=seed)
    seconds = time.perf_counter() - began
    got = rulers.judge(result.positions, result.weights, target.z)
    share = got["energy_ratio"] ** 2 / energy_floor(target.d, n)
    line = (
        f"{result.n_score_evals:6d} {result.n_score_calls:4d} "
        f"{result.emulator_error:8.1e}  {got['mean_error']:.3f} "
        f"{got['sd_ratio_min']:.3f}-{got['sd_ratio_max']:.3f} "
        f"{got['quantile_error_ratio']:.2f} {share:.2f}"
    )
    if result.sampler is not None:
        line += f"  {moments_off(result.draws(10_000, rng=1), target.z)}"
    return f"{line}  {seconds:.1f} s {result.stop.name} {result.warnings or ''}"


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("-n", type=int, default=64)
    options = parser.parse_args()
    targets, rulers = reference(options.folder)
    print(
        "posterior, start: rows calls error  mean sds quantiles energy  draws: mean sds"
    )
    for path in sorted((options.folder / "posteriors").glob("*.npz")):
        if options.only not in path.stem:
            continue
        target = targets.load(path.stem)
        for seed in range(options.starts):
            line = judged(rulers, target, seed, options.n)
            print(f"{path.stem.split('-')[-1]:24.24s} {seed}: {line}", flush=True)


if __name__ == "__main__":
    main()
