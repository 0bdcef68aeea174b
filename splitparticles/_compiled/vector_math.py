"""The functions of `math`, with an exponential for the vector units.

The exponential of the C library is a call, one number at a time, and keeps a whole
loop from using the vector units.  Inside compiled profiles this module stands in for
`math`; in plain Python a profile keeps the real one.

exp(x) = 2^k 2^f with k the whole number nearest to x / log 2 and |f| <= 1/2: 2^f by
its Taylor series to order 12, whose remainder is below a unit in the last place, 2^k
by writing k into the exponent's bits.
"""

import math
from typing import Any

import numba
import numpy as np
from numba.extending import overload

_LOG2_E = math.log2(math.e)

# log 2 in two parts, so that x - k log 2 keeps its last digits
_LOG2_HIGH, _LOG2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10

# coefficients of the series, from the highest power to the lowest
_ARTANH = tuple(2.0 / (2 * k + 1) for k in reversed(range(17)))

_TAYLOR = tuple(1.0 / math.factorial(k) for k in reversed(range(13)))

# Added to a float below 2^51 it pushes the fraction out: what remains is the nearest
# whole number, in the lowest bits.
_ROUNDING = 1.5 * 2.0**52

# No fast-math flag but contract: the reduction must not be simplified away.
FLAGS: Any = {
    "error_model": "numpy",
    "fastmath": {"contract"},
    "nogil": True,
}


def __getattr__(name: str):
    """Everything else of `math`."""
    return getattr(math, name)


@numba.njit(**FLAGS)
def exp(x):
    """Exponential, to a unit or two in the last place; x is cut at -708 and 709."""
    x = -708.0 if x < -708.0 else x  # in this form, NaN stays NaN
    x = 709.0 if x > 709.0 else x
    rounded = x * _LOG2_E + _ROUNDING
    k = rounded - _ROUNDING
    f = (x - k * _LOG2_HIGH) - k * _LOG2_LOW
    p = _TAYLOR[0]
    for c in _TAYLOR[1:]:
        p = p * f + c
    bits = (np.float64(rounded).view(np.int64) + 1023) << 52
    return p * np.int64(bits).view(np.float64)


def log_1_plus(t):
    """``log(1 + t)`` of a t from 0 to 1."""
    return math.log1p(t)


@overload(log_1_plus, jit_options=FLAGS)
def _log_1_plus(t):
    def by_series(t):
        s = t / (2.0 + t)
        square = s * s
        # in two halves: LLVM does not unroll, nor then vectorise, a loop of 16
        p = _ARTANH[0]
        for c in _ARTANH[1:9]:
            p = p * square + c
        for c in _ARTANH[9:]:
            p = p * square + c
        return p * s

    return by_series
