"""The emulator of a score: what it takes, and how right it is.

    python tests/benchmarks/emulator.py [FOLDER]

Seconds of processor time on one thread, medians of three.  With FOLDER, which holds
``rulers.py`` and ``posteriors/``, also errors: an emulator fitted to N reference draws,
whitened by the mean and covariance of all; E|s^ - s|^2 / E|s|^2 over others, over the
3 % of them farthest out, and mean squares of error over doubt; medians of three fits.
"""

import importlib
import sys
import time

import numpy as np
from judging import reference
from posteriors import EASY, HARD

from splitparticles._compiled.threads import using_threads
from splitparticles.emulator import chains, fit

fit_module = importlib.import_module("splitparticles.emulator.fit")


def bent(z):
    """Score of a density whose tails are lighter than a normal's."""
    return -z - 0.1 * z**3 / (1.0 + z**2)


def seconds(call):
    """Median processor time of a warm call."""
    call()
    times = []
    for _ in range(3):
        began = time.process_time()
        call()
        times.append(time.process_time() - began)
    return np.median(times)


def times():
    """Print the time of each step."""
    rng = np.random.default_rng(0)
    for n, d in ((30, 10), (100, 10), (150, 10), (200, 10), (400, 10), (300, 50)):
        z = rng.standard_normal((n, d))
        e = fit(z, bent(z))
        again = seconds(lambda z=z, e=e: fit(z, bent(z), near=e))
        alone = {"length": e.length, "level": e.level}
        known = seconds(lambda z=z, alone=alone: fit(z, bent(z), **alone))
        fresh = seconds(lambda z=z: fit(z, bent(z)))
        print(
            f"fit of {n} rows in {d} dimensions: {fresh:.3f} s, near an earlier one "
            f"{again:.3f} s, of known length and noise {known:.3f} s"
        )
    z, x = rng.standard_normal((300, 10)), rng.standard_normal((1000, 10))
    e = fit(z, bent(z))
    for name, call in {
        "score": lambda: e.score(x),
        "score_product": lambda: e.score_product(x, x),
        "score_curvature": lambda: e.score_curvature(x, x, x),
        "score_sd": lambda: e.score_sd(x),
        "96 chains, 200 leaps": lambda: chains(e, x[:96], steps=25, warmup=0, rng=0),
    }.items():
        print(f"{name:20s} of 1000 points, 300 rows, d = 10: {seconds(call):.4f} s")


def errors(targets, name):
    """Print the errors on one posterior, then those far out by the prior's scale."""
    target = targets.load(name)
    draws = np.random.default_rng(0).permutation(target.z)
    factor = np.linalg.cholesky(np.cov(draws.T))
    z = np.linalg.solve(factor, (draws - draws.mean(axis=0)).T).T
    s = target.logp_score(draws)[1] @ factor
    for n in (15, 30, 50, 100, 200):
        whole, outside, ratio, length = figures(z, s, n)
        print(
            f"{name:40s} N {n:3d} error {whole:.1e} far out {outside:.1e} "
            f"error/doubt {ratio:5.2f} length {length}",
            flush=True,
        )
    usual = fit_module.PRIOR_SCALE
    for scale in (1.0, usual, 4.0, 1000.0):
        fit_module.PRIOR_SCALE = scale
        outside = [f"N {n} {figures(z, s, n)[1]:.1e}" for n in (30, 60, 150)]
        print(f"{name:40s} prior scale {scale:6} far out", *outside, flush=True)
    fit_module.PRIOR_SCALE = usual


def figures(z, s, n):
    """Errors of fits to n rows, over all and far out; error by doubt; length."""
    x, wanted = z[-4000:], s[-4000:]
    radius = (x**2).sum(axis=1)
    far = radius > np.quantile(radius, 0.97)
    found = []
    for i in range(0, 3 * n, n):
        e = fit(z[i : i + n], s[i : i + n])
        error, size = (e.score(x) - wanted) ** 2, wanted**2
        found.append(
            (
                error.sum() / size.sum(),
                error[far].sum() / size[far].sum(),
                error[:50].mean() / (e.score_sd(x[:50]) ** 2).mean(),
                e.length,
            )
        )
    return np.median(found, axis=0)


if __name__ == "__main__":
    with using_threads(1):
        times()
        if len(sys.argv) > 1:
            targets, _ = reference(sys.argv[1])
            for posterior in EASY[:2] + HARD:
                errors(targets, posterior)
