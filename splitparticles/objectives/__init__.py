"""Objectives: functionals of a particle measure."""

from .discrepancy import Discrepancy
from .ksd import KSD
from .mmd import MMD
from .objective import FirstVariation, Newcomer, Objective, Sum

__all__ = [
    "Discrepancy",
    "FirstVariation",
    "KSD",
    "MMD",
    "Newcomer",
    "Objective",
    "Sum",
]
