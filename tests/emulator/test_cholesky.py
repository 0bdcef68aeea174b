import numpy as np
import pytest

from splitparticles._compiled.threads import using_threads
from splitparticles.emulator.cholesky import TILE, factorised, tile_index, tiles_for
from splitparticles.kernels.radial import RationalQuadratic

KERNEL = RationalQuadratic(1.0)  # any: the loops are compiled for its class


def in_tiles(A):
    n = len(A)
    tiles = tiles_for(n)
    for i in range(n):
        for j in range(i + 1):
            place = tile_index.py_func if hasattr(tile_index, "py_func") else tile_index
            tiles[place(i // TILE, j // TILE), j % TILE, i % TILE] = A[i, j]
    return tiles


def matrix(n, rng):
    x = rng.normal(size=(n, n + 5))
    return x @ x.T / n + np.eye(n)


@pytest.mark.parametrize("n", [1, 63, 64, 65, 200])
def test_solutions_and_determinant(n, rng):
    A, b = matrix(n, rng), rng.normal(size=(3, n))
    factor = factorised(KERNEL, in_tiles(A), n)
    np.testing.assert_allclose(factor.solve(b), np.linalg.solve(A, b.T).T, atol=1e-11)
    half = factor.half_solve(b)[:3, :n]
    L = np.linalg.cholesky(A)
    np.testing.assert_allclose(half, np.linalg.solve(L, b.T).T, atol=1e-11)
    assert factor.log_determinant() == pytest.approx(np.linalg.slogdet(A)[1])


def test_any_number_of_threads_gives_the_same_bits(rng):
    n = 600
    A, b = matrix(n, rng), rng.normal(size=(90, n))

    def answers(n_threads):
        with using_threads(n_threads):
            factor = factorised(KERNEL, in_tiles(A), n)
            return factor.tiles.tobytes(), factor.solve(b).tobytes()

    assert answers(1) == answers(2) == answers(3)


def test_a_matrix_that_is_not_positive_definite_is_refused(rng):
    for A in (matrix(100, rng) - 3.0 * np.eye(100), np.ones((100, 100))):
        with pytest.raises(np.linalg.LinAlgError, match="positive definite"):
            factorised(KERNEL, in_tiles(A), 100)
