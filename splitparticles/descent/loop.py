"""The loop of splitting descent: a run, its state, and how it ends.

In each round the particles come to rest under the objective of its scale, then they
grow, and a `Round` says so.  Between two rounds the run may change to better
coordinates, and to a finer scale.  It ends when neither particles nor scale may change
any more, at a limit, or when no further round is asked for.
"""

from collections.abc import Callable
from typing import cast

import numpy as np

from .._validation import (
    as_callable,
    as_count,
    as_instance,
    as_optional,
    as_positions,
    as_positive,
    as_rng,
    as_rows,
)
from ..growth import Grown, Growth, Insertion, OrElse, SteepestSplit
from ..growth.growth import nothing_grew
from ..growth.pruning import pruned_rows
from ..moves import LBFGS, Move, Moved, NotFinite
from ..objectives import Objective
from ..particles import ParticleSet
from ..stop import Stop, check_time
from .best_so_far import BestSoFar
from .continuation import Scale, chosen_continuation
from .frame import Frame, Restart
from .progress import Progress
from .result import Result
from .round import Round

SIGNED = "some weights are negative: fit for quadrature, not for draws"


class Descent:
    """One run of the loop: its options and its state.

    After each round `particles`, `value` and `parents` are those of a valid particle
    set, and `rounds` lists the rounds so far.

    Parameters
    ----------
    objective, particles
        In the coordinates of the frame.
    n_particles, move, growth, continuation, tol, max_rounds, rng, final_move, prune
        As in `descend`.
    deadline : float
        ``time.monotonic()`` at which the run ends.
    frame : Frame, optional
        Coordinates of the run; those of the user when left out.
    score_rows : callable, optional
        () -> rows of the score so far; those of the objective when left out.
    progress : Progress, optional
        Told of rounds and evaluations.
    """

    def __init__(
        self,
        objective: Objective,
        particles: ParticleSet,
        *,
        n_particles: int,
        move: Move | None,
        growth: Growth | None,
        continuation="auto",
        tol: float | None = None,
        max_rounds: int | None = None,
        rng=None,
        final_move: Move | None = None,
        deadline: float = np.inf,
        frame: Frame | None = None,
        prune: float | None = None,
        score_rows: Callable[[], int] | None = None,
        progress: Progress | None = None,
    ):
        as_instance(objective, Objective, "objective")
        if not isinstance(particles, ParticleSet):
            particles = ParticleSet(as_positions(particles, "particles"))
        self.objective, self.particles = objective, particles
        self.parents = np.full(len(particles), -1)
        self.value = np.inf  # until it is evaluated
        self.rounds: list[Round] = []
        self.stop: Stop | None = None
        self.n_particles = as_rows(
            n_particles, "n_particles", particles.dim, len(particles)
        )
        self.move = _default(move, LBFGS(), "move")
        self.growth = _default(growth, default_growth(objective), "growth")
        self.final_move = _default(final_move, None, "final_move")
        self.tol = as_optional(as_positive, tol, "tol")
        self.prune = as_optional(as_positive, prune, "prune")
        self.max_rounds = as_optional(as_count, max_rounds, "max_rounds")
        self.rng = as_rng(rng)
        self.deadline = deadline
        self.frame = Frame() if frame is None else frame
        self.scale = Scale(objective, chosen_continuation(continuation), particles)
        self._next: tuple[Grown, Restart] | None = None
        self._polished = final_move is None
        self._after_pruning: tuple | None = None
        self._signed = particles.weights.min() < 0.0
        rows_before = objective.score_rows
        self.score_rows = score_rows or (lambda: objective.score_rows - rows_before)
        self.progress = Progress() if progress is None else progress
        self.progress.rows = self.score_rows

    # -------------------------------------------------------------- a round
    def next_round(self) -> Round | None:
        """Move, prune, adapt, grow; None where pruning has ended the run."""
        self._advance()
        check_time(self.deadline)
        polish = not self._may_change() or (self._polished and self.scale.is_fine)
        value_before = self.value
        polishes = self.final_move is not None
        self.progress.begin(len(self.particles), self.value, polishes)
        moved = self._move(polish)
        kept = self._pruned(value_before)
        if kept is not None and self._undone():
            return None
        room = self.n_particles - len(self.particles)
        below = self.tol is not None and 2.0 * self.value < self.tol**2
        restart, grown = Restart(self.frame), nothing_grew(self.particles)
        if room and not below:
            restart = self.frame.next(self.particles, self.rng)
        if room and not below and restart.objective is None:
            check_time(self.deadline)
            grown = self.growth(self.scale.objective, self.particles, room, self.rng)
        rests = not grown and restart.objective is None
        if rests and self.scale.is_fine and (polish or self._polished):
            self.stop = _reason(room, below, grown)
        elif len(self.rounds) + 1 == self.max_rounds:
            self.stop = Stop.MAX_ROUNDS
        self._polished = rests or self.final_move is None
        self._next = grown, restart
        self.rounds.append(self._round(moved, grown, kept))
        return self.rounds[-1]

    def _may_change(self) -> bool:
        """Whether more particles or a finer scale may still come."""
        return len(self.particles) < self.n_particles or not self.scale.is_fine

    def _move(self, polish) -> Moved:
        """Move the particles; whatever happens, the best set evaluated is kept."""
        move = self.final_move if polish and self.final_move else self.move
        best = BestSoFar(self.scale.objective, self.deadline, self.progress)
        try:
            moved = move(cast(Objective, best), self.particles)
        except BaseException:
            if best.particles_so_far is not None:
                self._keep(best.particles_so_far, best.value_so_far)
            raise
        self._keep(moved.particles, moved.value)
        return moved

    def _pruned(self, value_before) -> np.ndarray | None:
        """Prune.  Rows kept, or None if all were.

        F may not rise by more than half of what the last move has gained: it falls
        from round to round, and the run ends.
        """
        if self.prune is None or not self.scale.is_fine:
            return None
        gain = (value_before - self.value) / max(self.value, 1e-300)
        fewer, rows = pruned_rows(
            self.objective, self.particles, min(self.prune, 0.5 * max(gain, 0.0))
        )
        if len(rows) == len(self.particles):
            return None
        self.parents = _without(self.parents, rows)
        self._keep(fewer, self.objective.value(fewer))
        return rows

    def _undone(self) -> bool:
        """Whether pruning took back a growth that gained nothing; the run ends then.

        At the rounding of F the same particles would come and go for ever.
        """
        before = self._after_pruning
        if before is None or self.value < before[1]:
            self._after_pruning = self.particles, self.value, self.parents
            return False
        self.particles, self.value, self.parents = before
        self.stop = Stop.NOTHING_GREW
        return True

    def _keep(self, particles, value_followed):
        fine = self.scale.is_fine
        self.value = value_followed if fine else self.objective.value(particles)
        self.particles = particles

    def _round(self, moved, grown, kept) -> Round:
        followed, actual = self.scale.objective, 0.0
        if grown:
            rested = moved.value if kept is None else self.value
            actual = followed.value(grown.particles) - rested
        return Round(
            particles=self.frame.to_user(self.particles),
            value=self.value,
            bandwidth=None if self.scale.is_fine else followed.bandwidth,
            moved=moved,
            grown=grown,
            actual=actual,
            parents=self.parents,
            n_score_evals=self.score_rows(),
            kept=kept,
        )

    def _advance(self) -> None:
        """Pass to what the last round led to: growth, coordinates or a finer scale."""
        if self._next is None:
            return
        (grown, restart), self._next = self._next, None
        self.frame = restart.frame
        if restart.objective is not None and restart.particles is not None:
            self.objective, self.particles = restart.objective, restart.particles
            self.scale = Scale(self.objective, self.scale.rule, self.particles)
            self.value = self.objective.value(self.particles)
            return
        if grown:
            value = self.objective.value(grown.particles)
            self.particles, self.value = grown.particles, value
            self.parents = np.concatenate([self.parents, grown.parents])
        self.scale.advance(self.particles, grew=bool(grown))

    # ---------------------------------------------------------------- a run
    def to_its_end(self, callback: Callable | None = None) -> None:
        """All rounds, until the run stops of itself or by the callback."""
        if callback is not None:
            as_callable(callback, "callback", "(round)")
        while self.stop is None:
            try:
                this = self.next_round()
            except NotFinite:
                if not self.rounds:  # the user's own start
                    raise
                self.stop = Stop.NOT_FINITE
                return
            if this is None:
                return
            try:
                if callback is not None:
                    callback(this)
            except StopIteration:
                self.stop = Stop.CALLBACK

    def result(self, stop: Stop | None = None) -> Result:
        """The outcome so far, of a run that ended by `stop` or of itself."""
        stop = self.stop if stop is None else stop
        assert stop is not None  # the rounds are over
        signed = self.objective.conserves_mass and self.particles.weights.min() < 0.0
        return Result(
            particles=self.frame.to_user(self.particles),
            value=self.value,
            rounds=self.rounds,
            parents=self.parents,
            stop=stop,
            n_score_evals=self.score_rows(),
            warnings=[SIGNED] if signed and not self._signed else [],
        )


def default_growth(objective: Objective) -> Growth:
    """Steepest splits; where none helps an insertion, if it is sure to descend."""
    split = SteepestSplit()
    return OrElse(split, Insertion()) if objective.insertion_descends else split


def _reason(room, below, grown) -> Stop:
    """Why a run ends at which nothing grew."""
    if below:
        return Stop.TOLERANCE
    if room == 0:
        return Stop.MAX_PARTICLES
    return Stop.STABLE if grown.stable else Stop.NOTHING_GREW


def _without(parents, rows) -> np.ndarray:
    """Splitting tree of the rows kept: parents are the nearest ancestors kept."""
    number = np.full(len(parents), -1)
    number[rows] = np.arange(len(rows))
    kept_parents = []
    for row in rows:
        ancestor = parents[row]
        while ancestor >= 0 and number[ancestor] < 0:
            ancestor = parents[ancestor]
        kept_parents.append(number[ancestor] if ancestor >= 0 else -1)
    return np.array(kept_parents, dtype=int)


def _default(given, default, name):
    return default if given is None else as_callable(given, name, "object")
