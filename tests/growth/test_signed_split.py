import numpy as np
import pytest

import splitparticles as sp
from splitparticles.growth.signed_split import _best_split


@pytest.mark.parametrize("most", [1, 2, 3])
def test_signed_splits_keep_mass_and_mean_and_lower_f(most, problems):
    for F, p in problems:
        grown = sp.SignedSplit(most=most)(F, p, 4, np.random.default_rng(0))
        assert 1 <= len(grown.parents) <= 4
        np.testing.assert_allclose(grown.particles.weights.sum(), 1.0)
        np.testing.assert_allclose(grown.particles.mean(), p.mean(), atol=1e-12)
        found = F.value(grown.particles) - F.value(p)
        assert found < 0.0
        np.testing.assert_allclose(found, grown.expected, rtol=1e-9)


def test_one_step_of_all_splits_is_close_to_the_best_one(problems):
    for F, p in problems:
        rng = np.random.default_rng(0)
        grown = sp.SignedSplit()(F, p, 4, rng)
        x, step = grown.particles.positions, grown.steps[0]
        centres = p.positions[np.append(np.arange(len(p)), grown.parents)]
        values = [
            F.value(
                sp.ParticleSet(
                    centres + factor * (x - centres), grown.particles.weights
                )
            )
            for factor in np.geomspace(0.02, 8.0, 200) / step
        ]
        fall = F.value(p) - F.value(grown.particles)
        assert fall > 0.9 * (F.value(p) - min(values))


def best_of_all_splits(S, c, k):
    """Least sum over k children that SLSQP finds."""
    from scipy.optimize import minimize

    def split(z):
        return z[:k], z[k:].reshape(k, 2)

    def total(z):
        s, o = split(z)
        return s @ np.einsum("ka,ab,kb->k", o, S, o)

    constraints = [
        {"type": "eq", "fun": lambda z: split(z)[0].sum() - 1.0},
        {"type": "eq", "fun": lambda z: split(z)[0] @ split(z)[1]},
        {"type": "ineq", "fun": lambda z: c - np.abs(split(z)[0]).sum()},
        {"type": "ineq", "fun": lambda z: 1 - (split(z)[1] ** 2).sum(axis=1)},
    ]
    best = 0.0
    for seed in range(12):
        z = np.random.default_rng(seed).normal(size=3 * k)
        with np.errstate(all="ignore"):
            run = minimize(total, z, method="SLSQP", constraints=constraints)
        if run.success:
            best = min(best, run.fun)
    return best


@pytest.mark.slow
@pytest.mark.parametrize("signs", [(-1.0, -0.5), (0.5, 1.0), (-0.5, 1.0)])
@pytest.mark.parametrize("c", [1.5, 3.0])
def test_the_closed_forms_are_the_optima(signs, c):
    S = np.diag(signs)
    for most in (1, 2, 3):
        value, shares, offsets = _best_split(signs[0], signs[1], *np.eye(2), c, most)
        shares, offsets = np.array(shares), np.array(offsets)
        np.testing.assert_allclose(shares.sum(), 1.0)
        assert np.abs(shares).sum() <= c + 1e-12
        np.testing.assert_allclose(shares @ offsets, 0.0, atol=1e-12)
        assert np.linalg.norm(offsets, axis=1).max() <= 1.0 + 1e-12
        found = shares @ np.einsum("ka,ab,kb->k", offsets, S, offsets)
        np.testing.assert_allclose(found, value, atol=1e-12)
        assert value <= best_of_all_splits(S, c, most + 1) + 1e-6


def test_a_run_says_that_weights_are_negative(trap):
    F, start = trap
    result = sp.descend(
        F, start, n_particles=6, growth=sp.SignedSplit(), max_rounds=3, rng=0
    )
    assert result.weights.min() < 0.0 and "negative" in result.warnings[-1]
    fine = sp.descend(F, start, n_particles=1, rng=0)
    assert not any("negative" in warning for warning in fine.warnings)
