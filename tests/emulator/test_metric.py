import numpy as np
import pytest

from splitparticles.emulator.metric import LEAST, curvature_variation, metric_of
from splitparticles.emulator.rows import Hyperparameters, Rows
from splitparticles.targets.target import Target


class Waves(Target):
    """Log density of waves along some rows w_k: the sum of a_k sin w_k . z."""

    def __init__(self, w, a):
        self.w, self.a, self.dim = w, a, w.shape[1]

    def _log_density(self, x):
        return np.sin(x @ self.w.T) @ self.a

    def _score(self, x):
        return (np.cos(x @ self.w.T) * self.a) @ self.w

    def _score_product(self, x, v):
        return -(np.sin(x @ self.w.T) * self.a * (v @ self.w.T)) @ self.w

    def _score_curvature(self, x, u, v):
        waves = np.cos(x @ self.w.T) * self.a * (u @ self.w.T) * (v @ self.w.T)
        return -waves @ self.w


def test_a_single_direction_is_found(rng):
    w = rng.normal(size=(1, 6))
    C = curvature_variation(Waves(w, np.ones(1)), rng.normal(size=(40, 6)), rng)
    values, vectors = np.linalg.eigh(C)
    assert abs(vectors[:, -1] @ w[0]) == pytest.approx(np.linalg.norm(w))
    assert np.abs(values[:-1]).max() < 1e-10 * values[-1]


def test_it_is_the_mean_square_of_third_derivatives(rng, monkeypatch):
    monkeypatch.setattr("splitparticles.emulator.metric.PAIRS", 100_000)
    w, a = rng.normal(size=(2, 3)), np.array([1.0, 2.0])
    z = rng.normal(size=(50, 3))
    third = -np.einsum("mk,ka,kb,kc->mabc", np.cos(z @ w.T) * a, w, w, w)
    wanted = np.einsum("mabk,mabl->kl", third, third) / len(z)
    found = curvature_variation(Waves(w, a), z, rng)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=0.05 * wanted.max())


@pytest.mark.parametrize("exponent", [0.125, 0.5])
def test_it_is_a_power_of_mean_square_one(exponent, rng):
    A = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    values = np.array([9.0, 4.0, 1.0, 0.25])
    M, D = metric_of((A * values) @ A.T, exponent)
    np.testing.assert_allclose((M * M).sum(), 4.0)
    powers = values ** (2.0 * exponent)
    wanted = (A * (4.0 * powers / powers.sum())) @ A.T
    np.testing.assert_allclose(M.T @ M, wanted, atol=1e-12)
    np.testing.assert_allclose((M @ M.T), np.diag(D * D), atol=1e-12)


def test_no_length_is_infinite_and_no_variation_is_the_identity():
    M, D = metric_of(np.diag([1.0, 0.0, -1e-18]), 0.5)
    assert np.linalg.cond(M) == pytest.approx(1.0 / LEAST)
    np.testing.assert_allclose(metric_of(np.zeros((3, 3)), 0.0)[0], np.eye(3))
    assert np.isfinite(metric_of(np.zeros((3, 3)), 0.5)[0]).all()


def test_noise_that_is_alike_in_all_coordinates_stays_so(rng):
    A = rng.normal(size=(3, 3))
    rows = Rows(*rng.normal(size=(2, 4, 3)), np.arange(4.0), A @ A.T)
    M, x, y, noise = rows.stretched(Hyperparameters(1.0, 0.5, 0.5))
    np.testing.assert_allclose(x, rows.x @ M.T)
    np.testing.assert_allclose(y @ M, rows.y)
    for i in range(4):
        at_home = M.T @ np.diag(noise[i]) @ M
        np.testing.assert_allclose(at_home, (i + 0.5) * np.eye(3), atol=1e-12)
