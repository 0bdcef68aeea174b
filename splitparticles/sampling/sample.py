r"""The front door `sample`: particles for a target known by its score.

It climbs to a mode, splits from there in working coordinates that follow what the
particles see (`splitparticles.sampling.adaptation`), and hands the particles out in the
user's own.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from .._compiled.threads import using_threads
from .._validation import (
    as_callable,
    as_count,
    as_deadline,
    as_optional,
    as_positive,
    as_rng,
    checked_names,
    explains_keywords,
    not_yet,
    refuse_nonfinite,
    start_cloud,
)
from ..coordinates.choose import chosen_preconditioner
from ..descent.ending import Ending
from ..descent.loop import Descent
from ..descent.options import Weights, chosen_weights, growth_for, moves_for
from ..descent.result import Result
from ..growth import Growth, Insertion
from ..moves import Move
from ..particles import ParticleSet
from ..scores.counted import CountedScore, batched_log_density
from ..stop import Stop
from .adaptation import AdaptiveFrame, Task
from .objective import doubts
from .polish import Polish
from .start import Start, find_start
from .tempering import checked_schedule, cooled_start


@explains_keywords
def sample(
    score: Callable,
    x0: ArrayLike,
    n_particles: int = 64,
    *,
    log_density: Callable | None = None,
    score_product: Callable | None = None,
    vectorized: bool = True,
    objective: Callable | None = None,
    preconditioner="auto",
    weights: Literal["equal", "optimal"] = "equal",
    tempering="auto",
    move: Move | None = None,
    growth: Growth | None = None,
    tol: float | None = None,
    max_score_evals: int | None = None,
    max_time: float | None = None,
    rng=None,
    n_threads: int | None = None,
    callback: Callable | None = None,
    progress: bool = False,
    names: list[str] | None = None,
    checkpoint=None,
) -> Result:
    r"""Weighted particles for a target known by its score.

    Parameters
    ----------
    score : callable
        (n, d) -> (n, d): gradient of the log density, row by row.
    x0 : array_like or int
        One start point (d,), a start cloud (n0, d), or the number of dimensions d,
        for a standard normal start.  Of a cloud larger than `n_particles`, as many
        rows are drawn without replacement.
    n_particles : int
        Particles at most.
    log_density : callable, optional
        (n, d) -> (n,), up to a constant.  Measures the masses of separate modes.
    score_product : callable, optional
        (x, v) -> Hessian of the log density at x_i times v_i, (n, d).  Central
        differences of the score when left out, at two rows a product.
    vectorized : bool
        False: `score` and `log_density` take one point (d,).
    objective : callable, optional
        (score, score_product) -> Objective in the working coordinates;
        `score_product` is None when there is none.
    preconditioner : "auto", "none", "diagonal", array_like (d, d) or Preconditioner
        Working coordinates.  "auto" finds a mode, whitens by the curvature there and
        later by the mean curvature over the particles,
        "diagonal" keeps its scales only; a matrix is taken for a covariance.
    weights : "equal" or "optimal"
        Optimal weights lower the discrepancy, for quadrature; equal ones make draws.
        Where there are several modes their masses stay: weights are equal within each.
    tempering : "auto", False or increasing inverse temperatures ending in 1
        "auto" looks for other modes by climbs from scattered points and starts from
        all that have mass, at a few hundred score rows; a schedule cools the target
        from a broad bell about the start.
    move, growth : optional
        How particles move and multiply.
    tol : float, optional
        Stop growing when the discrepancy is below it.
    max_score_evals : int, optional
        Rows ever handed to the score, those of differences included.
    max_time : float, optional
        Seconds.
    rng : None, int, Generator, optional
        Anything ``np.random.default_rng`` takes.
    n_threads : int, optional
        Threads of the compiled loops; one a core when left out.  The result does not
        depend on it.
    callback : callable, optional
        Called with each `Round`; may raise StopIteration.
    progress : bool
        Report each round on stderr.
    names : list of str, optional
        Names of the coordinates.
    checkpoint : None
        Not implemented yet.

    Returns
    -------
    Result
        Particles in the user's coordinates.

    Raises
    ------
    TypeError, ValueError
        When an argument is not what it should be, or the score does not return
        finite numbers of the right shape at the start.
    NotImplementedError
        For a checkpoint.

    Examples
    --------
    >>> import splitparticles as sp
    >>> result = sp.sample(lambda x: -(x - 5.0) / 4.0, [0.0, 0.0], 16, rng=0)
    >>> result.mean().round(2), result.std().round(1)
    (array([5., 5.]), array([2., 2.]))
    """
    schedule = checked_schedule(tempering)
    if checkpoint is not None:
        not_yet("checkpoint", checkpoint)
    n_particles = as_count(n_particles, "n_particles")
    rng = as_rng(rng)
    cloud = start_cloud(x0, n_particles, rng)
    names = checked_names(names, cloud.shape[1])
    counted = CountedScore(
        score,
        score_product,
        vectorized=vectorized,
        max_rows=as_optional(as_count, max_score_evals, "max_score_evals"),
        deadline=as_deadline(max_time),
    )
    kept_weights = chosen_weights(weights)
    move_early, _ = moves_for(move, kept_weights)
    equal_growth = growth_for(growth, kept_weights, otherwise=Insertion())
    chosen_preconditioner(preconditioner, cloud[0], np.eye(cloud.shape[1]))
    as_optional(as_positive, tol, "tol")
    for given, name in ((objective, "objective"), (callback, "callback")):
        if given is not None:
            as_callable(given, name, "object")
    adapts = isinstance(preconditioner, str) and preconditioner == "auto"
    task = Task(counted, objective, adapts, curves=True)
    options = {
        "n_particles": n_particles,
        "rng": rng,
        "deadline": counted.deadline,
        "score_rows": lambda: counted.rows,
    }
    run = _Run(task, cloud, names)
    threads = using_threads(as_optional(as_count, n_threads, "n_threads"))
    with threads, Ending(run.result) as ending:
        log_density = _check_at_start(counted, log_density, cloud, vectorized)
        if schedule is None:
            run.start = find_start(
                counted,
                cloud,
                preconditioner=preconditioner,
                explores=tempering == "auto",
                log_density=log_density,
                n_particles=n_particles,
                rng=rng,
            )
        else:
            run.start = cooled_start(
                task,
                cloud,
                schedule,
                preconditioner=preconditioner,
                move=move_early,
                growth=equal_growth,
                **options,
            )
        descent = run.begun(move, growth, kept_weights, tol=tol, **options)
        descent.to_its_end(callback=callback, progress=progress)
        run.judge()
    return run.result(ending.stop)


class _Run:
    """A run of `sample`: what it has reached, whatever ends it."""

    def __init__(self, task: Task, cloud: np.ndarray, names: list[str] | None):
        self.task, self.cloud, self.names = task, cloud, names
        self.warnings: list[str] = []
        self.start: Start | None = None
        self.descent: Descent | None = None

    def begun(self, move, growth, weights: Weights, **options) -> Descent:
        """The descent, now that the start is known."""
        assert self.start is not None
        start, d = self.start, self.cloud.shape[1]
        self.warnings += start.warnings
        if (n := options["n_particles"]) <= d:
            self.warnings.append(
                f"{n} particles cannot span {d} coordinates: they are too narrow in "
                f"some directions; take {2 * d} or more"
            )
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

    def judge(self) -> None:
        """Add what the scores at the final particles say against them."""
        assert self.descent is not None and self.descent.stop is not None
        frame = self.descent.frame
        assert isinstance(frame, AdaptiveFrame)
        if self.descent.stop.success and self.task.build is None:
            particles = self.descent.particles
            self.warnings += doubts(frame.objective, frame.score, particles)

    def result(self, stop: Stop | None) -> Result:
        """The outcome; the user's start where there were no working coordinates."""
        if self.descent is None:
            assert stop is not None
            return Result(
                ParticleSet(self.cloud),
                np.inf,
                [],
                np.full(len(self.cloud), -1),
                stop,
                self.task.score.rows,
                self.task.score.calls,
                self.names,
                ["the run ended before working coordinates were found"],
            )
        result = self.descent.result(stop)
        return replace(
            result,
            n_score_calls=self.task.score.calls,
            names=self.names,
            preconditioner=self.descent.frame.change,
            warnings=[*self.warnings, *result.warnings],
        )


def _check_at_start(score, log_density, cloud, vectorized) -> Callable | None:
    """The user's log density as a function of a batch.

    Both functions have to be finite where the run starts.
    """
    refuse_nonfinite(score(cloud), "score(x0)")
    if log_density is None:
        return None
    batched = batched_log_density(log_density, vectorized)
    refuse_nonfinite(batched(cloud.copy()), "log_density(x0)")
    return batched
