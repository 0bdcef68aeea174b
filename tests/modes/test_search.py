"""Other modes: found, weighed and kept."""

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.modes.climb import find_mode
from splitparticles.modes.masses import laplace_masses, measured_masses
from splitparticles.modes.search import find_modes
from splitparticles.scores.counted import CountedScore


def mixture(k, variance):
    centres = {
        2: [[-2, 0], [2, 0]],
        4: [[-3, -3], [3, 3], [-3, 3], [3, -3]],
        9: [[a, b] for a in (-4, 0, 4) for b in (-4, 0, 4)],
    }[k]
    weights = 1.0 + np.arange(k) % 3
    return sp.GaussianMixture(weights, centres, np.full(k, variance))


def explored(target, seed):
    rng = np.random.default_rng(seed)
    score = CountedScore(target.score)
    start = rng.uniform(-2, 2, target.dim)
    first = find_mode(score, start)
    return find_modes(score, first.preconditioner, start, rng), rng


@pytest.mark.parametrize("far", [True, False])
def test_climbs_begin_about_a_start_that_is_far_from_the_mode(far):
    start = np.array([1.0, 0.0]) if far else np.array([0.01, 0.0])
    asked = []

    def score(x):
        asked.append(x)
        return -x / 1e-6

    first = find_mode(CountedScore(score), start)
    asked.clear()
    find_modes(
        CountedScore(score), first.preconditioner, start, np.random.default_rng(0)
    )
    near = np.linalg.norm(np.vstack(asked) - [1.0, 0.0], axis=1) < 0.9
    assert near.any() == far


@pytest.mark.parametrize("variance", [0.1, 0.3])
@pytest.mark.parametrize("k", [2, 4, 9])
def test_every_mode_is_found_with_its_mass(k, variance):
    target = mixture(k, variance)
    modes, rng = explored(target, k)
    assert len(modes) == k
    nearest = [np.argmin(((target.means - m.centre) ** 2).sum(1)) for m in modes]
    assert sorted(nearest) == list(range(k))
    true = target.weights[nearest]
    # the modes are Gaussian and far apart: Laplace's formula is exact
    np.testing.assert_allclose(laplace_masses(modes).masses, true, atol=0.003)
    measured = measured_masses(modes, target.log_density, rng)
    np.testing.assert_allclose(measured.masses, true, atol=0.015)
    assert measured.pareto_k < 0.5 and measured.effective > 500 * k


def test_a_wide_mode_has_more_mass_than_a_narrow_one_as_high():
    target = sp.GaussianMixture([0.2, 0.8], [[-3.0, 0.0], [3.0, 0.0]], [0.1, 0.4])
    for seed in (0, 1):
        modes, rng = explored(target, seed)
        right = [int(mode.centre[0] > 0) for mode in modes]
        assert sorted(right) == [0, 1]
        for found in (
            laplace_masses(modes),
            measured_masses(modes, target.log_density, rng),
        ):
            np.testing.assert_allclose(found.masses, target.weights[right], atol=0.02)


def test_two_tops_without_a_valley_are_one_mode():
    shallow = sp.GaussianMixture([1, 1], [[-1.1, 0.0], [1.1, 0.0]], [1.0, 1.0])
    deep = sp.GaussianMixture([1, 1], [[-3.0, 0.0], [3.0, 0.0]], [1.0, 1.0])
    assert len(explored(shallow, 0)[0]) == 1 and len(explored(deep, 0)[0]) == 2


@pytest.mark.parametrize(
    "target", [sp.targets.Banana(), sp.GaussianMixture([1.0], [[1.0, 2.0]], [3.0])]
)
def test_where_there_is_one_mode_one_is_found(target):
    assert len(explored(target, 0)[0]) == 1


def sampled(score, n, **options):
    return sp.sample(score, [0.5, 0.3], n, emulator=False, rng=0, **options)


def test_sample_keeps_the_masses_and_says_when_it_could_not_measure_them():
    target = mixture(4, 0.2)
    for known in (None, target.log_density):
        result = sampled(target.score, 32, log_density=known)
        x, w = result.positions, result.weights
        nearest = np.argmin(((x[:, None] - target.means) ** 2).sum(2), axis=1)
        masses = np.bincount(nearest, w, minlength=4)
        np.testing.assert_allclose(masses, target.weights, atol=0.02)
        np.testing.assert_allclose(
            result.std(), np.sqrt(np.diag(target.cov)), rtol=0.03
        )
        told = [text for text in result.warnings if "4 groups" in text]
        assert len(told) == (known is None)
    optimal = sampled(target.score, 32, weights="optimal")
    nearest = np.argmin(
        ((optimal.positions[:, None] - target.means) ** 2).sum(2), axis=1
    )
    masses = np.bincount(nearest, optimal.weights, minlength=4)
    np.testing.assert_allclose(masses, target.weights, atol=0.02)
    alone = sampled(target.score, 8, tempering=False)
    assert np.allclose(alone.weights, 1 / 8)


def failing_beyond(radius, error):
    def score(x):
        if (np.abs(x) > radius).any():
            raise error("too far")
        return -x

    return score


@pytest.mark.parametrize("radius, emulator", [(8.0, False), (2.5, "auto")])
@pytest.mark.parametrize("error", [ZeroDivisionError, np.linalg.LinAlgError])
def test_a_numerical_failure_far_away_ends_no_run(error, radius, emulator):
    score = failing_beyond(radius, error)
    result = sp.sample(score, [0.3, -0.2], 16, emulator=emulator, rng=0)
    assert result.success and np.abs(result.mean()).max() < 0.05


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt, TypeError])
def test_any_other_exception_ends_the_search(error):
    first = sp.Preconditioner(np.zeros(2), np.eye(2))
    score, rng = failing_beyond(8.0, error), np.random.default_rng(0)
    with pytest.raises(error, match="too far"):
        find_modes(score, first, np.zeros(2), rng)
