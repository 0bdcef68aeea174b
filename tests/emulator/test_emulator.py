import numpy as np
import pytest

import splitparticles as sp
from splitparticles._compiled.threads import using_threads
from splitparticles.emulator import fit
from splitparticles.emulator.emulator import Emulator
from splitparticles.emulator.solve import by_conjugate_gradients
from splitparticles.testing.oracles import (
    close,
    differences,
    gradient_covariance,
    stretched_covariance,
)

STEP = 1e-4


def bent_score(z):
    """Score of a density with light tails and a bend."""
    s = -z - 0.3 * np.tanh(z) ** 3
    s[:, 0] += 0.2 * np.cos(z).sum(axis=1)
    s[:, 1:] -= 0.2 * z[:, :1] * np.sin(z[:, 1:])
    s[:, 0] -= 0.2 * (np.cos(z[:, 0]) + z[:, 0] * np.sin(z[:, 0]))
    return s


def problem(n=12, d=3, **options):
    rng = np.random.default_rng([n, d])
    z, x = rng.normal(size=(n, d)), rng.normal(size=(5, d))
    return z, x, fit(z, bent_score(z), **options)


def oracle(z, s, emulator, x, noise):
    """Posterior mean and standard deviation of the score at x; noise alike in all z."""
    kernel, prior, M = emulator.kernel, emulator.prior, emulator.metric
    gradient_variance = gradient_covariance(kernel, z[:1], z[:1])[0, 0]
    K = stretched_covariance(kernel, M, z, z)
    K += gradient_variance * np.diag(np.repeat(noise, z.shape[1]))
    y = (s - prior.score(z)).ravel()
    across = stretched_covariance(kernel, M, x, z)
    mean = across @ np.linalg.solve(K, y)
    known = np.einsum("ij,ji->i", across, np.linalg.solve(K, across.T))
    scale = y @ np.linalg.solve(K, y) / y.size
    unknown = np.tile(gradient_variance * (M * M).sum(axis=0), len(x))
    sd = np.sqrt(scale * (unknown - known))
    return prior.score(x) + mean.reshape(x.shape), sd.reshape(x.shape)


def stretch(d, seed=0):
    """Options of a fit with a metric that is far from the identity."""
    A = np.random.default_rng(seed).normal(size=(d, d))
    return {"exponent": 0.5, "variation": A @ A.T}


METRICS = pytest.mark.parametrize("metric", [{}, stretch(3)], ids=["identity", "M"])


@pytest.mark.parametrize("d", [1, 2, 5])
@pytest.mark.parametrize("stretched", [False, True])
def test_derivatives_are_differences(d, stretched):
    metric = stretch(d) if stretched else {}
    _, x, emulator = problem(d=d, length=1.5, level=1e-3, **metric)
    identity = np.array_equal(emulator.metric, np.eye(d))
    assert identity == (not stretched) or d == 1
    emulator = emulator.flattened(0.7)
    u, v = np.random.default_rng(0).normal(size=(2, *x.shape))
    close(emulator.score(x), differences(emulator.log_density, x))

    def slope(f):
        return (f(x + STEP * v) - f(x - STEP * v)) / (2.0 * STEP)

    close(emulator.score_product(x, v), slope(emulator.score), 1e-6)
    bend = slope(lambda at: emulator.score_product(at, u))
    close(emulator.score_curvature(x, u, v), bend, 1e-6)


@METRICS
def test_it_is_the_posterior_of_a_dense_solve(metric):
    noise = np.linspace(0.0, 5.0, 12)
    z, x, emulator = problem(length=1.5, level=1e-3, noise=noise, **metric)
    mean, sd = oracle(z, bent_score(z), emulator, x, noise + 1e-3)
    close(emulator.score(x), mean, 1e-9)
    close(emulator.score_sd(x), sd, 1e-8)


@METRICS
def test_many_rows_fill_several_blocks(metric):
    z, x, emulator = problem(n=300, d=3, length=1.5, level=1e-4, **metric)
    mean, sd = oracle(z, bent_score(z), emulator, x, np.full(300, 1e-4))
    close(emulator.score(x), mean, 1e-7)
    close(emulator.score_sd(x), sd, 1e-5)


def test_without_noise_it_meets_the_rows():
    z, _, emulator = problem(length=1.5, level=0.0)
    close(emulator.score(z), bent_score(z), 1e-8)
    assert emulator.score_sd(z).max() < 1e-5 * emulator.score_sd(z + 100.0).min()


@METRICS
def test_conjugate_gradients_find_the_dense_solution(monkeypatch, metric):
    z, x, dense = problem(n=20, length=1.5, level=1e-2, **metric)
    monkeypatch.setattr("splitparticles.emulator.solve.DENSE", 30)
    monkeypatch.setattr("splitparticles.emulator.solve.TOLERANCE", 1e-10)
    monkeypatch.setattr("splitparticles.emulator.uncertainty.NEAREST", 30)
    iterative = fit(z, bent_score(z), length=1.5, level=1e-2, **metric)
    assert dense.factor is not None and iterative.factor is None
    close(iterative.score(x), dense.score(x), 1e-8)
    # fewer rows know less
    assert (iterative.score_sd(x) >= dense.score_sd(x) * (1.0 - 1e-9)).all()
    # from there no iteration is left to do
    monkeypatch.setattr("splitparticles.emulator.solve.TOLERANCE", 1e-8)
    monkeypatch.setattr("splitparticles.emulator.solve.MAX_ITERATIONS", 1)
    options = {"length": 1.5, "level": 1e-2, "near": iterative, **metric}
    again = fit(z, bent_score(z), **options)
    np.testing.assert_array_equal(again.coefficients, iterative.coefficients)


def test_conjugate_gradients_begin_where_told():
    z, _, emulator = problem(n=20, length=1.5, level=1e-2)
    y = bent_score(z) - emulator.prior.score(z)
    a, solved = by_conjugate_gradients(
        emulator.kernel, z, y, emulator.noise, emulator.coefficients
    )
    assert solved
    np.testing.assert_array_equal(a, emulator.coefficients)


def test_far_from_the_rows_it_is_the_prior():
    _, x, emulator = problem(length=1.5, level=1e-3)
    far = 1e4 * x / np.linalg.norm(x, axis=1, keepdims=True)
    close(emulator.score(far), emulator.prior.score(far), 1e-4)
    own = gradient_covariance(emulator.kernel, far[:1], far[:1])[0, 0]
    close(emulator.score_sd(far), np.full_like(far, emulator.scale * own**0.5), 1e-6)


@pytest.mark.parametrize("n", [12, 20])
def test_few_rows_know_a_gaussian(n, rng):
    precision = np.diag([0.8, 1.0, 1.3]) + 0.1
    z = rng.normal(size=(n, 3))
    emulator = fit(z, -z @ precision)
    x = rng.normal(size=(200, 3))
    error = emulator.score(x) + x @ precision
    assert (error**2).mean() < {12: 2e-2, 20: 1e-3}[n]


def test_its_doubt_is_about_its_error(rng):
    z = rng.normal(size=(60, 4))
    emulator = fit(z, bent_score(z))
    x = rng.normal(size=(300, 4))
    ratio = (emulator.score(x) - bent_score(x)) / emulator.score_sd(x)
    assert 0.3 < np.sqrt((ratio**2).mean()) < 2.0


@pytest.mark.parametrize("metric", [{}, stretch(7)], ids=["identity", "M"])
def test_any_number_of_threads_gives_the_same_bits(monkeypatch, metric):
    z, _, _ = problem(n=120, d=7)
    x = np.random.default_rng(1).normal(size=(700, 7))

    def answers(n_threads, dense):
        monkeypatch.setattr("splitparticles.emulator.solve.DENSE", dense)
        with using_threads(n_threads):
            emulator = fit(z, bent_score(z), length=2.0, level=1e-2, **metric)
            arrays = (
                *emulator.log_density_and_score(x),
                emulator.score_product(x, x[::-1]),
                emulator.score_curvature(x, x[::-1], x),
                emulator.score_sd(x[:9]),
            )
            return [array.tobytes() for array in arrays]

    for dense in (100, 4000):
        assert answers(1, dense) == answers(2, dense) == answers(3, dense)


def test_a_power_multiplies_everything():
    _, x, emulator = problem(length=1.5, level=1e-3)
    flat = emulator.flattened(0.5).flattened(0.5)
    assert isinstance(flat, Emulator) and flat.power == 0.25
    close(flat.log_density(x), 0.25 * emulator.log_density(x), 1e-13)
    close(flat.score(x), 0.25 * emulator.score(x), 1e-13)
    close(flat.score_sd(x), 0.25 * emulator.score_sd(x), 1e-13)


def test_particles_descend_on_it():
    _, _, emulator = problem(n=40, d=2)
    objective = sp.KSD(
        sp.InverseMultiquadric(2.0),
        emulator.score,
        score_product=emulator.score_product,
        score_curvature=emulator.score_curvature,
    )
    result = sp.descend(objective, [[1.0, 1.0]], n_particles=4, rng=0)
    assert len(result.particles) == 4 and result.value < 0.1


def test_wrong_points_are_refused():
    _, x, emulator = problem()
    assert emulator.dim == 3 and emulator.n_rows == 12
    with pytest.raises(ValueError, match="x must have shape"):
        emulator.score(x[:, :2])
    with pytest.raises(ValueError, match="power must be positive"):
        emulator.flattened(0.0)
    assert np.isnan(emulator.score(np.full((1, 3), np.nan))).all()
