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
    unit, matrix = np.array([1e-9, 1e9]), np.array([[1.0, 1.0], [1e-9, 1.0]])
    change = sp.Preconditioner(unit, unit[:, None] * matrix)
    z = rng.normal(size=(5, 2))
    np.testing.assert_allclose(change.to_working(change.to_user(z)), z, atol=1e-14)
    dense = rng.normal(size=(3, 3)) + 3.0 * np.eye(3)
    for by_row, by_column in ((1e9, 1.0), (1.0, 1e9), (1e9, 1e-9)):
        powers = np.array([-1.0, 0.0, 1.0])
        matrix = by_row ** powers[:, None] * dense * by_column**powers
        assert (sp.Preconditioner(np.zeros(3), matrix).matrix == matrix).all()


def test_compressed_columns_may_have_any_units(rng):
    x, unit = rng.normal(size=(200, 2)), np.array([1e-9, 1e9])
    plain, scaled = sp.compress(x, 8, rng=0), sp.compress(x * unit, 8, rng=0)
    np.testing.assert_allclose(scaled.positions / unit, plain.positions, atol=1e-6)
