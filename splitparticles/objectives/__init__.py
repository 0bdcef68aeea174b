"""Objectives: functionals of a particle measure."""

from .discrepancy import Discrepancy
from .ksd import KSD
from .mmd import MMD
from .network import Network
from .objective import FirstVariation, Newcomer, Objective
from .rbf_network import RBFNetwork
from .sum import Sum

__all__ = [
    "Discrepancy",
    "FirstVariation",
    "KSD",
    "MMD",
    "Network",
    "Newcomer",
    "Objective",
    "RBFNetwork",
    "Sum",
]
