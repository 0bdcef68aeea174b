r"""Tempering: from a Gaussian reference to the target, at rising inverse temperatures.

.. math:: p_\beta \propto p^\beta q_0^{1 - \beta}, \qquad
          s_\beta(x) = \beta\, s(x) + (1 - \beta)\, (c - x) / \sigma^2,

with :math:`q_0 = N(c, \sigma^2 I)` about the start.  At the first temperature all modes
are one, and splits reach into every part of it; as it cools, particles are only moved,
and each stays with the mode it came to.
"""

from collections.abc import Sequence

import numpy as np

from .._validation import as_floats
from ..coordinates.choose import chosen_preconditioner
from ..descent.loop import Descent
from ..particles import ParticleSet
from ..scores.counted import CountedScore
from .adaptation import AdaptiveFrame, Task
from .start import Start, is_found

BREADTH = 2.0  # least standard deviation of the reference, in the user's units


def checked_schedule(tempering) -> np.ndarray | None:
    """Inverse temperatures, or None for "auto" and False.

    Raises
    ------
    ValueError
        When they do not increase from above 0 to 1.
    """
    if tempering is False or (isinstance(tempering, str) and tempering == "auto"):
        return None
    wanted = "an increasing sequence of inverse temperatures above 0, ending in 1"
    if isinstance(tempering, (str, bool)) or not isinstance(
        tempering, (Sequence, np.ndarray)
    ):
        raise ValueError(
            f'tempering must be "auto", False or {wanted}, got {tempering!r}'
        )
    betas = as_floats(tempering, "tempering", wanted)
    rises = betas.ndim == 1 and len(betas) and betas[0] > 0 and betas[-1] == 1.0
    if not (rises and (np.diff(betas) > 0).all()):
        raise ValueError(f"tempering must be {wanted}, got {tempering!r}")
    return betas


def cooled_start(
    task: Task, cloud: np.ndarray, schedule: np.ndarray, *, preconditioner, **options
) -> Start:
    """Start from a cloud that was cooled to the last temperature but one.

    The options are those of `Descent`.
    """
    centre, identity = cloud.mean(axis=0), np.eye(cloud.shape[1])
    kind = "none" if is_found(preconditioner) else preconditioner
    change = chosen_preconditioner(kind, centre, identity)
    particles = ParticleSet(cloud)
    for beta in schedule[:-1]:
        score = tempered(task.score, beta, cloud)
        frame = AdaptiveFrame.of(task._replace(score=score), change)
        z = change.to_working(particles.positions)
        run = Descent(frame.objective, particles.moved_to(z), frame=frame, **options)
        while run.stop is None:
            run.next_round()
        assert run.frame.change is not None
        change, particles = run.frame.change, run.frame.to_user(run.particles)
    return Start(change, particles)


def tempered(score: CountedScore, beta: float, cloud: np.ndarray) -> CountedScore:
    """Score of the target at inverse temperature beta, counted by the given one.

    The reference has the mean of the start cloud (n0, d) and its standard deviations,
    or `BREADTH` where that is more.
    """
    centre = cloud.mean(axis=0)
    precision = 1.0 / np.maximum(cloud.std(axis=0), BREADTH) ** 2

    def cooled(x):
        return beta * score(x) + (1.0 - beta) * precision * (centre - x)

    if score.product is None:
        return CountedScore(cooled)
    given = score.product

    def product(x, v):
        return beta * given(x, v) - (1.0 - beta) * precision * v

    return CountedScore(cooled, product)
