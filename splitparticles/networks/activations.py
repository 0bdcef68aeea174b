r"""Activations: a named tuple of parameters, and one profile.

A neuron of a one-hidden-layer network is :math:`\sigma(a^T x + b)`, with an activation
:math:`\sigma` of one number.  The profile returns :math:`\sigma` and its first two
derivatives; outputs, gradients and splitting matrices follow from these.  An activation
of your own is one tuple and one such function, declared by `splitparticles.profile_of`
as for a kernel.
"""

import math
from typing import NamedTuple

from .._compiled.compiler import profile_of
from .._compiled.vector_math import log_1_plus
from .._validation import as_positive, with_checked_fields

__all__ = ["RBF", "ReLU", "Softplus", "Tanh"]


class RBF(NamedTuple):
    r"""Gaussian, :math:`\sigma(z) = e^{-z^2/2}`: the toy of ``LWW19``."""


@profile_of(RBF)
def rbf_profile(activation, z):
    """Gaussian and its derivatives."""
    value = math.exp(-0.5 * z * z)
    return value, -z * value, (z * z - 1.0) * value


class Tanh(NamedTuple):
    r"""Hyperbolic tangent, :math:`\sigma(z) = \tanh z`."""


@profile_of(Tanh)
def tanh_profile(activation, z):
    """Hyperbolic tangent and its derivatives."""
    t = math.exp(-2.0 * abs(z))  # cannot overflow
    size = (1.0 - t) / (1.0 + t)
    value = size if z >= 0.0 else -size
    slope = 4.0 * t / (1.0 + t) ** 2
    return value, slope, -2.0 * value * slope


@with_checked_fields(sharpness=as_positive)
class Softplus(NamedTuple):
    r"""Smooth ramp, :math:`\sigma(z) = \log(1 + e^{\beta z}) / \beta`.

    Parameters
    ----------
    sharpness : float
        :math:`\beta`; the corner of the ramp is about :math:`1/\beta` wide.
    """

    sharpness: float = 1.0


@profile_of(Softplus)
def softplus_profile(activation, z):
    """Smooth ramp and its derivatives."""
    b = activation.sharpness
    t = math.exp(-abs(b * z))
    slope = (1.0 if z >= 0.0 else t) / (1.0 + t)
    ramp = z if z >= 0.0 else 0.0 * z  # in this form, NaN stays NaN
    return ramp + log_1_plus(t) / b, slope, b * slope * (1.0 - slope)


@with_checked_fields(sharpness=as_positive)
class ReLU(NamedTuple):
    r"""Ramp, :math:`\sigma(z) = \max(z, 0)`.

    Its curvature is a delta function at the corner, which finitely many inputs miss.
    Splitting matrices take the curvature of `Softplus` instead, as the published code
    does (key ``LWW19``).  The change that they predict is then an approximation; the
    change by which a split is judged stays exact.

    Parameters
    ----------
    sharpness : float
        :math:`\beta` of that softplus.
    """

    sharpness: float = 3.0


@profile_of(ReLU)
def relu_profile(activation, z):
    """Ramp, its slope, and the curvature of the softplus."""
    b = activation.sharpness
    smooth_slope = 1.0 / (1.0 + math.exp(-abs(b * z)))
    slope = 1.0 if z > 0.0 else 0.0
    return z * slope, slope, b * smooth_slope * (1.0 - smooth_slope)
