import numpy as np
import pytest

import splitparticles as sp
from splitparticles.growth.eigenpairs import least_eigenpairs, steepest_directions


@pytest.mark.parametrize("d", [1, 2, 7, 40])
def test_least_eigenpairs_are_those_of_the_matrices(d):
    rng = np.random.default_rng(0)
    scales = np.linspace(0.5, 2.0, d)
    F = sp.KSD(
        sp.InverseMultiquadric(d**0.5),
        lambda x: -x / scales**2,
        lambda x, v: -v / scales**2,
    )
    p = sp.ParticleSet(0.5 * rng.normal(size=(9, d)))
    S = F.splitting_matrices(p)
    values = np.linalg.eigvalsh(S)
    size = np.abs(values[:, 0]).max()
    rng = np.random.default_rng(1)
    found = least_eigenpairs(F, p, rng, tol=1e-3, max_products=2000)
    assert np.abs(found.values - values[:, 0]).max() < 2e-3 * size
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1.0)
    image = np.einsum("nab,nb->na", S, found.vectors)
    left = image - found.values[:, None] * found.vectors
    wanted = np.linalg.norm(left, axis=1)
    np.testing.assert_allclose(found.residuals, wanted, atol=1e-6 * size)


def test_steep_directions_are_a_power_of_the_negative_part():
    rng = np.random.default_rng(0)
    A = rng.normal(size=(200, 5, 5))
    A = A + A.swapaxes(1, 2)
    index, v = steepest_directions(*np.linalg.eigh(A), np.random.default_rng(1))
    xi = np.random.default_rng(1).standard_normal((200, 5))
    for S, lam, u, start in zip(A, index, v, xi, strict=True):
        values, Q = np.linalg.eigh(S)
        negative = (Q * np.maximum(-values, 0.0)) @ Q.T
        wanted = np.linalg.matrix_power(negative / -values[0], 16) @ start
        np.testing.assert_allclose(u, wanted / np.linalg.norm(wanted), atol=1e-9)
        assert lam == pytest.approx(u @ S @ u)
    # where no eigenvalue is negative, the vector of the least
    index, v = steepest_directions(*np.linalg.eigh(A @ A), rng)
    np.testing.assert_allclose(index, np.linalg.eigvalsh(A @ A)[:, 0], atol=1e-9)


@pytest.mark.parametrize("dense", [64, 1])
def test_one_particle_without_a_finite_matrix_does_not_spoil_the_rest(dense):
    F = sp.KSD(sp.Gaussian(2.0), lambda x: np.where(x[:, :1] > 0.5, np.nan, -x))
    p = sp.ParticleSet([[0.0, 0.1], [0.4999999, 0.0], [-0.3, -0.1]])
    grown = sp.SteepestSplit(dense=dense)(F, p, 3, np.random.default_rng(0))
    assert set(grown.parents) == {0, 2} and np.isnan(grown.least_index)
