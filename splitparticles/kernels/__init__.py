"""Kernels, and weighted sums of them with derivatives."""

from .polynomial import Linear, Quadratic
from .radial import (
    Energy,
    Gaussian,
    InverseMultiquadric,
    Matern52,
    RationalQuadratic,
    median_bandwidth,
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
