"""What the theory of splitting claims, as numbers.

    python tests/benchmarks/splitting.py gains
    python tests/benchmarks/splitting.py trap [--seeds 20]
    python tests/benchmarks/splitting.py cost

``gains``: the predicted change of F by a split over the change found, and the gain
along the steepest direction over that along random ones of the same step, with what
their curvatures say it should be.  ``trap``: a target with two modes at (+-1, 0) and
particles on the axis between them, from which no gradient leads away; every way out
there is, at the same number of particles in the end.  ``cost``: least eigenpairs from
products against splitting matrices that are written out.
"""

import argparse
import time
import tracemalloc

import numpy as np

import splitparticles as sp
from splitparticles.growth.eigenpairs import least_eigenpairs, rayleigh_descent


def quartiles(values) -> str:
    """Median and quartiles."""
    low, middle, high = np.percentile(values, [25, 50, 75])
    return f"{middle:9.4f} [{low:8.4f}, {high:8.4f}]"


# ---------------------------------------------------------------------- gains
def objectives(d, rng):
    """Objectives in d dimensions, with particles that are at rest under them."""
    scales = np.linspace(0.5, 2.0, d)
    draws = rng.standard_normal((500, d)) * scales
    yield "MMD", sp.MMD(sp.Gaussian(d**0.5), draws)
    yield (
        "KSD",
        sp.KSD(
            sp.InverseMultiquadric(d**0.5),
            lambda x: -x / scales**2,
            lambda x, v: -v / scales**2,
        ),
    )


def gains(options):
    """Print predicted over found changes."""
    print(f"{options.seeds} seeds; median [quartiles]")
    print(
        f"{'':4s}   d  {'predicted / found':31s}  {'steepest / random gain':31s}"
        "  by curvature over found"
    )
    for d in (2, 5, 10, 20, 50):
        figures: dict = {}
        for seed in range(options.seeds):
            rng = np.random.default_rng(seed)
            for name, F in objectives(d, rng):
                start = sp.ParticleSet(rng.standard_normal((4, d)))
                p = sp.LBFGS(max_iter=500)(F, start).particles
                figures.setdefault(name, []).append(_gain(F, p, rng))
        for name, rows in figures.items():
            cells = "  ".join(quartiles(column) for column in zip(*rows, strict=True))
            print(f"{name:4s}  {d:2d}  {cells}", flush=True)


def _gain(F, p, rng):
    values, vectors = np.linalg.eigh(F.splitting_matrices(p))
    i = int(values[:, 0].argmin())
    step, parent = np.array([1e-2]), np.array([i])
    best = F.value(p.split(parent, vectors[i, None, :, 0], step)) - F.value(p)
    ratio = 0.5 * values[i, 0] * 1e-4 / best
    v = rng.standard_normal((20, len(vectors[i])))
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    found = [F.value(p.split(parent, u[None], step)) - F.value(p) for u in v]
    S = (vectors[i] * values[i]) @ vectors[i].T
    wanted = values[i, 0] / np.einsum("kd,de,ke->k", v, S, v).mean()
    factor = best / np.mean(found)
    return ratio, factor, wanted / factor


# ----------------------------------------------------------------------- trap
KERNEL = sp.Gaussian(0.1**0.5)


def starts(variance, n, rng):
    """Named starts, (n, 2) each."""
    axis = np.column_stack([np.zeros(n), variance**0.5 * rng.standard_normal(n)])
    sd = variance**0.5
    return {
        "on the axis": axis,
        "near the axis": axis + [1e-3, 0.0] * rng.standard_normal((n, 2)),
        "iid": rng.standard_normal((n, 2)),
        "in one mode": [1.0, 0.0] + sd * rng.standard_normal((n, 2)),
    }


def ways(F, n, seed):
    """Ways out of a start: name and function of the start."""

    def grown(growth, few=5, max_rounds=None):
        def run(x):
            start = sp.ParticleSet(x[:few])
            move = sp.LBFGS(max_iter=60)
            options = {"growth": growth, "move": move, "rng": seed}
            result = sp.descend(
                F, start, n_particles=n, max_rounds=max_rounds, **options
            )
            return sp.LBFGS(max_iter=200)(F, result.particles).particles

        return run

    def moved(jitter):
        def run(x):
            noise = jitter * np.random.default_rng(seed).standard_normal(x.shape)
            return sp.LBFGS(max_iter=600)(F, sp.ParticleSet(x + noise)).particles

        return run

    some = {"fraction": 0.25}
    yield "descent alone", moved(0.0)
    yield "jitter of 0.01", moved(0.01)
    yield "random splits", grown(sp.RandomSplit(**some))
    yield "steepest splits", grown(sp.SteepestSplit(**some))
    yield "insertion", grown(sp.Insertion(starts=32))
    both = sp.BestOf(sp.SteepestSplit(fraction=1e-9), sp.Insertion(starts=32))
    yield "best of both", grown(both)


def trap(options):
    """Print how each way out ends."""
    n, draws = options.n, np.random.default_rng(99)
    for variance in (0.1, 0.3, 2.0):
        target = sp.GaussianMixture([0.5, 0.5], [[-1, 0], [1, 0]], [variance] * 2)
        F = sp.KSD(KERNEL, target.score, target.score_product)
        exact = target.sample(4000, draws)
        curvature = 1.0 / variance**2 - 1.0 / variance
        stable = 0.1 * curvature > 2.0
        print(
            f"\nvariance {variance}: h J = {0.1 * curvature:.2f}, "
            f"{'above' if stable else 'below'} 1 + d/2 = 2"
        )
        iid = np.mean([energy(target.sample(n, draws), exact) for _ in range(20)])
        print(
            f"{'start':14s} {'way':16s}  {'KSD':30s}  {'energy distance / iid':30s}"
            "  smaller side  seconds"
        )
        names = list(starts(variance, 1, draws))
        for name in names:
            for way in [w for w, _ in ways(F, n, 0)]:
                rows, seconds = [], 0.0
                for seed in range(options.seeds):
                    x = starts(variance, n, np.random.default_rng(seed))[name]
                    began = time.perf_counter()
                    p = dict(ways(F, n, seed))[way](x)
                    seconds += time.perf_counter() - began
                    right = p.weights[p.positions[:, 0] > 0.05].sum()
                    left = p.weights[p.positions[:, 0] < -0.05].sum()
                    far = energy(p.positions, exact, p.weights) / iid
                    rows.append((F.discrepancy(p), far, min(left, right)))
                ksd, far, side = zip(*rows, strict=True)
                print(
                    f"{name:14s} {way:16s}  {quartiles(ksd)}  {quartiles(far)}"
                    f"  {np.median(side):9.3f}  {seconds / options.seeds:9.2f}",
                    flush=True,
                )


def energy(x, exact, weights=None) -> float:
    """Energy distance to exact draws."""
    return sp.energy_distance(x, exact, weights_x=weights)


# ----------------------------------------------------------------------- cost
def cost(options):
    """Print time and memory of least eigenpairs."""
    print("       d     n  way        products   seconds      MB   worst error")
    for d in (5, 10, 20, 50, 100, 200, 500, 1000):
        n = 100
        rng = np.random.default_rng(0)
        for name, F in objectives(d, rng):
            p = sp.ParticleSet(0.5 * rng.standard_normal((n, d)))
            ways_ = {"LOBPCG": least_eigenpairs, "Rayleigh": rayleigh_descent}
            values = None
            if d <= 500:
                F.splitting_matrices(sp.ParticleSet(p.positions[:2]))  # compiled
                (seconds, mb), values = measured(
                    lambda F=F, p=p: np.linalg.eigh(F.splitting_matrices(p))[0][:, 0]
                )
                print(f"{name}  {d:4d}  {n:4d}  dense      {seconds:18.3f}  {mb:6.1f}")
            for way, solve in ways_.items():
                (seconds, mb), found = measured(
                    lambda F=F, p=p, solve=solve: solve(F, p, np.random.default_rng(1))
                )
                error = "" if values is None else f"{worst(found.values, values):10.1e}"
                print(
                    f"{name}  {d:4d}  {n:4d}  {way:9s}  {found.products:8d}"
                    f"  {seconds:8.3f}  {mb:6.1f}  {error}",
                    flush=True,
                )


def measured(run):
    """Seconds and added megabytes of a second run, and what it returned."""
    run()
    began = time.perf_counter()
    found = run()
    seconds = time.perf_counter() - began
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return (seconds, peak), found


def worst(found, values) -> float:
    """Largest error, as a share of the largest eigenvalue."""
    return float(np.abs(found - values).max() / np.abs(values).max())


def main():
    """Print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", choices=["gains", "trap", "cost"])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("-n", type=int, default=100)
    options = parser.parse_args()
    {"gains": gains, "trap": trap, "cost": cost}[options.table](options)


if __name__ == "__main__":
    main()
