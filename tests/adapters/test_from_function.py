import numpy as np
import pytest
from adapter_checks import check_model, eight_schools, points
from scipy import stats

import splitparticles as sp
from splitparticles.adapters.bounds import Below
from splitparticles.transforms import Joint, Ordered, Positive, Simplex


def test_a_log_density_of_the_real_line_is_differenced():
    model = sp.from_log_density(eight_schools, np.zeros(10), vectorized=True)
    check_model(model, eight_schools)
    np.testing.assert_array_equal(model.x0, np.zeros(10))
    row_by_row = sp.from_log_density(lambda x: eight_schools(x[None])[0], np.zeros(10))
    check_model(row_by_row, eight_schools)


DENSITIES = stats.gamma(3), stats.beta(2, 5), stats.norm(1, 2), stats.gamma(2)
BOUNDS = [(0, None), (0.0, 1.0), (-np.inf, np.inf), (None, 0)]


def log_box(x):
    """Gamma, beta and normal marginals, and a gamma of -x."""
    x = x * [1, 1, 1, -1]
    return sum(p.logpdf(column) for p, column in zip(DENSITIES, x.T, strict=True))


def log_box_of_z(z):
    """The same seen from unconstrained coordinates, Jacobians written out."""
    fraction = 1 / (1 + np.exp(-z[:, 1]))
    x = np.stack([np.exp(z[:, 0]), fraction, z[:, 2], -np.exp(z[:, 3])], axis=1)
    return log_box(x) + z[:, 0] + np.log(fraction * (1 - fraction)) + z[:, 3]


def test_bounds_become_a_transform_with_its_jacobian():
    x0 = [2.0, 0.25, 1.0, -3.0]
    model = sp.from_log_density(log_box, x0, bounds=BOUNDS, vectorized=True)
    check_model(model, log_box_of_z)
    np.testing.assert_allclose(model.to_user(model.x0[None]), [x0])
    far = model.to_user(points(model, n=200, scale=300.0))
    assert (far[:, 0] > 0).all() and (far[:, 3] < 0).all()
    assert (0 < far[:, 1]).all() and (far[:, 1] < 1).all()


def test_neighbours_with_bounds_of_one_kind_share_a_transform():
    bounds = [(0, 1), (2, 4), (None, 5), (None, 6), (0, None), (1, None), None]
    bounds.append((None, np.inf))
    x0 = [0.5, 3.0, 4.0, 1.0, 2.0, 3.0, -1.0, 7.0]
    model = sp.from_log_density(lambda x: -(x @ x), x0, bounds=bounds)
    np.testing.assert_allclose(model.to_user(model.x0[None]), [x0])
    kinds = [type(t).__name__ for t in model.to_user.__self__.transforms]
    assert kinds == ["Bounded", "Below", "Positive", "Real"]


def test_a_transform_takes_a_cloud_in_the_users_coordinates():
    change = Joint(Simplex(3), Ordered(2))
    x0 = np.array([[0.2, 0.3, 0.5, -1.0, 2.0], [0.1, 0.1, 0.8, 0.0, 0.5]])

    def log_p(x):
        return stats.dirichlet([2, 3, 4]).logpdf(x[:3]) - 0.5 * x[3:] @ x[3:]

    model = sp.from_log_density(log_p, x0, transform=change)
    assert model.dim == 4 and model.x0.shape == (2, 4)
    np.testing.assert_allclose(model.to_user(model.x0), x0)

    def seen_from_z(z):
        x = change.to_user(z)
        return np.array([log_p(row) for row in x]) + change.log_jacobian(z)

    check_model(model, seen_from_z)


def test_a_run_is_in_the_users_coordinates():
    model = sp.from_log_density(log_box, [1.0, 0.5, 0.0, -1.0], bounds=BOUNDS,
                                vectorized=True)  # fmt: skip
    run = sp.sample(model.score, model.x0, 32, log_density=model.log_density, rng=0)
    user = run.mapped(model.to_user, ["gamma", "beta", "normal", "minus"])
    sign = [1, 1, 1, -1]
    mean = np.array([p.mean() for p in DENSITIES]) * sign
    sd = np.array([p.std() for p in DENSITIES])
    assert (np.abs(user.mean() - mean) < 0.05 * sd).all()
    assert (np.abs(user.std() / sd - 1) < 0.15).all()


@pytest.mark.parametrize(
    "options, words",
    [
        ({"bounds": [(0, 1)]}, "bounds must have 2 pairs, got 1"),
        ({"bounds": [(0, 1), (3, 2)]}, r"bounds\[1\] must have low below high, got"),
        ({"bounds": [(0, 1), 3]}, r"bounds\[1\] must be a pair \(low, high\), got 3"),
        ({"bounds": [("a", 1), (0, 1)]}, r"bounds\[0\] must be real numbers"),
        ({"bounds": [(np.nan, 1), (0, 1)]}, r"bounds\[0\] must have low below high"),
        ({"bounds": [(0, 1), (0, 0.4)]}, r"x0 must lie .*got \[0.5\] in coordinate 1"),
        ({"bounds": 3}, "bounds must be a pair for each coordinate, got 3"),
        ({"bounds": [(0, 1)] * 2, "transform": Positive(2)}, "go together, got both"),
        ({"transform": Positive}, "transform must be a Transform, got"),
        ({"transform": Positive(2, lower=1.0)}, "x0 must be a point .* above"),
        ({"transform": Positive(3)}, "x0 must be a point .* 3 columns, got 2"),
        ({"vectorized": 1}, "vectorized must be True or False, got 1"),
    ],
)
def test_bad_options_are_refused_by_name(options, words):
    with pytest.raises((TypeError, ValueError), match=words):
        sp.from_log_density(np.sum, [0.5, 0.5], **options)


def test_what_returns_no_number_is_refused():
    with pytest.raises(TypeError, match="f must be a callable"):
        sp.from_log_density(3, [0.0])
    for bad in (np.nan, "x", 1.0):
        with pytest.raises((TypeError, ValueError), match="x0 must"):
            sp.from_log_density(np.sum, bad)
    model = sp.from_log_density(lambda x: x, [0.0, 1.0])
    with pytest.raises(ValueError, match="log_density must return shape"):
        model.score(np.zeros((1, 2)))


def test_below_a_bound_every_formula_holds(rng):
    upper, z, g = np.array([1.0, -2.0]), *rng.normal(size=(2, 5, 2))
    below = Below(upper)
    np.testing.assert_allclose(below.to_user(z), upper - np.exp(z))
    np.testing.assert_allclose(below.to_real(upper - np.exp(z)), z)
    np.testing.assert_allclose(below.pull(z, g), -np.exp(z) * g)
    np.testing.assert_allclose(below.log_jacobian(z), z.sum(axis=1))
    np.testing.assert_allclose(below.log_jacobian_gradient(z), 1.0)
