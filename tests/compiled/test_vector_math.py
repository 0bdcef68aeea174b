"""The exponential and the logarithm that stand in for those of `math` inside loops."""

import math

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitparticles._compiled.compiler import IS_COMPILED
from splitparticles._compiled.vector_math import exp, log_1_plus

pytestmark = pytest.mark.skipif(not IS_COMPILED, reason="the bits of compiled numbers")


@numba.njit
def compiled_log_1_plus(t):
    return log_1_plus(t)


def ulps(value, wanted):
    """Distance in units of the last place of the wanted value."""
    return abs(value - wanted) / np.spacing(abs(wanted))


@given(st.floats(-707.0, 708.0))
def test_exp_to_two_units_in_the_last_place(x):
    assert ulps(exp(x), math.exp(x)) <= 2


@given(st.floats(1e-300, 1.0))
def test_log_1_plus_to_a_few_units_in_the_last_place(t):
    assert ulps(compiled_log_1_plus(t), math.log1p(t)) <= 3
    assert log_1_plus(t) == math.log1p(t)  # in plain Python


def test_at_the_ends():
    assert exp(0.0) == 1.0
    assert 0.0 < exp(-1e300) < 1e-300
    assert exp(-math.inf) < 1e-300
    assert exp(1e300) > 1e307
    assert compiled_log_1_plus(0.0) == 0.0


@pytest.mark.parametrize("f", [exp, compiled_log_1_plus])
def test_nan_is_not_hidden(f):
    assert math.isnan(f(math.nan))
