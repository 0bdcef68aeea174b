r"""The front door `sample`: particles for a target known by its score.

It climbs to a mode, splits from there in working coordinates that follow what the
particles see (`splitparticles.sampling.adaptation`), and hands the particles out in the
user's own.
"""

import warnings
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from .._compiled.threads import using_threads
from .._files import answers
from .._keywords import explains_keywords
from .._validation import (
    as_callable,
    as_count,
    as_deadline,
    as_optional,
    as_rng,
    as_rows,
    refuse_large_matrices,
    refuse_nonfinite,
    start_cloud,
)
from .._versions import MADE_BY
from ..coordinates.choose import chosen_preconditioner
from ..descent.ending import Ending
from ..descent.options import check_options, chosen_weights, growth_for, moves_for
from ..descent.progress import watched
from ..descent.result import Result
from ..growth import Growth, Insertion
from ..moves import Move
from ..scores.counted import CountedScore, batched_log_density
from ..scores.model import SupportsScore
from ..stop import Stop
from .adaptation import Task
from .asked import asked
from .run import MOST_LEARNED, Run, SamplingWarning
from .seen import check_seen, seen_rows
from .start import find_start
from .tempering import checked_schedule, cooled_start


@explains_keywords
def sample(
    score: Callable | SupportsScore,
    x0: ArrayLike | None = None,
    n_particles: int = 64,
    *,
    log_density: Callable | None = None,
    score_product: Callable | None = None,
    vectorized: bool = True,
    objective: Callable | None = None,
    preconditioner="auto",
    weights: Literal["equal", "optimal"] = "equal",
    tempering="auto",
    emulator: Literal["auto", False] = "auto",
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
    seen=None,
) -> Result:
    r"""Weighted particles for a target known by its score.

    Parameters
    ----------
    score : callable or model
        (n, d) -> (n, d): gradient of the log density, row by row.  Or a model, which
        has `score` and `dim`, and the other attributes of `Model` where it knows them;
        what is passed beside it counts more.
    x0 : array_like or int
        One start point (d,), a start cloud (n0, d), or the number of dimensions d,
        for a standard normal start.  Of a cloud larger than `n_particles`, as many
        rows are drawn without replacement.  A model may have its own.
    n_particles : int
        Particles at most.
    log_density : callable, optional
        (n, d) -> (n,), up to a constant.  Measures the masses of separate modes.
    score_product : callable, optional
        (x, v) -> Hessian of the log density at x_i times v_i, (n, d), for descent on
        the true score.  Central differences when left out, at two rows a product.
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
        "auto" looks for other modes from scattered points and starts from all that have
        mass; False stays at the first; a schedule cools the target from a broad bell
        about the start.
    emulator : "auto" or False
        "auto" learns the score by an emulator, which particles descend on; the true
        score only tests and teaches it: some hundred rows in some thirty calls.  Where
        it cannot be learned, or an `objective`, a `preconditioner` or a schedule of
        `tempering` is given, particles descend on the true score, as with False.
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
        Show on stderr how far the run has come, as `descend` does.
    names : list of str, optional
        Names of the coordinates, of a model those of the user's parameters.
    checkpoint : str or path, optional
        File that keeps every answer of the score and of the log density.  A run that
        was stopped goes on by the same call: nothing that the file knows is asked
        again, but for one row where the function may be another one, and the result
        has the same bits as without a stop.  See `resume`.
    seen : (rows, scores), str or path, optional
        Rows (N, d) of an old run of the same score and their scores, or its checkpoint:
        the emulator learns from them too, and the climb starts by the mode that they
        show.  One of them is asked again, as a check.

    Returns
    -------
    Result
        Particles in the user's coordinates.  Those of a model are the user's
        parameters where it has `to_user`; `unconstrained` is then the run as it was,
        in whose coordinates `callback` sees its rounds.

    Raises
    ------
    TypeError, ValueError
        When an argument is not what it should be, or the score does not return
        finite numbers of the right shape at the start.
    OSError
        When the checkpoint cannot be written.

    Warns
    -----
    SamplingWarning
        When the result should not be trusted: its stop is ``Stop.DOUBTED`` (or
        ``NOT_FINITE``), `success` False and the reason the first of its `warnings`.

    Examples
    --------
    >>> import splitparticles as sp
    >>> result = sp.sample(lambda x: -(x - 5.0) / 4.0, [0.0, 0.0], 16, rng=0)
    >>> result.mean().round(2), result.std().round(1)
    (array([5., 5.]), array([2., 2.]))
    """
    schedule = checked_schedule(tempering)
    n_particles = as_count(n_particles, "n_particles", most=np.inf)
    target = asked(score, x0, log_density, score_product, names)
    kept = answers(
        checkpoint,
        "sample",
        {
            "x0": target.x0,
            "n_particles": n_particles,
            "vectorized": vectorized,
            "objective": objective,
            "preconditioner": preconditioner,
            "weights": weights,
            "tempering": tempering,
            "emulator": emulator,
            "move": move,
            "growth": growth,
            "tol": tol,
            "seen": seen,
        },
        target.functions(),
        rng=as_rng(rng),
        made_by=MADE_BY,
        is_any=rng is None,
    )
    rng, target = kept.rng, target.with_answers(kept)
    log_density = target.log_density
    cloud = start_cloud(target.x0, n_particles, rng)
    d = cloud.shape[1]
    as_rows(n_particles, "n_particles", d)
    refuse_large_matrices("x0", d)
    target = target.checked(cloud)
    known = seen_rows(seen, d)
    counted = CountedScore(
        target.score,
        target.score_product,
        vectorized=vectorized,
        max_rows=as_optional(as_count, max_score_evals, "max_score_evals"),
        deadline=as_deadline(max_time),
    )
    kept_weights = chosen_weights(weights)
    move_early, _ = moves_for(move, kept_weights)
    equal_growth = growth_for(growth, kept_weights, otherwise=Insertion())
    chosen_preconditioner(preconditioner, cloud[0], np.eye(d))
    check_options(objective, tol, callback, progress)
    if log_density is not None:
        as_callable(log_density, "log_density", "(n, d) -> (n,)")
    if not (emulator is False or (isinstance(emulator, str) and emulator == "auto")):
        raise ValueError(f'emulator must be "auto" or False, got {emulator!r}')
    adapts = isinstance(preconditioner, str) and preconditioner == "auto"
    learns = emulator == "auto" and objective is None and adapts and schedule is None
    task = Task(counted, objective, adapts, curves=True)
    options = {
        "n_particles": n_particles,
        "rng": rng,
        "deadline": counted.deadline,
        "score_rows": lambda: counted.rows,
    }
    run = Run(task, cloud, target.names)
    threads = using_threads(as_optional(as_count, n_threads, "n_threads"))
    watching = watched(progress, n_particles, counted.deadline)
    ended = Ending(lambda stop: target.in_users_parameters(run.result(stop)))
    with threads, watching as watch, kept, ended as ending:
        counted.on_call = watch.tick
        watch.rows, watch.calls = options["score_rows"], lambda: counted.calls
        log_density = _check_at_start(counted, log_density, cloud, vectorized)
        if learns and d <= MOST_LEARNED:
            explores = tempering == "auto"
            if known is not None:
                check_seen(counted, *known)
            run.learn(log_density, n_particles, rng, explores=explores, seen=known)
        if run.emulation is not None:
            descent = run.on_emulator(
                move, growth, kept_weights, tol=tol, progress=watch, **options
            )
        else:
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
            descent = run.on_score(
                move, growth, kept_weights, tol=tol, progress=watch, **options
            )
        descent.to_its_end(callback)
        run.judge(log_density, rng)
    run.warnings += kept.notes
    result = target.in_users_parameters(run.result(ending.stop))
    if result.stop in (Stop.DOUBTED, Stop.NOT_FINITE):
        warnings.warn(result.warnings[0], SamplingWarning, stacklevel=3)
    return result


def _check_at_start(score, log_density, cloud, vectorized) -> Callable | None:
    """The user's log density as a function of a batch.

    The score and the log density have to be finite where the run starts, and a product
    of the right shape.
    """
    refuse_nonfinite(score(cloud), "score(x0)")
    if score.product is not None:
        score.product(cloud, cloud)
    if log_density is None:
        return None
    batched = batched_log_density(log_density, vectorized)
    refuse_nonfinite(batched(cloud.copy()), "log_density(x0)")
    return batched
