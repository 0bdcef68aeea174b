"""Fresh rows of learning by chains, by splitting particles, by the mode's normal.

    python tests/benchmarks/learning_designs.py FOLDER [--only NAME ...] [--starts 2]
        [--designs NAME ...] [--patience 300]

FOLDER holds ``rulers.py`` and ``posteriors/``.  Every design starts from the same climb
to a mode and asks as many rows a round; no scouts, no rows on the sides but those of
"default".  After every round the emulated score meets the true one, uncounted, at 1,000
reference draws: E|s^ - s|^2 / E|s|^2, whitened by their covariance.  A line shows the
rows, the climb's included, from which on it stays below .01, .003 and .001, for the
rounds go on beyond their own end; then rows, calls and error at that end (a ! where
there is none), worst mean error and ratios of standard deviations of 10,000 draws of
the emulator there.  At last, of each design: runs that got below each limit, and their
rows over those of "chains", the geometric mean where both did.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from judging import reference
from posteriors import EASY, HARD

from splitparticles import KSD, InverseMultiquadric, Linear, ParticleSet, descend
from splitparticles.descent.options import EARLY, LAST, Weights, growth_for
from splitparticles.growth import Insertion
from splitparticles.learning.climb import climb
from splitparticles.learning.lessons import fitted
from splitparticles.learning.lockstep import Ledger, OutOfRows, together
from splitparticles.learning.part import Part
from splitparticles.learning.rounds import FEW, MOST_ROUNDS, POWERS, STRICT, _Rounds
from splitparticles.sampling.objective import BANDWIDTH, LINEAR
from splitparticles.scores.counted import CountedScore

LIMITS = 0.01, 0.003, 0.001

MOST_ROWS = 700  # of a run

POSTERIORS = [name for name in EASY + HARD if "mix" not in name and "_cen" not in name]


class Design(NamedTuple):
    """Where the fresh rows of a round are asked."""

    place: Callable
    """(rounds, power, n) -> places (n, d)."""
    powers: tuple[float, ...] = POWERS
    follows: bool = True
    """Whether the coordinates follow the emulator, or stay those of the mode."""
    more: int = 1
    """Places a row, of which those are asked where the emulated score is least sure."""
    sides: bool = False


class Designed(_Rounds):
    """Rounds of a design."""

    def __init__(self, design, change, x, s, rng):
        super().__init__(change, x, s, rng, None)
        self.design, self.clouds = design, {}
        if not design.sides:
            self.sides.unknown = self.sides.unknown[:0]

    def _powers(self):
        return super()._powers()[: len(self.design.powers)]

    def _placed(self, power, count):
        z = self.design.place(self, power, self.design.more * count)
        z = least_sure(self.fit.emulator, z, count)
        again = z[self.rng.integers(len(z), size=count - len(z))]
        return np.vstack([z, again + 0.3 * self.rng.standard_normal(again.shape)])

    def _at_sides(self):
        return super()._at_sides() if self.design.sides else self.fit.right[:0]

    def passed(self):
        """Whether the newest rows are predicted, of power 1 if it is the only one."""
        if len(self.design.powers) > 1:
            return super().passed()
        newest = self.errors[0][-FEW:]
        return len(newest) == FEW and np.mean(newest) < STRICT[0]

    def whiten(self):
        """Let the coordinates follow, or not."""
        if self.design.follows:
            super().whiten()

    def bend(self):
        """The same."""
        if self.design.follows:
            super().bend()


class AtOnce(Designed):
    """All rows in one call, of 1, 2, 4, ... times those of a round; each fit anew."""

    def _fresh(self):
        z = self._placed(1.0, self.many * 2 ** max(0, self.rounds - 1))
        return z, np.ones(len(z))

    def refit(self):
        """Fit without what earlier rounds have found, then with the metric."""
        first = fitted(self.fit.change, self.x, self.s)
        self.fit, self.error = replace(self.fit, emulator=first), 0.0
        super().refit()


def least_sure(emulator, z, count):
    """Rows at which the emulated score is least sure, `count` of z at most."""
    if len(z) <= count:
        return z
    return z[np.argsort(-(emulator.score_sd(z) ** 2).sum(axis=1))[:count]]


def on_chains(rounds, power, n):
    """Last states of chains on the emulator."""
    return _Rounds._placed(rounds, power, n)


def normal(rounds, power, n):
    """Draws of the standard normal to the power."""
    return rounds.rng.standard_normal((n, rounds.fit.emulator.dim)) / power**0.5


def at_rest(rounds, power, n, start=None):
    """Particles that have split from one, at a row, and rest on the emulator."""
    if start is None:
        start = rounds.rng.choice(rounds.fit.right, size=1)
    flat = rounds.fit.emulator.flattened(power)
    radial = InverseMultiquadric(BANDWIDTH * (flat.dim / power) ** 0.5)
    objective = KSD(
        [(1.0, radial), (LINEAR, Linear())],
        flat.score,
        flat.score_product,
        score_curvature=flat.score_curvature,
    )
    return descend(
        objective,
        ParticleSet(start),
        n_particles=n,
        move=EARLY,
        final_move=LAST,
        growth=growth_for(None, Weights.EQUAL, otherwise=Insertion()),
        continuation=False,
        rng=rounds.rng,
    ).positions


def children(rounds, power, n):
    """Newest children of particles that stay from round to round and split on."""
    change, count = rounds.fit.change, n // rounds.design.more
    z = change.to_working(rounds.clouds.get(power, rounds.x[-1:]))
    old, new = np.split(at_rest(rounds, power, len(z) + n, z), [len(z)])
    new = least_sure(rounds.fit.emulator, new, count)
    rounds.clouds[power] = change.to_user(np.vstack([old, new]))
    return new


DESIGNS = {
    "default": Design(on_chains, sides=True),
    "chains": Design(on_chains),
    "chains, 1": Design(on_chains, POWERS[:1]),
    "unsure chains": Design(on_chains, more=4),
    "normal": Design(normal, follows=False),
    "normal, 1": Design(normal, POWERS[:1], follows=False),
    "normal at once": Design(normal, POWERS[:1], follows=False),
    "normal, whitened": Design(normal),
    "particles": Design(at_rest),
    "particles, 1": Design(at_rest, POWERS[:1]),
    "unsure particles": Design(at_rest, more=4),
    "children": Design(children),
    "unsure children": Design(children, more=4),
}


def error_at(draws, score, fit):
    """Relative error of the emulated score at draws (m, d), where the true one is."""
    z = fit.change.to_working(draws)
    s = fit.change.pulled(z, score)
    whitening = np.linalg.cholesky(np.cov(z.T))
    wrong = (fit.emulator.score(z) - s) @ whitening
    return float((wrong**2).sum() / ((s @ whitening) ** 2).sum())


def taught(design, target, seed, patience):
    """Rows, calls, error and fit after every round, and the round that ends them."""
    rng = np.random.default_rng(seed)
    deadline = time.monotonic() + patience
    ledger = Ledger(CountedScore(target.score, deadline=deadline), MOST_ROWS)
    (first,) = together(ledger, [climb(rng.uniform(-2.0, 2.0, target.d), rng)])
    draws = rng.choice(target.z, size=1000, replace=False)
    score = target.score(draws)
    kind = AtOnce if design is DESIGNS["normal at once"] else Designed
    rounds = kind(design, first.end.coordinates(), ledger.x, ledger.s, rng)
    history, end = [], None
    try:
        while len(history) < MOST_ROUNDS and not rounds.is_hopeless():
            together(ledger, [rounds.test()])
            rounds.refit()
            error, counted = error_at(draws, score, rounds.fit), ledger.counted
            history.append((counted.rows, counted.calls, error, rounds.fit))
            if end is None and rounds.passed():
                end = len(history) - 1
            if end is not None and error < LIMITS[-1]:
                break
            rounds.whiten()
            rounds.bend()
    except OutOfRows:
        pass
    return history, end


def rows_to(limit, history):
    """Rows from which on the error stays below a limit; inf if it never does."""
    above = [rows for rows, _, error, _ in history if not error < limit]
    after = [rows for rows, *_ in history if rows > max(above, default=0)]
    return min(after, default=np.inf)


def line(history, end, target):
    """Figures of one run."""
    rows = " ".join(f"{rows_to(limit, history):5.0f}" for limit in LIMITS)
    spent, calls, error, fit = history[-1 if end is None else end]
    draws, sd = Part(fit).draws(10_000, np.random.default_rng(1)), target.z.std(axis=0)
    mean = np.abs((draws.mean(axis=0) - target.z.mean(axis=0)) / sd).max()
    ratios = draws.std(axis=0) / sd
    return (
        f"{rows}  {spent:5d}{'!' if end is None else ' '}{calls:4d} {error:8.1e}"
        f"  {mean:.3f} {ratios.min():.3f}-{ratios.max():.3f}"
    )


def show(table):
    """Print how the designs compare, from {(run, design): rows to the limits}."""
    for design in dict.fromkeys(design for _, design in table):
        cells = []
        for k in range(len(LIMITS)):
            rows = {run: got[k] for (run, name), got in table.items() if name == design}
            both = [
                np.log(got / table[run, "chains"][k])
                for run, got in rows.items()
                if np.isfinite(got + table.get((run, "chains"), LIMITS)[k])
            ]
            reached = np.isfinite(list(rows.values())).sum()
            cells.append(f"{reached:3d} of {len(rows)} {np.exp(np.mean(both)):.2f}")
        print(f"{design:17s} {'   '.join(cells)}")


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", default=[""], metavar="NAME")
    parser.add_argument("--designs", nargs="+", default=list(DESIGNS), choices=DESIGNS)
    parser.add_argument("--starts", type=int, default=2)
    parser.add_argument("--patience", type=float, default=300.0, help="seconds")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    targets, _ = reference(options.folder)
    print(f"posterior, start, design: rows to {LIMITS}; rows, calls, error; mean sds")
    table = {}
    for name in POSTERIORS:
        if not any(part in name for part in options.only):
            continue
        target = targets.load(name)
        if name.endswith("lotka_volterra"):
            target.STEPS = 5  # of an ODE a year: 8 times faster, for all alike
        for seed in range(options.starts):
            for design in options.designs:
                began = time.perf_counter()
                run = taught(DESIGNS[design], target, seed, options.patience)
                key = f"{name.split('-')[1]:24.24s} {seed}"
                table[key, design] = [rows_to(limit, run[0]) for limit in LIMITS]
                figures = line(*run, target)
                seconds = time.perf_counter() - began
                print(f"{key} {design:17s} {figures}  {seconds:.0f} s", flush=True)
    show(table)


if __name__ == "__main__":
    main()
