from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import splitparticles as sp
from splitparticles._compiled.compiler import profile
from splitparticles.kernels.radial import InverseRoot, Reciprocal, at_bandwidth
from splitparticles.testing.oracles import RADIAL, profiles


@pytest.mark.parametrize(
    "kernel", [*RADIAL, InverseRoot(0.8), Reciprocal(0.8)], ids=str
)
def test_each_derivative_of_a_profile_is_the_slope_of_the_one_before(kernel):
    u = np.array([0.05, 0.4, 1.7, 6.0])
    step = 1e-5 * u
    slopes = (profiles(kernel, u + step) - profiles(kernel, u - step)) / (2 * step)
    np.testing.assert_allclose(profiles(kernel, u)[1:], slopes[:-1], rtol=1e-7)


@pytest.mark.parametrize("kernel", RADIAL, ids=str)
def test_a_kernel_is_one_at_distance_zero_and_falls(kernel):
    assert profile(kernel, 0.0)[0] == 1.0
    values = [profile(kernel, u)[0] for u in (0.0, 0.5, 1.0, 10.0, 1e6)]
    assert np.all(np.diff(values) < 0) and values[-1] >= 0


def test_the_two_forms_of_the_inverse_multiquadric_agree():
    general = profile(sp.InverseMultiquadric(1.7, -0.5), 2.3)
    np.testing.assert_allclose(profile(InverseRoot(1.7), 2.3), general, rtol=1e-14)
    assert sp.InverseMultiquadric(1.7).in_loops() == InverseRoot(1.7)
    assert sp.InverseMultiquadric(1.7, -0.4).in_loops() == (1.7, -0.4)


def test_the_two_forms_of_the_rational_quadratic_agree():
    general = profile(sp.RationalQuadratic(1.7, 1.0), 2.3)
    np.testing.assert_allclose(profile(Reciprocal(1.7), 2.3), general, rtol=1e-14)
    assert sp.RationalQuadratic(1.7).in_loops() == Reciprocal(1.7)
    assert sp.RationalQuadratic(1.7, 0.4).in_loops() == (1.7, 0.4)


def test_rational_quadratic_tends_to_the_gaussian():
    near, limit = sp.RationalQuadratic(1.2, 1e8), sp.Gaussian(1.2)
    np.testing.assert_allclose(profile(near, 0.9), profile(limit, 0.9), rtol=1e-7)


@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_the_bandwidth_is_a_unit_of_length(bandwidth, r):
    for kernel in RADIAL:
        scaled = at_bandwidth(kernel, bandwidth * kernel.bandwidth)
        u = (bandwidth * r) ** 2
        np.testing.assert_allclose(
            profile(scaled, u)[0], profile(kernel, r * r)[0], rtol=1e-9, atol=1e-300
        )


def test_median_bandwidth_is_the_median_and_stays_finite():
    assert sp.median_bandwidth([[0.0], [1.0], [3.0]]) == 2.0
    assert sp.median_bandwidth([[4.0, 2.0]]) == 1.0
    assert sp.median_bandwidth([[4.0, 2.0]] * 7) == 1.0
    assert sp.median_bandwidth([[0.0], [0.0], [0.0], [5.0]]) == 5.0
    assert np.isfinite(sp.median_bandwidth([[0.0], [1e200]]))
    many = np.random.default_rng(0).normal(size=(5000, 3))
    assert abs(sp.median_bandwidth(many) - 2.2) < 0.2


def test_a_profile_is_declared_for_a_named_tuple_and_two_arguments():
    with pytest.raises(TypeError, match="named tuple"):
        sp.profile_of(int)

    class Mine(NamedTuple):
        bandwidth: float = 1.0

    with pytest.raises(TypeError, match="kernel, u"):
        sp.profile_of(Mine)(lambda u: u)
