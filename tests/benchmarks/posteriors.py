"""`sample` by its default call on reference posteriors, judged by outside rulers.

    python tests/benchmarks/posteriors.py FOLDER [--all] [-n 64] [--starts 3]

FOLDER holds ``rulers.py`` and ``posteriors/``.  Each posterior is sampled from random
starts in [-2, 2]^d; the table shows the worst start of each figure.
"""

import argparse
import time

import numpy as np
from judging import energy_floor, reference

import splitparticles as sp

EASY = [
    "kidiq-kidscore_interaction",
    "nes1980-nes",
    "sblri-blr",
    "kilpisjarvi_mod-kilpisjarvi",
    "gp_pois_regr-gp_regr",
    "low_dim_gauss_mix-low_dim_gauss_mix",
]
HARD = [
    "mesquite-logmesquite",
    "garch-garch11",
    "eight_schools-eight_schools_noncentered",
    "eight_schools-eight_schools_centered",
    "hudson_lynx_hare-lotka_volterra",
]


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--all", action="store_true", help="the hard ones too")
    parser.add_argument("-n", type=int, default=64)
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    targets, rulers = reference(options.folder)
    print(
        f"{'posterior':24s}  d  mean err  sd ratios    quantiles/iid"
        "  energy ratio^2 (floor, share)   rows   seconds  warned"
    )
    for name in EASY + HARD * options.all:
        if options.only not in name:
            continue
        target = targets.load(name)
        judge = rulers.Reference(target.z)
        d = target.z.shape[1]
        reports, rows, seconds, warned = [], [], [], 0
        for seed in range(options.starts):
            start = np.random.default_rng(seed).uniform(-2, 2, d)
            began = time.perf_counter()
            result = sp.sample(target.score, start, options.n, rng=seed)
            seconds.append(time.perf_counter() - began)
            rows.append(result.n_score_evals)
            warned += bool(result.warnings)
            reports.append(rulers.judge(result.positions, result.weights, judge))
        worst = {
            "mean": max(r["mean_error"] for r in reports),
            "low": min(r["sd_ratio_min"] for r in reports),
            "high": max(r["sd_ratio_max"] for r in reports),
            "quantile": max(r["quantile_error_ratio"] for r in reports),
            "energy": max(r["energy_ratio"] ** 2 for r in reports),
        }
        floor = energy_floor(d, options.n)
        print(
            f"{name.split('-')[1]:24s} {d:2d}  {worst['mean']:7.3f}"
            f"  {worst['low']:5.3f} .. {worst['high']:5.3f}"
            f"  {worst['quantile']:6.2f}"
            f"  {worst['energy']:6.3f} ({floor:.2f}, {worst['energy'] / floor:4.2f})"
            f"  {max(rows):8d}  {max(seconds):6.2f}  {warned}",
            flush=True,
        )


if __name__ == "__main__":
    main()
