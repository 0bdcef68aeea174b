import importlib

import numpy as np
import pytest

from splitparticles.emulator import fit
from splitparticles.emulator.fit import LEVELS
from splitparticles.emulator.metric import curvature_variation


def bent_score(z):
    """Score of a density with light tails."""
    return -z - 0.3 * np.tanh(z) ** 3


def rows(n=15, d=2, seed=0):
    z = np.random.default_rng(seed).normal(size=(n, d))
    return z, bent_score(z)


def test_length_and_noise_are_found(rng):
    z = rng.normal(size=(80, 2))
    straight = fit(z, -0.8 * z)
    assert fit(z, -z - np.sin(4.0 * z)).length < straight.length
    noisy = fit(z, -0.8 * z + rng.normal(size=z.shape))
    assert noisy.level > straight.level
    again = fit(z, -0.8 * z, near=noisy)
    assert (again.length, again.level) == (straight.length, straight.level)


def bent_along(w, z):
    """Score of a density whose curvature varies along w alone."""
    return -z - (1.5 * np.sin(2.0 * z @ w))[:, None] * w


def test_a_metric_is_found_where_curvature_varies_along_one_direction(rng):
    d = 8
    w = rng.normal(size=d)
    w /= np.linalg.norm(w)
    z, x = rng.normal(size=(60, d)), rng.normal(size=(400, d))
    alike = fit(z, bent_along(w, z))
    assert alike.exponent == 0.0 and np.array_equal(alike.metric, np.eye(d))
    variation = curvature_variation(alike, z, rng)
    stretched = fit(z, bent_along(w, z), variation=variation)
    assert stretched.exponent > 0.0
    longest = np.linalg.eigh(stretched.metric.T @ stretched.metric)[1][:, -1]
    assert abs(longest @ w) > 0.98

    def error(emulator):
        return ((emulator.score(x) - bent_along(w, x)) ** 2).sum(axis=1).mean()

    assert error(stretched) < 0.25 * error(alike)
    # where the curvature varies alike along all directions there is no such metric
    s = -z - np.sin(2.0 * z)
    assert fit(z, s, variation=variation).exponent < stretched.exponent


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
        ((Z, S), {"level": -1.0}, ValueError, "level must be at least 0"),
        ((Z, S), {"exponent": -0.5}, ValueError, "exponent must be at least 0"),
        ((Z, S), {"variation": np.eye(3)}, ValueError, "variation must have shape"),
        ((Z, S), {"variation": np.eye(2) * np.nan}, ValueError, "variation must be fi"),
        ((Z, S), {"sigma": 1.0}, TypeError, "fit.. has no argument 'sigma'"),
    ],
)
def test_bad_arguments_are_named(arguments, options, error, message):
    with pytest.raises(error, match=message):
        fit(*arguments, **options)
