r"""Activations: a named tuple of parameters, and one profile.

A neuron of a one-hidden-layer network is :math:`\sigma(a^T x + b)`; its activation
:math:`\sigma` takes one number.  The profile returns :math:`\sigma` and its first two
derivatives: outputs, gradients and splitting matrices of every network in this package
follow from those three numbers, so an activation of your own is one tuple and one
function, declared by `splitparticles.profile_of` as a kernel's is.
"""

import math
from typing import NamedTuple

from .._compiled.compiler import profile_of
from .._compiled.vector_math import log_1_plus

__all__ = ["RBF", "ReLU", "Softplus", "Tanh"]


class RBF(NamedTuple):
    r"""Bell, :math:`\sigma(z) = e^{-z^2/2}`: the papers' toy (key ``LWW19``)."""


@profile_of(RBF)
def rbf_profile(activation, z):
    """Return the bell and its derivatives."""
    value = math.exp(-0.5 * z * z)
    return value, -z * value, (z * z - 1.0) * value


class Tanh(NamedTuple):
    r"""Hyperbolic tangent, :math:`\sigma(z) = \tanh z`."""


@profile_of(Tanh)
def tanh_profile(activation, z):
    """Hyperbolic tangent, from an exponential that cannot overflow."""
    t = math.exp(-2.0 * abs(z))
    size = (1.0 - t) / (1.0 + t)
    value = size if z >= 0.0 else -size
    slope = 4.0 * t / (1.0 + t) ** 2
    return value, slope, -2.0 * value * slope


class Softplus(NamedTuple):
    r"""Smooth ramp, :math:`\sigma(z) = \log(1 + e^{\beta z}) / \beta`.

    Parameters
    ----------
    sharpness : float
        :math:`\beta`: the ramp's corner is about :math:`1/\beta` wide.
    """

    sharpness: float = 1.0


@profile_of(Softplus)
def softplus_profile(activation, z):
    """Return the smooth ramp and its derivatives."""
    b = activation.sharpness
    t = math.exp(-abs(b * z))
    slope = (1.0 if z >= 0.0 else t) / (1.0 + t)
    ramp = z if z >= 0.0 else 0.0 * z  # in this form, NaN stays NaN
    return ramp + log_1_plus(t) / b, slope, b * slope * (1.0 - slope)


class ReLU(NamedTuple):
    r"""Ramp, :math:`\sigma(z) = \max(z, 0)`.

    Its curvature is nothing but a spike at the corner, which no finite set of inputs
    sees.  Splitting matrices take that of `Softplus` instead, as the published code
    does (key ``LWW19``): what they predict is then a guess, and what a split gains is
    measured all the same.

    Parameters
    ----------
    sharpness : float
        Of the ramp whose curvature stands in.
    """

    sharpness: float = 3.0


@profile_of(ReLU)
def relu_profile(activation, z):
    """Ramp, its step, and a smooth spike."""
    b = activation.sharpness
    # exp(-708) is still a number, so the product of both is never 0 times infinity
    rise = 1.0 / (1.0 + math.exp(-abs(b * z)))
    up = 1.0 if z > 0.0 else 0.0
    return z * up, up, b * rise * (1.0 - rise)
