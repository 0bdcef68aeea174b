import numpy as np
import pytest

import splitparticles as sp
from splitparticles.kernels import kernel_sums as sums
from splitparticles.testing.oracles import (
    DIMENSIONS,
    RADIAL,
    close,
    differences,
    kernel_matrix,
)

KERNELS = [*RADIAL, sp.RationalQuadratic(0.9), sp.Energy(0.8), sp.Quadratic()]
every_kernel = pytest.mark.parametrize("kernel", KERNELS, ids=str)
every_dimension = pytest.mark.parametrize("d", DIMENSIONS)
either_sign = pytest.mark.parametrize("signed", [False, True])


def problem(d, signed, n=7, m=4):
    rng = np.random.default_rng([d, signed, n])
    x, y = rng.normal(size=(m, d)) / d**0.5, rng.normal(size=(n, d)) / d**0.5
    x[1] = y[2]  # a particle meets itself
    v = rng.normal(size=n) if signed else rng.dirichlet(np.ones(n))
    return x, y, v, rng.normal(size=(m, d))


@every_kernel
@every_dimension
@either_sign
def test_value_and_gradient(kernel, d, signed):
    x, y, v, _ = problem(d, signed)
    oracle = kernel_matrix(kernel, x, y) @ v
    close(sums.kernel_sum(kernel, x, y, v), oracle, 1e-13)
    value, gradient = sums.kernel_sum_gradient(kernel, x, y, v)
    close(value, oracle, 1e-13)
    slope = differences(lambda at: kernel_matrix(kernel, at, y) @ v, x)
    close(gradient, slope)


@every_kernel
@every_dimension
@either_sign
def test_hessian_and_its_product(kernel, d, signed):
    x, y, v, p = problem(d, signed)
    hessian = sums.kernel_sum_hessian(kernel, x, y, v)
    slopes = differences(lambda at: sums.kernel_sum_gradient(kernel, at, y, v)[1], x)
    # Matern's Hessian has a kink where a particle meets itself
    close(hessian, slopes, 1e-4 if isinstance(kernel, sp.Matern52) else 1e-7)
    product = sums.kernel_sum_hessian_product(kernel, x, y, v, p)
    close(product, np.einsum("iab,ib->ia", hessian, p), 1e-12)


@every_kernel
def test_pairs_are_the_diagonal(kernel, rng):
    x, y = rng.normal(size=(2, 6, 3))
    close(sums.kernel_pairs(kernel, x, y), np.diag(kernel_matrix(kernel, x, y)), 1e-13)


@pytest.mark.parametrize("n", [1, 255, 256, 257, 600])
def test_any_number_of_partners_fills_the_blocks(n, rng):
    x, y, v = rng.normal(size=(5, 3)), rng.normal(size=(n, 3)), rng.normal(size=n)
    kernel = sp.InverseMultiquadric(1.2)
    oracle = kernel_matrix(kernel, x, y) @ v
    close(sums.kernel_sum(kernel, x, y, v), oracle, 1e-12)
    close(sums.kernel_sum_gradient(kernel, x, y, v)[0], oracle, 1e-12)


@pytest.mark.filterwarnings("ignore:invalid value")  # loops in plain Python warn
def test_what_is_no_number_stays_visible(rng):
    x, y, v = rng.normal(size=(3, 2)), rng.normal(size=(9, 2)), np.ones(9)
    for bad in (np.nan, np.inf):
        x[1, 0] = bad
        value, gradient = sums.kernel_sum_gradient(sp.Gaussian(1.0), x, y, v)
        assert not np.isfinite(gradient[1]).all()
        assert np.isfinite(value[[0, 2]]).all() and np.isfinite(gradient[[0, 2]]).all()


def test_a_tuple_without_a_profile_is_refused(rng):
    x = rng.normal(size=(3, 2))
    with pytest.raises(TypeError, match="profile"):
        sums.kernel_sum((1.0,), x, x, np.ones(3))


def test_the_vector_exponential_is_that_of_the_library(rng):
    # Gaussian weights over the whole range where they are not zero
    x = np.zeros((1, 1))
    for r in np.append(rng.uniform(0, 37.6, 200), [0.0, 1e-9, 37.7, 38.5, 1e3]):
        h = sums.kernel_sum(sp.Gaussian(1.0), x, np.array([[r]]), np.ones(1))[0]
        wanted = np.exp(-0.5 * r * r)
        assert abs(h - wanted) <= 4e-16 * wanted + 1e-307
