import numpy as np
import pytest

import splitparticles as sp


def skewed(m, rng):
    x = np.random.default_rng(rng).gamma(3.0, size=(m, 2))
    return x @ np.array([[2.0, 0.0], [30.0, 10.0]]) + [5.0, 0.0]


def test_few_points_are_nearer_to_fresh_draws_than_as_many_iid():
    draws, fresh = skewed(3000, 0), skewed(3000, 1)
    result = sp.compress(draws, 32)
    sd = draws.std(axis=0)
    ours = sp.energy_distance(result.positions / sd, fresh / sd)
    iid = np.mean(
        [sp.energy_distance(skewed(32, s) / sd, fresh / sd) for s in range(20)]
    )
    assert ours < 0.2 * iid
    np.testing.assert_allclose((result.mean() - draws.mean(axis=0)) / sd, 0, atol=0.02)
    np.testing.assert_allclose(result.std() / sd, 1, atol=0.03)
    assert np.allclose(result.weights, 1 / 32) and result.n_score_evals == 0


def test_optimal_weights_lower_the_discrepancy():
    draws = skewed(500, 0)
    equal, optimal = (sp.compress(draws, 8, weights=w) for w in ("equal", "optimal"))
    assert optimal.value < 0.9 * equal.value
    assert np.isclose(optimal.weights.sum(), 1.0) and optimal.weights.min() >= 0


def test_weighted_draws_are_repeated_draws():
    draws = skewed(40, 0)
    times = np.random.default_rng(0).integers(1, 4, size=40)
    weighted = sp.compress(draws, 8, weights_of_draws=times)
    repeated = sp.compress(np.repeat(draws, times, axis=0), 8)
    np.testing.assert_allclose(weighted.value, repeated.value, rtol=1e-4)
    np.testing.assert_allclose(weighted.mean(), repeated.mean(), rtol=1e-4)


def test_chunks_are_the_array():
    draws = skewed(300, 0)
    whole = sp.compress(draws, 8, rng=0)
    for chunks in (
        [draws[:100], draws[100:]],
        (draws[k : k + 30] for k in range(0, 300, 30)),
    ):
        assert np.array_equal(sp.compress(chunks, 8, rng=0).positions, whole.positions)


def test_an_objective_of_ones_own():
    result = sp.compress(
        skewed(200, 0),
        8,
        objective=lambda draws, weights: sp.MMD(sp.Gaussian(1.0), draws, weights),
    )
    assert result.rounds[0].bandwidth > 1.0 and result.rounds[-1].bandwidth is None


def test_compression_does_not_depend_on_units():
    draws = skewed(300, 0)
    small = sp.compress(draws * [1e-9, 1e6], 8)
    same = sp.compress(draws, 8)
    np.testing.assert_allclose(small.value, same.value, rtol=0.01)
    np.testing.assert_allclose(small.std() / [1e-9, 1e6], same.std(), rtol=0.01)


@pytest.mark.parametrize("m", [1, 2, 5])
def test_fewer_draws_than_particles_is_no_error(m):
    result = sp.compress(skewed(m, 0), 8)
    assert np.isfinite(result.positions).all() and len(result.positions) <= 8
    np.testing.assert_allclose(result.mean(), skewed(m, 0).mean(axis=0), rtol=0.05)


def test_draws_that_do_not_vary():
    result = sp.compress(np.ones((50, 2)), 4)
    np.testing.assert_allclose(result.positions, 1.0, atol=1e-6)


def test_raw_coordinates_of_any_unit_will_do():
    draws = skewed(2000, 0) @ np.linalg.inv([[2.0, 0.0], [30.0, 10.0]])
    small = sp.compress(draws * 1e-6, 16, preconditioner="none", rng=0)
    plain = sp.compress(draws, 16, preconditioner="none", rng=0)
    far = [
        sp.energy_distance(result.positions / unit, draws)
        for result, unit in ((small, 1e-6), (plain, 1.0))
    ]
    assert far[0] < 1.2 * far[1]


def test_narrow_directions_are_seen_and_others_keep_their_units():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 1000))
    change = sp.compress(np.column_stack([a, 5.0 * b]), 2).preconditioner
    np.testing.assert_allclose(change.matrix, np.diag([1.0, 5.0]), rtol=0.1, atol=1e-9)
    # nearly the same twice: apart by a hundredth
    draws = np.column_stack([a, a + 0.01 * b])
    z = sp.compress(draws, 2).preconditioner.to_working(draws)
    apart = (z[:, 1] - z[:, 0]) / 2.0**0.5
    np.testing.assert_allclose(apart.std(), 0.2, rtol=0.01)
