"""Moves: how particles go downhill."""

from .adam import Adam
from .gradient_descent import GradientDescent
from .lbfgs import LBFGS
from .move import Move, Moved, NotFinite

__all__ = ["Adam", "GradientDescent", "LBFGS", "Move", "Moved", "NotFinite"]
