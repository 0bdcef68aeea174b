"""Every target against what it claims to be the derivatives and moments of.

One list of targets, one set of claims: derivatives agree with differences of the
level below, rows do not see each other, inputs survive, errors name the culprit,
and samplers agree with the densities they are said to draw from.
"""

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, multivariate_normal

from splitparticles.targets import (
    Banana,
    Funnel,
    Gaussian,
    GaussianMixture,
    LogisticRegression,
    Ring,
)

TILTED = [[2.0, 0.6], [0.6, 0.5]]
MIXTURE = GaussianMixture(
    [1.0, 2.0, 0.0, 0.5],
    [[-1.5, 0.0], [1.0, 1.0], [9.0, 9.0], [0.0, -1.0]],
    [TILTED, np.eye(2), np.eye(2), [[0.3, -0.1], [-0.1, 0.4]]],
)
TARGETS = {
    "gaussian": Gaussian([1.0, -2.0], TILTED),
    "gaussian-1d": Gaussian([0.5], 2.0),
    "mixture": MIXTURE,
    "mixture-5d": GaussianMixture(
        [0.3, 0.7], [np.zeros(5), np.linspace(0, 1, 5)], [1.0, 0.5]
    ),
    "banana": Banana(curvature=0.4, scale=1.3),
    "funnel": Funnel(dim=2, scale=0.8),
    "funnel-4d": Funnel(dim=4, scale=0.6),
    "ring": Ring(radius=1.2, width=0.4),
    "ring-broad": Ring(radius=0.2, width=1.0),
    "logistic": LogisticRegression(
        np.random.default_rng(3).normal(size=(12, 3)), [0, 1] * 6, prior_sd=1.5
    ),
    "challenger": LogisticRegression.challenger(),
}
SAMPLED = {name: t for name, t in TARGETS.items() if hasattr(t, "sample")}


def over(targets):
    return pytest.mark.parametrize("target", targets.values(), ids=targets.keys())


def rows(target, n=7, seed=0):
    """Points and two directions, none of them near the tip of the ring."""
    x, u, v = np.random.default_rng(seed).normal(size=(3, n, target.dim))
    return x, u, v


def slope(f, step=1e-3):
    """Differentiate f at 0 by five points, accurate to step^4."""
    return (8 * (f(step) - f(-step)) - f(2 * step) + f(-2 * step)) / (12 * step)


@over(TARGETS)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_each_derivative_is_the_slope_of_the_one_below(target, seed):
    x, u, v = rows(target, seed=seed)
    if isinstance(target, Ring):  # differences cannot be taken across the tip
        x *= 1 + 0.3 / np.linalg.norm(x, axis=1, keepdims=True)
    close = dict(rtol=1e-6, atol=1e-6)
    along = np.sum(target.score(x) * v, axis=1)
    np.testing.assert_allclose(
        along, slope(lambda t: target.log_density(x + t * v)), **close
    )
    np.testing.assert_allclose(
        target.score_product(x, v), slope(lambda t: target.score(x + t * v)), **close
    )
    np.testing.assert_allclose(
        target.score_curvature(x, u, v),
        slope(lambda t: target.score_product(x + t * u, v)),
        **close,
    )


@over(TARGETS)
def test_a_batch_is_its_rows_and_its_inputs_survive(target):
    x, u, v = rows(target)
    kept = x.copy(), u.copy(), v.copy()
    for method, arrays in calls(target, x, u, v):
        whole = method(*arrays)
        assert whole.dtype == np.float64
        assert whole.shape == (x.shape if method != target.log_density else (len(x),))
        single = [method(*(a[i : i + 1] for a in arrays)) for i in range(len(x))]
        np.testing.assert_allclose(whole, np.concatenate(single), rtol=1e-12)
        empty = method(*(a[:0] for a in arrays))
        assert empty.shape == whole[:0].shape
        again = method(*(a.astype(np.float32) for a in arrays))
        assert again.dtype == np.float64
    for before, after in zip(kept, (x, u, v), strict=True):
        np.testing.assert_array_equal(before, after)


def calls(target, x, u, v):
    return [
        (target.log_density, (x,)),
        (target.score, (x,)),
        (target.score_product, (x, v)),
        (target.score_curvature, (x, u, v)),
    ]


@over(TARGETS)
def test_wrong_arrays_are_named(target):
    x, u, v = rows(target)
    wide = np.zeros((7, target.dim + 1))
    for method, arrays in calls(target, x, u, v):
        names = list(inspect.signature(method).parameters)
        for k, name in enumerate(names):
            for wrong in (wide, x[0], x[None]):
                with pytest.raises(ValueError, match=rf"^{name} must have .*got \("):
                    method(*arrays[:k], wrong, *arrays[k + 1 :])
            for wrong in (x + 1j, [["a"] * target.dim]):
                with pytest.raises(TypeError, match=f"^{name} must be real"):
                    method(*arrays[:k], wrong, *arrays[k + 1 :])
        for k, name in list(enumerate(names))[1:]:
            with pytest.raises(ValueError, match=f"^{name} must have the shape"):
                method(*arrays[:k], arrays[k][:1], *arrays[k + 1 :])


@over(SAMPLED)
def test_samples_have_the_moments_and_no_mean_score(target):
    m = 40_000
    x = target.sample(m, rng=20240607)
    centred = x - target.mean
    pairs = centred[:, :, None] * centred[:, None, :] - target.cov
    for name, values in [
        ("mean", centred),
        ("cov", pairs.reshape(m, -1)),
        ("score", target.score(x)),
    ]:
        error = values.std(axis=0) / np.sqrt(m)
        assert np.all(np.abs(values.mean(axis=0)) < 5 * error), name


@over(SAMPLED)
def test_samples_carry_the_information_of_the_score(target):
    # E[s s^T + grad s] = 0 ties the sampler, the score and its Jacobian together.
    if isinstance(target, Ring):
        pytest.skip("the tip's 1 / |x| has no variance, so no standard error")
    m = 40_000
    x = target.sample(m, rng=7)
    score = target.score(x)
    for unit in np.eye(target.dim):
        v = np.tile(unit, (m, 1))
        values = (score @ unit)[:, None] * score + target.score_product(x, v)
        error = values.std(axis=0) / np.sqrt(m)
        assert np.all(np.abs(values.mean(axis=0)) <= 5 * error + 1e-12)


@over(SAMPLED)
def test_sampler_arguments(target):
    draw = target.sample(5, rng=1)
    np.testing.assert_array_equal(draw, target.sample(5, rng=np.random.default_rng(1)))
    assert target.sample(0).shape == (0, target.dim)
    stream = np.random.default_rng(1)
    assert not np.array_equal(target.sample(5, stream), target.sample(5, stream))
    with pytest.raises(ValueError, match="m must be at least 0, got -1"):
        target.sample(-1)
    with pytest.raises(TypeError, match="m must be a whole number, got 2.5"):
        target.sample(2.5)


@over({name: t for name, t in SAMPLED.items() if t.dim == 2})
def test_plane_densities_integrate_to_one_and_to_their_moments(target):
    # The trapezoidal rule is spectrally accurate on smooth decaying functions.
    axis = np.linspace(-16, 16, 801)
    x = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    mass = np.exp(target.log_density(x)) * (axis[1] - axis[0]) ** 2
    # The funnel's neck and the ring's tip are all that this grid cannot resolve.
    np.testing.assert_allclose(mass.sum(), 1, atol=1e-5)
    np.testing.assert_allclose(mass @ x, target.mean, atol=1e-4)
    centred = x - target.mean
    np.testing.assert_allclose(
        (centred.T * mass) @ centred, target.cov, rtol=1e-3, atol=1e-4
    )


@pytest.mark.parametrize("radius, width", [(2.0, 0.3), (0.1, 1.0)])
def test_ring_radii_follow_their_law(radius, width):
    rho = np.linalg.norm(Ring(radius, width).sample(20_000, rng=5), axis=1)
    grid = np.linspace(0, radius + 9 * width, 20_001)
    law = np.cumsum(grid * np.exp(-0.5 * ((grid - radius) / width) ** 2))
    assert kstest(rho, lambda r: np.interp(r, grid, law / law[-1])).pvalue > 1e-4


def test_ring_is_finite_at_its_tip():
    ring = Ring()
    x = np.array([[0.0, 0.0], [1e-300, 0.0], [1e-140, -1e-140], [1e-9, 0.0]])
    ones = np.ones_like(x)
    for method, arrays in calls(ring, x, ones, ones):
        assert np.isfinite(method(*arrays)).all()
    np.testing.assert_array_equal(ring.score(x[:1]), 0)


def test_the_mixture_is_scipys_gaussians_added():
    x = rows(MIXTURE)[0]
    parts = zip(MIXTURE.weights, MIXTURE.means, MIXTURE.covariances, strict=True)
    density = sum(w * multivariate_normal(m, c).pdf(x) for w, m, c in parts)
    np.testing.assert_allclose(MIXTURE.log_density(x), np.log(density))


def test_far_from_its_modes_the_mixture_is_its_nearest_component():
    pair = GaussianMixture([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.0]], [1.0, 1.0])
    x = np.array([[1e3, 5.0], [1e6, -1e6], [-1e3, 0.0]])
    near = np.array([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    ones = np.ones_like(x)
    exact = -0.5 * np.sum((x - near) ** 2, axis=1) - np.log(4 * np.pi)
    np.testing.assert_allclose(pair.log_density(x), exact, rtol=1e-14)
    np.testing.assert_allclose(pair.score(x), near - x, rtol=1e-14)
    np.testing.assert_allclose(pair.score_product(x, ones), -ones, rtol=1e-14)
    np.testing.assert_array_equal(pair.score_curvature(x, ones, ones), 0 * x)


def test_isotropic_variances_are_multiples_of_the_identity():
    mixture = GaussianMixture([5, 5], [[0.0, 1.0], [2.0, 3.0]], [2.0, 3.0])
    np.testing.assert_array_equal(mixture.covariances, [2 * np.eye(2), 3 * np.eye(2)])
    np.testing.assert_array_equal(mixture.weights, [0.5, 0.5])


def test_constructors_copy_what_they_are_given():
    means, covariances = np.zeros((2, 2)), np.ones(2)
    mixture = GaussianMixture([1, 1], means, covariances)
    means[:], covariances[:] = 7, 7
    np.testing.assert_array_equal(mixture.means, 0)
    with pytest.raises(ValueError, match="read-only"):
        mixture.means[0] = 1
    features = np.ones((2, 1))
    model = LogisticRegression(features, [0, 1])
    features[:] = 5
    np.testing.assert_array_equal(model.features, 1)


def test_challenger_is_the_published_table():
    model = LogisticRegression.challenger()
    assert (model.dim, model.features.shape, model.labels.sum()) == (2, (23, 2), 7)
    np.testing.assert_allclose(model.features[:, 1].mean(), 0, atol=1e-14)
    # The well-known likelihood fit: 15.0429 - 0.2322 per degree Fahrenheit.
    flat = LogisticRegression(model.features, model.labels, prior_sd=1e6)
    x = np.zeros((1, 2))
    for _ in range(30):
        columns = [flat.score_product(x, unit[None])[0] for unit in np.eye(2)]
        x = x - np.linalg.solve(np.array(columns), flat.score(x)[0])
    heat = np.array([66, 70, 69, 68, 67, 72, 73, 70, 57, 63, 70, 78, 67, 53, 67])
    heat = np.append(heat, [75, 70, 81, 76, 79, 75, 76, 58])
    per_degree = x[0, 1] / heat.std()
    np.testing.assert_allclose(per_degree, -0.2322, atol=5e-5)
    np.testing.assert_allclose(x[0, 0] - per_degree * heat.mean(), 15.0429, atol=5e-4)


BAD = [
    (lambda: GaussianMixture([[1]], [[0]], [1]), ValueError, r"weights .*\(C,\)"),
    (lambda: GaussianMixture([], [], []), ValueError, r"weights .*\(C,\), got \(0,\)"),
    (lambda: GaussianMixture([2, -1], [[0], [1]], [1, 1]), ValueError, "weights .*-1"),
    (lambda: GaussianMixture([0, 0], [[0], [1]], [1, 1]), ValueError, "weights .*sum"),
    (
        lambda: GaussianMixture([np.nan], [[0]], [1]),
        ValueError,
        "weights .*finite.*nan",
    ),
    (lambda: GaussianMixture(["a"], [[0]], [1]), TypeError, "weights .*real"),
    (lambda: GaussianMixture([1], [0], [1]), ValueError, r"means .*\(1, d\), got \(1,"),
    (lambda: GaussianMixture([1], [[0, 0]], [1, 1]), ValueError, r"covariances .*\(2,"),
    (lambda: GaussianMixture([1], [[0]], [-1]), ValueError, "covariances .*positive d"),
    (lambda: Gaussian([0, 0], [[1, 1], [0, 1]]), ValueError, "covariance .*symmetric"),
    (lambda: Gaussian([0, 0], [[1, 2], [2, 1]]), ValueError, "covariance .*positive d"),
    (lambda: Gaussian([0, 0], [1, 1]), ValueError, r"covariance .*got \(2,\)"),
    (lambda: Gaussian(0.0, 1.0), ValueError, r"mean .*\(d,\), got \(\)"),
    (lambda: Banana(scale=0), ValueError, "scale must be positive, got 0"),
    (lambda: Banana(curvature=np.inf), ValueError, "curvature must be finite"),
    (lambda: Banana(curvature=[1, 2]), ValueError, "curvature must be a number"),
    (lambda: Funnel(dim=1), ValueError, "dim must be at least 2, got 1"),
    (lambda: Funnel(dim=2.0), TypeError, "dim must be a whole number"),
    (lambda: Funnel(scale="wide"), TypeError, "scale must be real"),
    (lambda: Ring(radius=-1), ValueError, "radius must be positive, got -1"),
    (lambda: Ring(width=0), ValueError, "width must be positive, got 0"),
    (lambda: LogisticRegression([1, 2], [0, 1]), ValueError, r"features .*\(N, p\)"),
    (lambda: LogisticRegression([[1]], [0, 1]), ValueError, r"labels .*\(1,\), got"),
    (lambda: LogisticRegression([[1]], [-1]), ValueError, "labels must be 0 or 1"),
    (lambda: LogisticRegression.challenger(0), ValueError, "prior_sd must be positive"),
]


@pytest.mark.parametrize("build, error, message", BAD)
def test_bad_parameters_are_named(build, error, message):
    with pytest.raises(error, match=message):
        build()
