r"""Rounds of learning: fresh rows are first a test of the emulator, then lessons.

In each round chains on the emulator say where its mass is, and some of their states go
to the true score in one call.  What the emulator had predicted there is compared,

.. math:: e = |\hat s - s|^2 / \max(d, |s|^2),

and the rows join its lessons.  The chains run on powers 1, 1/2 and 1/4 of the emulated
density: the flat ones reach the tails, shoulders and modes that the others would never
test.  The rounds end when the mean errors of enough fresh rows of each power are
small.
"""

from dataclasses import dataclass, replace

import numpy as np

from ..coordinates.change import ChangeOfVariables
from ..coordinates.preconditioner import Preconditioner
from ..emulator.metric import curvature_variation
from .curve import curve_of_draws, prediction_error, relative_errors
from .fit import CHAINS, WALLS, Fit
from .lessons import fitted
from .lockstep import OutOfRows
from .sides import POWER, Sides

POWERS = 1.0, 0.5, 0.25

# Rows of each power that are judged, and their largest mean errors; of more rows milder
# ones will do, the median at the flat powers, for a law with a kink or a singular point
# is emulated well enough long before it is emulated exactly.
FEW, STRICT = 16, (0.001, 0.004, 0.02)
MANY, MILD = 48, (0.01, 0.03, 0.1)

FEWEST_ROWS, ROWS_A_COORDINATE = 18, 2  # of a round

MOST_ROUNDS = 45

HOPELESS = 15  # rounds after which the median error must be below RIGHT

RIGHT = 0.3  # error of a row from which chains may start, and of a fit worth following

FLATTER = 0.03, 0.15  # pooled errors below which powers 1/2, and 1/4, are tested too

TOUCHED = 0.1  # fraction of proposals that the wall stops, where it matters

OPEN = 0.02  # the same, where it does not

ASTRAY = 0.5  # the same, at which chains have not found where the mass is

NEAR = 3.0  # |z| and |s| over the root of d of rows to begin with: far ones mislead

NARROWEST, WIDEST = 1 / 3, 1.7  # factors of one whitening

PATIENCE = 4  # rounds between trials of curved coordinates


@dataclass(frozen=True, eq=False)
class Learned:
    """Outcome of the rounds."""

    fit: Fit
    errors: tuple[float, ...]
    """Mean relative errors of the last rows of each power."""
    passed: bool
    """Whether they were small enough."""


def learn(change: ChangeOfVariables, x, s, rng, *, inside=None, covered=False):
    """Search (see `lockstep`) that returns a `Learned`.

    Parameters
    ----------
    change : ChangeOfVariables
        Coordinates in which the target is about a standard normal.
    x, s : ndarray, shape (N, d)
        Rows that are known, with their scores.
    rng : numpy.random.Generator
    inside : callable, optional
        (m, d) -> (m,), points in the user's coordinates that belong to this mode.
    covered : bool
        Whether rows are known where the mass is, as those of an old run.
    """
    rounds = _Rounds(change, x, s, rng, inside, covered)
    try:
        for _ in range(MOST_ROUNDS):
            yield from rounds.test()
            rounds.refit()
            if rounds.passed() or rounds.is_hopeless():
                break
            rounds.whiten()
            rounds.bend()
    except OutOfRows:
        pass
    return Learned(rounds.fit, tuple(rounds.pooled), rounds.passed())


class _Rounds:
    """State of the rounds."""

    def __init__(self, change, x, s, rng, inside, covered=False):
        d = len(change.centre)
        z = change.to_working(x)
        with np.errstate(all="ignore"):
            size = np.linalg.norm(change.pulled(z, s), axis=1)
            near = np.maximum(np.linalg.norm(z, axis=1), size) < NEAR * d**0.5
        if near.sum() > 1 and not covered:
            x, s = x[near], s[near]
        self.x, self.s, self.rng, self.inside = x, s, rng, inside
        emulator = fitted(change, x, s, by_bulk=covered)
        self.fit = Fit(change, emulator, z[near] if covered else np.zeros((1, d)))
        self.many = max(FEWEST_ROWS, ROWS_A_COORDINATE * d)
        self.errors: list[list[float]] = [[] for _ in POWERS]
        self.pooled = [np.inf] * len(POWERS)
        self.error, self.wall, self.stopped, self.straight = np.inf, 1.0, 0.0, 0
        self.rounds = 1 if covered else 0  # the first round is of a normal
        self.sides = Sides(d, rng)

    def test(self):
        """Ask the truth at fresh rows, and compare."""
        z, powers = self._fresh()
        many = len(z)
        z = np.vstack([z, self._at_sides()])
        x = self.fit.change.to_user(z)
        s = yield x
        self.x, self.s = np.vstack([self.x, x]), np.vstack([self.s, s])
        with np.errstate(all="ignore"):
            s = self.fit.change.pulled(z, s)
        if len(z) > many:
            self.sides.take(s[many:], self.fit.emulator.score(z[many:]))
        z, s = z[:many], s[:many]
        errors = relative_errors(self.fit.emulator, z, s)
        for k, power in enumerate(POWERS):
            self.errors[k].extend(errors[powers == power])
            if (powers == power).any():
                self.pooled[k] = float(np.mean(self.errors[k][-FEW:]))
        self.error = float(errors[powers == 1.0].mean())
        factor = 1.0
        if self.error > RIGHT:
            factor = 0.8
        elif self.error < 0.1:
            factor = 1.25 if self.error < 0.02 else 1.12
        self.wall = float(np.clip(factor * self.wall, *WALLS))
        good = z[(powers == 1.0) & (errors < RIGHT)]
        right = np.vstack([self.fit.right[-2 * self.many :], good])
        self.fit = replace(self.fit, right=right)
        self.rounds += 1

    def _fresh(self):
        """Rows of this round (k, d), and the power that each comes from."""
        d, many = self.fit.emulator.dim, self.many
        if self.rounds == 0:  # draws of the normal that fits at the mode
            z = self.rng.standard_normal((many, d))
            far = np.linalg.norm(z, axis=1, keepdims=True) / (1.3 * d**0.5)
            return self._inside(z / np.maximum(far, 1.0)), np.ones(many)
        wanted = self._powers()
        powers = np.repeat(wanted, -(-many // len(wanted)))[:many]
        counts = [np.count_nonzero(powers == power) for power in wanted]
        z = np.vstack(list(map(self._placed, wanted, counts)))
        return self._inside(z), powers

    def _powers(self) -> tuple[float, ...]:
        """Powers of the emulated density whose mass is to be tested."""
        if self.pooled[0] > FLATTER[0] or self.stopped > TOUCHED:
            return POWERS[:1]
        return POWERS[:2] if self.pooled[1] > FLATTER[1] else POWERS

    def _placed(self, power: float, count: int) -> np.ndarray:
        """Rows (count, d) where a power of the emulated density has its mass."""
        run = self.fit.chains(
            self.rng,
            power=power,
            wall=self.wall,
            steps=2 * -(-count // CHAINS),  # of which every other is kept
            warmup=28,
        )
        states = run.positions.reshape(-1, self.fit.emulator.dim)
        return self.rng.permutation(states)[:count]

    def _at_sides(self):
        """Rows on the sides that are not known, once the bulk is."""
        d = self.fit.emulator.dim
        if self.pooled[0] > FLATTER[0] or self.stopped > TOUCHED:
            return np.zeros((0, d))
        run = self.fit.chains(self.rng, power=POWER, wall=self.wall)
        z = run.positions.reshape(-1, d)
        return self._inside(self.sides.rows(z, self.fit.change.to_user(z)))

    def _inside(self, z):
        """Rows of other modes replaced by some of this one, drawn in a little."""
        if self.inside is None:
            return z
        own = self.inside(self.fit.change.to_user(z))
        if own.all():
            return z
        instead = np.flatnonzero(own) if own.any() else np.arange(len(z))
        others = 0.9 * z[self.rng.choice(instead, size=len(z))]
        return np.where(own[:, None], z, others)

    def refit(self):
        """Take up the new lessons."""
        near = self.fit.emulator if self.error < RIGHT else None
        variation = None
        if self.error < RIGHT:
            z = self.fit.right
            variation = curvature_variation(self.fit.emulator, z, self.rng)
        emulator = fitted(
            self.fit.change,
            self.x,
            self.s,
            near=near,
            by_bulk=self.error < RIGHT,
            variation=variation,
        )
        self.fit = replace(self.fit, emulator=emulator)

    def passed(self) -> bool:
        """Whether the errors of fresh rows are small enough."""
        if self.stopped >= OPEN or not self.sides.known():
            return False
        if min(len(errors) for errors in self.errors) < FEW:
            return False
        pairs = zip(self.errors, STRICT, strict=True)
        if all(np.mean(errors[-FEW:]) < limit for errors, limit in pairs):
            return True
        if min(len(errors) for errors in self.errors) < MANY:
            return False
        bulk, *flat = (errors[-MANY:] for errors in self.errors)
        medians = [float(np.median(errors)) for errors in flat]
        return bool(np.mean(bulk) < MILD[0] and np.less(medians, MILD[1:]).all())

    def is_hopeless(self) -> bool:
        """Whether the score is no smooth function, or too noisy, to be learned."""
        if self.rounds < HOPELESS:
            return False
        newest = self.errors[0][-2 * self.many :]
        return self.stopped > ASTRAY or bool(np.median(newest) > RIGHT)

    def whiten(self):
        """Coordinates in which the chains' covariance is about one."""
        run = self.fit.chains(self.rng, wall=self.wall)
        self.stopped = run.stopped
        if self.error >= RIGHT:
            return
        draws = run.positions.reshape(-1, self.fit.emulator.dim)
        mean, C = draws.mean(axis=0), np.atleast_2d(np.cov(draws.T))
        values, turn = np.linalg.eigh(C)
        if values[0] > 0.6 and values[-1] < 1.6 and mean @ mean < 0.25 * len(mean):
            return
        narrowest = NARROWEST if self.stopped < TOUCHED else 1.0
        factors = np.clip(np.sqrt(np.maximum(values, 0.0)), narrowest, WIDEST)
        inner = Preconditioner(mean, (turn * factors) @ turn.T)
        self._change_to(self.fit.change.then(inner))

    def bend(self):
        """Curved coordinates, where they predict the newest rows better."""
        d = self.fit.emulator.dim
        self.straight += 1
        useful = OPEN < self.error < 1.0 and len(self.x) > 6 * d and d > 1
        if not useful or self.straight < PATIENCE:
            return
        self.straight = 0
        run = self.fit.chains(self.rng, wall=self.wall, steps=4, warmup=20)
        draws = run.positions.reshape(-1, d)
        curve = curve_of_draws(
            self.fit.change, self.fit.emulator, draws, self.x, self.s
        )
        if curve is None:
            return
        newest = 2 * self.many
        now = prediction_error(self.fit.change, self.x, self.s, newest)
        if prediction_error(curve, self.x, self.s, newest) < 0.7 * now:
            self._change_to(curve)

    def _change_to(self, change):
        self.fit = self.fit.in_other(change, self.x, self.s)
