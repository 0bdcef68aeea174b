"""Objectives: functionals of a particle measure."""

from .discrepancy import Discrepancy
from .ksd import KSD
from .mmd import MMD
from .new_particles import InsertionPath
from .objective import FirstVariation, Objective, Sum

__all__ = [
    "Discrepancy",
    "FirstVariation",
    "InsertionPath",
    "KSD",
    "MMD",
    "Objective",
    "Sum",
]
