"""Two published studies of point sets, ours beside their figures.

    python tests/benchmarks/published.py mixture [--seeds 20]
    python tests/benchmarks/published.py slopes [--seeds 3]

``mixture``: a hundred points for two normal laws of unit covariance at (+-1.5, 0), as
in Stein Points (Chen, Mackey, Gorham, Briol and Oates, 2018); the earth mover's
distance to three hundred fresh draws, mean of five, against score rows.

``slopes``: N(0, I/d) by a Gaussian kernel of bandwidth 1, as in the quantisation study
of Xu, Korba and Slepcev (2022): slopes of the logarithms of MMD and KSD in that of n;
the same judged by narrower kernels, of which that study warns, and by the energy
distance.
"""

import argparse
import time

import numpy as np
import scipy.sparse
from scipy.optimize import linear_sum_assignment, linprog
from scipy.spatial.distance import cdist
from splitting import quartiles

import splitparticles as sp

# ---------------------------------------------------------------------- mixture
TWO = sp.GaussianMixture([0.5, 0.5], [[-1.5, 0.0], [1.5, 0.0]], [1.0, 1.0])
PUBLISHED = {
    "Monte Carlo": (0.488, 100),
    "Stein greedy": (0.403, 2_000),
    "Stein herding": (0.418, 2_000),
    "coordinate descent": (0.450, 12_080),
    "minimum energy design": (0.421, 2_000),
    "SVGD": (0.372, 19_900),
}


def arms(n, seed):
    """Name, particles and score rows of each way."""
    rng = np.random.default_rng(seed)
    yield "exact draws", sp.ParticleSet(TWO.sample(n, rng)), 0
    start = rng.uniform(-5.0, 5.0, size=2)
    for name, options in {
        "sample": {},
        "sample, log density": {"log_density": TWO.log_density},
        "sample, product": {"score_product": TWO.score_product},
    }.items():
        result = sp.sample(TWO.score, start, n, rng=seed, **options)
        yield name, result.particles, result.n_score_evals
    F = sp.KSD(sp.InverseMultiquadric(1.0), TWO.score, TWO.score_product)
    cloud = rng.uniform(-5.0, 5.0, size=(n, 2))
    moved = sp.LBFGS(max_iter=100)(F, sp.ParticleSet(cloud)).particles
    yield "KSD descent", moved, F.score.rows
    result = sp.compress(TWO.sample(100_000, rng), n, rng=seed)
    yield "compress, 1e5 draws", result.particles, 0


def mover(particles, draws) -> float:
    """Earth mover's distance of particles and a multiple of as many draws."""
    n, m = len(particles), len(draws)
    if np.ptp(particles.weights) < 1e-12:
        far = cdist(np.repeat(particles.positions, m // n, axis=0), draws)
        return float(far[linear_sum_assignment(far)].mean())
    far = cdist(particles.positions, draws)
    leave = scipy.sparse.kron(scipy.sparse.eye(n), np.ones((1, m)))
    arrive = scipy.sparse.kron(np.ones((1, n)), scipy.sparse.eye(m))
    found = linprog(
        far.ravel(),
        A_eq=scipy.sparse.vstack([leave, arrive]).tocsr(),
        b_eq=np.concatenate([particles.weights, np.full(m, 1.0 / m)]),
    )
    return float(found.fun)


def mixture(options):
    """Print distances to fresh draws."""
    n, figures = 100, {}
    exact = TWO.sample(20_000, np.random.default_rng(99))
    for seed in range(options.seeds):
        fresh = np.random.default_rng(1000 + seed)
        for name, p, rows in arms(n, seed):
            far = np.mean([mover(p, TWO.sample(3 * n, fresh)) for _ in range(5)])
            x, w = p.positions, p.weights
            judged = [sp.energy_distance(x, exact, weights_x=w) * n]
            for bandwidth in (1.0, 0.7, 0.3):
                judged.append(sp.MMD(sp.Gaussian(bandwidth), TWO).discrepancy(p))
            figures.setdefault(name, []).append((far, *judged, rows))
    print(
        f"{'':22s} {'distance to 300 draws':31s}  energy x n   MMD 1      MMD .7"
        "     MMD .3     rows"
    )
    for name, (far, rows) in PUBLISHED.items():
        print(f"{name:22s} {far:9.4f} (published, one run) {'':46s} {rows:6d}")
    for name, table in figures.items():
        far, *judged, rows = zip(*table, strict=True)
        cells = "  ".join(f"{np.median(column):9.5f}" for column in judged)
        print(f"{name:22s} {quartiles(far)}  {cells}  {np.median(rows):6.0f}")


# ----------------------------------------------------------------------- slopes
STUDY = {  # dimension: way: slopes of KSD, MMD
    2: {"SVGD": (-0.98, -1.04), "MMD descent": (-1.48, -1.60)}
    | {"KSD descent": (-1.46, -1.54), "herding": (-0.84, -0.93)}
    | {"Stein points": (-0.77, -0.77)},
    3: {"SVGD": (-0.91, -0.96), "MMD descent": (-1.38, -1.51)}
    | {"KSD descent": (-1.44, -1.49), "herding": (-0.84, -0.92)}
    | {"Stein points": (-0.78, -0.75)},
    4: {"SVGD": (-0.91, -0.94), "MMD descent": (-1.35, -1.46)}
    | {"KSD descent": (-1.39, -1.40), "herding": (-0.89, -0.95)},
    8: {"SVGD": (-0.84, -0.77), "MMD descent": (-1.14, -1.25)}
    | {"KSD descent": (-1.16, -1.13)},
}
SIZES = 2 ** np.arange(1, 10)


def quantised(d, target, kernel, n, seed):
    """Name and particles of each way to n of them."""
    F = {
        "MMD": sp.MMD(kernel, target),
        "KSD": sp.KSD(
            kernel,
            target.score,
            target.score_product,
            score_curvature=target.score_curvature,
        ),
    }
    draws = target.sample(n, np.random.default_rng(seed))
    move = sp.LBFGS(max_iter=1000, tol=1e-12)
    yield "exact draws", lambda: sp.ParticleSet(draws)
    for name, objective in F.items():
        yield (
            f"{name} descent",
            lambda objective=objective: (
                move(objective, sp.ParticleSet(draws)).particles
            ),
        )
        one = sp.ParticleSet(draws.mean(axis=0, keepdims=True))
        yield (
            f"{name} grown",
            lambda objective=objective, one=one: (
                sp.descend(
                    objective, one, n_particles=n, final_move=move, rng=seed
                ).particles
            ),
        )


def slopes(options):
    """Print fitted slopes."""
    print(f"n = 2 ... {SIZES[-1]}; slopes over all runs; seconds of all together")
    for d in STUDY:
        target = sp.GaussianMixture([1.0], np.zeros((1, d)), [1.0 / d])
        rulers = judges(target)
        figures: dict = {}
        seconds: dict = {}
        for n in SIZES:
            for seed in range(options.seeds):
                for name, run in quantised(d, target, sp.Gaussian(1.0), n, seed):
                    began = time.perf_counter()
                    p = run()
                    spent = time.perf_counter() - began
                    seconds[name] = seconds.get(name, 0.0) + spent
                    row = [n, *(judge(p) for judge in rulers.values())]
                    figures.setdefault(name, []).append(row)
        print(f"\nd = {d:12d}    " + "".join(f"{name:>9s}" for name in rulers))
        for name, (ksd, mmd) in STUDY[d].items():
            print(f"{name:14s}    {mmd:9.2f}{'':18s}{ksd:9.2f}   (published)")
        for name, rows in figures.items():
            n, *columns = np.log(np.array(rows).T)
            fitted = [np.polyfit(n, column, 1)[0] for column in columns]
            cells = "".join(f"{slope:9.2f}" for slope in fitted)
            print(f"{name:14s}    {cells}   {seconds[name]:7.1f} s", flush=True)


def judges(target):
    """Functions of particles, by name."""
    exact = target.sample(20_000, np.random.default_rng(99))
    found = {}
    for bandwidth in (1.0, 0.7, 0.3):
        F = sp.MMD(sp.Gaussian(bandwidth), target)
        found[f"MMD {bandwidth:g}"] = F.discrepancy
    for bandwidth in (1.0, 0.7, 0.3):
        F = sp.KSD(sp.Gaussian(bandwidth), target.score)
        found[f"KSD {bandwidth:g}"] = F.discrepancy
    found["energy"] = lambda p: max(
        sp.energy_distance(p.positions, exact, weights_x=p.weights), 1e-12
    )
    return found


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", choices=["mixture", "slopes"])
    parser.add_argument("--seeds", type=int)
    options = parser.parse_args()
    many = {"mixture": 20, "slopes": 3}[options.table]
    options.seeds = many if options.seeds is None else options.seeds
    {"mixture": mixture, "slopes": slopes}[options.table](options)


if __name__ == "__main__":
    main()
