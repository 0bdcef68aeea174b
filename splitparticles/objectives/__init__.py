"""Objectives: functionals of a particle measure."""

from .ksd import KSD
from .mmd import MMD
from .objective import FirstVariation, Objective, Sum

__all__ = ["FirstVariation", "KSD", "MMD", "Objective", "Sum"]
