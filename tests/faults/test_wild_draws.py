"""Draws as people have them: wild rows, columns of any scale, too few rows."""

import numpy as np
import pytest

import splitparticles as sp

RNG = np.random.default_rng(0)
BULK = RNG.normal(size=(999, 2))
PLAIN = sp.compress(BULK, 64, rng=0)


def spread(x):
    """Interquartile ranges of the columns."""
    return np.subtract(*np.quantile(x, [0.75, 0.25], axis=0))


@pytest.mark.parametrize("n", [8, 64])
@pytest.mark.parametrize("far", [1e4, 1e5, 1e10, 1e50, -1e160])
def test_one_far_row_changes_nothing_but_is_told(far, n):
    result = sp.compress(np.vstack([BULK, [[far, -far]]]), n, rng=0)
    plain = sp.compress(BULK, n, rng=0)
    assert result.success and len(result.particles) == n
    assert "1 of 1000 draws, the first of them row 999" in result.warnings[0]
    now, before = (sp.energy_distance(r.positions, BULK) for r in (result, plain))
    assert now == pytest.approx(before, rel=0.05)


@pytest.mark.parametrize("kind", ["chunks", "weighted", "dask"])
def test_a_far_row_of_draws_of_any_kind_is_left_out(kind):
    x = np.vstack([BULK[:400], [[1e9, 0.0]], BULK[400:]])
    options = {}
    if kind == "chunks":
        draws = [x[:300], x[300:]]
    elif kind == "weighted":
        draws, options = x, {"weights_of_draws": np.ones(1000)}
    else:
        draws = pytest.importorskip("dask.array").from_array(x, chunks=(250, 2))
    result = sp.compress(draws, 64, rng=0, **options)
    assert "row 400" in result.warnings[0]
    assert sp.energy_distance(result.positions, BULK) < 1.1 * sp.energy_distance(
        PLAIN.positions, BULK
    )


@pytest.mark.parametrize("gap", [50.0, 1e4, 1e9, 1e12])
def test_a_far_group_that_is_heavy_enough_has_its_particles(gap):
    group = RNG.normal(size=(50, 2))
    result = sp.compress(np.vstack([BULK[:950], gap + group]), 64, rng=0)
    far = (result.positions > gap / 2.0).all(axis=1)
    assert far.sum() == 3 and result.warnings == []
    np.testing.assert_allclose(result.positions[far], gap, atol=3.0)
    assert (np.ptp(result.positions[far], axis=0) > 0.5).all()
    np.testing.assert_allclose(spread(result.positions[~far]), spread(BULK), rtol=0.15)


@pytest.mark.parametrize(("d", "n", "tolerance"), [(1, 64, 0.05), (5, 256, 0.15)])
def test_quartiles_of_cauchy_draws(d, n, tolerance):
    x = RNG.standard_cauchy((4000, d))
    result = sp.compress(x, n, rng=0)
    np.testing.assert_allclose(spread(result.positions), spread(x), rtol=tolerance)


@pytest.mark.parametrize("scales", [[1e-9, 1e9], [1e-15, 1e15], [1e-150, 1.0]])
def test_units_of_the_columns_do_not_matter(scales):
    result = sp.compress(BULK * scales, 64, rng=0)
    np.testing.assert_allclose(result.positions / scales, PLAIN.positions, atol=1e-3)
    assert result.warnings == []


ORDINARY = {
    "constant": np.column_stack([BULK, np.full(999, 3.7)]),
    "integers": RNG.poisson(8.0, (1000, 2)),
    "one-hot": np.eye(70)[RNG.choice(70, 1000)],
    "rare": np.column_stack([BULK, np.arange(999) == 500]),
    "lognormal": np.exp(BULK),
    "exponential": RNG.exponential(size=(5000, 2)),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_draws_have_no_warning(name):
    x = ORDINARY[name].astype(float)
    result = sp.compress(x, 32, rng=0)
    assert result.success and len(result.particles) == 32
    assert result.warnings == []
    sd = np.maximum(x.std(axis=0), 0.1)
    assert (np.abs(result.mean() - x.mean(axis=0)) < 0.05 * sd).all()


UNUSUAL = {
    "few rows": (RNG.integers(0, 3, (1000, 1)), {}, "3 different rows"),
    "weights": (
        BULK,
        {"weights_of_draws": np.exp(-np.arange(999.0))},
        "2.16 effective draws",
    ),
    "transposed": (RNG.normal(size=(3, 40)), {"n_particles": 4}, "transposed"),
    "all the same": (np.ones((50, 2)), {}, "1 different rows"),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_draws_are_told(name):
    x, options, words = UNUSUAL[name]
    result = sp.compress(x, **{"n_particles": 64, "rng": 0, **options})
    assert any(words in text for text in result.warnings)


@pytest.mark.parametrize("d", [70, 150])
def test_few_particles_among_many_coordinates(d):
    x = RNG.normal(size=(500, 8)) @ RNG.normal(size=(8, d)) + RNG.normal(size=(500, d))
    few = sp.compress(x, 8, rng=0)
    full = sp.compress(x, 8, rng=0, preconditioner="diagonal")
    near, exact = (sp.energy_distance(r.positions, x) for r in (few, full))
    assert near < 1.02 * exact
    offsets = [(r.mean() - x.mean(axis=0)) / x.std(axis=0) for r in (few, full)]
    sizes = [np.sqrt(np.mean(offset**2)) for offset in offsets]
    assert sizes[0] < 2.0 * sizes[1] + 0.05
    assert few.nearest_draws().shape == (8, d)
    assert np.isfinite(few.value) and few.value > 0.0


def test_time_is_over_in_the_first_look_too():
    x = RNG.normal(size=(200_000, 20))
    result = sp.compress(x, 64, max_time=1e-9, rng=0)
    assert result.stop is sp.Stop.MAX_TIME and len(result.particles) == 1
    assert "before there were particles" in result.warnings[0]


def test_weight_may_be_on_rows_that_quantiles_do_not_see():
    x, weights = RNG.normal(size=(40_000, 2)), np.zeros(40_000)
    seen = np.linspace(0, 39_999, 2**15).astype(int)
    unseen = np.setdiff1d(np.arange(40_000), seen)[:500]
    weights[unseen] = 1.0
    result = sp.compress(x, 8, weights_of_draws=weights, rng=0)
    mean = x[unseen].mean(axis=0)
    np.testing.assert_allclose(result.mean(), mean, atol=0.1)


def test_time_is_looked_at_within_a_double_sum(monkeypatch):
    from splitparticles import stop
    from splitparticles.draws.draws import Draws
    from splitparticles.objectives.mean_embedding import ROWS, SampleEmbedding

    draws = Draws(RNG.normal(size=(20 * ROWS, 1)))
    moments = draws.moments()
    seconds = iter(range(10_000))
    monkeypatch.setattr(stop.time, "monotonic", lambda: next(seconds))
    embedding = SampleEmbedding(sp.Gaussian(), draws.until(5.0), moments)
    with pytest.raises(stop.LimitReached):
        embedding.product(embedding)
    assert next(seconds) < 10
