import numpy as np
import pytest

import splitparticles as sp
from splitparticles.sampling.doubts import FAR

GAUSSIAN = sp.targets.Gaussian([3.0, -200.0, 0.1], np.diag([1.0, 400.0, 1e-6]))
EMULATORS = pytest.mark.parametrize("emulator", ["auto", False])


@EMULATORS
@pytest.mark.parametrize("seed", range(3))
def test_means_and_sds_of_a_gaussian_from_a_rough_start(seed, emulator):
    start = np.random.default_rng(seed).uniform(-2, 2, 3)
    result = sp.sample(GAUSSIAN.score, start, 32, emulator=emulator, rng=seed)
    sd = np.sqrt(np.diag(GAUSSIAN.cov))
    np.testing.assert_allclose((result.mean() - GAUSSIAN.mean) / sd, 0.0, atol=0.02)
    atol = 0.003 if emulator else 0.03
    np.testing.assert_allclose(result.std() / sd, 1.0, atol=atol)
    assert result.success and result.warnings == []
    assert np.allclose(result.weights, 1 / 32)


def test_energy_distance_is_that_of_many_more_draws():
    target = sp.targets.Gaussian(np.zeros(3), np.eye(3))
    fresh = target.sample(4000, rng=0)
    result = sp.sample(target.score, np.ones(3), 32, rng=0)
    ours = sp.energy_distance(result.positions, fresh)
    iid = np.mean(
        [sp.energy_distance(target.sample(32, rng=s), fresh) for s in range(10)]
    )
    assert ours < 0.3 * iid


def test_logistic_regression_on_real_data():
    target = sp.targets.LogisticRegression.challenger(prior_sd=2.0)
    result = sp.sample(target.score, np.zeros(2), 64, rng=0)
    grid = np.linspace(-8, 8, 401)
    a, b = np.meshgrid(grid, grid, indexing="ij")
    points = np.column_stack([a.ravel(), b.ravel()])
    log_p = target.log_density(points)
    p = np.exp(log_p - log_p.max())
    p /= p.sum()
    mean = p @ points
    sd = np.sqrt(p @ (points - mean) ** 2)
    np.testing.assert_allclose((result.mean() - mean) / sd, 0.0, atol=0.05)
    np.testing.assert_allclose(result.std() / sd, 1.0, atol=0.05)


def test_a_mode_far_from_the_bulk_does_not_fool_the_coordinates():
    # x | t ~ N(0, exp(t)) in nine dimensions, t ~ N(0, 1): the mode has t = -4.5
    d = 10

    def score(x):
        t, rest = x[:, :1], x[:, 1:]
        pull = 0.5 * ((rest**2).sum(axis=1, keepdims=True) * np.exp(-t) - (d - 1))
        return np.hstack([-t + pull, -rest * np.exp(-t)])

    result = sp.sample(score, np.full(d, 0.5), 64, emulator=False, rng=0)
    assert abs(result.preconditioner.centre[0]) < 2.0
    assert abs(result.mean()[0]) < 0.6 and result.std()[0] > 0.4


@EMULATORS
def test_starts_of_every_kind(emulator):
    normal = np.random.default_rng(0).normal
    starts = [0.0, 0.0, 0.0], 3, normal(size=(5, 3)), normal(size=(50, 3))
    origins = (1, 1, 1, 1) if emulator else (1, 1, 5, 8)
    for start, many in zip(starts, origins, strict=True):
        result = sp.sample(GAUSSIAN.score, start, 8, emulator=emulator, rng=0)
        assert result.positions.shape == (8, 3)
        np.testing.assert_allclose(result.mean()[0], 3.0, atol=0.2)
        assert (result.parents == -1).sum() == many


@pytest.mark.parametrize(
    "preconditioner",
    [
        "auto",
        "none",
        "diagonal",
        np.diag([1.0, 4.0]),
        sp.Preconditioner([1.0, 1.0], [[1.0, 0.0], [0.0, 2.0]]),
    ],
    ids=lambda p: p if isinstance(p, str) else type(p).__name__,
)
def test_working_coordinates_of_every_kind(preconditioner):
    target = sp.targets.Gaussian([1.0, 1.0], [[1.0, 0.3], [0.3, 4.0]])
    result = sp.sample(
        target.score, [0.0, 0.0], 16, preconditioner=preconditioner, rng=0
    )
    np.testing.assert_allclose(result.mean(), 1.0, atol=0.1)
    np.testing.assert_allclose(result.std(), [1.0, 2.0], rtol=0.1)
    assert isinstance(result.preconditioner, sp.Preconditioner)
    if isinstance(preconditioner, sp.Preconditioner):
        assert result.preconditioner is preconditioner


def test_weights_moves_growths_and_objectives_of_ones_own():
    score = sp.targets.Banana(curvature=0.5).score
    equal = sp.sample(score, [0.0, 0.0], 16, rng=0)
    optimal = sp.sample(score, [0.0, 0.0], 16, weights="optimal", rng=0)
    assert optimal.value < equal.value and np.ptp(optimal.weights) > 1e-3
    assert np.isclose(optimal.weights.sum(), 1.0) and optimal.weights.min() > 0
    other = sp.sample(
        score,
        [0.0, 0.0],
        16,
        move=sp.GradientDescent(max_iter=50),
        growth=sp.RandomSplit(),
        objective=lambda s, product: sp.KSD(sp.Gaussian(2.0), s, product),
        rng=0,
    )
    assert len(other.positions) == 16 and other.success


def test_products_given_cost_no_score_rows_and_change_little():
    target = sp.targets.Banana(curvature=0.5)
    # the search for modes asks no products, nor does an emulator
    options = {"tempering": False, "emulator": False, "rng": 0}
    alone = sp.sample(target.score, [0.1, 0.0], 8, **options)
    options["score_product"] = target.score_product
    both = sp.sample(target.score, [0.1, 0.0], 8, **options)
    assert both.n_score_evals < 0.6 * alone.n_score_evals
    np.testing.assert_allclose(both.value, alone.value, rtol=0.02)


def test_one_point_functions_and_log_densities():
    def score(x):
        assert x.shape == (2,)
        return -x

    result = sp.sample(
        score,
        [1.0, 1.0],
        8,
        vectorized=False,
        log_density=lambda x: -0.5 * (x @ x),
        names=["a", "b"],
        rng=0,
    )
    assert result.names == ["a", "b"] and "a" in repr(result)
    assert len(result.positions) == 8


def test_tol_chooses_the_number_of_particles():
    result = sp.sample(lambda x: -x, [0.5, 0.5], 256, tol=0.3, rng=0)
    assert result.stop is sp.Stop.TOLERANCE and len(result.positions) < 64
    finer = sp.sample(lambda x: -x, [0.5, 0.5], 256, tol=0.1, rng=0)
    assert len(finer.positions) > len(result.positions)


@EMULATORS
def test_rounds_are_in_the_users_coordinates(emulator):
    seen, options = [], {"emulator": emulator, "rng": 0}
    result = sp.sample(GAUSSIAN.score, 3, 8, callback=seen.append, **options)
    assert len(seen) == result.n_rounds
    for this in result.rounds:
        np.testing.assert_allclose(this.particles.mean()[1], -200.0, atol=10.0)
    assert np.array_equal(result.rounds[-1].particles.positions, result.positions)
    # after the last round rows on each of eight rays tell whether it falls far out
    after = 0 if emulator else 8 * len(FAR)
    assert result.rounds[-1].n_score_evals == result.n_score_evals - after


@EMULATORS
def test_rows_are_counted_as_the_user_sees_them(emulator):
    rows = []

    def score(x):
        rows.append(len(x))
        return -x

    result = sp.sample(score, [0.5, 0.5], 16, emulator=emulator, rng=0)
    assert result.n_score_evals == sum(rows) and result.n_score_calls == len(rows)


def test_same_generator_same_particles():
    once, again, other = (
        sp.sample(lambda x: -x, 4, 8, rng=seed, growth=sp.RandomSplit()).positions
        for seed in (1, 1, 2)
    )
    assert np.array_equal(once, again) and not np.array_equal(once, other)


def test_the_weights_asked_for_hold_for_a_move_of_ours():
    draws = np.random.default_rng(0).normal(size=(200, 2))
    equal = sp.compress(draws, 6, move=sp.LBFGS(weights=True))
    np.testing.assert_allclose(equal.weights, 1 / 6)
    optimal = sp.compress(draws, 6, weights="optimal", move=sp.LBFGS())
    assert np.ptp(optimal.weights) > 1e-3


@pytest.mark.parametrize("k", [1, 2, 3, 6, 9])
def test_a_score_that_fails_early_leaves_a_result(k):
    calls = []

    def score(x):
        calls.append(len(x))
        if len(calls) == k:
            raise RuntimeError("no more")
        return -((x - 1.0) ** 3) - x

    with pytest.raises(RuntimeError, match="no more") as caught:
        sp.sample(score, [3.0, 3.0], 8, rng=0)
    result = caught.value.result
    assert result.stop is sp.Stop.FAILED and np.isfinite(result.positions).all()
    assert not np.isnan(result.value)


@pytest.mark.parametrize("weight, apart", [(0.5, 1.1), (0.5, 1.5), (0.3, 1.7)])
@pytest.mark.parametrize("seed", [0, 1])
def test_modes_that_overlap_are_both_reached(weight, apart, seed):
    # with a saddle between them on which a lone particle would rest for good
    means = [[-apart, 0.0], [apart, 0.0]]
    target = sp.GaussianMixture([1.0 - weight, weight], means, [1.0, 1.0])
    start = np.random.default_rng(seed).uniform(-5.0, 5.0, size=2)
    result = sp.sample(target.score, start, 32, rng=seed)
    sd = np.sqrt(np.diag(target.cov))
    assert (np.abs(result.mean() - target.mean) < 0.05 * sd).all()
    np.testing.assert_allclose(result.std(), sd, rtol=0.04)


@pytest.mark.parametrize("apart", [1.1, 1.2])
def test_a_shoulder_is_not_left_out(apart):
    means = [[-apart, 0.0], [apart, 0.0]]
    target = sp.GaussianMixture([0.7, 0.3], means, [1.0, 1.0])
    result = sp.sample(target.score, [0.5, 1.0], 32, rng=0)
    sd = np.sqrt(np.diag(target.cov))
    assert (np.abs(result.mean() - target.mean) < 0.05 * sd).all()
    np.testing.assert_allclose(result.std(), sd, rtol=0.04)
    assert result.warnings == []


def test_a_run_says_that_its_particles_are_stuck(monkeypatch):
    from splitparticles.sampling import adaptation

    monkeypatch.setattr(adaptation, "from_a_wide_cloud", lambda *given: None)
    target = sp.GaussianMixture([0.7, 0.3], [[-1.2, 0.0], [1.2, 0.0]], [1.0, 1.0])
    with pytest.warns(sp.SamplingWarning):
        result = sp.sample(target.score, [0.5, 1.0], 32, emulator=False, rng=0)
    assert result.std()[0] < 0.8 * np.sqrt(target.cov[0, 0])
    assert any("as many independent draws" in text for text in result.warnings)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_funnel_is_followed_from_its_neck_to_its_mouth(seed):
    # mode far down the neck; a lone particle used to leave by the side
    target = sp.targets.Funnel()
    start = np.random.default_rng(seed).uniform(-2.0, 2.0, size=2)
    result = sp.sample(target.score, start, 64, emulator=False, rng=seed)
    assert abs(result.mean()[0]) < 0.2 and 2.7 < result.std()[0] < 3.3
    assert abs(result.mean()[1]) < 0.3 * result.std()[1] and result.warnings == []


@pytest.mark.filterwarnings("ignore::splitparticles.SamplingWarning")
@pytest.mark.parametrize("n", [1, 2, 3])
def test_no_more_particles_than_asked_for_where_coordinates_settle(n):
    target = sp.targets.Funnel()
    result = sp.sample(target.score, [0.5, 0.5], n, emulator=False, rng=0)
    assert len(result.particles) == n
