"""The symmetry trap, and every way out of it.

    python tests/benchmarks/trap.py [--seeds 20] [--rows 100000]

Two modes at (+-1, 0), a Gaussian kernel of squared bandwidth 0.1 (the published
settings of KSD descent), and particles that start on the axis between the modes, next
to it, everywhere, or in one of them.  Each way ends with a hundred particles and asks
at most the same number of score rows; judged by a kernel that nobody followed, by the
energy distance over that of a hundred exact draws, and by the mass on the emptier
side.
"""

import argparse

import numpy as np
from splitting import quartiles

import splitparticles as sp
from splitparticles.scores.counted import CountedScore
from splitparticles.scores.derivatives import ScoreDerivatives

SQUARED_BANDWIDTH = 0.1


def starts(variance, n, rng):
    """Named starts, (n, 2) each."""
    sd = variance**0.5
    axis = np.column_stack([np.zeros(n), sd * rng.standard_normal(n)])
    return {
        "on the axis": axis,
        "near the axis": axis + [1e-3, 0.0] * rng.standard_normal((n, 2)),
        "iid": rng.standard_normal((n, 2)),
        "in one mode": [1.0, 0.0] + sd * rng.standard_normal((n, 2)),
    }


def objective(target, rows, beta=1.0, squared_bandwidth=SQUARED_BANDWIDTH):
    """KSD to p^beta N(0, 2^2)^(1 - beta); `rows` scores may be asked."""
    pull = (1.0 - beta) / 4.0

    def score(x):
        return beta * target.score(x) - pull * x

    def product(x, v):
        return beta * target.score_product(x, v) - pull * v

    def curvature(x, u, v):
        return beta * target.score_curvature(x, u, v)

    counted = CountedScore(score, product, max_rows=rows)
    derivatives = ScoreDerivatives(counted, product, curvature)
    return sp.KSD(sp.Gaussian(squared_bandwidth**0.5), derivatives)


def descended(target, x, rows, n, seed, *, growth=None, few=5, steps=60):
    """Grow from a few of the start, then descend until the rows are used up."""
    F = objective(target, rows)
    found = sp.descend(
        F,
        x if growth is None else x[:few],
        n_particles=n,
        growth=growth,
        move=sp.LBFGS(max_iter=steps),
        final_move=sp.LBFGS(max_iter=100_000, tol=1e-12),
        rng=seed,
    )
    return F.score.rows, found.particles


def tempered(target, x, rows, n, seed):
    """Grow where both modes are one blob, then cool with the particles there are.

    Hot targets are wide, and a narrow kernel leads nowhere there; one too wide would
    be stable across the axis again.
    """
    F = objective(target, rows // 4, *COOLING[0])
    found = sp.descend(F, x[:5], n_particles=n, move=sp.LBFGS(max_iter=60), rng=seed)
    used = F.score.rows
    for beta, squared_bandwidth in COOLING[1:]:
        last = beta == 1.0
        F = objective(
            target, rows - used if last else rows // 15, beta, squared_bandwidth
        )
        move = sp.LBFGS(max_iter=100_000, tol=1e-12 if last else 1e-5)
        found = sp.descend(F, found.particles, n_particles=n, final_move=move)
        used += F.score.rows
    return used, found.particles


# inverse temperatures, and squared bandwidths to follow
COOLING = [(0.01, 2.0)]
COOLING += [(b, SQUARED_BANDWIDTH / b**0.5) for b in (0.03, 0.1, 0.2, 0.4, 0.7, 1.0)]
QUARTER = {"fraction": 0.25}
ONE = {"fraction": 1e-9}
GROWTHS = {
    "random splits": (sp.RandomSplit(**QUARTER), 60),
    "steepest splits": (sp.SteepestSplit(**QUARTER), 60),
    "insertion": (sp.Insertion(starts=32), 6),
    "best of both": (sp.BestOf(sp.SteepestSplit(**ONE), sp.Insertion(starts=32)), 6),
}
WAYS = ["descent alone", "jitter of 0.01", *GROWTHS, "tempering"]


def freed(way, target, x, rows, seed):
    """Where a way out of the start leads; at most `rows` scores are asked."""
    n = len(x)
    if way == "descent alone":
        return descended(target, x, rows, n, seed)
    if way == "jitter of 0.01":
        noise = 0.01 * np.random.default_rng(seed).standard_normal(x.shape)
        return descended(target, x + noise, rows, n, seed)
    if way == "tempering":
        return tempered(target, x, rows, n, seed)
    growth, steps = GROWTHS[way]
    return descended(target, x, rows, n, seed, growth=growth, steps=steps)


def trap(options):
    """Print how each way out ends."""
    n, draws = options.n, np.random.default_rng(99)
    for variance in (0.1, 0.3, 2.0):
        target = sp.GaussianMixture([0.5, 0.5], [[-1, 0], [1, 0]], [variance] * 2)
        asked = objective(target, None)
        judge = sp.KSD(sp.Gaussian(0.7), target.score)
        exact = target.sample(4000, draws)
        iid = np.mean([energy(target.sample(n, draws), exact) for _ in range(20)])
        threshold(target, variance)
        print(
            f"{'start':14s} {'way':16s}  {'KSD':30s}  {'KSD, bandwidth .7':30s}"
            f"  {'energy distance / iid':30s}  smaller side    n    rows"
        )
        for name in starts(variance, 1, draws):
            for way in WAYS:
                table = []
                for seed in range(options.seeds):
                    x = starts(variance, n, np.random.default_rng(seed))[name]
                    rows, p = freed(way, target, x, options.rows, seed)
                    sides = [
                        p.weights[s * p.positions[:, 0] > 0.05].sum() for s in (-1, 1)
                    ]
                    far = energy(p.positions, exact, p.weights) / iid
                    other = judge.discrepancy(p)
                    ksd = asked.discrepancy(p)
                    table.append((ksd, other, far, min(sides), len(p), rows))
                ksd, other, far, side, many, rows = zip(*table, strict=True)
                print(
                    f"{name:14s} {way:16s}  {quartiles(ksd)}  {quartiles(other)}"
                    f"  {quartiles(far)}  {np.median(side):12.3f}"
                    f"  {np.median(many):3.0f}  {np.median(rows):6.0f}",
                    flush=True,
                )


def threshold(target, variance):
    """Print the exact threshold, and the eigenvalue that should follow from it."""
    curvature = 1.0 / variance**2 - 1.0 / variance
    midpoint = sp.ParticleSet([[0.0, 0.0]])
    across = objective(target, None).splitting_matrices(midpoint)[0, 0, 0]
    print(
        f"\nvariance {variance}: h J = {0.1 * curvature:.3f} where 1 + d/2 = 2;"
        f" eigenvalue across {across:.4f},"
        f" by the formula {2.0 * (curvature / 0.1 - 2.0 / 0.01):.4f}"
    )


def energy(x, exact, weights=None) -> float:
    """Energy distance to exact draws."""
    return sp.energy_distance(x, exact, weights_x=weights)


def main():
    """Print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("-n", type=int, default=100)
    parser.add_argument("--rows", type=int, default=100_000)
    trap(parser.parse_args())


if __name__ == "__main__":
    main()
