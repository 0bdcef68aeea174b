"""One profile, one compiled copy; a user's kernel is as good as a built-in one."""

import logging
import math
from typing import NamedTuple

import numpy as np
import pytest

import splitparticles as sp
from splitparticles._compiled.compiler import IS_COMPILED, compiled, profile
from splitparticles.kernels.stein_sums import stein_sum_gradient


class Own(NamedTuple):
    bandwidth: float = 1.0


@sp.profile_of(Own)
def own_profile(kernel, u):
    a = 1.0 / kernel.bandwidth**2
    over = 1.0 / (1.0 + a * u)
    phi = math.sqrt(over)
    phi1 = -0.5 * a * phi * over
    phi2 = -1.5 * a * phi1 * over
    phi3 = -2.5 * a * phi2 * over
    return phi, phi1, phi2, phi3, -3.5 * a * phi3 * over


def short_loop(kernel, u, out, first, last):
    for i in range(first, last):
        out[i] = profile(kernel, u[i])[0]


def test_a_users_kernel_gives_the_sums_of_the_built_in_one(rng):
    x, v = rng.normal(size=(30, 2)), np.full(30, 1 / 30)
    for own, built_in in zip(
        stein_sum_gradient(Own(1.3), x, -x, x, -x, v),
        stein_sum_gradient(sp.InverseMultiquadric(1.3), x, -x, x, -x, v),
        strict=True,
    ):
        np.testing.assert_allclose(own, built_in, rtol=1e-12, atol=1e-14)


def test_each_kernel_class_gets_one_copy_and_says_so_once(caplog):
    loop, u, out = compiled(short_loop), np.array([0.0, 3.0]), np.zeros(2)
    with caplog.at_level(logging.INFO, logger="splitparticles"):
        for bandwidth in (1.0, 2.0):
            loop(Own(bandwidth), u, out, 0, 2)
            np.testing.assert_allclose(out, [1.0, (1 + 3 / bandwidth**2) ** -0.5])
        loop(sp.Gaussian(1.0), u, out, 0, 1)
    messages = [record.getMessage() for record in caplog.records]
    assert messages == [
        "compiling or loading short_loop for Own(bandwidth=1.0)",
        "compiling or loading short_loop for Gaussian(bandwidth=1.0)",
    ]
    np.testing.assert_allclose(out, [1.0, (1 + 3 / 4) ** -0.5])  # row 1 is not filled


@pytest.mark.skipif(not IS_COMPILED, reason="plain Python has another error")
def test_a_profile_that_cannot_be_compiled_is_numbas_error():
    class Wrong(NamedTuple):
        bandwidth: float = 1.0

    @sp.profile_of(Wrong)
    def wrong(kernel, u):
        return kernel.no_such_field, 0.0, 0.0, 0.0, 0.0

    with pytest.raises(Exception, match="no_such_field") as error:
        compiled(short_loop)(Wrong(), np.zeros(1), np.zeros(1), 0, 1)
    assert type(error.value).__module__.startswith("numba")
