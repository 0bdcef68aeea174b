r"""The front door `compress`: a few particles for many draws.

The default objective is half the energy distance to the draws, in coordinates where
each of them has standard deviation one, and a little of the MMD of `Quadratic`, which
keeps mean and covariance right.  The kernel of the energy distance has no scale of its
own: it is long-ranged, so particles need not be led from coarse to fine, and what it
sees agrees with most that one asks of a few points: quantiles, expectations, transport
(its minimisers of equal weight are the support points of Mak and Joseph, key ``MJ18``
in docs/references.bib).  Its tip is rounded over a fraction of the distance between the
particles, for none could split over it.

Draws may be more than a memory holds (`splitparticles.draws`).
"""

from collections.abc import Callable
from typing import Literal

from numpy.typing import ArrayLike

from .._compiled.threads import using_threads
from .._files import answers
from .._keywords import explains_keywords
from .._validation import (
    as_count,
    as_deadline,
    as_optional,
    as_rng,
    as_rows,
)
from .._versions import MADE_BY
from ..descent.ending import Ending
from ..descent.options import check_options, chosen_weights, growth_for, moves_for
from ..descent.progress import watched
from ..descent.result import Result
from ..draws.draws import Draws
from ..growth import Growth
from ..moves import Move
from .run import Run


@explains_keywords
def compress(
    draws,
    n_particles: int = 64,
    *,
    weights_of_draws: ArrayLike | None = None,
    objective: Callable | None = None,
    preconditioner="auto",
    weights: Literal["equal", "optimal"] = "equal",
    move: Move | None = None,
    growth: Growth | None = None,
    tol: float | None = None,
    max_time: float | None = None,
    rng=None,
    n_threads: int | None = None,
    callback: Callable | None = None,
    progress: bool = False,
    names: list[str] | None = None,
    checkpoint=None,
) -> Result:
    r"""A few weighted particles that stand for many draws.

    Parameters
    ----------
    draws : array_like, memmap, chunks, dask array, data frame or posterior
        An array (N, d), or (N,) for d = 1; chains (steps, walkers, d), as of emcee, put
        together; an iterable of chunks (N_k, d) that can be gone through again,
        or a callable that returns a new iterator of them (an iterator is put together
        in memory); or a dask array, whose blocks are summed by the scheduler in force.
        Draws that are too many for memory are read anew for each sum, a block at a
        time.  Data frames, xarray, ArviZ's posteriors and dictionaries of arrays give
        their names, such as ``theta[0]``, where `names` is left out.
    n_particles : int
        Particles at most.
    weights_of_draws : array_like, shape (N,) or (N, 1), optional
        Not negative; equal when left out.
    objective : callable, optional
        (draws, weights) -> Objective in the working coordinates.
    preconditioner : "auto", "none", "diagonal", array_like (d, d) or Preconditioner
        Working coordinates.  "diagonal" scales by the standard deviations of the
        draws; so does "auto", but widens directions in which correlated draws are
        narrow; a matrix is taken for a covariance, which whitens.
    weights : "equal" or "optimal"
        Optimal weights lower the discrepancy, for quadrature, and are exact for the
        final positions (`optimal_weights`); equal ones make draws.
    move, growth, tol, max_time, rng, n_threads, callback, progress, names
        As in `sample`.
    checkpoint : str or path, optional
        File that keeps the sums over the draws, as `sample` keeps scores.

    Returns
    -------
    Result
        Particles in the user's coordinates.

    Raises
    ------
    TypeError, ValueError
        When an argument is not what it should be.
    OSError
        When the checkpoint cannot be written.

    Notes
    -----
    The default objective is half the energy distance to the draws and a little of the
    distance in moments.  Of more than 32,768 draws, the particles grow on 16,384 taken
    at random, and the last moves see all of them.  `value` is to all draws; their own
    part in it, a double sum, is then an estimate from as many others.

    Far rows decide nothing but themselves.  Those too light for a particle are left
    out, and `warnings` says so.  Where a standard deviation is more than ten times that
    of a normal law with the same quantiles, a heavy tail is made light by other
    coordinates, and the gap to a group of draws far away is shortened in them.  Among
    more than two coordinates a particle, particles move in the subspace in which the
    draws vary most.

    Examples
    --------
    >>> import numpy as np, splitparticles as sp
    >>> draws = np.random.default_rng(0).normal(3.0, 2.0, size=(1000, 2))
    >>> result = sp.compress(draws, 8)
    >>> bool(np.allclose(result.mean(), draws.mean(axis=0), atol=0.1))
    True
    """
    deadline = as_deadline(max_time)
    n_particles = as_rows(n_particles, "n_particles")
    kept = answers(
        checkpoint,
        "compress",
        {
            "n_particles": n_particles,
            "weights_of_draws": weights_of_draws,
            "objective": objective,
            "preconditioner": preconditioner,
            "weights": weights,
            "move": move,
            "growth": growth,
            "tol": tol,
        },
        {},
        rng=as_rng(rng),
        made_by=MADE_BY,
        is_any=rng is None,
    )
    rng = kept.rng
    kept_weights = chosen_weights(weights)
    move, final_move = moves_for(move, kept_weights)
    growth = growth_for(growth, kept_weights)
    check_options(objective, tol, callback, progress)
    options = {
        "growth": growth,
        "continuation": "auto" if objective is not None else False,
        "tol": tol,
        "rng": rng,
        "deadline": deadline,
    }
    run = Run(Draws(draws, weights_of_draws), n_particles, names, kept)
    threads = using_threads(as_optional(as_count, n_threads, "n_threads"))
    watch = watched(progress, n_particles, deadline)
    progressing, ended = watch, Ending(run.result)
    with threads, progressing as options["progress"], kept, ended as ending:
        run.prepare(preconditioner, deadline)
        run.choose_objective(objective, rng)
        run.descend(callback, move=move, final_move=final_move, **options)
        if weights == "optimal":
            run.weigh()
    return run.result(ending.stop)
