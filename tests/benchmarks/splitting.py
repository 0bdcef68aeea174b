"""What the theory of splitting claims, as numbers.

    python tests/benchmarks/splitting.py gains
    python tests/benchmarks/splitting.py drops
    python tests/benchmarks/splitting.py cost

``gains``: the predicted change of F by a split over the change found, and the mean gain
along random directions over that along the steepest one at the same step, with what
curvatures say it should be.
``drops``: the splitting eigenvalue of each of eight particles against what F loses when
that one is split and all descend again.
``cost``: least eigenpairs from products against matrices that are written out.
"""

import argparse
import time
import tracemalloc

import numpy as np
from scipy.stats import spearmanr

import splitparticles as sp
from splitparticles.growth.eigenpairs import Eigenpairs, least_eigenpairs
from splitparticles.growth.splits import search_steps

STEP = 1e-3


def quartiles(values) -> str:
    """Median and quartiles."""
    low, middle, high = np.nanpercentile(values, [25, 50, 75])
    return f"{middle:9.4f} [{low:8.4f}, {high:8.4f}]"


# ---------------------------------------------------------------------- gains
def objectives(d, rng):
    """Objectives in d dimensions: name, objective, and where particles may start."""
    scales = np.linspace(0.5, 2.0, d)
    draws = rng.standard_normal((500, d)) * scales
    yield "MMD", sp.MMD(sp.Gaussian(d**0.5), draws), rng.standard_normal
    F = sp.KSD(
        sp.InverseMultiquadric(d**0.5),
        lambda x: -x / scales**2,
        lambda x, v: -v / scales**2,
    )
    yield "KSD", F, rng.standard_normal
    yield "network", network(d, rng), rng.standard_normal


def network(d, rng):
    """Least squares of neurons with d coordinates, to learn ten others."""
    x = rng.standard_normal((500, max(d - 2, 1)))
    a, c = rng.standard_normal((x.shape[1], 10)), rng.standard_normal(10)
    y = np.tanh(x @ a + rng.standard_normal(10)) @ c
    tanh, squared = sp.activations.Tanh(), sp.losses.Squared()
    return sp.Network(tanh, squared, x, y, masses=d == 2)


def gains(options):
    """Print predicted over found changes."""
    print(f"{options.seeds} seeds, steps of {STEP}; median [quartiles]")
    print(
        f"{'':7s}   d  {'predicted / found':31s}  {'random / steepest gain':31s}"
        "  the same by curvatures"
    )
    for d in (2, 5, 10, 20, 50):
        figures: dict = {}
        for seed in range(options.seeds):
            rng = np.random.default_rng(seed)
            for name, F, draw in objectives(d, rng):
                weights = None if F.conserves_mass else np.ones(4)
                start = sp.ParticleSet(draw((4, d)), weights)
                p = sp.LBFGS(max_iter=500)(F, start).particles
                figures.setdefault(name, []).append(_gain(F, p, rng))
        for name, rows in figures.items():
            cells = "  ".join(quartiles(column) for column in zip(*rows, strict=True))
            print(f"{name:7s}  {d:2d}  {cells}", flush=True)


def _gain(F, p, rng):
    """Predicted over found; random over steepest gain, found and by curvatures."""
    values, vectors = np.linalg.eigh(F.splitting_matrices(p))
    i, now = int(values[:, 0].argmin()), F.value(p)

    def change(v):
        return F.value(p.split([i], v[None], STEP)) - now

    steepest = change(vectors[i, :, 0])
    v = rng.standard_normal((20, len(vectors[i])))
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    S = (vectors[i] * values[i]) @ vectors[i].T
    wanted = np.einsum("kd,de,ke->k", v, S, v).mean() / values[i, 0]
    of_random = np.mean([change(u) for u in v])
    predicted = 0.5 * values[i, 0] * STEP**2
    return predicted / steepest, of_random / steepest, wanted


# ---------------------------------------------------------------------- drops
def drops(options):
    """Print how well eigenvalues tell what a split is worth in the end."""
    print(f"{options.seeds} seeds, eight particles each; median [quartiles]")
    print("            d  rank correlation                 of logarithms")
    for d in (2, 5, 10):
        figures: dict = {}
        for seed in range(options.seeds):
            rng = np.random.default_rng(seed)
            for name, F, draw in objectives(d, rng):
                weights = None if F.conserves_mass else np.ones(8)
                move = sp.LBFGS(max_iter=1000)
                p = move(F, sp.ParticleSet(draw((8, d)), weights)).particles
                figures.setdefault(name, []).append(_correlations(F, p))
        for name, rows in figures.items():
            cells = "  ".join(quartiles(column) for column in zip(*rows, strict=True))
            print(f"{name:7s}  {d:4d}  {cells}", flush=True)


def _correlations(F, p):
    """Correlations of eigenvalues with falls of F after a full descent."""
    values, vectors = np.linalg.eigh(F.splitting_matrices(p))
    index, v = values[:, 0], vectors[:, :, 0]
    rows, now = np.arange(len(p)), F.value(p)
    steps, _ = search_steps(
        lambda steps: F.split_change(p, rows, v, steps), index, now / len(p), 8
    )
    fall = []
    for i in rows:
        step = steps[[i]] if steps[i] > 0.0 else np.array([1e-3])
        again = sp.LBFGS(max_iter=1000)(F, p.split([i], v[[i]], step))
        fall.append(now - again.value)
    wants = index < 0.0
    if wants.sum() < 3:
        return spearmanr(-index, fall)[0], np.nan
    logs = np.log(-index[wants]), np.log(np.maximum(np.array(fall)[wants], 1e-16))
    return spearmanr(-index, fall)[0], np.corrcoef(*logs)[0, 1]


# ----------------------------------------------------------------------- cost
def cost(options):
    """Print time and memory of least eigenpairs."""
    print("       d     n  way        products   seconds      MB   worst error")
    for d in (5, 10, 20, 50, 100, 200, 500, 1000):
        n = 100
        rng = np.random.default_rng(0)
        for name, F, _ in objectives(d, rng):
            if name == "network":
                continue
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


def rayleigh_descent(objective, particles, rng, *, tol=1e-2, max_products=1000):
    """Least eigenpairs by gradient descent of the Rayleigh quotient, as published.

    The step is one over the largest curvature of S met so far, the longest at which
    the quotient cannot rise (key ``WLLLS19`` in docs/references.bib).
    """
    v = rng.standard_normal(particles.positions.shape)
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    largest = np.zeros(len(v))
    for products in range(1, max_products + 1):
        Sv = objective.splitting_product(particles, v)
        quotient = np.einsum("nd,nd->n", v, Sv)
        r = Sv - quotient[:, None] * v
        size = np.linalg.norm(r, axis=1)
        largest = np.maximum(largest, np.linalg.norm(Sv, axis=1) + np.abs(quotient))
        if not (size > tol * np.abs(quotient).max()).any():
            break
        if products < max_products:
            v = v - r / np.where(largest > 0.0, largest, 1.0)[:, None]
            v /= np.linalg.norm(v, axis=1, keepdims=True)
    return Eigenpairs(quotient, v, size, products)


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
    parser.add_argument("table", choices=["gains", "drops", "cost"])
    parser.add_argument("--seeds", type=int, default=20)
    options = parser.parse_args()
    {"gains": gains, "drops": drops, "cost": cost}[options.table](options)


if __name__ == "__main__":
    main()
