"""The linear change of variables."""

import numpy as np
import pytest

import splitparticles as sp


def test_scores_and_products_change_with_the_coordinates():
    rng = np.random.default_rng(0)
    target = sp.targets.Gaussian([1.0, 2.0], [[4.0, 1.0], [1.0, 2.0]])
    change = sp.Preconditioner.of_covariance([1.0, 2.0], [[4.0, 1.0], [1.0, 2.0]])
    z, v = rng.normal(size=(2, 5, 2))
    np.testing.assert_allclose(change.score(target.score)(z), -z, atol=1e-12)
    product = change.product(target.score_product)(z, v)
    np.testing.assert_allclose(product, -v, atol=1e-12)


def test_a_preconditioner_has_to_be_invertible_and_fit():
    for centre, matrix in (
        ([0.0, 0.0], [[1.0, 1.0], [1.0, 1.0]]),
        ([0.0, 0.0], [[0.0, 0.0], [0.0, 0.0]]),
        ([0.0], [[1.0, 0.0], [0.0, 1.0]]),
        ([[0.0]], [[1.0]]),
        ([np.nan], [[1.0]]),
    ):
        with pytest.raises(ValueError, match="matrix|centre"):
            sp.Preconditioner(centre, matrix)


def test_units_of_any_size_are_undone(rng):
    unit = np.array([1e-9, 1.0, 1e9])
    covariance = np.array([[2.0, 0.5, 0.1], [0.5, 1.0, -0.3], [0.1, -0.3, 3.0]])
    plain = sp.Preconditioner.of_covariance(np.zeros(3), covariance)
    x = rng.normal(size=(5, 3))
    for L in (unit[:, None] * plain.matrix, unit[:, None] * plain.matrix[:, [2, 0, 1]]):
        change = sp.Preconditioner(np.zeros(3), L)
        np.testing.assert_allclose(
            change.to_user(change.to_working(x * unit)), x * unit, rtol=1e-12
        )
