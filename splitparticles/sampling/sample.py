r"""The front door `sample`: particles for a target known by its score.

It climbs to a mode, splits from there in working coordinates that follow what the
particles see (`splitparticles.sampling.adaptation`), and hands the particles out in the
user's own.
"""

from collections.abc import Callable

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
from ..descent.loop import Descent
from ..descent.options import chosen_growth, chosen_moves
from ..descent.result import Result
from ..growth import Growth, Insertion
from ..moves import Move
from ..particles import ParticleSet
from ..scores.score import Score, batched_log_density
from ..stop import LimitReached, Stop
from .polish import Polish
from .start import Plan
from .tempering import checked_schedule


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
    weights: str = "equal",
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
    start = start_cloud(x0, n_particles, rng)
    names = checked_names(names, start.shape[1])
    deadline = as_deadline(max_time)
    counted = Score(
        score,
        score_product,
        vectorized=vectorized,
        max_rows=as_optional(as_count, max_score_evals, "max_score_evals"),
        deadline=deadline,
    )
    moves = chosen_moves(move, weights)
    growth = chosen_growth(growth, weights, otherwise=Insertion())
    chosen_preconditioner(preconditioner, start[0], np.eye(start.shape[1]))
    as_optional(as_positive, tol, "tol")
    for given, name in ((objective, "objective"), (callback, "callback")):
        if given is not None:
            as_callable(given, name, "object")
    run_options = {
        "n_particles": n_particles,
        "move": moves[0],
        "final_move": moves[1] and Polish(moves[1]),
        "tol": tol,
        "rng": rng,
        "deadline": deadline,
    }
    with using_threads(as_optional(as_count, n_threads, "n_threads")):
        try:
            log_density = _check_at_start(counted, log_density, start, vectorized)
            plan = Plan(counted, start, preconditioner, objective, names)
            plan.count(n_particles)
            if schedule is not None:
                plan.temper(schedule, growth, run_options)
            elif tempering == "auto":
                plan.explore(log_density, rng)
                plan.settle(rng)
            place, first = plan.place(), plan.start
            built = place.objective()
        except LimitReached as limit:
            return _too_early(counted, start, limit.stop, names)
        except KeyboardInterrupt:
            return _too_early(counted, start, Stop.INTERRUPTED, names)
        except Exception as error:
            at_start = _too_early(counted, start, Stop.FAILED, names)
            error.result = at_start  # type: ignore[attr-defined]
            raise
        if plan.several:  # a Stein discrepancy would ruin the masses of modes
            moves = chosen_moves(move, "equal")
            final_move = moves[1] and Polish(moves[1])
            run_options.update(move=moves[0], final_move=final_move)
        working = first.moved_to(place.change.to_working(first.positions))
        run = Descent(
            built, working, coordinates=place, growth=plan.growth(growth), **run_options
        )
        return run.to_its_end(callback=callback, progress=progress)


def _check_at_start(score, log_density, start, vectorized) -> Callable | None:
    """The user's functions have to be finite where the run starts.

    Returns the log density as a function of a batch.
    """
    refuse_nonfinite(score(start), "score(x0)")
    if log_density is None:
        return None
    batched = batched_log_density(log_density, vectorized)
    refuse_nonfinite(batched(start.copy()), "log_density(x0)")
    return batched


def _too_early(score, start, stop, names) -> Result:
    """Return the start: the run ended before there were working coordinates."""
    return Result(
        ParticleSet(start),
        np.inf,
        [],
        np.full(len(start), -1),
        stop,
        score.rows,
        names,
        ["the run ended before working coordinates were found"],
    )
