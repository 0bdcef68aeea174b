r"""The loop: move until the particles rest, split where that helps, and again.

`rounds` is the method, a generator of one `Round` at a time; `descend` drains it
into a `Result`.
"""

from collections.abc import Callable, Generator

from .._keywords import explains_keywords
from .._validation import as_deadline, as_flag
from ..growth import Growth
from ..moves import LBFGS, Move
from ..objectives import Objective
from ..particles import ParticleSet
from .ending import Ending
from .loop import Descent
from .progress import watched
from .result import Result
from .round import Round


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
    prune: float | None = None,
    progress: bool = False,
) -> Generator[Round]:
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
    as_flag(progress, "progress")
    run = Descent(
        objective,
        particles,
        n_particles=n_particles,
        move=move,
        final_move=_last_move(objective, particles, move, final_move),
        prune=prune,
        growth=growth,
        continuation=continuation,
        tol=tol,
        max_rounds=max_rounds,
        rng=rng,
    )
    return _rounds_of(run, progress)


def _last_move(objective, particles, move, final_move) -> Move | None:
    """The user's last move; by default one that moves weights too, of discrepancies.

    A split halves one weight, and what halves leave behind is no good choice in the
    end.
    """
    given = move is not None or final_move is not None
    if given or not isinstance(objective, Objective):
        return final_move
    if not isinstance(particles, ParticleSet) or particles.weights.min() <= 0.0:
        return None
    x = particles.positions
    quadratic = objective.kernel_pairs(x, x) is not None
    return LBFGS(weights=True) if quadratic else None


def _rounds_of(run: Descent, progress: bool) -> Generator[Round]:
    with watched(progress, run.n_particles) as run.progress:
        run.progress.rows = run.score_rows
        while run.stop is None:
            this = run.next_round()
            if this is not None:
                yield this


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
    prune: float | None = None,
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
        How they multiply; `SteepestSplit` when left out, and under a kernel Stein
        discrepancy `Insertion` where no small split helps.
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
        Show on stderr how far the run has come: a bar of tqdm, or a line a second where
        tqdm is missing or stderr is no terminal.
    final_move : Move, optional
        The move of the last round, when it should differ: early rounds need not rest.
        Where neither is given and the objective is half a squared discrepancy, it
        moves the weights too.
    max_time : float, optional
        Seconds.
    prune : float, optional
        Share by which F may rise for each round's pruning (`pruned`); particles that
        the others can do without then make room for better ones.

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
    as_flag(progress, "progress")
    run = Descent(
        objective,
        particles,
        n_particles=n_particles,
        move=move,
        final_move=_last_move(objective, particles, move, final_move),
        prune=prune,
        growth=growth,
        continuation=continuation,
        tol=tol,
        max_rounds=max_rounds,
        rng=rng,
        deadline=as_deadline(max_time),
    )
    with watched(progress, run.n_particles, run.deadline) as run.progress:
        run.progress.rows = run.score_rows
        with Ending(run.result) as ending:
            run.to_its_end(callback)
    return run.result(ending.stop)
