"""Rows and calls to the 'must' accuracy: `sample` on an emulator beside its rivals.

    pip install nutpie blackjax pyvbmc gpry     # a rival that is missing shows a dash
    python tests/benchmarks/learning_rivals.py FOLDER --out FILE.json [--only NAME ...]
        [--arms NAME ...] [--again] [--starts 3] [-n 64] [--most 100000] [--table]

FOLDER holds ``rulers.py`` and ``posteriors/``.  The must is that of
`judging.allowance_used`: worst mean error .03 standard deviations, ratios .97 to 1.03,
quantile error half that of n exact draws, energy squared 1.0 of the floor.  Every arm
offers settings; of those whose n points meet the must in the median of the starts, the
one of fewest rows makes the figure "rows / calls"; a dash where none does, with those
of its best setting, the share of the allowance that it uses, and the ruler.  FILE keeps
what has been run, and a broken run goes on from there.

ours        sample(..., emulator="auto")
KSD         sample(..., emulator=False), Stein descent on the true score
NUTS        nutpie, one chain a start: 300 or 1,000 steps of warm-up, 500 to 8,000
            draws or `--most` gradients, compressed; a row is a gradient, warm-up
            included, and a call; low rank: nutpie's low-rank mass matrix
Pathfinder  blackjax's, 200 steps, tolerance 1e-12; draws of one path, or of eight with
            importance weights
Laplace-t   the package's climb to a mode, Student draws about it, importance weights
SVGD        blackjax's by all optimisers and step sizes of rivals.py, 100 or 500 steps
PyVBMC      log densities without gradients, on three posteriors, in a box about the
GPry        reference's mean, which no user knows; one start, `--patience` seconds
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
from gradient_rivals import ARMS as GRADIENT_ARMS
from judging import allowance_used, keep, kept, reference
from posteriors import EASY, HARD
from rival_tries import Problem
from surrogate_rivals import ARMS as SURROGATE_ARMS

ARMS = GRADIENT_ARMS | SURROGATE_ARMS


def outcome(problem: Problem, arm) -> dict | None:
    """Fewest rows at which the median of the starts meets the must, or the best."""
    settings = {}
    for attempt in arm(problem):
        settings.setdefault(attempt.setting, []).append(attempt)
    if not settings:
        return None

    def median(name, tries):
        return float(np.median([getattr(one, name) for one in tries]))

    figures = []
    for setting in sorted(settings, key=lambda key: median("rows", settings[key])):
        tries = settings[setting]
        shares = [problem.used(one.points) for one in tries]
        used = [max(one.values()) for one in shares]
        figures.append(
            {
                "setting": setting,
                "rows": median("rows", tries),
                "calls": median("calls", tries),
                "used": float(np.median(used)),
                "each": shares,
            }
        )
        if figures[-1]["used"] <= 1.0:
            return figures[-1]
    return min(figures, key=lambda figure: figure["used"])


def cell(figure) -> tuple[str, str]:
    """Two lines of one cell of the table: rows and calls, or what was missed."""
    if figure is None:
        return "-", ""
    spent = f"{figure['rows']:.0f} / {figure['calls']:.0f}"
    if figure["used"] <= 1.0:
        return spent, ""
    each = sorted(figure["each"], key=lambda shares: max(shares.values()))
    shares = each[len(each) // 2]
    missed = f"{figure['used']:.3g} {max(shares, key=shares.get)}"
    return f"- ({spent})", missed


def show(table: dict) -> None:
    """Print the table of all that is kept."""
    print(f"{'posterior':26s}" + "".join(f"{name:>18s}" for name in ARMS))
    for name, figures in table.items():
        cells = [cell(figures.get(arm)) for arm in ARMS]
        for title, row in zip(
            (name.split("-")[1], ""), zip(*cells, strict=True), strict=True
        ):
            print(f"{title:26s}" + "".join(f"{text:>18s}" for text in row))
    for arm in ARMS:
        met = [f[arm]["used"] <= 1.0 for f in table.values() if f.get(arm)]
        print(f"{arm}: meets the must on {sum(met)} of {len(met)}")


def run(options) -> None:
    """Fill what is not kept yet, and save it as it comes."""
    targets, rulers = reference(options.folder)
    for name in EASY + HARD:
        done = [] if options.again else kept(options.out).get(name, {})
        todo = [arm for arm in options.arms if arm not in done]
        if not todo or not any(part in name for part in options.only):
            continue
        target = targets.load(name)
        if name.endswith("lotka_volterra"):
            target.STEPS = 5  # of an ODE a year: 8 times faster, for all alike
        known = rulers.Reference(target.z)
        for arm in todo:
            problem = Problem(
                name,
                target.logp_score,
                target.d,
                lambda x, w, known=known: allowance_used(rulers, known, x, w),
                options,
            )
            began = time.perf_counter()
            figure = outcome(problem, ARMS[arm])
            seconds = time.perf_counter() - began
            print(f"{name} {arm}: {figure} {seconds:.0f} s", flush=True)
            keep(options.out, name, arm, figure)


def main():
    """Run what is missing, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="+", default=[""], metavar="NAME")
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS))
    parser.add_argument("--again", action="store_true", help="run what is kept too")
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("-n", type=int, default=64)
    parser.add_argument("--most", type=int, default=60_000, help="gradients a chain")
    parser.add_argument("--patience", type=float, default=300.0, help="seconds")
    parser.add_argument("--table", action="store_true", help="only what is kept")
    options = parser.parse_args()
    np.seterr(all="ignore")
    warnings.simplefilter("ignore")
    if not options.table:
        run(options)
    show(kept(options.out))


if __name__ == "__main__":
    main()
