import importlib

import numpy as np
import pytest

from splitparticles.emulator import fit
from splitparticles.emulator.fit import LEVELS, log_evidence
from splitparticles.kernels.radial import RationalQuadratic
from splitparticles.testing.oracles import gradient_covariance


def bent_score(z):
    """Score of a density with light tails."""
    return -z - 0.3 * np.tanh(z) ** 3


def rows(n=15, d=2, seed=0):
    z = np.random.default_rng(seed).normal(size=(n, d))
    return z, bent_score(z)


def test_the_evidence_is_that_of_a_normal_with_its_scale_profiled_out():
    z, y = rows()
    kernel, noise = RationalQuadratic(1.3), np.linspace(0.01, 0.3, 15)
    K = gradient_covariance(kernel, z, z)
    K += np.diag(np.repeat(noise, 2)) * K[0, 0]
    misfit = y.ravel() @ np.linalg.solve(K, y.ravel())
    wanted = -0.5 * (y.size * np.log(misfit) + np.linalg.slogdet(K)[1])
    assert log_evidence(kernel, z, y, noise) == pytest.approx(wanted, rel=1e-10)


def test_length_and_noise_are_found(rng):
    z = rng.normal(size=(80, 2))
    straight = fit(z, -0.8 * z)
    assert fit(z, -z - np.sin(4.0 * z)).length < straight.length
    noisy = fit(z, -0.8 * z + rng.normal(size=z.shape))
    assert noisy.level > straight.level
    again = fit(z, -0.8 * z, near=noisy)
    assert (again.length, again.level) == (straight.length, straight.level)


def test_a_noisy_row_does_not_ruin_the_fit():
    z, s = rows(40)
    x, wanted = rows(50, seed=1)
    wrong = s.copy()
    wrong[3] += 100.0
    noise = np.zeros(40)
    noise[3] = 1e6

    def error(scores, **options):
        emulator = fit(z, scores, length=1.5, level=1e-4, **options)
        return ((emulator.score(x) - wanted) ** 2).mean()

    assert error(wrong) > 100.0 * error(s)
    assert error(wrong, noise=noise) < 4.0 * error(s)


def test_rows_that_meet_get_the_noise_they_need():
    z, s = rows()
    z, s = np.vstack([z, z]), np.vstack([s, s])
    assert np.isfinite(fit(z, s).score(z)).all()
    with pytest.raises(np.linalg.LinAlgError, match="too close for their noise"):
        fit(z, s, length=1.5, level=0.0)


def test_conjugate_gradients_raise_the_level_until_they_converge(monkeypatch):
    z, s = rows(20)
    for module in ("solve", "fit"):  # whose function `fit` hides the latter
        path = f"splitparticles.emulator.{module}"
        monkeypatch.setattr(importlib.import_module(path), "DENSE", 10)
    monkeypatch.setattr("splitparticles.emulator.solve.MAX_ITERATIONS", 10)
    assert fit(z, s, length=8.0).level > 1e-4
    with pytest.raises(np.linalg.LinAlgError, match="no emulator"):
        fit(z, s, length=8.0, level=LEVELS[0])


def test_the_prior_itself_is_met_at_no_scale():
    z, _ = rows()
    prior = fit(z, -z).prior
    emulator = fit(z, prior.score(z))
    assert emulator.scale < 1e-8
    np.testing.assert_allclose(emulator.score(z), prior.score(z))


def test_nothing_that_was_passed_is_modified():
    z, s = rows()
    noise = np.full(15, 0.1)
    copies = z.copy(), s.copy(), noise.copy()
    emulator = fit(z, s, noise=noise)
    z += 1.0
    for array, copy in zip((z - 1.0, s, noise), copies, strict=True):
        np.testing.assert_allclose(array, copy, atol=1e-15)
    np.testing.assert_array_equal(emulator.positions, copies[0])


Z, S = rows(4)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((Z[0], S[0]), {}, ValueError, "positions must have shape"),
        ((Z, S[:3]), {}, ValueError, "scores must have 4 rows, got 3"),
        ((Z, S[:, :1]), {}, ValueError, "scores must have 2 columns, got 1"),
        ((Z, S * np.nan), {}, ValueError, "scores must be finite"),
        ((Z + np.inf, S), {}, ValueError, "positions must be"),
        ((Z, S), {"noise": [1.0, 2.0]}, ValueError, "noise must have shape"),
        ((Z, S), {"noise": -1.0}, ValueError, "noise must not be negative, got -1"),
        ((Z, S), {"noise": np.nan}, ValueError, "noise must be finite"),
        ((Z, S), {"length": 0.0}, ValueError, "length must be positive"),
        ((Z, S), {"level": -1.0}, ValueError, "level must not be negative"),
        ((Z, S), {"sigma": 1.0}, TypeError, "fit.. has no argument 'sigma'"),
    ],
)
def test_bad_arguments_are_named(arguments, options, error, message):
    with pytest.raises(error, match=message):
        fit(*arguments, **options)
