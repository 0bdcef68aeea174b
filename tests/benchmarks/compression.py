"""`compress` against other ways to a few points, judged by draws none of them saw.

    python tests/benchmarks/compression.py FOLDER [-n 16 50 200] [--only NAME]
    python tests/benchmarks/compression.py --time [-n 50] [-d 10]
    python tests/benchmarks/compression.py --loss

The first prints, for each number of points, every ruler of every method over ours, as
the geometric mean over the data sets, and in how many of them ours is best or within
3 % of it.  FOLDER holds ``rulers.py`` and ``posteriors/``; three data sets of
scikit-learn join them.  The second prints the time each method takes for 100,000 draws,
and what it reaches; the third what it costs that particles grow on some of many draws.
Peers that are not installed are left out: goodpoints, stein_thinning, coreax,
scikit-learn.

All methods see the same half of the draws, standardised.  Kernels of the peers have the
median distance for bandwidth, as their pages advise.
"""

import argparse
import time
import warnings
from functools import partial

import numpy as np
from judging import reference
from scipy.spatial.distance import cdist, pdist

import splitparticles as sp

POSTERIORS = [
    "kidiq-kidscore_interaction",
    "nes1980-nes",
    "sblri-blr",
    "kilpisjarvi_mod-kilpisjarvi",
    "gp_pois_regr-gp_regr",
    "low_dim_gauss_mix-low_dim_gauss_mix",
    "mesquite-logmesquite",
    "garch-garch11",
    "eight_schools-eight_schools_noncentered",
    "eight_schools-eight_schools_centered",
    "hudson_lynx_hare-lotka_volterra",
]
TABLES = ["digits", "breast_cancer", "diabetes"]
RULERS = (
    "energy",
    "energy_whitened",
    "mmd_imq",
    "mmd_imq_third",
    "sliced_w1",
    "mean_error",
    "sd_error",
    "quantile_error",
)


# ------------------------------------------------------------------- methods
def median(x) -> float:
    """Median distance of a thousand draws."""
    rows = np.random.default_rng(0).choice(len(x), min(1000, len(x)), replace=False)
    return float(np.median(pdist(x[rows])))


def ours(x, n, score, seed, weights="equal"):
    """Default call."""
    result = sp.compress(x, n, weights=weights, rng=seed)
    return result.positions, result.weights


def iid(x, n, score, seed):
    """Draws at random."""
    return x[np.random.default_rng(seed).choice(len(x), n, replace=False)], None


def kernel_thinning(x, n, score, seed):
    """Target kernel thinning of goodpoints, Gaussian kernel."""
    from goodpoints import kt

    m = int(np.log2(min(len(x), 2**14) / n))  # its matrix is dense
    rows = np.linspace(0, len(x) - 1, n * 2**m).astype(int)
    scale = median(x)
    K = np.exp(-cdist(x[rows], x[rows], "sqeuclidean") / (2.0 * scale**2))
    return x[rows[kt.thin_K(K, K, m, seed=seed)]], None


def compress_pp(x, n, score, seed):
    """Compress++ of goodpoints; its number of points is a power of two."""
    from goodpoints.compress import compresspp_kt

    side = 2 ** int(np.ceil(np.log2(n)))
    if side**2 > len(x):
        return None
    rows = np.linspace(0, len(x) - 1, side**2).astype(int)
    params = np.array([2.0 * median(x) ** 2])
    kept = compresspp_kt(x[rows], b"gaussian", k_params=params, g=4, seed=seed)
    return x[rows[kept]], None


def stein_thinning(x, n, score, seed):
    """Stein thinning by its default kernel, where there is a score."""
    from stein_thinning.thinning import thin

    if score is None:
        return None
    return x[thin(x, score(x), n)], None


def herding(x, n, score, seed):
    """Kernel herding of coreax."""
    import jax.numpy as jnp
    from coreax import Data
    from coreax.kernels import SquaredExponentialKernel
    from coreax.solvers import KernelHerding

    kernel = SquaredExponentialKernel(length_scale=median(x))
    coreset, _ = KernelHerding(n, kernel=kernel).reduce(Data(jnp.asarray(x)))
    return np.asarray(coreset.points.data, dtype=float), None


def support_points(x, n, score, seed, iterations=200, watch=None):
    """The fixed point iteration of Mak and Joseph, from draws at random."""
    rng = np.random.default_rng(seed)
    z = x[rng.choice(len(x), n, replace=False)]
    z = z + 1e-6 * rng.standard_normal(z.shape)
    for _ in range(iterations):
        apart = cdist(z, z)
        np.fill_diagonal(apart, np.inf)
        push = z * (1.0 / apart).sum(axis=1)[:, None] - (1.0 / apart) @ z
        pull, near = np.zeros_like(z), np.zeros(n)
        for first in range(0, len(x), 20_000):
            block = x[first : first + 20_000]
            close = 1.0 / np.maximum(cdist(z, block), 1e-12)
            pull += close @ block
            near += close.sum(axis=1)
        new = (len(x) / n * push + pull) / near[:, None]
        step = np.abs(new - z).max()
        z = new
        if step < 1e-4 or (watch is not None and watch(z)):
            break
    return z, None


def kmeans(x, n, score, seed):
    """Centres of k-means, weighted by their clusters."""
    from sklearn.cluster import KMeans

    found = KMeans(n, n_init=1, random_state=seed).fit(x)
    return found.cluster_centers_, np.bincount(found.labels_, minlength=n).astype(float)


METHODS = {
    "ours": ours,
    "ours, weighted": partial(ours, weights="optimal"),
    "iid": iid,
    "kernel thinning": kernel_thinning,
    "compress++": compress_pp,
    "stein thinning": stein_thinning,
    "herding": herding,
    "support points": support_points,
    "k-means": kmeans,
}


def installed() -> dict:
    """Return the methods whose libraries are there."""
    import importlib.util

    needs = {
        "kernel thinning": "goodpoints",
        "compress++": "goodpoints",
        "stein thinning": "stein_thinning",
        "herding": "coreax",
        "k-means": "sklearn",
    }
    missing = {m for m, lib in needs.items() if importlib.util.find_spec(lib) is None}
    print(f"left out: {', '.join(sorted(missing)) or 'none'}")
    return {name: run for name, run in METHODS.items() if name not in missing}


# ------------------------------------------------------------------- quality
def data_sets(targets, only):
    """Name, draws to compress, draws to judge by, and score, of each data set."""
    for name in POSTERIORS:
        if only in name:
            target = targets.load(name)
            even = target.chain % 2 == 0
            yield name.split("-")[1], target.z[even], target.z[~even], target.score
    for name in TABLES:
        if only in name:
            from sklearn import datasets

            table = getattr(datasets, f"load_{name}")().data
            if name == "digits":  # pixels that are nearly always white
                table = table[:, table.std(axis=0) > 0.3]
            rows = np.random.default_rng(0).permutation(len(table))
            half = len(table) // 2
            yield name, table[rows[:half]], table[rows[half:]], None


def standardised(score, mean, sd, z):
    """Score of standardised draws."""
    return score(z * sd + mean) * sd


def judged(judge, x, weights) -> np.ndarray:
    """Rulers of one set; those of `RULERS`."""
    weights = np.ones(len(x)) if weights is None else weights
    found = judge.measure(x, weights)
    low, high = found["sd_ratio_min"], found["sd_ratio_max"]
    found["sd_error"] = max(1.0 - low, high - 1.0)
    found["mmd_imq_third"] = sp.mmd(
        judge.standardised(x),
        judge.standard,
        weights_x=weights,
        kernel=sp.InverseMultiquadric(judge.bandwidth / 3.0),
    )
    return np.array([found[name] for name in RULERS])


def quality(options):
    """Print the tables."""
    targets, rulers = reference(options.folder)
    methods = installed()
    figures = {n: {} for n in options.n}
    for name, draws, fresh, score in data_sets(targets, options.only):
        mean, sd = draws.mean(axis=0), draws.std(axis=0)
        sd = np.where(sd > 0.0, sd, 1.0)
        inside = None if score is None else partial(standardised, score, mean, sd)
        judge = rulers.Reference(fresh)
        for n in options.n:
            if 2 * n > len(draws):
                continue
            for method, run in methods.items():
                seeds = range(5 if method == "iid" else 1)
                found = [run((draws - mean) / sd, n, inside, s) for s in seeds]
                if found[0] is None:
                    continue
                each = [judged(judge, x * sd + mean, w) for x, w in found]
                figures[n].setdefault(method, {})[name] = np.mean(each, axis=0)
        print(f"  {name} is done", flush=True)
    for n in options.n:
        print_ratios(n, figures[n])


def print_ratios(n, figures):
    """One table: ratios to ours, and how often ours is best."""
    mine = figures["ours"]
    print(f"\nn = {n}: ruler over ours, geometric mean; {len(mine)} data sets")
    print(f"{'':16s}" + "".join(f"{name:>16s}" for name in RULERS))
    others = [m for m in figures if not m.startswith("ours")]
    for method in figures:
        known = [name for name in mine if name in figures[method]]
        logs = [np.log(figures[method][name] / mine[name]) for name in known]
        print(f"{method:16s}" + "".join(f"{r:16.2f}" for r in np.exp(np.mean(logs, 0))))
    best, clear = np.zeros(len(RULERS)), np.zeros(len(RULERS))
    for name in mine:
        peers = [figures[m][name] for m in others if name in figures[m]]
        ratio = np.min(peers, axis=0) / mine[name]
        best += ratio >= 1 / 1.03
        clear += ratio >= 1.2
    print(f"{'best, or by 3 %':16s}" + "".join(f"{int(k):16d}" for k in best))
    print(f"{'20 % better':16s}" + "".join(f"{int(k):16d}" for k in clear))


# ---------------------------------------------------------------------- time
def reached(energy, wanted, z) -> bool:
    """Whether points are as good as wanted."""
    return energy(z) <= wanted


def timed(options):
    """Print seconds and energy distance of each method, for 100,000 draws."""
    rng = np.random.default_rng(0)
    means = 2.0 * rng.standard_normal((5, options.d))
    x = means[rng.integers(5, size=200_000)] + rng.standard_normal((200_000, options.d))
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    seen, fresh = np.split(x, 2)

    def energy(z, w=None):
        return sp.energy_distance(z, fresh[:20_000], weights_x=w)

    n = options.n[0]
    began = time.perf_counter()
    ours(seen, n, None, 0)
    print(f"first call {time.perf_counter() - began:.2f} s, with what is compiled then")
    methods, base = installed(), None
    print(f"{'method':16s}  seconds  times ours    energy, of ours")
    for method, run in methods.items():
        options_of = {}
        if method == "support points":
            options_of = {"watch": partial(reached, energy, 1.03 * base[1])}
        if method in ("ours", "ours, weighted", "k-means", "compress++"):
            run(seen[:5000], n, None, 0)  # warm
        began = time.perf_counter()
        try:
            found = run(seen, n, None, 0, **options_of)
        except Exception as error:  # as herding, whose matrix is dense
            print(f"{method:16s}  failed: {str(error)[-60:]}")
            continue
        seconds = time.perf_counter() - began
        if found is None:
            continue
        value = energy(*found)
        base = base or (seconds, value)
        print(
            f"{method:16s}  {seconds:7.2f}  {seconds / base[0]:10.1f}"
            f"  {value:9.5f} {value / base[1]:7.2f}",
            flush=True,
        )


def loss(options):
    """Print what growing on some of the draws costs, against all of them throughout."""
    from splitparticles.compression import run
    from splitparticles.objectives import energy

    print("       N   d    n  seconds (all)  energy (all)    ratio")
    for N, d, n in ((100_000, 10, 50), (100_000, 10, 200), (400_000, 5, 100)):
        rng = np.random.default_rng(0)
        x = rng.gamma(3.0, size=(2 * N, d)) @ rng.standard_normal((d, d))
        seen, fresh = np.split((x - x.mean(axis=0)) / x.std(axis=0), 2)
        figures = []
        for pilot in (energy.PILOT, N):
            run.PILOT = energy.PILOT = pilot
            began = time.perf_counter()
            z = sp.compress(seen, n, rng=0).positions
            seconds = time.perf_counter() - began
            figures.append((seconds, sp.energy_distance(z, fresh[:50_000])))
        run.PILOT = energy.PILOT = 2**14
        (fast, ours_), (slow, all_) = figures
        print(
            f"{N:8d} {d:3d} {n:4d}  {fast:6.2f} {slow:7.2f}"
            f"  {ours_:.6f} {all_:.6f}  {ours_ / all_:.4f}",
            flush=True,
        )


def main():
    """Print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?")
    parser.add_argument("-n", type=int, nargs="+", default=[16, 50, 200])
    parser.add_argument("-d", type=int, default=10, help="of the draws to time")
    parser.add_argument("--only", default="")
    parser.add_argument("--time", action="store_true")
    parser.add_argument("--loss", action="store_true")
    options = parser.parse_args()
    table = timed if options.time else loss if options.loss else quality
    if table is quality and options.folder is None:
        parser.error("name the FOLDER, or ask for --time or --loss")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table(options)


if __name__ == "__main__":
    main()
