"""Kernels, and weighted sums of them with derivatives."""

from .bandwidth import median_bandwidth
from .polynomial import Linear, Quadratic
from .radial import (
    Energy,
    Gaussian,
    InverseMultiquadric,
    Matern52,
    RationalQuadratic,
)

__all__ = [
    "Energy",
    "Gaussian",
    "InverseMultiquadric",
    "Linear",
    "Matern52",
    "Quadratic",
    "RationalQuadratic",
    "median_bandwidth",
]
