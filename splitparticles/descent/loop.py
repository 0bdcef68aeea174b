"""The loop itself: a run, where it stands, and how it ends.

Each round lets the particles rest under the objective of its scale, then lets them
grow, and is yielded as a `Round`.  The run may pass to better coordinates between two
rounds, and to a finer scale; it ends when neither particles nor scale may change any
more, at a limit, or when its rounds are no longer asked for.
"""

from collections.abc import Iterator
from typing import cast

import numpy as np

from .._validation import as_callable, as_count, as_optional, as_positive, as_rng
from ..growth import Growth, Insertion, OrElse, SteepestSplit
from ..growth.growth import nothing_grew
from ..growth.pruning import pruned_rows
from ..moves import LBFGS, Move, Moved, NotFinite
from ..objectives import Objective
from ..particles import ParticleSet
from ..stop import LimitReached, Stop
from .continuation import Scale, chosen_continuation
from .frame import Coordinates
from .progress import progress_line
from .result import Result, Round
from .watched import Watched, check_time

SIGNED = "some weights are negative: fit for quadrature, not for draws"


class Descent:
    """One run of the loop: its options, and where it stands.

    `rounds` may be left at any yield: `particles`, `value` and `parents` are
    those of a valid particle set at any time.
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
        coordinates: Coordinates | None = None,
        prune: float | None = None,
    ):
        if not isinstance(objective, Objective):
            raise TypeError(f"objective must be an Objective, got {objective!r}")
        if not isinstance(particles, ParticleSet):
            particles = ParticleSet(particles)
        self.objective, self.particles = objective, particles
        self.parents = np.full(len(particles), -1)
        self._signed = particles.weights.min() < 0.0
        self.value = np.inf  # until it is known
        self.stop: Stop | None = None
        self._after_pruning: tuple | None = None
        self.n_particles = as_count(n_particles, "n_particles", len(particles))
        self.move = _default(move, LBFGS(), "move")
        self.growth = _default(growth, default_growth(objective), "growth")
        self.final_move = final_move
        self.tol = as_optional(as_positive, tol, "tol")
        self.prune = as_optional(as_positive, prune, "prune")
        self.max_rounds = as_optional(as_count, max_rounds, "max_rounds")
        self.rng = as_rng(rng)
        self.deadline = deadline
        self.coordinates = Coordinates() if coordinates is None else coordinates
        self.scale = Scale(objective, chosen_continuation(continuation), particles)
        self._rows_before = objective.score_rows

    def _n_score_evals(self) -> int:
        """Score rows of this run; the coordinates know better where they count."""
        own = self.objective.score_rows - self._rows_before
        return self.coordinates.facts().get("n_score_evals", own)

    def rounds(self) -> Iterator[Round]:
        """Move, grow, yield."""
        number, polished = 0, self.final_move is None
        while self.stop is None:
            number += 1
            check_time(self.deadline)
            room = self.n_particles - len(self.particles)
            polish = not self._may_change(room) or (polished and self.scale.is_fine)
            before = self.value
            moved = self._move(polish)
            kept = self._pruned(before)
            if kept is not None and self._undone():
                return
            room = self.n_particles - len(self.particles)
            below = self.tol is not None and 2.0 * self.value < self.tol**2
            changed = None
            if room and not below:
                changed = self.coordinates.adapted(self.particles, self.rng)
            grown = nothing_grew(self.particles)
            if room and not below and changed is None:
                check_time(self.deadline)
                followed = self.scale.objective
                grown = self.growth(followed, self.particles, room, self.rng)
            rests = len(grown.parents) == 0 and changed is None
            if rests and self.scale.is_fine and (polish or polished):
                self.stop = _reason(room, below, grown)
            elif number == self.max_rounds:
                self.stop = Stop.MAX_ROUNDS
            polished = rests or self.final_move is None
            yield self._round(moved, grown, kept)
            if self.stop is None:
                self._advance(grown, changed)

    def _may_change(self, room) -> bool:
        """Whether more particles or a finer scale may still come."""
        return room > 0 or not self.scale.is_fine

    def _move(self, polish) -> Moved:
        """Move the particles; whatever happens, the best set evaluated is kept."""
        move = self.final_move if polish and self.final_move else self.move
        watched = Watched(self.scale.objective, self.deadline)
        try:
            moved = move(cast(Objective, watched), self.particles)
        except BaseException:
            if watched.best is not None:
                self._keep(watched.best[1], watched.best[0])
            raise
        self._keep(moved.particles, moved.value)
        return moved

    def _pruned(self, before) -> np.ndarray | None:
        """Prune.  Rows kept, or None if all were.

        F may not rise by more than half of what the last move has gained: it falls
        from round to round, and the run ends.
        """
        if self.prune is None or not self.scale.is_fine:
            return None
        gained = (before - self.value) / max(self.value, 1e-300)
        fewer, rows = pruned_rows(
            self.objective, self.particles, min(self.prune, 0.5 * max(gained, 0.0))
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
        value = value_followed
        if not self.scale.is_fine:
            value = self.objective.value(particles)
        self.particles, self.value = particles, value

    def _round(self, moved, grown, kept) -> Round:
        followed, actual = self.scale.objective, 0.0
        if len(grown.parents):
            rested = moved.value if kept is None else self.value
            actual = followed.value(grown.particles) - rested
        return Round(
            self.coordinates.to_user(self.particles),
            self.value,
            None if self.scale.is_fine else followed.bandwidth,
            moved,
            grown,
            actual,
            self.parents,
            self._n_score_evals(),
            kept,
        )

    def _advance(self, grown, changed):
        """Take up the grown particles, other coordinates or the next finer scale."""
        if changed is not None:
            self.coordinates, self.objective, self.particles = changed
            self.scale = Scale(self.objective, self.scale.rule, self.particles)
            self.value = self.objective.value(self.particles)
            return
        grew = len(grown.parents) > 0
        if grew:
            value = self.objective.value(grown.particles)
            self.particles, self.value = grown.particles, value
            self.parents = np.concatenate([self.parents, grown.parents])
        self.scale.advance(self.particles, grew=grew)

    def to_its_end(self, *, callback=None, progress=False) -> Result:
        """Drain the rounds into a `Result`, however they end."""
        if callback is not None:
            as_callable(callback, "callback", "(round)")
        done: list[Round] = []
        with progress_line(progress, self.n_particles) as report:
            try:
                for this in self.rounds():
                    done.append(this)
                    report(this)
                    if callback is not None:
                        callback(this)
            except StopIteration:
                self.stop = Stop.CALLBACK
            except LimitReached as limit:
                self.stop = limit.stop
            except KeyboardInterrupt:
                self.stop = Stop.INTERRUPTED
            except NotFinite:
                if not done:  # the user's own start
                    raise
                self.stop = Stop.NOT_FINITE
            except Exception as error:
                self.stop = Stop.FAILED
                error.result = self._result(done)  # type: ignore[attr-defined]
                raise
        return self._result(done)

    def _result(self, done) -> Result:
        assert self.stop is not None  # the rounds are over
        facts = {"n_score_evals": self._n_score_evals(), **self.coordinates.facts()}
        doubts = []
        if self.stop.success:
            doubts = self.coordinates.doubts(self.particles)
        signed = self.objective.conserves_mass and self.particles.weights.min() < 0.0
        if signed and not self._signed:
            doubts = [*doubts, SIGNED]
        if doubts:
            facts["warnings"] = [*facts.get("warnings", ()), *doubts]
        return Result(
            self.coordinates.to_user(self.particles),
            self.value,
            done,
            self.parents,
            self.stop,
            **facts,
        )


def default_growth(objective: Objective) -> Growth:
    """Steepest splits; where none helps an insertion, if one is known to."""
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
    found = []
    for row in rows:
        ancestor = parents[row]
        while ancestor >= 0 and number[ancestor] < 0:
            ancestor = parents[ancestor]
        found.append(number[ancestor] if ancestor >= 0 else -1)
    return np.array(found, dtype=int)


def _default(given, default, name):
    return default if given is None else as_callable(given, name, "object")
