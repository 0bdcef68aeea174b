"""Closed-form mixtures in the plane: growing from coarse to fine against the rest.

    python tests/benchmarks/coarse_to_fine.py

Squared MMD, in units of 1e-4, of 32 particles under the Gaussian kernel of bandwidth
0.5: least and largest over five starts.  "scratch" is L-BFGS from 32 exact draws, "one
scale" the same growth without continuation.
"""

import time

import numpy as np

import splitparticles as sp
from splitparticles.descent.options import Weights, growth_for

SQUARE = [[-2, -2], [2, 2], [2, -2], [-2, 2]]
MIXTURES = {
    "square, var 0.2": sp.GaussianMixture([0.2, 0.3, 0.3, 0.2], SQUARE, [0.2] * 4),
    "square, var 0.5": sp.GaussianMixture([0.2, 0.3, 0.3, 0.2], SQUARE, [0.5] * 4),
    "cross, unequal": sp.GaussianMixture(
        [0.25] * 4, [[-3, 0], [3, 0], [0, 3], [0, -3]], [0.5, 0.3, 0.1, 0.3]
    ),
    "close, unequal": sp.GaussianMixture(
        [0.1, 0.2, 0.3, 0.4], [[-2, 0], [2, 1], [0, -2], [-1, 2]], [0.3, 0.4, 0.2, 0.3]
    ),
}
STARTS, N = 5, 32


def grown(objective, target, free, **options):
    """Values from five single starts, and the seconds of all."""
    began, values = time.perf_counter(), []
    growth = growth_for(None, Weights.OPTIMAL if free else Weights.EQUAL)
    for seed in range(STARTS):
        start = 2.0 * np.random.default_rng(seed).normal(size=(1, 2))
        found = sp.descend(
            objective,
            sp.ParticleSet(start),
            n_particles=N,
            move=sp.LBFGS(max_iter=3000, tol=1e-12, weights=free),
            growth=growth,
            **options,
        )
        values.append(2e4 * found.value)
    return values, time.perf_counter() - began


def scratch(objective, target, free):
    """Values from five clouds of exact draws, and the seconds of all."""
    began, move = time.perf_counter(), sp.LBFGS(max_iter=2000, weights=free)
    clouds = [sp.ParticleSet(target.sample(N, rng=seed)) for seed in range(STARTS)]
    values = [2e4 * move(objective, cloud).value for cloud in clouds]
    return values, time.perf_counter() - began


def main():
    """Print the table."""
    for name, target in MIXTURES.items():
        objective = sp.MMD(sp.Gaussian(0.5), target)
        for free in (False, True):
            print(f"{name}, {'optimal' if free else 'equal'} weights")
            for label, arm, options in (
                ("coarse to fine", grown, {}),
                ("one scale", grown, {"continuation": False}),
                ("scratch", scratch, {}),
            ):
                values, seconds = arm(objective, target, free, **options)
                print(
                    f"    {label:15s} {min(values):7.3f} .. {max(values):7.3f}"
                    f"   {seconds / STARTS:5.2f} s each",
                    flush=True,
                )


if __name__ == "__main__":
    main()
