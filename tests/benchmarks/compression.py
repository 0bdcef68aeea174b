"""`compress` reference draws to a few points, judged by draws it has not seen.

    python tests/benchmarks/compression.py FOLDER [-n 32]

FOLDER holds ``rulers.py`` and ``posteriors/``.  The ten chains of each posterior are
halved: one half is compressed, the other judges, and the other way round.
"""

import argparse
import time

from judging import energy_floor, reference

import splitparticles as sp

NAMES = ["eight_schools-eight_schools_noncentered", "garch-garch11"]


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("-n", type=int, default=32)
    options = parser.parse_args()
    targets, rulers = reference(options.folder)
    print(
        f"{'posterior':24s}  d  draws  mean err  sd ratios     energy ratio^2 "
        "(floor, share)  seconds"
    )
    for name in NAMES:
        target = targets.load(name)
        even = target.chain % 2 == 0
        for seen in (even, ~even):
            draws, d = target.z[seen], target.z.shape[1]
            began = time.perf_counter()
            result = sp.compress(draws, options.n)
            seconds = time.perf_counter() - began
            r = rulers.judge(result.positions, result.weights, target.z[~seen])
            energy, floor = r["energy_ratio"] ** 2, energy_floor(d)
            print(
                f"{name.split('-')[1]:24s} {d:2d}  {len(draws):5d}  "
                f"{r['mean_error']:7.3f}  {r['sd_ratio_min']:5.3f} .. "
                f"{r['sd_ratio_max']:5.3f}  {energy:6.3f} ({floor:.2f}, "
                f"{energy / floor:4.2f})  {seconds:6.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
