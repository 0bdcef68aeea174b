r"""The front door `compress`: a few particles for many draws.

The default objective is half the squared MMD of two kernels together, in coordinates
where the draws' covariance is the identity: a radial one that sees places, and
`Quadratic`, which keeps mean and covariance right.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from ._threads import using_threads
from ._validate import (
    as_callable,
    as_count,
    as_deadline,
    as_optional,
    as_positions,
    as_rng,
    as_weights,
    explains_keywords,
    not_yet,
)
from .front_door import (
    WorkingCoordinates,
    checked_names,
    chosen_growth,
    chosen_moves,
    chosen_preconditioner,
)
from .growth import Growth
from .kernels import InverseMultiquadric, Quadratic
from .loop import Descent
from .moves import Move
from .objectives import MMD, Objective
from .particles import ParticleSet
from .result import Result

BANDWIDTH = 0.5  # of the radial kernel, times the root of the dimension
QUADRATIC = 0.1  # weight of the quadratic kernel


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
    >>> bool(np.allclose(result.mean(), draws.mean(axis=0), atol=0.1))
    True
    """
    if checkpoint is not None:
        not_yet("checkpoint", checkpoint)
    deadline = as_deadline(max_time)
    draws = _gathered(draws)
    n_particles = as_count(n_particles, "n_particles")
    names = checked_names(names, draws.shape[1])
    if weights_of_draws is None:
        p = np.full(len(draws), 1.0 / len(draws))
    else:
        p = as_weights(weights_of_draws, "weights_of_draws", len(draws))
    centre = p @ draws
    covariance = (p[:, None] * (draws - centre)).T @ (draws - centre)
    change = chosen_preconditioner(preconditioner, centre, covariance)
    move, final_move = chosen_moves(move, weights)
    growth = chosen_growth(growth, weights)
    with using_threads(as_optional(as_count, n_threads, "n_threads")):
        z = change.to_working(draws)
        build = _default_objective
        if objective is not None:
            build = as_callable(objective, "objective", "(draws, weights)")
        run = Descent(
            build(z, p),
            ParticleSet(change.to_working(centre[None])),
            coordinates=WorkingCoordinates(change, names),
            n_particles=n_particles,
            move=move,
            final_move=final_move,
            growth=growth,
            tol=tol,
            rng=as_rng(rng),
            deadline=deadline,
        )
        return run.to_its_end(callback=callback, progress=progress)


def _default_objective(z, p) -> Objective:
    """MMD that sees places and keeps moments; in working coordinates."""
    radial = InverseMultiquadric(BANDWIDTH * np.sqrt(z.shape[1]))
    return MMD(radial, z, p) + QUADRATIC * MMD(Quadratic(), z, p)


def _gathered(draws) -> np.ndarray:
    """Draws (N, d) from an array or from chunks."""
    if type(draws).__module__.partition(".")[0] == "dask":
        not_yet("draws", draws)
    if hasattr(draws, "__array__") or not _holds_chunks(draws):
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


def _holds_chunks(draws) -> bool:
    """Whether something that is no array is an iterable of arrays (N_k, d)."""
    if not isinstance(draws, (list, tuple)):
        return True
    try:
        return any(np.ndim(chunk) == 2 for chunk in draws)
    except ValueError:  # ragged
        return False
