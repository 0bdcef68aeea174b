"""The functions of `math`, with an exponential and roots for the vector units.

The exponential of the C library is a call, one number at a time, and keeps a whole
loop from using the vector units; the processor's own root is correct to the last bit
and takes as long as twenty products.  Inside compiled profiles this module stands in
for `math`; in plain Python a profile keeps the real one.

exp(x) = 2^k 2^f with k the whole number nearest to x / log 2 and |f| <= 1/2: 2^f by
its Taylor series to order 12, whose remainder is below a unit in the last place, 2^k
by writing k into the exponent's bits.  1 / sqrt(x) by halving the exponent and four
steps of Newton's, each of which doubles the digits.
"""

import math
from math import *  # noqa: F403  (this module stands in for math)

import numba
from numba.core import types
from numba.extending import intrinsic, overload

_LOG2_E = math.log2(math.e)

# log 2 in two parts, so that x - k log 2 keeps its last digits
_LOG2_HIGH, _LOG2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10

_ARTANH = tuple(2.0 / (2 * k + 1) for k in range(17))

_TAYLOR = tuple(1.0 / math.factorial(k) for k in range(13))

# Added to a float below 2^51 it pushes the fraction out: what remains is the nearest
# whole number, in the lowest bits.
_ROUNDING = 1.5 * 2.0**52

# The bits of 1/sqrt(x) are about this less half the bits of x: to 3 %.
_HALF_WAY = 0x5FE6EB50C7B537A9


# No fast-math flag but contract: the reduction must not be simplified away.
FLAGS = {"error_model": "numpy", "fastmath": {"contract"}, "nogil": True}


@intrinsic
def _bits_as_float(context, bits):
    """Read an int64's bits as a float64."""

    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], context.get_value_type(types.float64))

    return types.float64(types.int64), generate


@intrinsic
def _float_as_bits(context, number):
    """Read a float64's bits as an int64."""

    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], context.get_value_type(types.int64))

    return types.int64(types.float64), generate


@numba.njit(**FLAGS)
def exp(x):
    """Exponential, to a unit or two in the last place; x is cut at -708 and 709."""
    x = -708.0 if x < -708.0 else x  # in this form, NaN stays NaN
    x = 709.0 if x > 709.0 else x
    rounded = x * _LOG2_E + _ROUNDING
    k = rounded - _ROUNDING
    f = (x - k * _LOG2_HIGH) - k * _LOG2_LOW
    p = _TAYLOR[12]
    p = p * f + _TAYLOR[11]
    p = p * f + _TAYLOR[10]
    p = p * f + _TAYLOR[9]
    p = p * f + _TAYLOR[8]
    p = p * f + _TAYLOR[7]
    p = p * f + _TAYLOR[6]
    p = p * f + _TAYLOR[5]
    p = p * f + _TAYLOR[4]
    p = p * f + _TAYLOR[3]
    p = p * f + _TAYLOR[2]
    p = p * f + _TAYLOR[1]
    p = p * f + _TAYLOR[0]
    return p * _bits_as_float((_float_as_bits(rounded) + 1023) << 52)


@numba.njit(**FLAGS)
def _root_by_newton(x):
    """``1 / sqrt(x)`` for positive finite x; finite at 0."""
    y = _bits_as_float(_HALF_WAY - (_float_as_bits(x) >> 1))
    h = -0.5 * x
    y = y * (1.5 + h * y * y)
    y = y * (1.5 + h * y * y)
    y = y * (1.5 + h * y * y)
    return y * (1.5 + h * y * y)


@numba.njit(**FLAGS)
def sqrt(x):
    """Square root, to a unit in the last place; NaN below 0."""
    y = _root_by_newton(x)
    root = x * y
    root += 0.5 * y * (x - root * root)
    root = math.nan if x < 0.0 else root
    return x if x == math.inf else root


def inverse_sqrt(x):
    """``1 / sqrt(x)`` of a positive x."""
    return 1.0 / math.sqrt(x)


@overload(inverse_sqrt, jit_options=FLAGS)
def _inverse_sqrt(x):
    def by_newton(x):
        return 0.0 if x == math.inf else _root_by_newton(x)

    return by_newton


def log_1_plus(t):
    """``log(1 + t)`` of a t from 0 to 1."""
    return math.log1p(t)


@overload(log_1_plus, jit_options=FLAGS)
def _log_1_plus(t):
    def by_series(t):
        s = t / (2.0 + t)
        square = s * s
        p = _ARTANH[16]
        p = p * square + _ARTANH[15]
        p = p * square + _ARTANH[14]
        p = p * square + _ARTANH[13]
        p = p * square + _ARTANH[12]
        p = p * square + _ARTANH[11]
        p = p * square + _ARTANH[10]
        p = p * square + _ARTANH[9]
        p = p * square + _ARTANH[8]
        p = p * square + _ARTANH[7]
        p = p * square + _ARTANH[6]
        p = p * square + _ARTANH[5]
        p = p * square + _ARTANH[4]
        p = p * square + _ARTANH[3]
        p = p * square + _ARTANH[2]
        p = p * square + _ARTANH[1]
        p = p * square + _ARTANH[0]
        return p * s

    return by_series
