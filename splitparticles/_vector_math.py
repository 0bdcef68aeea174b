"""The functions of `math`, with an exponential that LLVM can vectorise.

The exponential of the C library is a call, one number at a time, and keeps a whole
loop from using the vector units.  Inside compiled profiles this module stands in
for `math`; in plain Python a profile keeps the real one.

exp(x) = 2^k 2^f with k the whole number nearest to x / log 2 and |f| <= 1/2: 2^f by
its Taylor series to order 13, whose remainder is below a unit in the last place,
2^k by writing k into the exponent's bits.
"""

import math
from math import *  # noqa: F403  (this module stands in for math)

import numba
from numba.core import types
from numba.extending import intrinsic

_LOG2_E = math.log2(math.e)
# log 2 in two parts, so that x - k log 2 keeps its last digits
_LOG2_HIGH, _LOG2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_TAYLOR = tuple(1.0 / math.factorial(k) for k in range(14))


@intrinsic
def _bits_as_float(context, bits):
    """Read an int64's bits as a float64."""

    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], context.get_value_type(types.float64))

    return types.float64(types.int64), generate


# No fast-math flag but contract: the reduction must not be simplified away.
@numba.njit(error_model="numpy", fastmath={"contract"}, nogil=True)
def exp(x):
    """Exponential, to a unit or two in the last place; 0 below -708, inf above 709."""
    k = math.floor(min(max(x, -709.0), 710.0) * _LOG2_E + 0.5)
    f = (x - k * _LOG2_HIGH) - k * _LOG2_LOW
    p = _TAYLOR[13]
    p = p * f + _TAYLOR[12]
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
    # in two factors, since 2^1024 itself has no float
    half = int(k) >> 1
    y = p * _power_of_two(half) * _power_of_two(int(k) - half)
    y = 0.0 if x < -708.0 else y
    return math.inf if x > 709.0 else y


@numba.njit(error_model="numpy", nogil=True)
def _power_of_two(k):
    return _bits_as_float((k + 1023) << 52)
