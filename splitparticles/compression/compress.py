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
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from .._compiled.threads import using_threads
from .._keywords import explains_keywords
from .._validation import (
    as_count,
    as_deadline,
    as_optional,
    as_rng,
    as_rows,
    checked_names,
    not_yet,
)
from ..coordinates.choose import chosen_preconditioner, standardised
from ..coordinates.stretched import Stretched
from ..descent.ending import Ending
from ..descent.frame import Frame
from ..descent.loop import Descent
from ..descent.options import check_options, chosen_weights, growth_for, moves_for
from ..descent.progress import watched
from ..descent.result import Result
from ..draws.draws import Draws, Moments
from ..draws.widths import Widths
from ..growth import Growth
from ..moves import Move
from ..moves.optimal_weights import optimal_weights
from ..objectives.energy import PILOT, Pilot, energy_objective
from ..particles import ParticleSet
from ..stop import Stop
from .preparation import prepared

STEPS = 100  # of the last move, where it sees all draws cheaply

STEPS_ON_ALL = 12  # of the last move, where particles grew on some of the draws


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
    draws : array_like, memmap, chunks or dask array
        An array (N, d); an iterable of chunks (N_k, d) that can be gone through again,
        or a callable that returns a new iterator of them (an iterator is put together
        in memory); or a dask array, whose blocks are summed by the scheduler in force.
        Draws that are too many for memory are read anew for each sum, a block at a
        time.
    n_particles : int
        Particles at most.
    weights_of_draws : array_like, shape (N,), optional
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
    move, growth, tol, max_time, rng, n_threads, callback, progress, names, checkpoint
        As in `sample`.

    Returns
    -------
    Result
        Particles in the user's coordinates.

    Raises
    ------
    TypeError, ValueError
        When an argument is not what it should be.
    NotImplementedError
        For a checkpoint.

    Notes
    -----
    The default objective is half the energy distance to the draws and a little of the
    distance in moments.  Of more than 32,768 draws, the particles grow on 16,384 taken
    at random, and the last moves see all of them.  `value` is to all draws; their own
    part in it, a double sum, is then an estimate from as many others.

    Examples
    --------
    >>> import numpy as np, splitparticles as sp
    >>> draws = np.random.default_rng(0).normal(3.0, 2.0, size=(1000, 2))
    >>> result = sp.compress(draws, 8)
    >>> bool(np.allclose(result.mean(), draws.mean(axis=0), atol=0.1))
    True
    """
    if checkpoint is not None:
        not_yet("checkpoint", checkpoint)
    deadline = as_deadline(max_time)
    rng = as_rng(rng)
    n_particles = as_rows(n_particles, "n_particles")
    kept_weights = chosen_weights(weights)
    move, final_move = moves_for(move, kept_weights)
    growth = growth_for(growth, kept_weights)
    check_options(objective, tol, callback, progress)
    given = Draws(draws, weights_of_draws)
    draws, moments, widths, notes, doubts = prepared(given, n_particles)
    names = checked_names(names, len(moments.mean))
    change = _coordinates(preconditioner, draws, moments, widths)
    as_rows(n_particles, "n_particles", len(moments.mean))
    options = {
        "growth": growth,
        "frame": Frame(change),
        "continuation": "auto" if objective is not None else False,
        "tol": tol,
        "rng": rng,
        "deadline": deadline,
    }
    known = {"names": names, "preconditioner": change, "compressed": given}
    threads = using_threads(as_optional(as_count, n_threads, "n_threads"))
    with threads, watched(progress, n_particles, deadline) as watch:
        options["progress"] = watch
        z = draws.seen_through(change, moments.n, 2 * PILOT)
        z_moments = z.moments()
        z_widths = Widths.of(z, moments.n)
        z_sd = z_widths.robust(np.sqrt(np.diag(z_moments.cov)))
        start, pilot = ParticleSet(z_moments.mean[None]), None
        if objective is not None:
            whole = objective(*z.in_memory())
        elif moments.n > 2 * PILOT:
            pilot = Pilot(z, z_moments, n_particles, z_sd, rng)
            whole = pilot.objective
        else:
            whole = energy_objective(z, z_moments, n_particles, z_sd)
            final_move = _of_steps(final_move, STEPS)
        run = Descent(
            whole,
            start,
            n_particles=n_particles,
            move=move,
            final_move=final_move,
            **options,
        )
        result = _result_of(run, callback, known)
        if pilot is not None and result.success:
            whole = pilot.objective_of_all(run.particles)
            final_move = _of_steps(final_move, STEPS_ON_ALL)
            run = Descent(
                whole,
                run.particles,
                n_particles=len(run.particles),
                move=final_move or move,
                **options,
            )
            last = _result_of(run, callback, known)
            rounds = result.rounds + last.rounds
            result = replace(last, rounds=rounds, parents=result.parents)
        elif pilot is not None:
            note = (
                f"the run ended early: the particles saw {PILOT} of {moments.n} draws"
            )
            result = replace(result, warnings=[*result.warnings, note])
        if weights == "optimal" and result.success and _is_quadratic(whole, start):
            weighted = optimal_weights(whole, run.particles)
            value = whole.value(weighted)
            if value < result.value:
                particles = result.particles.weighted(weighted.weights)
                result = replace(result, particles=particles, value=value)
    fewer = len(result.particles) < n_particles and result.success
    if fewer and result.stop is not Stop.TOLERANCE:
        notes.append(
            f"{len(result.particles)} particles instead of {n_particles}: "
            f"{result.message}"
        )
    return replace(
        result,
        stop=Stop.DOUBTED if doubts and result.success else result.stop,
        warnings=[*doubts, *notes, *result.warnings],
    )


def _result_of(run: Descent, callback: Callable | None, known: dict) -> Result:
    """Result of a run, with what only `compress` knows, whatever ends the run."""

    def completed(stop):
        return replace(run.result(stop), **known)

    with Ending(completed) as ending:
        run.to_its_end(callback)
    return completed(ending.stop)


def _is_quadratic(objective, start) -> bool:
    """Whether optimal weights can be solved for."""
    return objective.kernel_pairs(start.positions, start.positions) is not None


def _coordinates(preconditioner, draws: Draws, moments: Moments, widths: Widths):
    """Working coordinates of draws: by default `standardised`, without heavy tails."""
    if not (isinstance(preconditioner, str) and preconditioner == "auto"):
        return chosen_preconditioner(preconditioner, moments.mean, moments.cov)
    sd = np.sqrt(np.diag(moments.cov))
    robust = widths.robust(sd)
    heavy = (robust < sd) & ~widths.parted
    if not heavy.any():
        return standardised(moments.mean, moments.cov, robust)
    stretched = Stretched(
        np.where(heavy, widths.centre, 0.0), np.where(heavy, widths.width, 1.0), heavy
    )
    moments = draws.seen_through(stretched, moments.n, 0).moments()
    sd = np.where(heavy, np.sqrt(np.diag(moments.cov)), robust)
    return stretched.then(standardised(moments.mean, moments.cov, sd))


def _of_steps(final_move, steps):
    """Return the default final move with other steps; None where the user's counts."""
    return None if final_move is None else replace(final_move, max_iter=steps)
