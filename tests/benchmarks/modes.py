"""Separate modes from one start: all found, with their masses?

    python tests/benchmarks/modes.py [-n 64] [--starts 3]

Mixtures of 2, 4 and 9 Gaussians in the plane.  For each, with and without the log
density, over the starts: modes without a particle, the largest error of a mode's mass,
squared energy distance to exact draws over that of n exact draws, score rows, warnings.
"""

import argparse

import numpy as np

import splitparticles as sp

CENTRES = {
    2: [[-2.0, 0.0], [2.0, 0.0]],
    4: [[-3.0, -3.0], [3.0, 3.0], [-3.0, 3.0], [3.0, -3.0]],
    9: [[a, b] for a in (-4.0, 0.0, 4.0) for b in (-4.0, 0.0, 4.0)],
}
MASSES = {2: [3, 7], 4: [2, 3, 3, 2], 9: [1, 2, 3, 4, 5, 4, 3, 2, 1]}


def judged(target, result, draws, iid):
    """Modes missed, error of the masses, energy distance over that of draws."""
    x, w = result.positions, result.weights
    nearest = np.argmin(((x[:, None] - target.means) ** 2).sum(axis=2), axis=1)
    masses = np.bincount(nearest, w, minlength=len(target.means))
    energy = sp.energy_distance(x, draws, weights_x=w)
    missed = np.count_nonzero(masses == 0)
    return missed, np.abs(masses - target.weights).max(), energy / iid


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=64)
    parser.add_argument("--starts", type=int, default=3)
    options = parser.parse_args()
    print("modes variance log density  missed  mass error  energy/iid   rows  warned")
    for k, centres in CENTRES.items():
        for variance in (0.1, 0.3, 0.6):
            target = sp.GaussianMixture(MASSES[k], centres, np.full(k, variance))
            draws = target.sample(4000, np.random.default_rng(1))
            sets = [target.sample(options.n, np.random.default_rng(s)) for s in (2, 3)]
            iid = np.mean([sp.energy_distance(one, draws) for one in sets])
            for known in (None, target.log_density):
                worst, rows, warned = np.zeros(3), 0, 0
                for seed in range(options.starts):
                    start = np.random.default_rng(seed).uniform(-2, 2, 2)
                    result = sp.sample(
                        target.score, start, options.n, log_density=known, rng=seed
                    )
                    figures = judged(target, result, draws, iid)
                    worst = np.maximum(worst, figures)
                    rows = max(rows, result.n_score_evals)
                    warned += bool(result.warnings)
                print(
                    f"{k:5d} {variance:8.1f} {'yes' if known else 'no':>11s} "
                    f"{worst[0]:7.0f} {worst[1]:11.3f} {worst[2]:11.3f} {rows:6d} "
                    f"{warned:5d}/{options.starts}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
