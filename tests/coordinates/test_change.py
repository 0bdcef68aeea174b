"""The family of changes of variables."""

import numpy as np
import pytest

from splitparticles.coordinates.change import ChangeOfVariables, Composed
from splitparticles.coordinates.noncentred import NonCentred
from splitparticles.coordinates.preconditioner import Preconditioner
from splitparticles.coordinates.shortened import Knots, Shortened
from splitparticles.coordinates.stretched import Stretched
from splitparticles.coordinates.subspace import Subspace
from splitparticles.testing.oracles import close, differences

PRECISION = np.array([1.0, 2.0, 0.5, 3.0])


def linear(rng):
    return Preconditioner(rng.normal(size=4), rng.normal(size=(4, 4)) + 3.0 * np.eye(4))


def noncentred(rng):
    means = 0.3 * rng.normal(size=(4, 3))
    return NonCentred(0.8, np.linspace(0.0, 1.0, 3), means)


def stretched(rng):
    heavy = np.array([True, False, True, False])
    centre, width = np.where(heavy, 0.7, 0.0), np.where(heavy, 2.0, 1.0)
    return Stretched(centre, width, heavy)


def shortened(rng):
    ends = [[-0.4, 30.0], [31.0, 95.0]]
    return Shortened(4, [Knots.of_gaps(1, ends, 0.9), Knots.of_gaps(3, ends[:1], 6.0)])


CHANGES = {
    "stretched": stretched,
    "shortened": shortened,
    "shortened and stretched": lambda rng: shortened(rng).then(stretched(rng)),
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


def test_far_out_a_stretched_coordinate_grows_like_the_root_of_a_logarithm():
    change = stretched(None)
    x = np.array([[1e160, 3.0, -1e50, 0.0]])
    z = change.to_working(x)
    assert z[0, 0] == pytest.approx(np.sqrt(2.0 * np.log(1e160 / 2.0)), rel=1e-6)
    close(change.to_user(z)[:, [1, 2, 3]], x[:, [1, 2, 3]], 1e-10)
    close(change.pulled(np.zeros((1, 4)), np.ones((1, 4))), [[2.0, 1.0, 2.0, 1.0]], 0.0)


def test_gaps_are_short_and_what_lies_beyond_keeps_its_lengths():
    knots = Knots.of_gaps(0, [[1.0, 1e9], [1e9 + 2.0, 1e12]], 5.0)
    change = Shortened(1, [knots])
    x = np.array([[0.0], [1.0], [1e9], [1e9 + 2.0], [1e12], [1e12 + 3.0]])
    steps = np.diff(change.to_working(x)[:, 0])
    close(steps, [1.0, 5.0, 2.0, 5.0, 3.0], 1e-9)
    close(change.to_user(change.to_working(x)), x, 1e-15)


def test_no_distance_between_particles_and_draws_changes_in_a_subspace(rng):
    draws = rng.normal(size=(30, 9)) @ rng.normal(size=(9, 9))
    mean, covariance = draws.mean(axis=0), np.cov(draws.T)
    sd = draws.std(axis=0)
    change = Subspace.of_largest_variance(mean, covariance, sd, 3)
    z = rng.normal(size=(5, 3))
    particles = change.to_user(z)
    padded = change.to_working(particles)
    close(padded, np.column_stack([z, np.zeros(5)]), 1e-6)
    gaps = change.to_working(draws)[:, None] - padded
    exact = (draws[:, None] - particles) / sd
    close(np.linalg.norm(gaps, axis=2), np.linalg.norm(exact, axis=2), 1e-6)
    kept = np.var(change.to_working(draws)[:, :3], axis=0, ddof=1).sum()
    values = np.linalg.eigvalsh(covariance / np.outer(sd, sd))
    assert kept == pytest.approx(values[-3:].sum(), rel=1e-9)
    with pytest.raises(TypeError, match="subspace"):
        change.log_determinant(z)
