"""Properties of discrepancies and distances, on clouds with ties, lines and duplicates.

The oracles are sums over all pairs in plain NumPy.
"""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from scipy.stats import ortho_group

import splitparticles as sp
from splitparticles.testing.oracles import (
    RADIAL,
    SMOOTH,
    close,
    kernel_matrix,
    stein_matrix,
)

TIGHT = 1e-7  # of a root: the rounding of its square is 1e-15
often = settings(deadline=None, derandomize=True, max_examples=220)


@st.composite
def clouds(draw, many=2):
    """Clouds of weighted points of one dimension, half of them on a coarse grid."""
    d, on_grid = draw(st.integers(1, 5)), draw(st.booleans())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sets = []
    for _ in range(many):
        n = draw(st.integers(1, 9))
        x = rng.integers(-2, 3, (n, d)) * 0.5 if on_grid else rng.normal(size=(n, d))
        sets.append(sp.ParticleSet(x, rng.dirichlet(np.ones(n))))
    return *sets, rng


kernels = st.sampled_from([*RADIAL, sp.Energy(0.1)])
smooth = st.sampled_from(SMOOTH)


def mmd(p, q, kernel):
    weights = {"weights_x": p.weights, "weights_y": q.weights}
    return sp.mmd(p.positions, q.positions, kernel=kernel, **weights)


def energy(p, q):
    weights = {"weights_x": p.weights, "weights_y": q.weights}
    return sp.energy_distance(p.positions, q.positions, **weights)


def ksd(p, score, kernel):
    return sp.ksd(p.positions, score, weights=p.weights, kernel=kernel)


def normal_law(rng, d):
    """Mean, covariance and score of a normal law, and its score's curvature."""
    factor = rng.normal(size=(d, d))
    mean, precision = rng.normal(size=d), np.eye(d) + factor @ factor.T / d
    return mean, np.linalg.inv(precision), lambda x: (mean - x) @ precision


def taken(p, rows):
    return sp.ParticleSet(p.positions[rows], p.weights[rows])


# ------------------------------------------------------------- values
@often
@given(clouds(), kernels, smooth)
def test_squares_are_sums_over_all_pairs(problem, kernel, stein):
    p, q, rng = problem
    x, y = np.vstack([p.positions, q.positions]), np.append(p.weights, -q.weights)
    squared = y @ kernel_matrix(kernel, x, x) @ y
    assert abs(mmd(p, q, kernel) ** 2 - squared) < 1e-13
    assert abs(energy(p, q) + y @ cdist(x, x) @ y) < 1e-13
    _, _, score = normal_law(rng, p.dim)
    x, w, s = p.positions, p.weights, score(p.positions)
    squared = w @ stein_matrix(stein, x, s, x, s) @ w
    assert ksd(p, score, stein) ** 2 == pytest.approx(squared, rel=1e-9, abs=1e-12)


@often
@given(clouds(1), kernels)
def test_a_set_is_at_distance_zero_of_itself_in_any_order(problem, kernel):
    p, rng = problem
    q = taken(p, rng.permutation(len(p)))
    assert 0.0 <= mmd(p, q, kernel) < TIGHT
    assert 0.0 <= energy(p, q) < TIGHT**2
    assert sp.infinity_wasserstein(p, q) == 0.0


@often
@given(clouds(3), kernels)
def test_distances_are_symmetric_and_obey_the_triangle(problem, kernel):
    p, q, r, _ = problem
    for distance in (
        lambda a, b: mmd(a, b, kernel),
        lambda a, b: energy(a, b) ** 0.5,
        sp.infinity_wasserstein,
    ):
        assert abs(distance(p, q) - distance(q, p)) < TIGHT
        assert distance(p, r) <= distance(p, q) + distance(q, r) + TIGHT


@often
@given(clouds(1), smooth)
def test_a_stein_discrepancy_is_not_negative_under_signed_weights(problem, kernel):
    p, rng = problem
    _, _, score = normal_law(rng, p.dim)
    signed = p.weighted(rng.normal(size=len(p)))
    for objective in (
        sp.KSD(kernel, score),
        sp.KSD(sp.Linear(), score),
        sp.KSD(sp.Quadratic(), score),
    ):
        for particles in (p, signed):
            s = np.abs(score(p.positions)).max() + np.abs(p.positions).max() + p.dim
            assert objective.value(particles) >= -1e-12 * s**6


# ------------------------------------------------------------- the same measure
@often
@given(clouds(), kernels)
def test_the_order_of_rows_does_not_matter(problem, kernel):
    p, q, rng = problem
    mixed = taken(p, rng.permutation(len(p))), taken(q, rng.permutation(len(q)))
    assert mmd(*mixed, kernel) ** 2 == pytest.approx(mmd(p, q, kernel) ** 2, abs=1e-13)
    assert energy(*mixed) == pytest.approx(energy(p, q), abs=1e-13)
    _, _, score = normal_law(rng, p.dim)
    wanted = ksd(p, score, sp.Gaussian(1.0))
    assert ksd(mixed[0], score, sp.Gaussian(1.0)) == pytest.approx(wanted, rel=1e-9)


@often
@given(clouds(), kernels)
def test_halves_and_duplicates_are_the_same_measure(problem, kernel):
    p, q, rng = problem
    m = int(rng.integers(1, len(p) + 1))
    halves = p.split(rng.permutation(len(p))[:m], np.ones((m, p.dim)), 0.0)
    times = rng.integers(1, 4, len(p))
    several = sp.ParticleSet(np.repeat(p.positions, times, axis=0))
    weighted = p.weighted(times / times.sum())
    _, _, score = normal_law(rng, p.dim)
    for same, measure in ((halves, p), (several, weighted)):
        squares = [mmd(a, q, kernel) ** 2 for a in (same, measure)]
        assert squares[0] == pytest.approx(squares[1], abs=1e-13)
        assert energy(same, q) == pytest.approx(energy(measure, q), abs=1e-13)
        assert mmd(same, measure, kernel) < TIGHT
        steins = [ksd(a, score, sp.InverseMultiquadric(1.0)) for a in (same, measure)]
        assert steins[0] == pytest.approx(steins[1], rel=1e-9)


# ------------------------------------------------------------- other coordinates
@often
@given(clouds(), kernels)
def test_translations_and_rotations_change_nothing(problem, kernel):
    p, q, rng = problem
    turn = ortho_group.rvs(p.dim, random_state=rng) if p.dim > 1 else -np.eye(1)
    shift = rng.normal(size=p.dim)
    a, b = (r.moved_to(r.positions @ turn.T + shift) for r in (p, q))
    assert mmd(a, b, kernel) ** 2 == pytest.approx(mmd(p, q, kernel) ** 2, abs=1e-12)
    assert energy(a, b) == pytest.approx(energy(p, q), abs=1e-12)
    assert sp.infinity_wasserstein(a, b) == pytest.approx(sp.infinity_wasserstein(p, q))
    _, _, score = normal_law(rng, p.dim)

    def turned(z):
        return score((z - shift) @ turn) @ turn.T

    wanted = ksd(p, score, sp.Gaussian(1.3))
    assert ksd(a, turned, sp.Gaussian(1.3)) == pytest.approx(wanted, rel=1e-8)


@often
@given(clouds(), st.integers(-30, 30))
def test_units_scale_distances_and_leave_median_kernels(problem, power):
    p, q, rng = problem
    unit = 2.0**power  # a power of two rounds nothing
    a, b = (r.moved_to(unit * r.positions) for r in (p, q))
    assert energy(a, b) == unit * energy(p, q)
    assert sp.infinity_wasserstein(a, b) == unit * sp.infinity_wasserstein(p, q)
    assume(all(np.ptp(r.positions, axis=0).any() for r in (p, q)))
    assert mmd(a, b, None) == pytest.approx(mmd(p, q, None), rel=1e-9, abs=TIGHT)
    _, _, score = normal_law(rng, p.dim)
    scaled = ksd(a, lambda z: score(z / unit) / unit, None)
    assert scaled * unit == pytest.approx(ksd(p, score, None), rel=1e-9)


@often
@given(clouds(1), smooth)
def test_scores_of_a_linear_map_change_by_the_inverse_transpose(problem, kernel):
    p, rng = problem
    _, _, score = normal_law(rng, p.dim)
    A = np.eye(p.dim) + 0.3 * rng.normal(size=(p.dim, p.dim))
    assume(np.linalg.cond(A) < 100)
    change = sp.Preconditioner(rng.normal(size=p.dim), A)
    z = change.to_working(p.positions)
    pulled = change.score(score)
    np.testing.assert_allclose(A @ z.T, (p.positions - change.centre).T, atol=1e-12)
    s, w = score(p.positions) @ A, p.weights
    close(pulled(z), s, 1e-9)
    squared = w @ stein_matrix(kernel, z, s, z, s) @ w
    assert ksd(p.moved_to(z), pulled, kernel) ** 2 == pytest.approx(squared, rel=1e-8)


# ------------------------------------------------------------- optima
@often
@given(clouds(1))
def test_right_moments_are_the_optimum_of_the_linear_kernel(problem):
    p, rng = problem
    mean, cov, score = normal_law(rng, p.dim)
    z = rng.normal(size=(p.dim + 3, p.dim))
    z -= z.mean(axis=0)
    z = z @ np.linalg.inv(np.linalg.cholesky(z.T @ z / len(z))).T
    right = sp.ParticleSet(mean + z @ np.linalg.cholesky(cov).T)
    objective = sp.KSD(sp.Linear(), score)
    assert abs(objective.value(right)) < 1e-12
    assert np.abs(objective.gradient(right)).max() < 1e-7
    wrong = right.moved_to(right.positions + 0.1)
    assert objective.value(wrong) > 1e-4


@often
@given(clouds(1), kernels)
def test_the_gradient_is_zero_where_particles_are_the_draws(problem, kernel):
    p, rng = problem
    assume(len(np.unique(p.positions, axis=0)) == len(p))
    objective = sp.MMD(kernel, p.positions, p.weights)
    order = rng.permutation(len(p))
    optimum = taken(p, order)
    assert objective.value(optimum) < 1e-13
    assert np.abs(objective.gradient(optimum)).max() < 1e-12
    best = sp.optimal_weights(objective, optimum.weighted(np.full(len(p), 1 / len(p))))
    assert objective.value(best) < 1e-10


@often
@given(clouds(), kernels)
def test_mass_moved_down_the_witness_lowers_the_objective(problem, kernel):
    p, q, _ = problem
    objective = sp.MMD(kernel, q.positions, q.weights)
    h, value = objective.witness(p), objective.value(p)
    low, high = np.argmin(h), np.argmax(h)
    assume(h[high] - h[low] > 1e-6)
    t = 1e-6 * p.weights[high]
    weights = p.weights.copy()
    weights[low], weights[high] = weights[low] + t, weights[high] - t
    change = objective.value(p.weighted(weights)) - value
    assert change == pytest.approx(t * (h[low] - h[high]), rel=0.05, abs=1e-14)


# ------------------------------------------------------------- wild numbers
EXTREMES = [0.0, 1.0, -1.0, 5e-324, 1e-160, 1e-8, 1e8, 1e100, -1e154, 1e200, -1.7e308]
numbers = st.one_of(st.floats(-10, 10), st.sampled_from(EXTREMES))
tables = st.integers(1, 3).flatmap(
    lambda d: st.lists(st.lists(numbers, min_size=d, max_size=d), min_size=2)
)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@often
@given(tables)
def test_no_finite_points_give_nan(rows):
    x = np.array(rows)
    before = x.copy()
    y = -0.5 * x[::-1]
    for call in (
        lambda: sp.mmd(x, y),
        lambda: sp.mmd(x, y, kernel=sp.InverseMultiquadric()),
        lambda: sp.energy_distance(x, y),
        lambda: sp.infinity_wasserstein(x, y),
        lambda: sp.median_bandwidth(x),
        lambda: sp.ksd(x, np.negative),
    ):
        try:
            value = call()
        except ValueError as error:
            assert str(error)
        else:
            assert value >= 0.0, f"{call} gives {value}"
    assert x.tobytes() == before.tobytes()
