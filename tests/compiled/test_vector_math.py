"""The exponential and the roots that stand in for those of `math` inside loops."""

import math

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitparticles._compiled import vector_math as _vector_math
from splitparticles._compiled.compiler import IS_COMPILED

pytestmark = pytest.mark.skipif(not IS_COMPILED, reason="nothing is compiled")


@numba.njit
def inverse_sqrt(x):
    return _vector_math.inverse_sqrt(x)


def ulps(value, wanted):
    """Distance in units of the last place of the wanted value."""
    return abs(value - wanted) / np.spacing(abs(wanted))


@given(st.floats(-707.0, 708.0))
def test_exp_to_two_units_in_the_last_place(x):
    assert ulps(_vector_math.exp(x), math.exp(x)) <= 2


@given(st.floats(1e-300, 1e300))
def test_roots_to_a_few_units_in_the_last_place(x):
    assert ulps(_vector_math.sqrt(x), math.sqrt(x)) <= 1
    assert ulps(inverse_sqrt(x), 1.0 / math.sqrt(x)) <= 3


def test_plain_python_has_the_plain_root():
    assert _vector_math.inverse_sqrt(4.0) == 0.5


def test_at_the_ends():
    assert _vector_math.exp(0.0) == 1.0
    assert 0.0 < _vector_math.exp(-1e300) < 1e-300
    assert _vector_math.exp(-math.inf) < 1e-300
    assert _vector_math.exp(1e300) > 1e307
    assert _vector_math.sqrt(0.0) == 0.0
    assert _vector_math.sqrt(math.inf) == math.inf
    assert inverse_sqrt(math.inf) == 0.0


@pytest.mark.parametrize("f", [_vector_math.exp, _vector_math.sqrt, inverse_sqrt])
def test_nan_is_not_hidden(f):
    assert math.isnan(f(math.nan))
    assert f is _vector_math.exp or math.isnan(_vector_math.sqrt(-1.0))
