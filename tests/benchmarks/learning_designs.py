"""Fresh rows of learning by chains, by splitting particles, by the mode's normal.

    python tests/benchmarks/learning_designs.py FOLDER [--only NAME ...] [--starts 2]

FOLDER holds ``rulers.py`` and ``posteriors/``.  Every design starts from the same climb
to a mode and asks as many rows a round; no scouts, no sides but those of "default".
After every round the emulated score meets the true one, uncounted, at 1,000 reference
draws: E|s^ - s|^2 / E|s|^2, whitened by their covariance.  A line shows the rows, the
climb's included, from which on it stays below .01, .003 and .001, for the rounds go on
beyond their own end; rows, calls and error at that end (! where there is none), worst
mean error and ratios of standard deviations of 10,000 draws of the emulator there.  At
last, of each design: runs that got below each limit, and their rows over those of
"chains", the geometric mean where both did.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from judging import moments_off, reference, score_error
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

MOST_ROWS = 500  # of a run

DESCENT = {
    "move": EARLY,
    "final_move": LAST,
    "growth": growth_for(None, Weights.EQUAL, otherwise=Insertion()),
    "continuation": False,
}

POSTERIORS = [name for name in EASY + HARD if "mix" not in name and "_cen" not in name]


class Design(NamedTuple):
    """Where the fresh rows of a round are asked."""

    place: Callable
    """(rounds, power, n) -> places (n, d)."""
    powers: tuple[float, ...] = POWERS
    follows: bool = True  # the emulator with its coordinates, or stays in the mode's
    more: int = 1  # places a row; asked is where the emulated score is least sure
    sides: bool = False
    at_once: bool = False  # 1, 2, 4, ... times the rows of a round, each fit anew


class Designed(_Rounds):
    """Rounds of a design."""

    def __init__(self, design, *rows):
        super().__init__(*rows, None)
        self.design, self.clouds = design, {}
        if not design.sides:
            self.sides.unknown = self.sides.unknown[:0]

    def _powers(self):
        return super()._powers()[: len(self.design.powers)]

    def _placed(self, power, count):
        z = self.design.place(self, power, self.design.more * count)
        z = least_sure(self.fit.emulator, z, count)
        again = z[self.rng.integers(len(z), size=count - len(z))]  # with noise
        return np.vstack([z, again + 0.3 * self.rng.standard_normal(again.shape)])

    def _at_sides(self):
        return super()._at_sides() if self.design.sides else self.fit.right[:0]

    def refit(self):
        """Take up the new lessons; at once, without what earlier fits have found."""
        if self.design.at_once:
            first = fitted(self.fit.change, self.x, self.s)
            self.fit, self.error = replace(self.fit, emulator=first), 0.0
            self.many *= 1 if self.rounds == 1 else 2
        super().refit()

    def passed(self):
        """Whether the newest rows are predicted, of power 1 if it is the only one."""
        if len(self.design.powers) > 1:
            return super().passed()
        newest = self.errors[0][-FEW:]
        return len(newest) == FEW and np.mean(newest) < STRICT[0]


def least_sure(emulator, z, count):
    """Rows at which the emulated score is least sure, `count` of z at most."""
    if len(z) <= count:
        return z
    return z[np.argsort(-(emulator.score_sd(z) ** 2).sum(axis=1))[:count]]


def normal(rounds, power, n):
    """Draws of the standard normal to the power."""
    return rounds.rng.standard_normal((n, rounds.fit.emulator.dim)) / power**0.5


def at_rest(rounds, power, n, start=None):
    """Particles that have split from one, at a row, and rest on the emulator."""
    if start is None:
        start = rounds.rng.choice(rounds.fit.right, size=1)
    flat = rounds.fit.emulator.flattened(power)
    radial = InverseMultiquadric(BANDWIDTH * (flat.dim / power) ** 0.5)
    kernels = [(1.0, radial), (LINEAR, Linear())]
    third = flat.score_curvature
    objective = KSD(kernels, flat.score, flat.score_product, score_curvature=third)
    start, rng = ParticleSet(start), rounds.rng
    return descend(objective, start, n_particles=n, rng=rng, **DESCENT).positions


def children(rounds, power, n):
    """Newest children of particles that stay from round to round and split on."""
    change, count = rounds.fit.change, n // rounds.design.more
    z = change.to_working(rounds.clouds.get(power, rounds.x[-1:]))
    old, new = np.split(at_rest(rounds, power, len(z) + n, z), [len(z)])
    new = least_sure(rounds.fit.emulator, new, count)
    rounds.clouds[power] = change.to_user(np.vstack([old, new]))
    return new


DESIGNS = {
    "default": Design(_Rounds._placed, sides=True),
    "chains": Design(_Rounds._placed),
    "chains, 1": Design(_Rounds._placed, POWERS[:1]),
    "unsure chains": Design(_Rounds._placed, more=4),
    "unsure, sides": Design(_Rounds._placed, more=4, sides=True),
    "normal": Design(normal, follows=False),
    "normal, 1": Design(normal, POWERS[:1], follows=False),
    "normal at once": Design(normal, POWERS[:1], follows=False, at_once=True),
    "normal, whitened": Design(normal),
    "unsure normal": Design(normal, more=4),
    "particles": Design(at_rest),
    "particles, 1": Design(at_rest, POWERS[:1]),
    "unsure particles": Design(at_rest, more=4),
    "children": Design(children),
    "unsure children": Design(children, more=4),
}


def taught(design, target, seed, patience):
    """Rows, calls, error and fit after every round, and the round that ends them."""
    rng = np.random.default_rng(seed)
    score = CountedScore(target.score, deadline=time.monotonic() + patience)
    ledger = Ledger(score, MOST_ROWS)
    (first,) = together(ledger, [climb(rng.uniform(-2.0, 2.0, target.d), rng)])
    draws = rng.choice(target.z, size=1000, replace=False)
    known = target.score(draws)
    rounds = Designed(design, first.end.coordinates(), ledger.x, ledger.s, rng)
    history, end = [], None
    try:
        while len(history) < MOST_ROUNDS and not rounds.is_hopeless():
            together(ledger, [rounds.test()])
            rounds.refit()
            error = score_error(draws, known, rounds.fit)
            history.append((score.rows, score.calls, error, rounds.fit))
            if end is None and rounds.passed():
                end = len(history) - 1
            if end is not None and error < LIMITS[-1]:
                break
            if design.follows:
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


def line(history, end, known):
    """Figures of one run; known draws are the truth."""
    rows = " ".join(f"{rows_to(limit, history):5.0f}" for limit in LIMITS)
    spent, calls, error, fit = history[-1 if end is None else end]
    draws = Part(fit).draws(10_000, np.random.default_rng(1))
    mark = "!" if end is None else " "
    return (
        f"{rows}  {spent:5d}{mark}{calls:4d} {error:8.1e}  {moments_off(draws, known)}"
    )


def show(table):
    """Print how the designs compare, from {design: {run: rows to the limits}}."""
    rows = {design: np.array(list(runs.values())) for design, runs in table.items()}
    for design, got in rows.items():
        both = np.isfinite(got) & np.isfinite(rows["chains"])
        factors = np.log(got / rows["chains"], where=both, out=np.zeros(got.shape))
        factors = np.exp(factors.sum(axis=0) / both.sum(axis=0))
        print(f"{design:17s}", np.isfinite(got).sum(axis=0), factors.round(2))


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", default=[""], metavar="NAME")
    parser.add_argument("--starts", type=int, default=2)
    parser.add_argument("--patience", type=float, default=300.0, help="seconds")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    targets, _ = reference(options.folder)
    print(f"posterior, start, design: rows to {LIMITS}; rows, calls, error; mean sds")
    table = {design: {} for design in DESIGNS}
    for name in [
        one for one in POSTERIORS if any(part in one for part in options.only)
    ]:
        target = targets.load(name)
        if name.endswith("lotka_volterra"):
            target.STEPS = 5  # of an ODE a year: 8 times faster, for all alike
        for seed, (title, design) in product(range(options.starts), DESIGNS.items()):
            began = time.perf_counter()
            history, end = taught(design, target, seed, options.patience)
            run = f"{name.split('-')[1]:24.24s} {seed}"
            table[title][run] = [rows_to(limit, history) for limit in LIMITS]
            figures = line(history, end, target.z)
            seconds = time.perf_counter() - began
            print(f"{run} {title:17s} {figures}  {seconds:.0f} s", flush=True)
    show(table)


if __name__ == "__main__":
    main()
