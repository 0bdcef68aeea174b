"""Run of `compress`: what it has reached, whatever ends it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from .._files import Answers
from .._validation import as_rows, checked_names
from ..coordinates.change import ChangeOfVariables
from ..coordinates.subspace import Subspace
from ..descent.frame import Frame
from ..descent.loop import Descent
from ..descent.result import Result
from ..draws.draws import Draws
from ..moves.optimal_weights import optimal_weights
from ..objectives.energy import PILOT, Pilot, energy_objective
from ..objectives.mean_embedding import SampleEmbedding, SubspaceEmbedding
from ..particles import ParticleSet
from ..stop import Stop
from .coordinates import coordinates
from .preparation import Prepared, prepared

STEPS = 100  # of the last move, where it sees all draws cheaply

STEPS_ON_ALL = 12  # of the last move, where particles grew on some of the draws


class Run:
    """State of a run."""

    def __init__(
        self,
        draws: Draws,
        n_particles: int,
        names: list[str] | None,
        answers: Answers,
    ):
        self.answers = answers
        self.given, self.n_particles, self.names = draws, n_particles, names
        self.notes = list(draws.notes)
        self.known: Prepared | None = None
        self.change: ChangeOfVariables | None = None
        self.pilot: Pilot | None = None
        self.objective: Any = None
        self.descents: list[Descent] = []
        self.weighted: tuple[ParticleSet, float] | None = None

    def prepare(self, preconditioner, deadline: float) -> None:
        """Look at the draws, and choose coordinates for them."""
        self.known = prepared(self.given.until(deadline), self.n_particles)
        draws, moments, widths, *_ = self.known
        self.answers.confirm("draws", (moments.mean, moments.cov, draws.first))
        self._name(len(moments.mean))
        as_rows(self.n_particles, "n_particles", len(moments.mean))
        self.change = coordinates(
            preconditioner, draws, moments, widths, self.n_particles
        )

    def _name(self, d: int) -> None:
        """Take the names of the draws where the user gave none."""
        if self.names is None and self.given.names is not None:
            self.names = self.given.names
            self.notes += [
                f"column {name!r} is taken for a coordinate; weights are "
                "weights_of_draws="
                for name in self.names
                if self.given.weights is None and name in ("weight", "weights")
            ]
        self.names = checked_names(self.names, d)

    def choose_objective(self, objective: Callable | None, rng) -> None:
        """Objective in working coordinates, on some of the draws if they are many."""
        assert self.known is not None
        n = self.known.moments.n
        z = self.known.draws.seen_through(self.change, n, 2 * PILOT)
        z = z.with_answers(self.answers)
        moments = z.moments()
        self.centre = moments.mean
        if objective is not None:
            self.objective = objective(*z.in_memory())
            return
        embedding: type[SampleEmbedding] = SampleEmbedding
        if isinstance(self.change, Subspace):
            embedding, self.centre = SubspaceEmbedding, self.centre[:-1]
        if n > 2 * PILOT:
            self.pilot = Pilot(z, moments, self.n_particles, embedding, rng)
            self.objective = self.pilot.objective
        else:
            self.objective = energy_objective(z, moments, self.n_particles, embedding)

    def descend(self, callback, *, move, final_move, **options) -> None:
        """Descend and split; at last on all draws, where particles saw some of them."""
        own = options["continuation"] == "auto"
        start = ParticleSet(self.centre[None])
        all_draws = not own and self.pilot is None
        self._descend(
            start,
            callback,
            n_particles=self.n_particles,
            move=move,
            final_move=_of_steps(final_move, STEPS) if all_draws else final_move,
            **options,
        )
        run = self.descents[0]
        if self.pilot is not None and run.stop is not None and run.stop.success:
            self.objective = self.pilot.objective_of_all(run.particles)
            self._descend(
                run.particles,
                callback,
                n_particles=len(run.particles),
                move=_of_steps(final_move, STEPS_ON_ALL) or move,
                **options,
            )

    def _descend(self, start, callback, **options) -> None:
        frame = Frame(self.change)
        run = Descent(self.objective, start, frame=frame, **options)
        self.descents.append(run)
        run.to_its_end(callback)

    def weigh(self) -> None:
        """Solve for the weights of the final particles, where that lowers F."""
        run = self.descents[-1]
        assert run.stop is not None
        if not run.stop.success or not _is_quadratic(self.objective, run.particles):
            return
        weighted = optimal_weights(self.objective, run.particles)
        value = self.objective.value(weighted)
        if value < run.value:
            self.weighted = weighted, value

    # ------------------------------------------------------------ the result
    def result(self, stop: Stop | None) -> Result:
        """The outcome; one point where the run ended before it had particles."""
        if not self.descents:
            assert stop is not None
            point = self.given.first if self.known is None else self.known.moments.mean
            ended = "the run ended before there were particles"
            return Result(
                ParticleSet(point[None]),
                np.inf,
                [],
                np.full(1, -1),
                stop,
                names=self.names,
                warnings=[ended],
                compressed=self.given,
            )
        assert self.known is not None
        first, last = self.descents[0], self.descents[-1]
        result = last.result(stop)
        notes = [*self.notes, *self.known.notes, *result.warnings, *self.answers.notes]
        if self.weighted is not None:
            weighted, value = self.weighted
            particles = result.particles.weighted(weighted.weights)
            result = replace(result, particles=particles, value=value)
        if last is not first:
            rounds = first.rounds + last.rounds
            result = replace(result, rounds=rounds, parents=first.parents)
        elif self.pilot is not None and not result.stop.success:
            notes.append(
                f"the run ended early: the particles saw {PILOT} of "
                f"{self.known.moments.n} draws"
            )
        fewer = len(result.particles) < self.n_particles and result.stop.success
        if fewer and result.stop is not Stop.TOLERANCE:
            notes.append(
                f"{len(result.particles)} particles instead of {self.n_particles}: "
                f"{result.message}"
            )
        return replace(
            result,
            names=self.names,
            preconditioner=self.change,
            compressed=self.given,
            warnings=notes,
        )


def _is_quadratic(objective, particles) -> bool:
    """Whether optimal weights can be solved for."""
    x = particles.positions[:1]
    return objective.kernel_pairs(x, x) is not None


def _of_steps(final_move, steps):
    """Return the default final move with other steps; None where the user's counts."""
    return None if final_move is None else replace(final_move, max_iter=steps)
