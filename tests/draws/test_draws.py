"""Draws of any size: the same answer however they are handed over."""

from dataclasses import replace

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.compression import run as front_door
from splitparticles.draws import draws as draws
from splitparticles.draws import sources
from splitparticles.draws.draws import Draws
from splitparticles.objectives import energy as default_objective


def table(n, d=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.gamma(3.0, size=(n, d)) @ rng.normal(size=(d, d))


def set_pilot(monkeypatch, n):
    for module in (front_door, default_objective):
        if hasattr(module, "PILOT"):
            monkeypatch.setattr(module, "PILOT", n)


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks, pilots and memory so small that a thousand draws are many."""
    monkeypatch.setattr(sources, "ROWS", 128)
    set_pilot(monkeypatch, 200)


@pytest.mark.parametrize("weighted", [False, True])
def test_moments_are_those_of_numpy(small_blocks, weighted):
    x = table(1000) + 1e4
    w = np.random.default_rng(1).random(1000) if weighted else np.ones(1000)
    found = Draws(x, w if weighted else None).moments()
    np.testing.assert_allclose(found.mean, np.average(x, axis=0, weights=w))
    np.testing.assert_allclose(found.cov, np.cov(x.T, aweights=w, ddof=0), rtol=1e-9)
    assert found.n == 1000


def in_chunks(x):
    return [x[:1], x[1:130], x[130:131], x[131:900], x[900:]]


@pytest.mark.parametrize("memory", [draws.MEMORY, 0])
@pytest.mark.parametrize("way", ["chunks", "generator", "callable", "memmap", "dask"])
def test_the_same_bits_however_handed_over(
    small_blocks, monkeypatch, tmp_path, way, memory
):
    x = table(1000)
    whole = sp.compress(x, 12, rng=0)
    monkeypatch.setattr(draws, "MEMORY", memory)
    if way == "chunks":
        given = in_chunks(x)
    elif way == "generator":
        given = (chunk for chunk in in_chunks(x))
    elif way == "callable":

        def given():
            return iter(in_chunks(x))

    elif way == "memmap":
        np.save(tmp_path / "x.npy", x)
        given = np.load(tmp_path / "x.npy", mmap_mode="r")
    else:
        da = pytest.importorskip("dask.array")
        given = da.from_array(x, chunks=(177, 2))
    result = sp.compress(given, 12, rng=0)
    assert np.array_equal(result.positions, whole.positions)
    assert result.value == whole.value
    assert np.array_equal(result.nearest_rows(), whole.nearest_rows())


def test_the_value_of_many_draws_is_near_the_exact_one(monkeypatch):
    x = table(6000)
    exact = sp.compress(x, 20, rng=0)
    set_pilot(monkeypatch, 2000)
    estimate = sp.compress(x, 20, rng=0)
    assert abs(estimate.value / exact.value - 1.0) < 0.15
    assert len(estimate.rounds) > len(exact.rounds)
    sd = x.std(axis=0)
    distances = [
        sp.energy_distance(r.positions / sd, x / sd) for r in (exact, estimate)
    ]
    assert distances[1] < 1.1 * distances[0]


@pytest.mark.parametrize("m", [199, 200, 201, 399, 400, 401])
def test_no_number_of_draws_is_between_few_and_many(small_blocks, m):
    x = table(m)
    result = sp.compress(x, 6, rng=0)
    assert result.success and result.value > 0.0
    np.testing.assert_allclose(result.mean(), x.mean(axis=0), atol=0.1 * x.std())


def test_weights_of_many_draws_count(small_blocks):
    x = table(1000)
    w = np.where(x[:, 0] > np.median(x[:, 0]), 9.0, 1.0)
    result = sp.compress(x, 16, weights_of_draws=w, rng=0)
    sd = x.std(axis=0)
    mean = np.average(x, axis=0, weights=w)
    np.testing.assert_allclose((result.mean() - mean) / sd, 0.0, atol=0.03)


def test_a_run_that_ends_early_says_what_it_saw(small_blocks):
    def enough(this):
        if len(this.particles) == 4:
            raise StopIteration

    result = sp.compress(table(1000), 16, rng=0, callback=enough)
    assert not result.success and "200 of 1000" in result.warnings[-1]


@pytest.mark.parametrize(
    "given, error, words",
    [
        (np.zeros((0, 2)), ValueError, "N, d >= 1"),
        (np.zeros(()), ValueError, "shape"),
        (np.zeros((2, 2, 2, 2)), ValueError, "shape"),
        ([np.zeros((2, 2)), np.zeros((2, 3))], ValueError, "chunk 1"),
        ([np.zeros((2, 2)), [[np.nan, 0.0]]], ValueError, "chunk 1"),
        (iter([3.5]), ValueError, "chunk 0"),
        (np.array([[0.0, 1.0], [np.inf, 0.0]]), ValueError, "row 1"),
        (lambda: iter([]), ValueError, "at least one row"),
        ("draws.csv", TypeError, "draws"),
        (3, TypeError, "draws"),
    ],
)
def test_bad_draws_are_named(given, error, words):
    with pytest.raises(error, match=words):
        sp.compress(given, 4)


class OnDisk:
    """A stand-in for a data set of HDF5 or Zarr: chunks, a shape, a type, slices."""

    chunks = (4, 2)

    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def __len__(self):
        return len(self.array)

    def __getitem__(self, rows):
        return self.array[rows]


def of_dask(array):
    return pytest.importorskip("dask.array").from_array(array, chunks=(4, 2))


@pytest.mark.parametrize("hold", [OnDisk, of_dask])
@pytest.mark.parametrize("dtype", [complex, "U4", "S4", object, "datetime64[s]"])
def test_what_is_not_real_is_refused_wherever_it_lies(hold, dtype):
    array = np.ones((8, 2), dtype=int)
    assert np.array_equal(Draws(hold(array)).in_memory()[0], array)
    with pytest.raises(TypeError, match="draws must be real numbers"):
        sp.compress(hold(array.astype(dtype)), 2)


def test_a_row_far_into_a_file_is_named(small_blocks):
    x = table(1000)
    x[700, 1] = np.nan
    with pytest.raises(ValueError, match="row 700"):
        sp.compress(x, 4)


def test_nothing_that_was_passed_is_modified(small_blocks):
    x, w = table(500), np.ones(500)
    x.flags.writeable = w.flags.writeable = False
    before = x.copy()
    sp.compress(x, 6, weights_of_draws=w)
    assert np.array_equal(x, before)


# ------------------------------------------------------------- nearest draws
def test_nearest_draws_are_a_matching_of_least_cost(small_blocks):
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    x = table(400)
    result = sp.compress(x, 10, rng=0)
    x = x[:13]  # so few that particles are in each other's way
    result = replace(result, compressed=Draws(x))
    rows = result.nearest_rows()
    assert len(set(rows)) == 10
    assert np.array_equal(x[rows], result.nearest_draws())
    change = result.preconditioner
    cost = cdist(*map(change.to_working, (result.positions, x)), "sqeuclidean")
    i, j = linear_sum_assignment(cost)
    np.testing.assert_allclose(
        cost[np.arange(10), rows].sum(), cost[i, j].sum(), rtol=1e-12
    )


def test_draws_that_repeat_are_taken_once():
    x = np.repeat(table(12), 50, axis=0)
    result = sp.compress(x, 12, rng=0)
    assert len(np.unique(result.nearest_draws(), axis=0)) == 12
    with pytest.raises(ValueError, match="fewer distinct draws"):
        replace(result, compressed=Draws(x[:150])).nearest_draws()


def test_only_compress_has_draws():
    result = sp.sample(lambda x: -x, 2, 16, rng=0)
    with pytest.raises(ValueError, match="compress"):
        result.nearest_draws()


# ------------------------------------------------------------------- weights
@pytest.mark.parametrize(
    "objective",
    [
        sp.MMD(sp.Energy(0.1), table(200)),
        sp.MMD(sp.Gaussian(2.0), table(200)) + 0.1 * sp.MMD(sp.Quadratic(), table(200)),
        sp.KSD(sp.InverseMultiquadric(1.0), lambda x: -x),
    ],
    ids=["energy", "sum", "ksd"],
)
def test_optimal_weights_leave_no_better_ones(objective):
    x = sp.ParticleSet(table(15, seed=3))
    best = sp.optimal_weights(objective, x)
    assert np.isclose(best.weights.sum(), 1.0) and best.weights.min() >= 0.0
    # Karush, Kuhn, Tucker: the witness is the same where there is weight, and no less
    # where there is none
    h = objective.witness(best)
    level = best.weights @ h
    scale = np.abs(objective.witness(x)).max()
    assert np.abs(h[best.weights > 1e-9] - level).max() < 1e-5 * scale
    assert h.min() > level - 1e-5 * scale


def test_weights_need_a_squared_discrepancy():
    class Other(sp.Objective):
        def value(self, particles):
            return 0.0

        def witness(self, particles, at=None):
            return np.zeros(len(particles))

        def witness_gradient(self, particles, at=None):
            return np.zeros_like(particles.positions)

    with pytest.raises(TypeError, match="squared discrepancy"):
        sp.optimal_weights(Other(), sp.ParticleSet([[0.0], [1.0]]))
    # and compress leaves the weights of the descent where there is none
    result = sp.compress(
        table(30), 1, objective=lambda draws, weights: Other(), weights="optimal"
    )
    assert result.weights.tolist() == [1.0]


# -------------------------------------------------------------------- energy
def test_the_energy_kernel_is_the_energy_distance():
    x, y = table(20), table(300, seed=1)
    found = sp.mmd(x, y, kernel=sp.Energy()) ** 2
    np.testing.assert_allclose(found, sp.energy_distance(x, y), rtol=1e-4)


def test_ksd_refuses_a_conditional_kernel():
    with pytest.raises(ValueError, match="fit for MMD only"):
        sp.KSD(sp.Energy(1.0), lambda x: -x)


# ------------------------------------------------------------------- shards
def shard_score(x, rows):
    return rows.sum(axis=0) - len(rows) * x


def test_shards_add_in_their_order_wherever_they_are():
    from concurrent.futures import ThreadPoolExecutor

    shards = np.array_split(table(100), 7)
    here = sp.ShardedScore(shard_score, shards)
    x = table(5, seed=2)
    np.testing.assert_allclose(here(x), shard_score(x, np.vstack(shards)), rtol=1e-10)
    with ThreadPoolExecutor(3) as pool:
        assert np.array_equal(
            sp.ShardedScore(shard_score, shards, map=pool.map)(x), here(x)
        )


def test_bad_shards_are_named():
    x = np.zeros((3, 2))
    with pytest.raises(ValueError, match="shard 1"):
        sp.ShardedScore(lambda x, k: x[: 3 - k], [0, 1])(x)
    with pytest.raises(ValueError, match="2 parts, got 1"):
        sp.ShardedScore(shard_score, [x, x], map=lambda f, s: [f(s[0])])(x)
    with pytest.raises(ValueError, match="at least one"):
        sp.ShardedScore(shard_score, [])
    with pytest.raises(TypeError, match="map"):
        sp.ShardedScore(shard_score, [x], map=3)


def test_an_expectation_and_its_error():
    x, fresh = table(2000), table(2000, seed=0)[::-1] + 0.0
    result = sp.compress(x, 32, rng=0)
    found = result.expectation_error(lambda x: x**2, fresh)
    np.testing.assert_allclose(found.value, result.expect(lambda x: x**2))
    np.testing.assert_allclose(found.value - found.difference, (fresh**2).mean(axis=0))
    wanted = (fresh**2).std(axis=0, ddof=1) / 2000**0.5
    np.testing.assert_allclose(found.standard_error, wanted)
    assert found.worst_case == result.discrepancy
    with pytest.raises(ValueError, match="2000 rows"):
        result.expectation_error(lambda x: x[:3], fresh)


def test_no_function_of_norm_one_is_further_off_than_the_worst_case():
    x = table(300)
    kernel = sp.Gaussian(3.0)
    F = sp.MMD(kernel, x)
    p = sp.descend(F, sp.ParticleSet(x[:1]), n_particles=6, rng=0).particles
    rng = np.random.default_rng(0)
    for _ in range(20):
        at, c = rng.normal(size=(5, 3)) * 5.0, rng.normal(size=5)
        gram = np.exp(-0.5 * ((at[:, None] - at) ** 2).sum(axis=2) / 9.0)
        norm = np.sqrt(c @ gram @ c)

        def f(z, at=at, c=c, norm=norm):
            return np.exp(-0.5 * ((z[:, None] - at) ** 2).sum(axis=2) / 9.0) @ c / norm

        assert abs(p.expect(f) - f(x).mean()) <= F.discrepancy(p) * (1 + 1e-9)
