"""`sample` on an emulator in 16 to 103 dimensions: rows, calls, right or loud.

    pip install nutpie scikit-learn      # the truth; the breast cancer data
    python tests/benchmarks/learning_dimensions.py --cache FOLDER [--only NAME ...]
        [--starts 3] [-n 64] [--patience 900] [--again] [--table]

The truth of Gaussians is their closed form, that of the others a long run of NUTS;
the folder keeps it with all figures.  Starts are uniform in [-2, 2]^d.  Of n points, or
2 d where n cannot span d, and of 10,000 draws of the emulator: worst mean error in
standard deviations, ratios of standard deviations along the coordinates; of scales of a
hierarchy also the worst ratios of their means and standard deviations to the true ones.
A run is right if all ratios of its points lie in .9 to 1.1 and no mean is off by .1;
otherwise loud if it warned or did not succeed; otherwise SILENT.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
from hierarchies import Model, Sport, StochasticVolatility, VaryingIntercepts
from high_dimension import Gaussian, Hierarchy, Truth, cancer, truth_of
from judging import keep, kept
from nuts_chains import chains

import splitparticles as sp

CHAINS, WARMUP, DRAWS = 8, 1000, 2000  # of the truth


class Simple(Model):
    """A target with a log density and a score of its own."""

    def __init__(self, target, scales=()):
        self.target, self.d, self.scales = target, target.d, scales

    def logp_score(self, x):
        """Log density up to a constant, and its gradient."""
        return self.target.log_density(x), self.target.score(x)

    def score(self, x):
        """Gradient of the log density."""
        return self.target.score(x)


TARGETS = {
    "sport": Sport,
    "sport, non-centred": lambda: Sport(centred=False),
    "breast cancer": lambda: Simple(cancer()),
    "intercepts, centred": VaryingIntercepts,
    "intercepts, non-centred": lambda: VaryingIntercepts(centred=False),
    "hierarchy": lambda: Simple(Hierarchy(), (49,)),
    "Gaussian 50, 1e6": lambda: Simple(Gaussian(50, 1e6)),
    "Gaussian 100, 1e6": lambda: Simple(Gaussian(100, 1e6)),
    "stochastic volatility": StochasticVolatility,
}


def known_truth(name, target, folder):
    """Truth, and means and standard deviations of the scales (2, k)."""
    if "Gaussian" in name:
        return target.target.truth, np.empty((2, 0))
    path = folder / f"{name.replace(' ', '_').replace(',', '')}.npz"
    if not path.exists():
        easier, back = target.easier()
        settings = [(WARMUP, False)]
        (run,) = chains(easier.logp_score, target.d, settings, DRAWS, CHAINS)
        draws = np.stack([back(chain.draws) for chain in run], axis=1)
        truth, s = truth_of(draws), np.exp(draws[..., list(target.scales)])
        moments = np.stack([s.mean(axis=(0, 1)), s.std(axis=(0, 1))])
        np.savez(path, scales=moments, **truth._asdict())
    with np.load(path) as file:
        truth = Truth(file["mean"], file["covariance"], str(file["note"]))
        return truth, file["scales"]


def figures(x, weights, truth, scales, known) -> dict:
    """Mean error, least and largest ratio, worst mean and deviation of the scales."""
    sd = np.sqrt(np.diag(truth.covariance))
    few = sp.ParticleSet(x, weights)
    ratios = few.std() / sd
    s = sp.ParticleSet(np.exp(x[:, scales]), weights) if len(scales) else None
    of_scales = [s.mean() / known[0], s.std() / known[1]] if s else []
    worst = [float(r[np.argmax(np.abs(r - 1.0))]) for r in of_scales]
    return {
        "mean": float(np.abs((few.mean() - truth.mean) / sd).max()),
        "sds": [float(ratios.min()), float(ratios.max())],
        "scales": worst,
    }


def one_run(target, truth, known, seed, options) -> dict:
    """Figures of one start."""
    x0 = np.random.default_rng(seed).uniform(-2.0, 2.0, target.d)
    n = options.n if target.d < options.n else 2 * target.d
    scales = list(target.scales)
    began = time.perf_counter()
    result = sp.sample(
        target.score, x0, n, emulator="auto", max_time=options.patience, rng=seed
    )
    got = {
        "rows": result.n_score_evals,
        "calls": result.n_score_calls,
        "error": float(result.emulator_error),
        "seconds": time.perf_counter() - began,
        "success": result.success,
        "stop": result.stop.name,
        "warnings": list(result.warnings),
        "points": figures(result.positions, result.weights, truth, scales, known),
    }
    if result.sampler is not None:
        draws = result.draws(10_000, rng=1)
        got["draws"] = figures(draws, None, truth, scales, known)
    p = got["points"]
    right = p["mean"] <= 0.1 and all(0.9 <= r <= 1.1 for r in (*p["sds"], *p["scales"]))
    loud = got["warnings"] or not got["success"]
    got["mark"] = "right" if right else "loud" if loud else "SILENT"
    return got


def show(table: dict) -> None:
    """Print all that is kept."""
    print("target, start: rows calls error  points: mean sds scales  draws: the same")
    for name, runs in table.items():
        for seed, got in runs.items():
            cells = [f"{got['rows']:6d} {got['calls']:5d} {got['error']:8.1e}"]
            for of in (got["points"], got.get("draws")):
                if of is not None:
                    text = f"{of['mean']:.3f} {of['sds'][0]:.3f}-{of['sds'][1]:.3f}"
                    cells.append(" ".join([text, *(f"{r:.2f}" for r in of["scales"])]))
            ended = f"{got['mark']} {got['stop']} {got['seconds']:.0f} s"
            print(f"{name:24s} {seed}: {'  '.join(cells)}  {ended}")
            for text in got["warnings"]:
                print(f"    warned: {text[:150]}")


def main():
    """Run what is missing, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--only", nargs="+", default=[""], metavar="NAME")
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("-n", type=int, default=64)
    parser.add_argument("--patience", type=float, default=900.0, help="seconds")
    parser.add_argument("--again", action="store_true", help="run what is kept too")
    parser.add_argument("--table", action="store_true", help="only what is kept")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    path = options.cache / "figures.json"
    warnings.simplefilter("ignore", sp.SamplingWarning)
    for name, make in TARGETS.items():
        if options.table or not any(part in name for part in options.only):
            continue
        target = make()
        truth, known = known_truth(name, target, options.cache)
        print(f"{name}: d = {target.d}, truth: {truth.note}", flush=True)
        for seed in range(options.starts):
            if options.again or str(seed) not in kept(path).get(name, {}):
                got = one_run(target, truth, known, seed, options)
                keep(path, name, str(seed), got)
                show({name: {seed: got}})
    if options.table or not any(options.only):
        show(kept(path))


if __name__ == "__main__":
    main()
