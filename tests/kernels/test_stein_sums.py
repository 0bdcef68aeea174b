import numpy as np
import pytest

import splitparticles as sp
from splitparticles.kernels import _stein_tiles as _stein_tiles
from splitparticles.kernels import stein_sums as sums
from splitparticles.testing.oracles import (
    DIMENSIONS,
    SMOOTH,
    close,
    differences,
    stein_matrix,
)

KERNELS = [*SMOOTH, sp.RationalQuadratic(0.9), sp.Linear(), sp.Quadratic()]
every_kernel = pytest.mark.parametrize("kernel", KERNELS, ids=str)
every_dimension = pytest.mark.parametrize("d", DIMENSIONS)
either_sign = pytest.mark.parametrize("signed", [False, True])


def problem(d, signed, n=7, m=4):
    rng = np.random.default_rng([d, signed, n])
    x, y = rng.normal(size=(m, d)) / d**0.5, rng.normal(size=(n, d)) / d**0.5
    sx, sy = rng.normal(size=(m, d)), rng.normal(size=(n, d))
    x[1], sx[1] = y[2], sy[2]  # a particle meets itself
    v = rng.normal(size=n) if signed else rng.dirichlet(np.ones(n))
    return x, sx, y, sy, v, rng.normal(size=(m, d))


@every_kernel
@every_dimension
@either_sign
def test_value_and_gradient_with_the_score_held(kernel, d, signed):
    x, sx, y, sy, v, _ = problem(d, signed)
    oracle = stein_matrix(kernel, x, sx, y, sy) @ v
    close(sums.stein_sum(kernel, x, sx, y, sy, v), oracle, 1e-13)
    h, g, _ = sums.stein_sum_gradient(kernel, x, sx, y, sy, v)
    close(h, oracle, 1e-13)
    close(g, differences(lambda at: stein_matrix(kernel, at, sx, y, sy) @ v, x))


@every_kernel
@every_dimension
@either_sign
def test_the_field_is_the_slope_in_the_score(kernel, d, signed):
    # h = s.u + div u is linear in the score at x
    x, sx, y, sy, v, _ = problem(d, signed)
    _, _, field = sums.stein_sum_gradient(kernel, x, sx, y, sy, v)
    close(field, differences(lambda s: stein_matrix(kernel, x, s, y, sy) @ v, sx))


@every_kernel
@every_dimension
@either_sign
def test_hessian_jacobian_and_their_products(kernel, d, signed):
    x, sx, y, sy, v, p = problem(d, signed)
    H, U = sums.stein_sum_hessian(kernel, x, sx, y, sy, v)

    def part(k):
        return lambda at: sums.stein_sum_gradient(kernel, at, sx, y, sy, v)[k]

    if isinstance(kernel, sp.Linear):
        assert not H.any()
    else:
        close(H, differences(part(1), x))
    close(U, differences(part(2), x))
    Hp, Up, Utp = sums.stein_sum_hessian_product(kernel, x, sx, y, sy, v, p)
    np.testing.assert_allclose(Hp, np.einsum("iab,ib->ia", H, p), atol=1e-11)
    np.testing.assert_allclose(Up, np.einsum("iab,ib->ia", U, p), atol=1e-11)
    np.testing.assert_allclose(Utp, np.einsum("iba,ib->ia", U, p), atol=1e-11)


@every_kernel
def test_pairs_are_the_diagonal(kernel, rng):
    x, sx, y, sy = rng.normal(size=(4, 6, 3))
    oracle = np.diag(stein_matrix(kernel, x, sx, y, sy))
    close(sums.stein_pairs(kernel, x, sx, y, sy), oracle, 1e-13)


@pytest.mark.parametrize("n", [1, 255, 256, 257, 600])
def test_any_number_of_partners_fills_the_blocks(n, rng):
    x, sx = rng.normal(size=(2, 5, 3))
    y, sy = rng.normal(size=(2, n, 3))
    v = rng.normal(size=n)
    kernel = sp.InverseMultiquadric(1.2)
    oracle = stein_matrix(kernel, x, sx, y, sy) @ v
    close(sums.stein_sum(kernel, x, sx, y, sy, v), oracle, 1e-12)
    close(sums.stein_sum_gradient(kernel, x, sx, y, sy, v)[0], oracle, 1e-12)


@pytest.mark.parametrize("kernel", SMOOTH, ids=str)
@pytest.mark.parametrize("m, n, d", [(1, 1, 1), (5, 9, 3), (70, 50, 20)])
def test_products_by_blas_give_what_the_loops_do(kernel, m, n, d, monkeypatch):
    monkeypatch.setattr(_stein_tiles, "TILE", 32)
    x, sx, y, sy, v, _ = problem(d, True, max(n, 3), max(m, 2))
    x, y = x + 3.0, y + 3.0
    loops = sums.stein_sum_gradient(kernel, x, sx, y, sy, v)
    monkeypatch.setattr(_stein_tiles, "WORTH_IT", 1)
    tiles = sums.stein_sum_gradient(kernel, x, sx, y, sy, v)
    for new, old in zip(tiles, loops, strict=True):
        close(new, old, 1e-12)


def test_one_particle_that_is_not_finite_spoils_all_sums():
    x, s = np.random.default_rng(0).normal(size=(2, 500, 2))
    s[77] = np.nan
    v = np.full(500, 1.0 / 500)
    h, _, _ = sums.stein_sum_gradient(sp.Gaussian(1.0), x, s, x, s, v)
    assert np.isnan(h).all()


def test_a_tuple_without_a_profile_is_refused(rng):
    x = rng.normal(size=(3, 2))
    with pytest.raises(TypeError, match="profile"):
        sums.stein_sum((1.0,), x, x, x, x, np.ones(3))
