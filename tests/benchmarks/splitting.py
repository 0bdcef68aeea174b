"""What the theory of splitting claims, as numbers.

    python tests/benchmarks/splitting.py gains
    python tests/benchmarks/splitting.py cost

``gains``: the predicted change of F by a split over the change found, and the gain
along the steepest direction over that along random ones of the same step, with what
their curvatures say it should be.  ``cost``: least eigenpairs from
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
    parser.add_argument("table", choices=["gains", "cost"])
    parser.add_argument("--seeds", type=int, default=20)
    options = parser.parse_args()
    {"gains": gains, "cost": cost}[options.table](options)


if __name__ == "__main__":
    main()
