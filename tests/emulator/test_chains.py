import numpy as np
import pytest

from splitparticles._compiled.threads import using_threads
from splitparticles.emulator import chains, effective_size, fit, r_hat

PRECISION = np.array([[1.4, 0.3], [0.3, 0.8]])


STRETCH = {"exponent": 0.5, "variation": [[3.0, 1.0], [1.0, 0.5]]}


def fitted(**options):
    z = 1.5 * np.random.default_rng(0).normal(size=(80, 2))
    return fit(z, -z @ PRECISION, **options)


@pytest.fixture(scope="module")
def gaussian():
    return fitted()


@pytest.fixture(scope="module")
def stretched():
    return fitted(**STRETCH)


def starts(c, d=2, seed=0):
    return np.random.default_rng(seed).normal(size=(c, d))


@pytest.mark.parametrize("metric", [{}, STRETCH], ids=["identity", "M"])
@pytest.mark.parametrize("power", [1.0, 0.5])
def test_a_gaussian_is_sampled(power, metric):
    target = fitted(**metric).flattened(power)
    result = chains(target, starts(64), steps=1000, warmup=100, rng=0)
    assert result.positions.shape == (250, 64, 2)
    assert 0.7 < result.acceptance < 0.9
    draws = result.positions.reshape(-1, 2)
    np.testing.assert_allclose(draws.mean(axis=0), 0.0, atol=0.06)
    cov = np.linalg.inv(PRECISION) / power
    np.testing.assert_allclose(np.cov(draws.T), cov, atol=0.06 / power)
    assert r_hat(result.positions).max() < 1.02
    assert effective_size(result.positions).min() > 5000
    values = target.log_density(draws).reshape(250, 64)
    np.testing.assert_allclose(result.log_densities, values, atol=1e-8)


def test_leaps_are_adapted_from_far_off(gaussian):
    for size in (0.02, 10.0):
        result = chains(gaussian, starts(64), step_size=size, rng=0)
        assert 0.7 < result.acceptance < 0.9


def test_short_leaps_follow_hamiltons_equations(gaussian):
    result = chains(gaussian, starts(8), steps=20, warmup=0, step_size=1e-3, rng=0)
    assert result.step_size == 1e-3
    assert result.acceptance > 0.99999


def test_no_state_passes_the_wall_or_the_floor(gaussian):
    start = np.zeros((8, 2))
    options = {"steps": 100, "thin": 1, "rng": 0}
    near = chains(gaussian, start, wall=0.5, **options)
    x = near.positions.reshape(-1, 2)
    gaps = np.linalg.norm(x[:, None] - gaussian.positions, axis=2).min(axis=1)
    assert gaps.max() <= 0.5 and 0.0 < near.stopped < 1.0
    floor = gaussian.log_density(start[:1])[0] - 0.5
    high = chains(gaussian, start, floor=floor, **options)
    assert high.log_densities.min() > floor
    assert np.linalg.norm(high.positions, axis=2).max() < 1.4
    free = chains(gaussian, start, **options)
    assert free.stopped == 0.0 and free.log_densities.min() < floor - 1.5


def test_the_wall_stands_in_the_metric(stretched):
    run = chains(stretched, np.zeros((8, 2)), wall=0.5, steps=200, thin=1, rng=0)
    x = run.positions.reshape(-1, 2)

    def gaps(x, rows):
        return np.linalg.norm(x[:, None] - rows, axis=2).min(axis=1)

    assert gaps(stretched.stretched(x), stretched.rows[0]).max() <= 0.5
    assert gaps(x, stretched.positions).max() > 0.55 and run.stopped > 0.0


@pytest.mark.parametrize("exponent", [0.0, 0.5])
def test_bits_depend_on_the_generator_alone(exponent):
    z = np.random.default_rng(0).normal(size=(150, 5))
    metric = {"exponent": exponent, "variation": np.diag(np.arange(5.0)) + 0.3}
    emulator = fit(z, -z, length=2.0, level=1e-4, **metric)

    def positions(n_threads, rng):
        with using_threads(n_threads):
            options = {"steps": 30, "warmup": 20, "leaps": 10}
            return chains(emulator, starts(70, 5), rng=rng, **options).positions

    first = positions(1, 3)
    for n_threads in (2, 3):
        np.testing.assert_array_equal(positions(n_threads, 3), first)
    assert (positions(1, 4) != first).all()


def test_the_last_states_are_kept_where_thinning_does_not_divide(gaussian):
    result = chains(gaussian, starts(3), steps=7, warmup=0, thin=3, rng=0)
    assert result.positions.shape == (3, 3, 2)


def test_a_leap_into_nowhere_is_refused(gaussian):
    start = starts(4)
    result = chains(gaussian, start, steps=4, warmup=0, step_size=1e200, rng=0)
    np.testing.assert_array_equal(result.positions[-1], start)
    assert result.acceptance == 0.0


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"steps": 0}, ValueError, "steps must be at least 1"),
        ({"warmup": -1}, ValueError, "warmup must be at least 0"),
        ({"leaps": 1.5}, TypeError, "leaps must be a whole number"),
        ({"step_size": 0.0}, ValueError, "step_size must be positive"),
        ({"seed": 1}, TypeError, "use rng="),
    ],
)
def test_bad_arguments_are_named(gaussian, options, error, message):
    with pytest.raises(error, match=message):
        chains(gaussian, starts(3), **options)
    with pytest.raises(ValueError, match="start must have 2 columns"):
        chains(gaussian, starts(3, 5))
