"""What a user of another library gets: time, rows and moments beside its own NUTS.

    python tests/benchmarks/adapters.py [source ...]

Two posteriors, eight schools (non-centred, 10 coordinates) and a regression (5, or 4
for statsmodels), whose exact moments quadrature gives.  Each source runs in a process
of its own with empty caches of PyTensor.  Printed are seconds from the model to the
first result, import included, and of a second run; rows and calls of the score; the
largest error of a mean in standard deviations, and the ratios of standard deviations
to the exact ones; the same of 4,000 draws of the library's NUTS where it has one.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import NamedTuple

import adapter_sources as s
import numpy as np

import splitparticles as sp


class Arm(NamedTuple):
    """A problem as a source has it."""

    make: Callable
    adapt: Callable
    judged: Callable
    exact: Callable
    nuts: Callable | None = None


BOX = {"bounds": [None] * 4 + [(0, None)]}


def least_squares():
    import statsmodels.api as api

    return api.OLS(s.Y, s.X)


EXACT = {"schools": s.exact_schools, "regression": s.exact_regression}
NAMED = {"schools": s.named_schools, "regression": s.named_regression}
RAW = {"schools": s.raw_schools, "regression": s.raw_regression}
START = {"schools": s.SCHOOLS_START, "regression": s.REGRESSION_START}


def arm(source, problem):
    """The arm of a source and a problem."""
    exact = EXACT[problem]
    if source == "statsmodels":
        judged, exact = s.raw_regression, s.exact_least_squares
        return Arm(least_squares, sp.from_statsmodels, judged, exact)
    make = getattr(s, f"{source}_{problem}")
    start = START[problem]
    if source == "pymc":
        return Arm(make, sp.from_pymc, NAMED[problem], exact, s.pymc_nuts)
    if source == "numpyro":
        named = NAMED[problem]
        return Arm(make, sp.from_numpyro, named, exact, s.numpyro_nuts)
    if source == "jax":
        return Arm(make, lambda f: sp.from_jax(f, start), RAW[problem], exact,
                   lambda f: s.blackjax_nuts(f, start))  # fmt: skip
    if source == "torch":
        return Arm(make, lambda f: sp.from_torch(f, start), RAW[problem], exact)
    if problem == "schools":
        names = ["mu", "log_tau", *(f"z[{k}]" for k in range(8))]
        return Arm(make, lambda f: sp.from_log_density(f, np.zeros(10)),
                   lambda _, x: s.raw_schools(names, x), exact)  # fmt: skip
    x0 = [0.0] * 4 + [1.0]
    return Arm(make, lambda f: sp.from_log_density(f, x0, **BOX),
               s.scaled_regression, exact)  # fmt: skip


SOURCES = "pymc", "numpyro", "jax", "torch", "statsmodels", "function"


def sampled(model):
    """Run of a model, in the user's parameters where it has some."""
    run = sp.sample(model.score, model.x0, log_density=model.log_density, rng=0)
    if model.to_user is None:
        return run, model.names
    return run.mapped(model.to_user, model.user_names), model.user_names


def errors(columns, weights, exact):
    """Largest error of a mean, and the least and the largest ratio of the sd."""
    mean, sd = exact
    found = columns @ weights
    ratio = np.sqrt((columns - found[:, None]) ** 2 @ weights) / sd
    return [
        float(np.abs((found - mean) / sd).max()),
        *map(float, np.quantile(ratio, [0, 1])),
    ]


def measure(source, problem):
    """Figures of one arm, in this process."""
    a = arm(source, problem)
    begun = time.perf_counter()
    given = a.make()
    model = a.adapt(given)
    adapted = time.perf_counter()
    run, names = sampled(model)
    cold = time.perf_counter()
    run, names = sampled(model)
    warm = time.perf_counter()
    exact = a.exact()
    figures = {
        "adapt": adapted - begun,
        "cold": cold - begun,
        "warm": warm - cold,
        "rows": run.n_score_evals,
        "calls": run.n_score_calls,
        "success": run.success,
        "errors": errors(a.judged(names, run.positions), run.weights, exact),
    }
    if a.nuts is not None:
        begun = time.perf_counter()
        names, draws = a.nuts(given)
        figures["nuts"] = time.perf_counter() - begun
        weights = np.full(len(draws), 1 / len(draws))
        figures["nuts errors"] = errors(a.judged(names, draws), weights, exact)
    return figures


def in_a_process(source, problem):
    """Figures of one arm, in a process with empty caches of its library."""
    with tempfile.TemporaryDirectory() as caches:
        flags = {"PYTENSOR_FLAGS": f"base_compiledir={caches}"}
        command = [sys.executable, "-W", "ignore", __file__, "--one", source, problem]
        done = subprocess.run(
            command, env=os.environ | flags, capture_output=True, text=True
        )
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def printed(source, problem, f):
    of = "mean {:.3f} sd {:.2f}-{:.2f}".format
    nuts = f"{f['nuts']:6.1f} s {of(*f['nuts errors'])}" if "nuts" in f else "-"
    print(
        f"{source:12}{problem:12}{f['adapt']:6.1f}{f['cold']:7.1f}{f['warm']:7.1f}"
        f"{f['rows']:7}{f['calls']:6}  {of(*f['errors'])}"
        f"{'' if f['success'] else ' doubted'}  | {nuts}",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", nargs="*", default=SOURCES, metavar="source")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        return print(json.dumps(measure(*options.one)))
    print("source      problem      adapt   cold   warm   rows calls")
    for source in options.sources:
        library = "numpy" if source == "function" else source
        if find_spec(library) is None:
            print(f"{source:12}not installed")
            continue
        problems = ["regression"] if source == "statsmodels" else EXACT
        for problem in problems:
            printed(source, problem, in_a_process(source, problem))


if __name__ == "__main__":
    main()
