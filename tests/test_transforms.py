"""Constrained parameters: every formula against a difference or a dense matrix.

A transform has to give back what it took, its Jacobian has to be that of the map it
makes, and no point however far out may leave the set or warn.
"""

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitparticles.testing.oracles import differences
from splitparticles.transforms import (
    Bounded,
    Joint,
    Ordered,
    Positive,
    Real,
    Simplex,
    Transform,
    TransformedTarget,
)

TRANSFORMS = {
    "real": Real(2),
    "positive": Positive(3),
    "positive-lower": Positive(2, lower=[-1.0, 3.0]),
    "bounded": Bounded(-2.0, 5.0),
    "bounded-many": Bounded([0.0, -1e3], [1.0, 1e3]),
    "bounded-size": Bounded(0, 1, size=3),
    "simplex": Simplex(4),
    "simplex-2": Simplex(2),
    "ordered": Ordered(4),
    "ordered-1": Ordered(1),
    "joint": Joint(Real(2), Simplex(3), Joint(Positive(), Ordered(2)), Bounded(0, 9)),
}
over_all = pytest.mark.parametrize("t", TRANSFORMS.values(), ids=TRANSFORMS.keys())
seeds = st.integers(0, 2**32 - 1)


def points(t, n=5, seed=0, scale=1.5):
    return scale * np.random.default_rng(seed).normal(size=(n, t.dim))


def dense(t, z):
    """Jacobians (n, size, dim) by five-point differences."""

    def slope(unit, h=1e-3):
        near = t.to_user(z + h * unit) - t.to_user(z - h * unit)
        far = t.to_user(z + 2 * h * unit) - t.to_user(z - 2 * h * unit)
        return (8 * near - far) / (12 * h)

    return np.stack([slope(unit) for unit in np.eye(t.dim)], axis=2)


def inside(t, x):
    """Whether rows are strictly inside, said once more and differently."""
    if isinstance(t, Positive):
        return np.all(x > t.lower)
    if isinstance(t, Bounded):
        return np.all((t.low < x) & (x < t.high))
    if isinstance(t, Simplex):
        return np.all(x > 0) and np.allclose(x.sum(axis=1), 1, rtol=1e-12)
    if isinstance(t, Ordered):
        return np.all(np.diff(x, axis=1) > 0)
    if isinstance(t, Joint):
        ends = np.cumsum([part.size for part in t.transforms])[:-1]
        pieces = np.split(x, ends, axis=1)
        return all(map(inside, t.transforms, pieces))
    return np.isfinite(x).all()


# ------------------------------------------------------------------ the maps
@over_all
@given(seed=seeds, scale=st.floats(0.01, 4))
def test_there_and_back(t, seed, scale):
    z = points(t, seed=seed, scale=scale)
    x = t.to_user(z)
    assert x.shape == (5, t.size) and inside(t, x)
    # a coordinate next to an edge at distance one keeps its absolute digits only
    # and a gap of ordered numbers no more digits than their size leaves it
    gaps = isinstance(t, (Ordered, Joint)) * np.exp(-z.min())
    atol = 1e-8 + 1e-15 * np.abs(x).max() * gaps
    np.testing.assert_allclose(t.to_real(x), z, rtol=1e-8, atol=atol)
    np.testing.assert_allclose(t.to_user(t.to_real(x)), x, rtol=1e-9, atol=1e-12)


@given(x=st.lists(st.floats(1e-200, 1.0), min_size=2, max_size=6))
def test_any_point_of_the_simplex_comes_back(x):
    x = np.array([x]) / np.sum(x)
    t = Simplex(x.shape[1])
    np.testing.assert_allclose(t.to_user(t.to_real(x)), x, rtol=1e-11)


@pytest.mark.parametrize("size", [2, 3, 7, 100])
def test_zero_is_the_uniform_point(size):
    x = Simplex(size).to_user(np.zeros((1, size - 1)))
    np.testing.assert_allclose(x, 1 / size, rtol=1e-13)


def test_the_maps_are_those_of_the_formulas():
    z = np.array([[0.3, -0.7]])
    first, second = z[0]
    share = 1 / (1 + np.exp(-z[0]))
    for t, x in [
        (Real(2), z[0]),
        (Positive(2, lower=2), 2 + np.exp(z[0])),
        (Bounded([1, 2], 4), [1 + 3 * share[0], 2 + 2 * share[1]]),
        (Ordered(2), [first, first + np.exp(second)]),
    ]:
        np.testing.assert_allclose(t.to_user(z), [x], rtol=1e-14)
    one = 1 / (1 + np.exp(-(first - np.log(2))))
    two = (1 - one) * share[1]
    np.testing.assert_allclose(Simplex(3).to_user(z), [[one, two, 1 - one - two]])


def test_sizes():
    sizes = {name: (t.dim, t.size) for name, t in TRANSFORMS.items()}
    assert sizes["bounded-many"] == (2, 2) and sizes["bounded"] == (1, 1)
    assert sizes["simplex"] == (3, 4) and sizes["joint"] == (8, 9)


# ------------------------------------------------------------- the Jacobians
@over_all
@given(seed=seeds)
def test_the_log_jacobian_is_that_of_the_map(t, seed):
    z = points(t, n=3, seed=seed, scale=1.0)
    J = dense(t, z)
    if isinstance(t, Joint):  # the simplex has a row that is not counted
        J = np.delete(J, 4, axis=1)
    sign, logs = np.linalg.slogdet(J[:, : t.dim])
    np.testing.assert_array_equal(sign, 1)
    np.testing.assert_allclose(t.log_jacobian(z), logs, rtol=1e-7, atol=1e-7)


@over_all
@given(seed=seeds)
def test_its_gradient_is_its_slope(t, seed):
    z = points(t, seed=seed)
    slopes = differences(lambda rows: t.log_jacobian(rows), z)
    np.testing.assert_allclose(
        t.log_jacobian_gradient(z), slopes.reshape(z.shape), rtol=1e-6, atol=1e-7
    )


@over_all
@given(seed=seeds)
def test_pull_is_the_transposed_jacobian(t, seed):
    z = points(t, seed=seed, scale=1.0)
    g = np.random.default_rng(seed + 1).normal(size=(5, t.size))
    wanted = np.einsum("nij,ni->nj", dense(t, z), g)
    np.testing.assert_allclose(
        t.pull(z, g), wanted, rtol=1e-8, atol=1e-9 * np.abs(wanted).max() + 1e-9
    )


# ------------------------------------------------------------------ extremes
@over_all
@pytest.mark.parametrize("far", [30.0, 40.0, 300.0, 700.0, 1e4, 1e300])
def test_nothing_breaks_far_out(t, far):
    signs = np.random.default_rng(1).choice([-1.0, 0.0, 1.0], size=(40, t.dim))
    z = far * np.vstack([signs, np.ones(t.dim), -np.ones(t.dim)])
    with np.errstate(all="raise", under="ignore"):
        x = t.to_user(z)
        found = t.log_jacobian_gradient(z), t.log_jacobian(z), t.to_real(x)
        pulled = t.pull(z, np.ones(x.shape))
    assert inside(t, x) and np.isfinite(x).all()
    assert all(np.isfinite(array).all() for array in (*found, pulled))


@pytest.mark.parametrize("t", [Positive(2), Bounded(0, 1, 2), Simplex(2)])
def test_far_out_rows_still_come_back(t):
    z = -np.array([[50.0, 300.0], [690.0, 699.0], [700.0, 0.0]])[:, : t.dim]
    np.testing.assert_allclose(t.to_real(t.to_user(z)), z, rtol=1e-12, atol=1e-12)


def test_a_bound_at_zero_is_approached_with_all_digits():
    z = np.array([[40.0], [300.0], [699.0], [1e4]])
    for t, sign in ((Bounded(0, 2), -1), (Bounded(-2, 0), 1)):
        x = t.to_user(sign * z)
        np.testing.assert_allclose(t.to_real(x), sign * z.clip(0, 700), rtol=1e-13)
        assert np.isfinite(1 / x).all()


def test_far_out_jacobians_are_exact():
    z = np.array([[700.0], [-700.0]])
    np.testing.assert_array_equal(Positive().log_jacobian(z), z[:, 0])
    np.testing.assert_allclose(Bounded(0, 1).log_jacobian(z), -700, rtol=1e-15)
    np.testing.assert_array_equal(Bounded(0, 1).log_jacobian_gradient(z), -np.sign(z))
    np.testing.assert_allclose(Simplex(2).log_jacobian(z), -700, rtol=1e-15)
    np.testing.assert_allclose(
        Simplex(3).log_jacobian([[700.0, -700.0]]), -1400 - 700 + 2 * np.log(2)
    )


def test_a_steep_score_of_the_simplex_survives_its_corners():
    alpha = np.array([2.0, 3.0, 4.0])
    target = Simplex(3).target(
        lambda x: np.log(x) @ (alpha - 1), lambda x: (alpha - 1) / x
    )
    z = np.array([[300.0, 300.0], [-300.0, -300.0], [340.0, -340.0], [-600.0, 90.0]])
    # of a share f: a log f + b log(1 - f), with the weights of what is left
    share = 1 / (1 + np.exp(-(z - np.log([2.0, 1.0]))))
    wanted = np.array([2.0, 3.0]) - np.array([9.0, 7.0]) * share
    np.testing.assert_allclose(target.score(z), wanted, rtol=1e-12)


# ------------------------------------------------------------------- targets
ALPHA = np.array([2.0, 3.0, 4.0])
DIRICHLET = Simplex(3).target(
    lambda x: np.log(x) @ (ALPHA - 1), lambda x: (ALPHA - 1) / x
)


def smooth(t):
    """A density with a score on any set, and no symmetry."""
    a = np.linspace(0.5, 1.5, t.size)
    return (
        lambda x: np.sum(np.sin(a * x) - 0.1 * x**2, axis=-1),
        lambda x: a * np.cos(a * x) - 0.2 * x,
    )


@over_all
@given(seed=seeds)
def test_the_score_of_a_target_is_its_slope(t, seed):
    z = points(t, seed=seed, scale=0.7)
    log_density, score = smooth(t)
    target = t.target(log_density, score)
    assert isinstance(target, TransformedTarget) and target.dim == t.dim
    np.testing.assert_allclose(
        target.log_density(z), log_density(t.to_user(z)) + t.log_jacobian(z)
    )
    slopes = t.target(log_density).score(z)
    size = np.abs(slopes).max() + np.abs(target.log_density(z)).max()
    assert np.abs(target.score(z) - slopes).max() <= 1e-6 * max(1.0, size)


@over_all
def test_a_batch_is_its_rows_and_its_inputs_survive(t):
    z = points(t)
    x, g = t.to_user(z), points(t, seed=2, n=5)[:, :1] * np.ones(t.size)
    log_density, score = smooth(t)
    target, other = t.target(log_density, score), t.target(log_density)
    single = t.target(log_density, score, vectorized=False)
    kept = [a.copy() for a in (z, x, g)]
    for method, arrays in [
        (t.to_user, (z,)),
        (t.to_real, (x,)),
        (t.log_jacobian, (z,)),
        (t.log_jacobian_gradient, (z,)),
        (t.pull, (z, g)),
        (target.log_density, (z,)),
        (target.score, (z,)),
        (other.score, (z,)),
        (single.log_density, (z,)),
        (single.score, (z,)),
    ]:
        whole = method(*arrays)
        assert whole.dtype == np.float64 and len(whole) == len(z)
        rows = [method(*(a[i : i + 1] for a in arrays)) for i in range(len(z))]
        np.testing.assert_allclose(whole, np.concatenate(rows), rtol=1e-8, atol=1e-9)
        lists = method(*(a.tolist() for a in arrays))
        np.testing.assert_array_equal(whole, lists)
        whole[:] = 7  # what is handed out belongs to the user
    for before, after in zip(kept, (z, x, g), strict=True):
        np.testing.assert_array_equal(before, after)


def test_differences_take_one_batch_and_are_as_good_as_documented():
    asked = []

    def log_density(x):
        asked.append(x.shape)
        return np.log(x) @ (ALPHA - 1)

    z = np.random.default_rng(0).normal(size=(6, 2))
    slopes = Simplex(3).target(log_density).score(z)
    assert asked == [(2 * 2 * 6, 3)]
    np.testing.assert_allclose(slopes, DIRICHLET.score(z), atol=1e-9)


@pytest.mark.parametrize("place", [0.0, 1e3, -1e6])
def test_differences_bear_a_place_far_from_zero(place):
    target = Real().target(lambda x: -np.cosh(x[:, 0] - place))
    z = place + np.array([[-1.0], [0.5], [2.0]])
    np.testing.assert_allclose(
        target.score(z), -np.sinh(z - place), rtol=1e-4, atol=1e-6
    )


def test_a_function_may_write_to_its_argument():
    def score(x):
        x[:] = (ALPHA - 1) / x
        return x

    target = Simplex(3).target(lambda x: np.log(x) @ (ALPHA - 1), score)
    z = points(Simplex(3))
    np.testing.assert_array_equal(target.score(z), DIRICHLET.score(z))


def test_rows_that_are_not_finite_stay_alone():
    def score(x):
        return np.where(x > 2, np.inf, -x)

    def log_density(x):
        return np.where(x > 2, -np.inf, -(x**2) / 2)[:, 0]

    z = [[0.0], [5.0], [-1.0]]
    for target in (
        Positive().target(log_density, score),
        Positive().target(log_density),
    ):
        np.testing.assert_array_equal(
            np.isfinite(target.score(z))[:, 0], [True, False, True]
        )
        assert target.log_density(z)[1] == -np.inf


# ----------------------------------------------------------------- bad input
@over_all
def test_wrong_arrays_are_named(t):
    z = points(t)
    x = t.to_user(z)
    target = t.target(*smooth(t))
    for method, arrays in [
        (t.to_user, {"z": z}),
        (t.to_real, {"x": x}),
        (t.log_jacobian, {"z": z}),
        (t.log_jacobian_gradient, {"z": z}),
        (t.pull, {"z": z, "g": x}),
        (target.log_density, {"z": z}),
        (target.score, {"z": z}),
    ]:
        assert list(inspect.signature(method).parameters) == list(arrays)
        for name, array in arrays.items():
            columns = f"^{name} must have {array.shape[1]} columns, got "
            with pytest.raises(ValueError, match=columns):
                method(**{**arrays, name: np.ones((5, array.shape[1] + 1))})
            with pytest.raises(ValueError, match=rf"^{name} must have shape \(n, d\)"):
                method(**{**arrays, name: array[0]})
            with pytest.raises(TypeError, match=f"^{name} must be real numbers"):
                method(**{**arrays, name: array + 1j})
            bad = array.copy()
            bad[3, -1] = np.nan
            with pytest.raises(ValueError, match=f"^{name} must be finite, got row 3"):
                method(**{**arrays, name: bad})
    with pytest.raises(ValueError, match="^g must have 5 rows like z, got 4"):
        t.pull(z, x[:4])


OUTSIDE = [
    (Positive(2), [[1, 2], [1, 0]], r"x must be above \[0. 0.\], got row 1: \[1. 0.\]"),
    (Positive(lower=3), [[2.5]], r"x must be above \[3.\], got row 0: \[2.5\]"),
    (Bounded(0, 1), [[0.5], [1.0]], r"x must be between \[0.\] and \[1.\], got row 1"),
    (Bounded(0, 1), [[0.0]], r"x must be between .*got row 0: \[0.\]"),
    (Simplex(2), [[0.5, 0.5], [0.5, 0.6]], r"x must be pos.*row 1: \[0.5 0.6\]"),
    (Simplex(2), [[1.0, 0.0]], r"x must be positive, of sum 1.*row 0: \[1. 0.\]"),
    (Simplex(3), [[1.5, -1.0, 0.5]], r"x must be positive, of sum 1.*row 0"),
    (Ordered(3), [[1, 2, 3], [1, 3, 3]], r"x must be increasing, got row 1: \[1. 3. 3"),
    (
        Joint(Real(), Positive()),
        [[1, 1], [-1, -2]],
        r"x of transforms\[1\] must be above \[0.\], got row 1: \[-2.\]",
    ),
]


@pytest.mark.parametrize("t, x, message", OUTSIDE)
def test_points_outside_are_shown(t, x, message):
    with pytest.raises(ValueError, match="^" + message):
        t.to_real(x)


BAD = [
    (lambda: Real(0), ValueError, "size must be at least 1, got 0"),
    (lambda: Positive(1.5), TypeError, "size must be a whole number, got 1.5"),
    (lambda: Positive(lower="a"), TypeError, "lower must be real numbers"),
    (lambda: Positive(lower=np.inf), ValueError, "lower must be finite"),
    (lambda: Positive(2, [1, 2, 3]), ValueError, r"lower must .*\(2,\), got \(3,\)"),
    (lambda: Bounded(1, 0), ValueError, r"low must be below high, got \[1.\] and"),
    (lambda: Bounded([0, 1], [1, 1]), ValueError, "low must be below high"),
    (lambda: Bounded(-1.7e308, 1.7e308), ValueError, "low must be below high"),
    (lambda: Bounded([0, 0], [1, 1, 1]), ValueError, r"low .*\(3,\), got \(2,\)"),
    (lambda: Bounded(0, np.nan), ValueError, "high must be finite"),
    (lambda: Bounded([], []), ValueError, "size must be at least 1, got 0"),
    (lambda: Bounded(0, 1, 0), ValueError, "size must be at least 1, got 0"),
    (lambda: Simplex(1), ValueError, "size must be at least 2, got 1"),
    (lambda: Simplex("3"), TypeError, "size must be a whole number, got '3'"),
    (lambda: Ordered(-1), ValueError, "size must be at least 1, got -1"),
    (lambda: Joint(), TypeError, "transforms must be some Transforms, got"),
    (lambda: Joint(Real(), 3), TypeError, "transforms must be .*3"),
    (lambda: Joint([Real()]), TypeError, "transforms must be some Transforms, got"),
    (lambda: Real().target(3), TypeError, "log_density must be a callable .*got 3"),
    (lambda: Real().target(len, 3), TypeError, "score must be a callable .*got 3"),
]


@pytest.mark.parametrize("build, error, message", BAD)
def test_bad_parameters_are_named(build, error, message):
    with pytest.raises(error, match=message):
        build()


ANSWERS = [
    (lambda x: x, ValueError, r"log_density must return shape \(3,\), got \(3, 2\)"),
    (lambda x: 1.0, ValueError, r"log_density must return shape \(3,\), got \(\)"),
    (lambda x: x[:, 0] + 1j, TypeError, "the return value of log_density must be real"),
    (lambda x: None, TypeError, "the return value of log_density must be real"),
]


@pytest.mark.parametrize("log_density, error, message", ANSWERS)
def test_wrong_log_densities_are_named(log_density, error, message):
    target = Real(2).target(log_density)
    with pytest.raises(error, match=message):
        target.log_density(np.zeros((3, 2)))


def test_wrong_scores_are_named():
    target = Simplex(3).target(len, lambda x: x[:, :2])
    with pytest.raises(ValueError, match=r"score must return shape \(4, 3\), got \(4"):
        target.score(np.zeros((4, 2)))


def test_bounds_are_copied():
    lower = np.zeros(2)
    t = Positive(2, lower)
    lower[:] = 5
    np.testing.assert_array_equal(t.lower, 0)
    with pytest.raises(ValueError, match="read-only"):
        t.lower[0] = 1


def test_a_transform_of_ones_own_needs_two_methods():
    class Negative(Transform):
        dim = size = 1

        def _at(self, z):
            x = -np.exp(z)
            return x, z.sum(axis=1), np.ones_like(z), lambda g: x * g

        def _to_real(self, x, name):
            return np.log(-x)

    t = Joint(Negative(), Real())
    np.testing.assert_array_equal(t.to_user([[0.0, 2.0]]), [[-1.0, 2.0]])
    np.testing.assert_array_equal(t.pull([[0.0, 2.0]], [[3.0, 4.0]]), [[-3.0, 4.0]])
