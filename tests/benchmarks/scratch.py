"""`descend` by default against L-BFGS from independent draws, at as many particles.

    python tests/benchmarks/scratch.py [-d 1 2 5 10] [-n 8 32 128] [--tries 20]

F at the end, relative to the best of the tries from draws, and their median; equal
weights there, as draws have them, and weights that move too; seconds of each.  The law
is a mixture of four normal laws; d = 2 is one that halved weights were found to spoil.
"""

import argparse
import time
from functools import partial

import numpy as np

import splitparticles as sp


def mixture(d: int) -> sp.GaussianMixture:
    """Four normal laws of unequal shapes."""
    if d == 2:
        return sp.GaussianMixture(
            [0.2, 0.3, 0.3, 0.2],
            [[-2.0, 0.0], [2.0, 0.0], [0.0, 2.5], [0.5, -2.5]],
            [
                np.diag([0.5, 0.1]),
                [[0.4, 0.3], [0.3, 0.5]],
                0.2 * np.eye(2),
                np.diag([1.0, 0.15]),
            ],
        )
    rng = np.random.default_rng(d)
    factors = rng.normal(size=(4, d, d)) / d**0.5
    covariances = 0.2 * np.eye(d) + 0.3 * factors @ factors.swapaxes(1, 2)
    means = 2.0 * rng.normal(size=(4, d))
    return sp.GaussianMixture([0.2, 0.3, 0.3, 0.2], means, covariances)


def objectives(law, d):
    """Half squared discrepancies to a law."""
    draws = law.sample(4000, 0)
    return {
        "MMD": sp.MMD(sp.Gaussian(0.5 * d**0.5), law),
        "KSD": sp.KSD(sp.InverseMultiquadric(d**0.5), law.score),
        "energy": sp.MMD(sp.Energy(0.1), draws),
    }


def timed(function):
    """Result and seconds."""
    began = time.perf_counter()
    return function(), time.perf_counter() - began


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-d", type=int, nargs="+", default=[1, 2, 5, 10])
    parser.add_argument("-n", type=int, nargs="+", default=[8, 32, 128])
    parser.add_argument("--tries", type=int, default=20)
    options = parser.parse_args()
    print("objective d n: default (s) | from draws best median (s) | weights too")
    for d in options.d:
        law = mixture(d)
        for name, F in objectives(law, d).items():
            for n in options.n:
                starts = np.random.default_rng(0).uniform(-2.0, 2.0, (3, 1, d))
                runs = [timed(lambda x=x, F=F, n=n: descended(F, x, n)) for x in starts]
                value = np.median([value for value, _ in runs])
                line = f"{name:6s} {d:2d} {n:3d}: {value:8.2e} ({runs[-1][1]:.1f})"
                for weights in (False, True):
                    tries = [
                        timed(partial(from_draws, F, law, n, weights, k))
                        for k in range(options.tries)
                    ]
                    values = [one for one, _ in tries]
                    seconds = np.median([s for _, s in tries])
                    line += f" | {min(values):8.2e} {np.median(values):8.2e}"
                    line += f" ({seconds:.1f})"
                print(line, flush=True)


def descended(F, start, n):
    """F at the end of the default."""
    return sp.descend(F, sp.ParticleSet(start), n_particles=n, rng=0).value


def from_draws(F, law, n, weights, seed):
    """F at the end of L-BFGS from n draws."""
    particles = sp.ParticleSet(law.sample(n, seed))
    return sp.LBFGS(weights=weights)(F, particles).value


if __name__ == "__main__":
    main()
