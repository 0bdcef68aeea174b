r"""The loop: move until the particles rest, split where that helps, and again.

`rounds` is the method, a generator of one `Round` at a time; `descend` drains it
into a `Result`.

**Coarse to fine.**  Few particles under a narrow kernel get stuck: between two modes
the witness is flat.  An objective that knows itself at a coarser scale is followed
from there: n particles see the bandwidth

.. math:: \ell_n = \max(\ell,\; c\,\sigma\, n^{-1/d}),

about the distance at which n particles tile the target's spread :math:`\sigma`; once
there are as many as asked for, the bandwidth halves each round until it is the one
asked for, where the loop ends.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ._validate import (
    as_callable,
    as_count,
    as_optional,
    as_positive,
    as_rng,
    explains_keywords,
)
from .growth import Growth, Grown, SteepestSplit
from .growth.growth import nothing_grew
from .moves import LBFGS, Move, Moved
from .objectives import Objective
from .particles import ParticleSet
from .progress import progress_line
from .result import Result, Round, Stop
from .score import LimitReached


@dataclass(frozen=True, kw_only=True)
class CoarseToFine:
    """The bandwidth that n particles follow, ``max(own, factor spread n^(-1/d))``.

    Parameters
    ----------
    factor : float
        Bandwidth of the first particle, in standard deviations of the target.
    """

    factor: float = 3.0

    def __call__(self, objective: Objective, n: int, dim: int) -> float | None:
        """Bandwidth for n particles; None when the objective knows no scale."""
        if objective.bandwidth is None or objective.spread is None:
            return None
        return max(objective.bandwidth, self.factor * objective.spread * n ** (-1 / dim))


class _Watched:
    """An objective that remembers the best particles it was asked about.

    Whatever ends a move early (a limit, an exception of the score's, Ctrl-C), the
    loop finds there what had been reached.
    """

    def __init__(self, objective: Objective, deadline: float):
        self._objective, self._deadline = objective, deadline
        self.best: tuple[float, ParticleSet] | None = None

    def __getattr__(self, name):
        return getattr(self._objective, name)

    def first_variation(self, particles):
        if time.monotonic() > self._deadline:
            raise LimitReached("max_time")
        here = self._objective.first_variation(particles)
        if np.isfinite(here.value) and (self.best is None or here.value < self.best[0]):
            self.best = here.value, particles
        return here


@dataclass
class _State:
    """Where the loop stands; always a valid particle set."""

    particles: ParticleSet
    parents: np.ndarray
    value: float = np.nan
    stop: Stop | None = None

    def keep(self, particles, value):
        self.particles, self.value = particles, value


@explains_keywords
def rounds(
    objective: Objective,
    particles: ParticleSet,
    *,
    n_particles: int = 64,
    move: Move | None = None,
    growth: Growth | None = None,
    continuation="auto",
    tol: float | None = None,
    max_rounds: int | None = None,
    rng=None,
    final_move: Move | None = None,
) -> Iterator[Round]:
    """Splitting descent, one round at a time.

    Parameters and errors are those of `descend`.

    Yields
    ------
    Round
        Particles at rest, their value, and what grew from them.

    Examples
    --------
    >>> import splitparticles as sp
    >>> F = sp.KSD(sp.InverseMultiquadric(3.0), lambda x: -x)
    >>> [len(r.particles) for r in sp.rounds(F, sp.ParticleSet([[0.3]]), n_particles=4)]
    [1, 2, 4]
    """
    state = _start(objective, particles)
    yield from _rounds(
        state,
        objective,
        n_particles=as_count(n_particles, "n_particles", len(state.particles)),
        move=_default(move, LBFGS(), "move"),
        final_move=final_move,
        growth=_default(growth, SteepestSplit(), "growth"),
        continuation=_continuation(continuation),
        tol=as_optional(as_positive, tol, "tol"),
        max_rounds=as_optional(as_count, max_rounds, "max_rounds"),
        rng=as_rng(rng),
    )


@explains_keywords
def descend(
    objective: Objective,
    particles: ParticleSet,
    *,
    n_particles: int = 64,
    move: Move | None = None,
    growth: Growth | None = None,
    continuation="auto",
    tol: float | None = None,
    max_rounds: int | None = None,
    rng=None,
    callback: Callable | None = None,
    progress: bool = False,
    final_move: Move | None = None,
    max_time: float | None = None,
) -> Result:
    """Splitting descent to its end.

    Parameters
    ----------
    objective : Objective
        What to minimise.
    particles : ParticleSet
        Where to start; one particle will do.
    n_particles : int
        Particles at most.
    move : Move, optional
        How particles go downhill; `LBFGS` when left out.
    growth : Growth, optional
        How they multiply; `SteepestSplit` when left out.
    continuation : "auto", False, or callable
        ``(objective, n, dim) -> bandwidth`` to follow with n particles; "auto" is
        `CoarseToFine`, False stays at the scale asked for.
    tol : float, optional
        Stop growing when the discrepancy ``sqrt(2 F)`` is below it.
    max_rounds : int, optional
    rng : None, int, Generator, optional
        For random growth; anything ``np.random.default_rng`` takes.
    callback : callable, optional
        Called with each `Round`; may raise StopIteration to end the run.
    progress : bool
        Report each round on stderr.
    final_move : Move, optional
        The move of the last round, when it should differ: early rounds need not rest.
    max_time : float, optional
        Seconds.

    Returns
    -------
    Result
        Also when the run ends on a limit, by the callback or by Ctrl-C.

    Raises
    ------
    TypeError, ValueError
        When an argument is not what it should be.
    Exception
        Whatever the objective raised, with the best so far as its attribute
        ``result``.

    Examples
    --------
    >>> import splitparticles as sp
    >>> F = sp.MMD(sp.Gaussian(1.0), [[-2.0], [2.0]])
    >>> result = sp.descend(F, sp.ParticleSet([[0.1]]), n_particles=2)
    >>> sorted(result.positions.ravel().round(2).tolist())
    [-2.0, 2.0]
    """
    state = _start(objective, particles)
    deadline = np.inf
    if max_time is not None:
        deadline = time.monotonic() + as_positive(max_time, "max_time")
    if callback is not None:
        as_callable(callback, "callback", "(round)")
    loop = _rounds(
        state,
        objective,
        n_particles=as_count(n_particles, "n_particles", len(state.particles)),
        move=_default(move, LBFGS(), "move"),
        final_move=final_move,
        growth=_default(growth, SteepestSplit(), "growth"),
        continuation=_continuation(continuation),
        tol=as_optional(as_positive, tol, "tol"),
        max_rounds=as_optional(as_count, max_rounds, "max_rounds"),
        rng=as_rng(rng),
        deadline=deadline,
    )
    done: list[Round] = []

    def outcome(stop):
        stop = stop or Stop.MAX_PARTICLES
        if not np.isfinite(state.value):
            state.value = objective.value(state.particles)
        return Result(
            state.particles, state.value, done, state.parents, stop, _rows(objective)
        )

    with progress_line(progress, n_particles) as report:
        try:
            for this in loop:
                done.append(this)
                report(this)
                if callback is not None:
                    callback(this)
        except StopIteration:
            return outcome(Stop.CALLBACK)
        except LimitReached as limit:
            return outcome(Stop[str(limit).upper()])
        except KeyboardInterrupt:
            return outcome(Stop.INTERRUPTED)
        except Exception as error:
            if np.isfinite(state.value):
                error.result = outcome(Stop.FAILED)
            raise
    return outcome(state.stop)


# ------------------------------------------------------------------ the loop
def _rounds(
    state,
    objective,
    *,
    n_particles,
    move,
    final_move,
    growth,
    continuation,
    tol,
    max_rounds,
    rng,
    deadline=np.inf,
):
    """Move, grow, yield; `state` follows, so that whoever drains can stop anywhere."""
    scale = _Scale(objective, continuation, state.particles)
    polished = final_move is None
    for number in range(1, (max_rounds or 2**31) + 1):
        followed = scale.objective
        last = scale.is_fine and len(state.particles) >= n_particles
        polish = final_move is not None and (last or polished)
        moved = _move(state, objective, followed, final_move if polish else move, deadline)
        limit = n_particles - len(state.particles)
        below = tol is not None and np.sqrt(2.0 * max(state.value, 0.0)) < tol
        if below or limit == 0:
            grown = nothing_grew(state.particles)
        else:
            grown = growth(followed, state.particles, limit, rng)
        this = _round(state, objective, followed, moved, grown)
        ended = len(grown.parents) == 0 and scale.is_fine
        if ended and not (polish or polished):
            ended, polished = False, True
        elif len(grown.parents):
            polished = final_move is None
        if ended:
            full = Stop.MAX_PARTICLES if limit == 0 else Stop.STABLE
            state.stop = Stop.TOLERANCE if below else full
        elif number == max_rounds:
            state.stop = Stop.MAX_ROUNDS
        yield this
        if state.stop is not None:
            return
        _grow(state, objective, grown)
        scale.advance(state.particles, grew=len(grown.parents) > 0)


def _move(state, objective, followed, move, deadline) -> Moved:
    """Let the particles rest; whatever happens, keep the best that was seen."""
    watched = _Watched(followed, deadline)
    try:
        moved = move(watched, state.particles)
    except BaseException:
        if watched.best is not None:
            value, particles = watched.best
            if followed is not objective:
                value = objective.value(particles)
            state.keep(particles, value)
        raise
    value = moved.value if followed is objective else objective.value(moved.particles)
    state.keep(moved.particles, value)
    return moved


def _round(state, objective, followed, moved, grown: Grown) -> Round:
    actual = 0.0
    if len(grown.parents):
        actual = followed.value(grown.particles) - moved.value
    return Round(
        state.particles,
        state.value,
        None if followed is objective else followed.bandwidth,
        moved,
        grown,
        actual,
        state.parents,
        _rows(objective),
    )


def _grow(state, objective, grown):
    if len(grown.parents):
        state.parents = np.concatenate([state.parents, grown.parents])
        state.keep(grown.particles, objective.value(grown.particles))


class _Scale:
    """The objective to follow now, from coarse to the one asked for."""

    def __init__(self, objective, continuation, particles):
        self.asked, self.rule = objective, continuation
        self.objective, self.bandwidth = objective, None
        if continuation is not None:
            self._follow(continuation(objective, len(particles), particles.dim))

    @property
    def is_fine(self):
        return self.objective is self.asked

    def _follow(self, bandwidth):
        finest = self.asked.bandwidth
        coarse = None
        if bandwidth is not None and bandwidth > finest * (1.0 + 1e-9):
            coarse = self.asked.coarsened(bandwidth)
        self.objective = self.asked if coarse is None else coarse
        self.bandwidth = bandwidth

    def advance(self, particles, *, grew):
        if self.is_fine:
            return
        if grew:
            wanted = self.rule(self.asked, len(particles), particles.dim)
            self._follow(min(self.bandwidth, wanted))
        else:
            self._follow(max(self.asked.bandwidth, 0.5 * self.bandwidth))


# ------------------------------------------------------------------- arguments
def _start(objective, particles) -> _State:
    if not isinstance(objective, Objective):
        raise TypeError(f"objective must be an Objective, got {objective!r}")
    if not isinstance(particles, ParticleSet):
        particles = ParticleSet(particles)
    return _State(particles, np.full(len(particles), -1))


def _default(given, default, name):
    return default if given is None else as_callable(given, name, "object")


def _continuation(continuation):
    if isinstance(continuation, str) and continuation == "auto":
        return CoarseToFine()
    if continuation is False:
        return None
    return as_callable(continuation, "continuation", '(objective, n, dim), "auto" or False')


def _rows(objective) -> int:
    """Score rows counted by the objective or by those it is made of."""
    scores = {
        id(part.score): part.score.rows
        for _, part in getattr(objective, "terms", ())
        if hasattr(part, "score")
    }
    if hasattr(objective, "score"):
        return objective.score.rows
    return sum(scores.values())
