r"""The front doors: `sample` a target known by its score, `compress` draws.

Both find working coordinates, build an objective there, descend it by splitting, and
hand the particles back in the user's own coordinates.

The default objective of `sample` is a Stein discrepancy under two kernels,

.. math:: F = \tfrac12 \mathrm{KSD}^2_{\mathrm{IMQ}} +
          \tfrac{1}{2}\,\tfrac1{10}\, \mathrm{KSD}^2_{\mathrm{linear}},

the inverse multiquadric of a bandwidth that grows with the dimension, :math:`2\sqrt
d` in coordinates where the target's standard deviations are about one, and the linear
one, which keeps mean and covariance right where few particles would be too narrow.
That of `compress` is the like for MMD, with the quadratic kernel.
"""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from ._compile import using_threads
from ._validate import (
    as_callable,
    as_count,
    as_optional,
    as_positions,
    as_positive,
    as_rng,
    as_weights,
    explains_keywords,
    not_yet,
    refuse_nonfinite,
)
from .descent import descend
from .growth import Growth, SteepestSplit
from .kernels import InverseMultiquadric, Linear, Quadratic
from .laplace import find_mode
from .moves import LBFGS, Move
from .objectives import KSD, MMD, Objective
from .particles import ParticleSet
from .preconditioning import Preconditioner
from .result import Result, Stop
from .score import LimitReached, Score


# -------------------------------------------------------------------- sample
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
        (n, d) -> (n,).  Not used yet beyond a check of its shape.
    score_product : callable, optional
        (x, v) -> Hessian of the log density at x_i times v_i, (n, d).  Central
        differences of the score when left out, at two rows a product.
    vectorized : bool
        False: `score` and `log_density` take one point (d,).
    objective : callable, optional
        (score, score_product) -> Objective in the working coordinates;
        `score_product` is None when there is none.
    preconditioner : "auto", "none", "diagonal", array_like (d, d) or Preconditioner
        Working coordinates.  "auto" finds a mode and whitens by the curvature there,
        "diagonal" keeps its scales only; a matrix is taken for a covariance.
    weights : "equal" or "optimal"
        Optimal weights lower the discrepancy, for quadrature; equal ones make draws.
    tempering : "auto" or False
        Explicit schedules are not implemented yet; "auto" does not temper yet.
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
        For a tempering schedule or a checkpoint.

    Examples
    --------
    >>> import splitparticles as sp
    >>> result = sp.sample(lambda x: -(x - 5.0) / 4.0, [0.0, 0.0], 16, rng=0)
    >>> result.mean().round(2), result.std().round(1)
    (array([5., 5.]), array([2., 2.]))
    """
    if not (tempering is False or (isinstance(tempering, str) and tempering == "auto")):
        not_yet("tempering", tempering)
    if checkpoint is not None:
        not_yet("checkpoint", checkpoint)
    n_particles = as_count(n_particles, "n_particles")
    rng = as_rng(rng)
    start = _start_cloud(x0, n_particles, rng)
    names = _checked_names(names, start.shape[1])
    counted = Score(
        score,
        score_product,
        vectorized=vectorized,
        max_rows=as_optional(as_count, max_score_evals, "max_score_evals"),
        deadline=_deadline(max_time),
    )
    move, final = _moves(move, weights)
    with using_threads(as_optional(as_count, n_threads, "n_threads")):
        _check_at_start(counted, log_density, start, vectorized)
        try:
            change, warnings = _working_coordinates(counted, start, preconditioner)
        except LimitReached as limit:
            return _too_early(counted, start, limit, names)
        known = None if score_product is None else change.product(counted.product)
        working = Score(change.score(counted), known)
        target = _built(objective, working, known, start.shape[1])
        found = _descended(
            target,
            change.to_working(_from_mode(start, change, preconditioner)),
            change,
            n_particles=n_particles,
            move=move,
            final_move=final,
            growth=_equalised(growth, weights),
            tol=tol,
            rng=rng,
            callback=callback,
            progress=progress,
        )
    return found.replaced(
        names=names, warnings=warnings, n_score_evals=counted.rows
    )


# ------------------------------------------------------------------ compress
@explains_keywords
def compress(
    draws,
    n_particles: int = 64,
    *,
    weights_of_draws: ArrayLike | None = None,
    objective: Callable | None = None,
    preconditioner="auto",
    weights: str = "equal",
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
    draws : array_like, shape (N, d), or iterable of such
        Chunks (N_k, d) are put together in memory.
    n_particles : int
        Particles at most.
    weights_of_draws : array_like, shape (N,), optional
        Not negative; equal when left out.
    objective : callable, optional
        (draws, weights) -> Objective in the working coordinates.
    preconditioner : "auto", "none", "diagonal", array_like (d, d) or Preconditioner
        Working coordinates.  "auto" whitens by the covariance of the draws,
        "diagonal" by their standard deviations; a matrix is taken for a covariance.
    weights : "equal" or "optimal"
        Optimal weights lower the discrepancy, for quadrature; equal ones make draws.
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
        For a dask array or a checkpoint.

    Examples
    --------
    >>> import numpy as np, splitparticles as sp
    >>> draws = np.random.default_rng(0).normal(3.0, 2.0, size=(1000, 2))
    >>> result = sp.compress(draws, 8)
    >>> bool(np.allclose(result.mean(), draws.mean(axis=0), atol=0.02))
    True
    """
    if checkpoint is not None:
        not_yet("checkpoint", checkpoint)
    draws = _gathered(draws)
    n_particles = as_count(n_particles, "n_particles")
    names = _checked_names(names, draws.shape[1])
    if weights_of_draws is None:
        p = np.full(len(draws), 1.0 / len(draws))
    else:
        p = as_weights(weights_of_draws, "weights_of_draws", len(draws))
    centre = p @ draws
    covariance = (p[:, None] * (draws - centre)).T @ (draws - centre)
    change = _chosen(preconditioner, centre, covariance)
    move, final = _moves(move, weights)
    with using_threads(as_optional(as_count, n_threads, "n_threads")):
        z = change.to_working(draws)
        if objective is None:
            target = _default_mmd(z, p)
        else:
            target = as_callable(objective, "objective", "(draws, weights)")(z, p)
        found = _descended(
            target,
            change.to_working(centre[None]),
            change,
            n_particles=n_particles,
            move=move,
            final_move=final,
            growth=_equalised(growth, weights),
            tol=tol,
            rng=as_rng(rng),
            callback=callback,
            progress=progress,
            max_time=max_time,
        )
    return found.replaced(names=names)


# ---------------------------------------------------------------- objectives
def _built(objective, score: Score, known, d: int) -> Objective:
    """The user's objective, or the default one, in working coordinates."""
    if objective is not None:
        return as_callable(objective, "objective", "(score, score_product)")(score, known)
    wide = InverseMultiquadric(2.0 * np.sqrt(d))
    return KSD(wide, score) + 0.1 * KSD(Linear(), score)


def _default_mmd(z, p) -> Objective:
    """Multi-purpose MMD that sees places and keeps moments; in working coordinates."""
    d = z.shape[1]
    return MMD(InverseMultiquadric(0.5 * np.sqrt(d)), z, p) + 0.1 * MMD(Quadratic(), z, p)


def _moves(move, weights):
    """The move of early rounds and that of the last one."""
    if weights not in ("equal", "optimal"):
        raise ValueError(f'weights must be "equal" or "optimal", got {weights!r}')
    if move is not None:
        return as_callable(move, "move", "(objective, particles)"), None
    free = weights == "optimal"
    return (
        LBFGS(max_iter=15, tol=1e-3, weights=free),
        LBFGS(max_iter=100, tol=1e-6, weights=free),
    )


class _Equalised:
    """A growth after which all particles weigh the same again.

    A split halves one weight, so when only some particles split, their children weigh
    half as much as the rest; whoever asked for equal weights wants 1/n each.
    """

    def __init__(self, growth):
        self.growth = growth

    def __call__(self, objective, particles, limit, rng):
        grown = self.growth(objective, particles, limit, rng)
        n = len(grown.particles)
        return grown._replace(particles=grown.particles.weighted(np.full(n, 1.0 / n)))


def _equalised(growth, weights):
    growth = SteepestSplit() if growth is None else growth
    growth = as_callable(growth, "growth", "(objective, particles, limit, rng)")
    return growth if weights == "optimal" else _Equalised(growth)


# --------------------------------------------------------------- coordinates
def _chosen(preconditioner, centre, covariance) -> Preconditioner:
    """Working coordinates where a covariance is known."""
    d = len(centre)
    if isinstance(preconditioner, Preconditioner):
        if len(preconditioner.centre) != d:
            raise ValueError(
                f"preconditioner must have {d} coordinates, "
                f"got {len(preconditioner.centre)}"
            )
        return preconditioner
    if isinstance(preconditioner, str):
        if preconditioner == "auto":
            return Preconditioner.of_covariance(centre, covariance)
        if preconditioner == "diagonal":
            return Preconditioner.of_covariance(centre, np.diag(np.diag(covariance)))
        if preconditioner == "none":
            return Preconditioner(np.zeros(d), np.eye(d))
        raise ValueError(
            'preconditioner must be "auto", "none", "diagonal", a (d, d) matrix or a '
            f"Preconditioner, got {preconditioner!r}"
        )
    matrix = as_positions(preconditioner, "preconditioner", d)
    if matrix.shape != (d, d) or not np.allclose(matrix, matrix.T):
        raise ValueError(f"preconditioner must be a symmetric matrix of shape {(d, d)}")
    return Preconditioner.of_covariance(centre, matrix)


def _working_coordinates(score, start, preconditioner):
    """Working coordinates for a score, and what should worry the reader."""
    centre = start.mean(axis=0)
    if isinstance(preconditioner, str) and preconditioner in ("auto", "diagonal"):
        mode = find_mode(score, start[0] if len(start) == 1 else centre)
        warnings = [] if mode.converged else [f"working coordinates: {mode.message}"]
        change = mode.preconditioner
        if preconditioner == "auto":
            return change, warnings
        covariance = change.matrix @ change.matrix.T
        return _chosen("diagonal", change.centre, covariance), warnings
    return _chosen(preconditioner, centre, np.eye(len(centre))), []


def _from_mode(start, change, preconditioner):
    """One start point begins at the mode that was climbed to from it."""
    climbed = isinstance(preconditioner, str) and preconditioner != "none"
    return change.centre[None] if climbed and len(start) == 1 else start


# -------------------------------------------------------------------- helpers
def _descended(target, z, change, *, callback, **options) -> Result:
    """`descend` in working coordinates, with all that is handed out in the user's."""

    def to_user(particles):
        return particles.moved_to(change.to_user(particles.positions))

    def round_to_user(this):
        return this._replace(particles=to_user(this.particles))

    def result_to_user(found):
        return found.replaced(
            particles=to_user(found.particles),
            rounds=[round_to_user(this) for this in found.rounds],
            preconditioner=change,
        )

    if callback is not None:
        as_callable(callback, "callback", "(round)")
    tell = None if callback is None else lambda this: callback(round_to_user(this))
    try:
        return result_to_user(descend(target, ParticleSet(z), callback=tell, **options))
    except Exception as error:
        if isinstance(getattr(error, "result", None), Result):
            error.result = result_to_user(error.result)
        raise


def _start_cloud(x0, n_particles, rng) -> np.ndarray:
    """Start points (n0, d) from a point, a cloud or a number of dimensions."""
    if isinstance(x0, (int, np.integer)) and not isinstance(x0, bool):
        return rng.standard_normal((1, as_count(x0, "x0")))
    if np.ndim(x0) == 1:
        x0 = [x0]
    start = as_positions(x0, "x0")
    if len(start) > n_particles:
        start = start[np.sort(rng.choice(len(start), n_particles, replace=False))]
    return start


def _check_at_start(score, log_density, start, vectorized) -> None:
    """The user's functions have to be finite where the run starts."""
    refuse_nonfinite(score(start), "score(x0)")
    if log_density is None:
        return
    as_callable(log_density, "log_density", "(n, d) -> (n,)")
    points = start.copy()
    if vectorized:
        values = np.asarray(log_density(points))
    else:
        values = np.array([log_density(row) for row in points])
    if values.shape != (len(start),):
        raise ValueError(
            f"log_density must return shape {(len(start),)} for x of shape "
            f"{start.shape}, got {values.shape}"
        )
    refuse_nonfinite(values, "log_density(x0)")


def _too_early(score, start, limit, names) -> Result:
    """The result when a limit was reached before there were working coordinates."""
    return Result(
        ParticleSet(start),
        np.inf,
        [],
        np.full(len(start), -1),
        Stop[str(limit).upper()],
        score.rows,
        names,
        ["the limit was reached before working coordinates were found"],
    )


def _deadline(max_time):
    limit = as_optional(as_positive, max_time, "max_time")
    return None if limit is None else time.monotonic() + limit


def _checked_names(names, d):
    if names is None:
        return None
    names = [str(name) for name in names]
    if len(names) != d:
        raise ValueError(f"names must have {d} entries, got {len(names)}")
    return names


def _gathered(draws) -> np.ndarray:
    """Draws (N, d) from an array or from chunks."""
    if type(draws).__module__.partition(".")[0] == "dask":
        not_yet("draws", draws)
    if hasattr(draws, "__array__") or isinstance(draws, (list, tuple)):
        if not (isinstance(draws, (list, tuple)) and any(np.ndim(c) == 2 for c in draws)):
            return as_positions(draws, "draws")
    if isinstance(draws, str) or not hasattr(draws, "__iter__"):
        raise TypeError(f"draws must be an array (N, d) or chunks of it, got {draws!r}")
    chunks = []
    for number, chunk in enumerate(draws):
        dim = chunks[0].shape[1] if chunks else None
        chunks.append(as_positions(chunk, f"draws, chunk {number},", dim))
    if not chunks:
        raise ValueError("draws must have at least one chunk, got none")
    return np.vstack(chunks)
