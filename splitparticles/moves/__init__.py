"""Moves: how particles descend the objective."""

from .adam import Adam
from .gradient_descent import GradientDescent
from .lbfgs import LBFGS
from .move import Move, Moved, NotFinite
from .newest import Newest

__all__ = [
    "Adam",
    "GradientDescent",
    "LBFGS",
    "Move",
    "Moved",
    "Newest",
    "NotFinite",
]
