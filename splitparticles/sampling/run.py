"""Run of `sample`: what it has reached, whatever ends it."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from ..descent.frame import Frame
from ..descent.loop import Descent
from ..descent.options import Weights, growth_for, moves_for
from ..descent.result import Result
from ..growth import Insertion
from ..learning.emulation import Emulation, emulate, with_masses
from ..learning.evidence import Evidence, evidence
from ..learning.lockstep import Ledger, OutOfRows
from ..moves import LBFGS
from ..particles import ParticleSet
from ..stop import LimitReached, Stop
from .adaptation import AdaptiveFrame, Task
from .doubts import COMPARED_ROWS, CONTRADICTION, contradicted, doubts
from .emulated import doubts_by_evidence, draws_with_moments, objective_on_draws
from .matched import Matched
from .polish import Polish
from .seen import flattest
from .start import Start

MOST_LEARNED = 128  # coordinates of a score that an emulator may learn

LEARNING_ROWS = 3000  # that it may take

NOT_LEARNED = "the score was not learned"

STEPS = 100  # of the last move, on draws of an emulator


class SamplingWarning(UserWarning):
    """The result of `sample` should not be trusted; its first warning says why."""


class Run:
    """State of a run."""

    def __init__(self, task: Task, cloud: np.ndarray, names: list[str] | None):
        self.task, self.cloud, self.names = task, cloud, names
        self.warnings: list[str] = []
        self.doubts: list[str] = []  # they end its success
        self.start: Start | None = None
        self.emulation: Emulation | None = None
        self.emulator_error = np.nan
        self.evidence: Evidence | None = None
        self.sampler: Callable | None = None
        self.descent: Descent | None = None

    # ------------------------------------------------------- on an emulator
    def learn(
        self, log_density, n_particles, rng, *, explores: bool, seen=None
    ) -> None:
        """Learn the score; without success there is no emulation.

        Where a limit of the user ends that, some draws are what has been reached.
        """
        ledger = Ledger(self.task.score, LEARNING_ROWS, seen)
        centre = self.cloud.mean(axis=0) if seen is None else flattest(*seen)
        try:
            emulation = emulate(ledger, centre, log_density, rng, explores=explores)
        except (ValueError, np.linalg.LinAlgError, OutOfRows):
            if ledger.raised:  # by the user's score
                raise
            if ledger.stop is not None:
                raise LimitReached(ledger.stop) from None
            self._fall_back("its equations could not be solved")
            return
        self.emulator_error = emulation.error
        if ledger.stop is not None:
            if emulation.error < 1.0:
                self.cloud = emulation.draws(n_particles, rng)
            raise LimitReached(ledger.stop)
        if emulation.doubts:
            self.emulator_error = np.nan
            self._fall_back(emulation.doubts[0])
            return
        self.emulation = emulation
        if log_density is not None:
            measured = evidence(emulation.parts, log_density, self.cloud, rng)
            self.evidence = measured
            self.doubts = doubts_by_evidence(measured)
            change = emulation.parts[0].fit.change
            x, s = ledger.x[-COMPARED_ROWS:], ledger.s[-COMPARED_ROWS:]
            if contradicted(log_density, change, x, s, rng):
                self.doubts.insert(0, CONTRADICTION)
            if measured.trusted:
                parts = with_masses(emulation.parts, measured.masses)
                self.emulation = replace(emulation, parts=parts)

    def _doubt_too_few(self, n: int) -> None:
        """Doubt a result of n particles that cannot have a full covariance."""
        d = self.cloud.shape[1]
        if n <= d:
            self.doubts.append(
                f"{n} particles cannot span {d} coordinates: they are too narrow in "
                f"some directions; take {2 * d} or more"
            )

    def _fall_back(self, reason: str) -> None:
        """Say that particles descend on the true score, and why."""
        self.warnings.append(
            f"{NOT_LEARNED}, so particles descended on it itself: {reason}"
        )

    def on_emulator(
        self, move, growth, weights: Weights, *, n_particles, rng, **options
    ) -> Descent:
        """Descent on draws of the emulator."""
        assert self.emulation is not None
        self._doubt_too_few(n_particles)
        change, objective, moments = objective_on_draws(
            self.emulation, self.evidence, n_particles, rng
        )
        self.sampler = partial(draws_with_moments, self.emulation, change, moments)
        early, last = moves_for(move, weights)
        if isinstance(last, LBFGS):
            last = replace(last, max_iter=STEPS)
        self.descent = Descent(
            objective,
            ParticleSet(np.zeros((1, len(change.centre)))),
            n_particles=n_particles,
            rng=rng,
            move=early,
            final_move=None if last is None else Matched(last, moments),
            growth=growth_for(growth, weights),
            frame=Frame(change),
            continuation=False,
            **options,
        )
        return self.descent

    # ---------------------------------------------------- on the true score
    def on_score(self, move, growth, weights: Weights, **options) -> Descent:
        """Descent on the true score, now that its start is known."""
        assert self.start is not None
        start = self.start
        self.doubts += start.doubts
        self.warnings += start.notes
        self._doubt_too_few(options["n_particles"])
        if start.several:  # a Stein discrepancy would ruin the masses of modes
            if weights is Weights.OPTIMAL:
                self.warnings.append("weights are equal within each mode, not optimal")
            weights = Weights.KEPT
        early, last = moves_for(move, weights)
        task = self.task._replace(curves=not start.several)
        frame = AdaptiveFrame.of(task, start.change)
        z = start.change.to_working(start.particles.positions)
        self.descent = Descent(
            frame.objective,
            start.particles.moved_to(z),
            move=early,
            final_move=None if last is None else Polish(last),
            growth=growth_for(growth, weights, otherwise=Insertion()),
            frame=frame,
            **options,
        )
        return self.descent

    def judge(self, log_density, rng) -> None:
        """Doubt what the scores and the log density at the end speak against.

        A start without a mode is told where there is more to doubt: the particles may
        have come to rest all the same.
        """
        assert self.descent is not None and self.descent.stop is not None
        frame, stop = self.descent.frame, self.descent.stop
        if stop is Stop.NOT_FINITE:
            self.doubts.append(stop.message)
        if not isinstance(frame, AdaptiveFrame):
            return
        assert self.start is not None
        if stop.success:
            full = stop is Stop.MAX_PARTICLES
            particles = self.descent.particles
            self.doubts += doubts(
                frame, particles, self.cloud, log_density, rng, full=full
            )
        if self.doubts:
            self.warnings += self.start.hints

    # ------------------------------------------------------------ the result
    def result(self, stop: Stop | None) -> Result:
        """The outcome; the user's start where there were no working coordinates."""
        if self.descent is None:
            assert stop is not None
            ended = "the run ended before working coordinates were found"
            if np.isfinite(self.emulator_error):
                ended = "the run ended while the score was learned"
            return Result(
                ParticleSet(self.cloud),
                np.inf,
                [],
                np.full(len(self.cloud), -1),
                stop,
                self.task.score.rows,
                self.task.score.calls,
                self.names,
                [ended],
                emulator_error=self.emulator_error,
            )
        result = self.descent.result(stop)
        measured = self.evidence
        ended_itself = result.stop.success and result.stop is not Stop.TOLERANCE
        doubted = ended_itself and bool(self.doubts)
        return replace(
            result,
            stop=Stop.DOUBTED if doubted else result.stop,
            n_score_calls=self.task.score.calls,
            names=self.names,
            preconditioner=self.descent.frame.change,
            warnings=[*self.doubts, *self.warnings, *result.warnings],
            sampler=self.sampler,
            emulator_error=self.emulator_error,
            log_evidence=np.nan if measured is None else measured.log_evidence,
            pareto_k=np.nan if measured is None else measured.pareto_k,
            effective_draws=np.nan if measured is None else measured.effective,
        )
