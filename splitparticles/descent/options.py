"""Moves and growth that the options of `sample` and `compress` stand for."""

from dataclasses import replace
from enum import Enum
from typing import Literal

from .._validation import as_callable, as_flag, as_optional, as_positive
from ..growth import Growth, OrElse, SteepestSplit
from ..growth.equal_weights import Equalised
from ..moves import LBFGS, Adam, GradientDescent, Move

EARLY = LBFGS(max_iter=8, tol=1e-3)  # particles that split anyway need not rest

LAST = LBFGS(max_iter=32, tol=1e-6)


class Weights(Enum):
    """How the weights of particles are kept: equal, optimal, or as splits left them."""

    EQUAL = "equal"
    OPTIMAL = "optimal"
    KEPT = "kept"


def check_options(objective, tol, callback, progress) -> None:
    """Refuse options of `sample` and `compress` before any work."""
    for function, name in ((objective, "objective"), (callback, "callback")):
        if function is not None:
            as_callable(function, name, "object")
    as_optional(as_positive, tol, "tol")
    as_flag(progress, "progress")


def chosen_weights(weights: Literal["equal", "optimal"]) -> Weights:
    """Weights that the user's option stands for."""
    if not (isinstance(weights, str) and weights in ("equal", "optimal")):
        raise ValueError(f'weights must be "equal" or "optimal", got {weights!r}')
    return Weights(weights)


def moves_for(move: Move | None, weights: Weights) -> tuple[Move, Move | None]:
    """The move of early rounds and that of the last one; None where it is the same."""
    free = weights is Weights.OPTIMAL
    if isinstance(move, (GradientDescent, Adam, LBFGS)):
        return replace(move, weights=free), None
    if move is not None:  # one of the user's own, which decides about weights itself
        return as_callable(move, "move", "(objective, particles)"), None
    return replace(EARLY, weights=free), replace(LAST, weights=free)


def growth_for(
    growth: Growth | None, weights: Weights, *, otherwise: Growth | None = None
) -> Growth:
    """Growth that keeps the weights so; by default splits, or `otherwise` else."""
    if growth is None:
        growth = SteepestSplit(everyone=True)
        growth = growth if otherwise is None else OrElse(growth, otherwise)
    as_callable(growth, "growth", "(objective, particles, limit, rng)")
    return Equalised(growth) if weights is Weights.EQUAL else growth
