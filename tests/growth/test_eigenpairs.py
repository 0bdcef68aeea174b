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


def test_directions_are_eigenvectors_and_random_among_equal_eigenvalues():
    rng = np.random.default_rng(0)
    A = rng.normal(size=(200, 5, 5))
    values, Q = np.linalg.eigh(A + A.swapaxes(1, 2))
    index, v = steepest_directions(values, Q, np.random.default_rng(1))
    assert np.array_equal(index, values[:, 0]) and np.array_equal(v, Q[:, :, 0])
    values[:, 1:3] = values[:, :1]  # three are equal: any unit vector of their space
    drawn = [
        steepest_directions(values, Q, np.random.default_rng(k))[1] for k in (1, 2)
    ]
    for v in drawn:
        c = np.einsum("ndk,nd->nk", Q, v)
        np.testing.assert_allclose(np.linalg.norm(c[:, :3], axis=1), 1.0)
        assert (np.abs(c[:, 0]) < 0.999).mean() > 0.9
    assert np.abs(np.einsum("nd,nd->n", *drawn)).max() < 1.0 - 1e-9
    values[0] = np.nan  # a matrix that is not finite
    assert np.isnan(steepest_directions(values, Q, rng)[0][0])


@pytest.mark.parametrize("dense", [64, 1])
def test_one_particle_without_a_finite_matrix_does_not_spoil_the_rest(dense):
    F = sp.KSD(sp.Gaussian(2.0), lambda x: np.where(x[:, :1] > 0.5, np.nan, -x))
    p = sp.ParticleSet([[0.0, 0.1], [0.4999999, 0.0], [-0.3, -0.1]])
    grown = sp.SteepestSplit(dense=dense)(F, p, 3, np.random.default_rng(0))
    assert set(grown.parents) == {0, 2} and np.isnan(grown.least_index)
