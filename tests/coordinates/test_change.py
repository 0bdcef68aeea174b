"""The family of changes of variables."""

import numpy as np
import pytest

from splitparticles.coordinates.change import ChangeOfVariables, Composed
from splitparticles.coordinates.noncentred import NonCentred
from splitparticles.coordinates.preconditioner import Preconditioner
from splitparticles.testing.oracles import close, differences

PRECISION = np.array([1.0, 2.0, 0.5, 3.0])


def linear(rng):
    return Preconditioner(rng.normal(size=4), rng.normal(size=(4, 4)) + 3.0 * np.eye(4))


def noncentred(rng):
    means = 0.3 * rng.normal(size=(4, 3))
    return NonCentred(0.8, np.linspace(0.0, 1.0, 3), means)


CHANGES = {
    "linear": linear,
    "noncentred": noncentred,
    "curved": lambda rng: linear(rng).then(noncentred(rng)),
    "whitened": lambda rng: (
        linear(rng)
        .then(noncentred(rng))
        .then(Preconditioner(rng.normal(size=4), 0.2 * np.eye(4)))
    ),
}


@pytest.fixture(params=CHANGES)
def change(request, rng):
    return CHANGES[request.param](rng)


def score(x):
    return -x * PRECISION


def log_volume(change, z):
    """Logarithm of the determinant of the change at z (n, d), by differences."""
    h = 1e-5
    columns = [
        (change.to_user(z + h * e) - change.to_user(z - h * e)) / (2.0 * h)
        for e in np.eye(z.shape[1])
    ]
    return np.linalg.slogdet(np.stack(columns, axis=2))[1]


def test_log_determinants_are_those_of_differences(change, rng):
    z = rng.normal(size=(20, 4))
    close(change.log_determinant(z), log_volume(change, z), 1e-6)


def test_there_and_back(change, rng):
    assert isinstance(change, ChangeOfVariables)
    z = rng.normal(size=(20, 4))
    close(change.to_working(change.to_user(z)), z, 1e-11)
    close(change.to_user(np.zeros((1, 4)))[0], change.centre, 1e-14)


def test_the_pulled_score_is_the_slope_of_the_density_there(change, rng):
    def log_density(z):
        return -0.5 * (change.to_user(z) ** 2 @ PRECISION) + log_volume(change, z)

    z = rng.normal(size=(6, 4))
    close(change.score(score)(z), differences(log_density, z), 1e-5)


def test_products_are_the_slope_of_the_pulled_score(change, rng):
    z, v = rng.normal(size=(2, 6, 4))
    h, pulled = 1e-5, change.score(score)
    slope = (pulled(z + h * v) - pulled(z - h * v)) / (2.0 * h)
    product = change.product(lambda x, v: -v * PRECISION, score)
    close(product(z, v), slope, 1e-6)
    s = score(change.to_user(z))
    close(change.pulled_product(z, v, s, lambda dx: -dx * PRECISION), slope, 1e-6)


def test_a_further_change_comes_before_the_others(change, rng):
    inner = Preconditioner(rng.normal(size=4), 0.2 * np.eye(4))
    z = rng.normal(size=(5, 4))
    close(change.then(inner).to_user(z), change.to_user(inner.to_user(z)), 1e-12)


def test_linear_changes_join_and_the_outer_one_stays(rng):
    joined = linear(rng).then(linear(rng))
    assert isinstance(joined, Preconditioner) and joined.factors() == (joined, None)
    outer = linear(rng)
    curved = outer.then(noncentred(rng)).then(linear(rng))
    assert isinstance(curved, Composed) and curved.factors()[0] is outer
