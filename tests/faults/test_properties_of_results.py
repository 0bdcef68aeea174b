"""Properties of particle sets, runs and their results, on random problems."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group

import splitparticles as sp
from splitparticles.testing.oracles import differences, kernel_matrix

RUN = {"deadline": None, "derandomize": True}
often = settings(
    **RUN, max_examples=220, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
sometimes, seldom = settings(**RUN, max_examples=30), settings(**RUN, max_examples=20)
seeds = st.integers(0, 2**32 - 1)


def law_of(seed):
    """A normal law far from the origin, of any units."""
    rng = np.random.default_rng(seed)
    d = int(rng.integers(1, 4))
    factor = np.eye(d) + 0.4 * rng.normal(size=(d, d))
    factor *= 10.0 ** rng.uniform(-2, 2, d)[:, None]
    return sp.targets.Gaussian(10 * factor @ rng.normal(size=d), factor @ factor.T)


def draws_of(seed, rows=60):
    """Skewed draws; in every other problem with ties."""
    rng = np.random.default_rng(seed)
    d = int(rng.integers(1, 4))
    x = rng.gamma(2.0, size=(rows, d)) @ (np.eye(d) + 0.4 * rng.normal(size=(d, d)))
    return np.round(x) if rng.random() < 0.5 else x


def on_simplex(weights):
    return weights.min() >= 0.0 and abs(weights.sum() - 1.0) < 1e-12


def check_run(result, n):
    """What any result of a run promises."""
    x, w, parents = result.positions, result.weights, result.parents
    assert x.shape == (len(w), result.particles.dim) and 1 <= len(w) <= n
    assert np.isfinite(x).all() and np.isfinite(result.value) and result.value >= 0
    assert on_simplex(w)
    assert (parents >= -1).all() and (parents < np.arange(len(w))).all()
    assert [k for k, _ in result.history] == sorted(k for k, _ in result.history)
    assert isinstance(result.stop, sp.Stop) and isinstance(repr(result), str)


# ------------------------------------------------------------- particle sets
sets = st.tuples(seeds, st.integers(1, 12), st.integers(1, 4))


def particle_set(seed, n, d):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d)) if seed % 2 else rng.integers(-2, 3, (n, d)) / 2
    w = rng.integers(0, 4, n) + 0.0
    return sp.ParticleSet(x, w + (w.sum() == 0.0)), rng


@often
@given(sets, st.integers(1, 300))
def test_resampling_rounds_each_weight_up_or_down(problem, m):
    p, rng = particle_set(*problem)
    rows = p.resample(m, rng=rng)
    assert rows.shape == (m, p.dim)
    points, which = np.unique(p.positions, axis=0, return_inverse=True)
    shares = m * np.bincount(which.ravel(), p.weights) / p.weights.sum()
    ties = np.bincount(which.ravel())
    counts = np.array([(rows == point).all(axis=1).sum() for point in points])
    assert (np.abs(counts - shares) <= ties + 1e-9).all() and counts.sum() == m
    assert not counts[shares == 0.0].any()
    reach = np.abs(p.positions).max(axis=0) * len(p) / m
    assert (np.abs(rows.mean(axis=0) - p.mean()) <= reach + 1e-12).all()


@often
@given(sets, st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_quantiles_rise_and_follow_linear_maps(problem, q):
    p, rng = particle_set(*problem)
    q, x = np.sort(q), p.positions
    found = p.quantile(q)
    assert (np.diff(found, axis=0) >= 0).all()
    assert (found >= x.min(axis=0)).all() and (found <= x.max(axis=0)).all()
    shift = rng.normal(size=p.dim)
    mapped = p.moved_to(2.0 * x + shift).quantile(q)
    np.testing.assert_allclose(mapped, 2.0 * found + shift, atol=1e-12)
    if p.weights.min() > 0:  # a flipped axis has flipped quantiles, but for ties
        order = [len(np.unique(column)) == len(p) for column in x.T]
        flipped = -p.moved_to(-x).quantile(1.0 - q)
        np.testing.assert_allclose(flipped[:, order], found[:, order], atol=1e-9)


@often
@given(sets)
def test_moments_follow_linear_maps(problem):
    p, rng = particle_set(*problem)
    A, shift = rng.normal(size=(p.dim, p.dim)), rng.normal(size=p.dim)
    mapped = p.moved_to(p.positions @ A.T + shift)
    np.testing.assert_allclose(mapped.mean(), A @ p.mean() + shift, atol=1e-12)
    np.testing.assert_allclose(mapped.cov(), A @ p.cov() @ A.T, atol=1e-11)
    assert np.linalg.eigvalsh(p.cov()).min() > -1e-12


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)


@often
@given(
    sets,
    st.floats(0, allow_nan=False),
    st.sampled_from(list(sp.Stop)),
    st.lists(texts, max_size=3),
    st.booleans(),
)
def test_saving_and_loading_is_idempotent(tmp_path, problem, value, stop, words, named):
    p, rng = particle_set(*problem)
    parents = np.array([rng.integers(-1, row) for row in range(len(p))])
    names = [f"{k}{''.join(words)}" for k in range(p.dim)] if named else None
    old = sp.Result(p, value, [], parents, stop, 7, 3, names, words)
    old.save(tmp_path / "one")
    new = sp.load(tmp_path / "one")
    arrays = [(r.positions, r.weights, r.parents) for r in (old, new)]
    assert all(map(np.array_equal, *arrays))
    for name in "value stop n_score_evals n_score_calls names warnings".split():
        assert vars(new)[name] == vars(old)[name]
    new.save(tmp_path / "two")
    assert (tmp_path / "two").read_bytes() == (tmp_path / "one").read_bytes()


# ------------------------------------------------------------- moves and descents
def objective_of(seed):
    """An MMD to draws or a KSD, and the dimension."""
    law, rng = law_of(seed), np.random.default_rng(seed)
    sd = np.sqrt(np.diag(law.cov))
    if seed % 2:
        x, weights = law.sample(30, rng) / sd, rng.dirichlet(np.ones(30))
        return sp.MMD(sp.Gaussian(1.0), x, weights), law.dim
    kernel = sp.InverseMultiquadric(1.5)
    return sp.KSD(kernel, lambda z: law.score(z * sd) * sd), law.dim


@sometimes
@given(seeds)
def test_optimal_weights_are_the_best_on_the_simplex(seed):
    objective, d = objective_of(seed)
    rng = np.random.default_rng(seed)
    p = sp.ParticleSet(rng.normal(size=(8, d)))
    best = sp.optimal_weights(objective, p)
    value = objective.value(best)
    assert on_simplex(best.weights) and value <= objective.value(p)
    for w in rng.dirichlet(np.ones(8), 20):
        assert value <= objective.value(p.weighted(0.9 * best.weights + 0.1 * w)) + 1e-9


@sometimes
@given(seeds, st.booleans())
def test_moves_go_down_to_a_zero_gradient(seed, weights):
    objective, _ = objective_of(2 * (seed // 2) + 1)
    y, v = objective.embedding.draws.in_memory()
    p = sp.ParticleSet(y[:4])  # not in the flat tails of the kernel
    before = p.positions.copy(), p.weights.copy()
    moved = sp.LBFGS(weights=weights, max_iter=2000, tol=1e-14)(objective, p)
    x, w = moved.particles.positions, moved.particles.weights
    assert on_simplex(w) and moved.value <= objective.value(p)

    def witness(at):
        own = kernel_matrix(objective.kernel, at, x) @ w
        return own - kernel_matrix(objective.kernel, at, y) @ v

    assert np.abs(differences(witness, x)).max() < 1e-4
    assert np.array_equal(p.positions, before[0])
    assert np.array_equal(p.weights, before[1])


@sometimes
@given(seeds, st.integers(1, 12), st.sampled_from([False, "auto"]))
def test_descents_keep_what_any_run_promises(seed, n, continuation):
    objective, d = objective_of(seed)
    p = sp.ParticleSet(np.random.default_rng(seed).normal(size=(1, d)))
    result = sp.descend(objective, p, n_particles=n, continuation=continuation, rng=0)
    check_run(result, n)
    values = [value for _, value in result.history]
    if continuation is False:  # one objective, so each round starts below the last
        assert (np.diff(values) <= 1e-12).all()
    assert result.value <= objective.value(p)
    assert result.value == pytest.approx(objective.value(result.particles), abs=1e-12)


# ------------------------------------------------------------- compress
def weights_of(seed, x):
    return np.random.default_rng(seed).integers(1, 5, len(x)) + 0.0


@sometimes
@given(seeds, st.integers(1, 9), st.sampled_from(["equal", "optimal"]))
def test_compressed_draws_keep_what_any_run_promises(seed, n, weights):
    x = draws_of(seed)
    v = weights_of(seed, x) if seed % 3 else None
    before = x.copy(), None if v is None else v.copy()
    result = sp.compress(x, n, weights_of_draws=v, weights=weights, rng=0)
    check_run(result, n)
    if weights == "equal":
        assert np.ptp(result.weights) < 1e-15
    assert (result.positions >= x.min(axis=0) - x.std(axis=0)).all()
    assert (result.positions <= x.max(axis=0) + x.std(axis=0)).all()
    assert np.array_equal(x, before[0])
    assert v is None or np.array_equal(v, before[1])


@sometimes
@given(seeds, st.lists(st.integers(0, 60), max_size=4))
def test_the_cuts_between_chunks_change_no_bit(seed, cuts):
    x = draws_of(seed)
    chunks = [c for c in np.split(x, sorted(cuts)) if len(c)]
    whole, parts = sp.compress(x, 6, rng=0), sp.compress(iter(chunks), 6, rng=0)
    assert parts.positions.tobytes() == whole.positions.tobytes()
    assert parts.value == whole.value


@sometimes
@given(seeds)
def test_the_same_law_in_other_words_is_compressed_as_well(seed):
    x = draws_of(seed)
    rng, times = np.random.default_rng(seed), weights_of(seed, x).astype(int)
    plain = sp.compress(x, 6, weights_of_draws=times, rng=0)
    order = rng.permutation(len(x))
    repeated = np.repeat(x[order], times[order], axis=0)
    again = sp.compress(rng.permutation(repeated), 6, rng=0)
    sd = repeated.std(axis=0) + 1e-9
    far = [
        sp.energy_distance(r.positions / sd, repeated / sd, weights_x=r.weights)
        for r in (plain, again)
    ]
    assert far[1] <= 1.5 * far[0] + 1e-3 and far[0] <= 1.5 * far[1] + 1e-3


@sometimes
@given(seeds)
def test_compression_follows_units_and_origins(seed):
    x, rng = draws_of(seed), np.random.default_rng(seed)
    units = 2.0 ** rng.integers(-20, 20, x.shape[1])
    shift = units * rng.integers(-8, 9, x.shape[1])
    plain, mapped = sp.compress(x, 6, rng=0), sp.compress(units * x + shift, 6, rng=0)
    sd = x.std(axis=0) + 1e-9
    found = (mapped.positions - shift) / units
    far = (
        sp.energy_distance(found / sd, x / sd),
        sp.energy_distance(plain.positions / sd, x / sd),
    )
    assert far[0] <= 1.5 * far[1] + 1e-3 and far[1] <= 1.5 * far[0] + 1e-3
    np.testing.assert_allclose(found.mean(axis=0) / sd, plain.mean() / sd, atol=0.02)


@sometimes
@given(seeds)
def test_a_generator_restored_from_json_repeats_the_run(seed):
    x, rng = draws_of(seed), np.random.default_rng(seed)
    text = json.dumps(rng.bit_generator.state)
    restored = np.random.default_rng()
    restored.bit_generator.state = json.loads(text)
    options = {"n_particles": 5, "growth": sp.RandomSplit()}
    one, other = (sp.compress(x, rng=r, **options) for r in (rng, restored))
    assert one.positions.tobytes() == other.positions.tobytes()
    one, other = (r.resample(9, rng=g) for r, g in ((one, rng), (other, restored)))
    assert one.tobytes() == other.tobytes()
    assert json.dumps(rng.bit_generator.state) == json.dumps(
        restored.bit_generator.state
    )


# ------------------------------------------------------------- sample
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::splitparticles.SamplingWarning")
@sometimes
@given(seeds, st.integers(1, 400), st.integers(1, 12), st.sampled_from(["auto", False]))
def test_no_sample_passes_its_budget_or_leaves_finite_numbers(seed, limit, n, emulator):
    law, rows = law_of(seed), []
    x0 = law.mean + np.sqrt(np.diag(law.cov))
    before = x0.copy()

    def score(x):
        rows.append(len(x))
        return law.score(x)

    result = sp.sample(score, x0, n, max_score_evals=limit, emulator=emulator, rng=seed)
    assert sum(rows) == result.n_score_evals <= limit
    assert len(rows) == result.n_score_calls
    assert np.isfinite(result.positions).all() and on_simplex(result.weights)
    assert not np.isnan(result.value) and np.array_equal(x0, before)
    if result.success and n > 2 * law.dim:
        check_run(result, n)
        offsets = (result.mean() - law.mean) / np.sqrt(np.diag(law.cov))
        assert np.abs(offsets).max() < 0.1


@pytest.mark.slow
@seldom
@given(seeds)
def test_samples_follow_linear_maps(seed):
    law, rng = law_of(seed), np.random.default_rng(seed)
    d, sd = law.dim, np.sqrt(np.diag(law.cov))
    turn = ortho_group.rvs(d, random_state=rng) if d > 1 else -np.eye(1)
    A = turn * 10.0 ** rng.uniform(-1, 1, d)[:, None]
    change = sp.Preconditioner(rng.normal(size=d), A)
    x0 = change.to_working(law.mean + sd)
    result = sp.sample(change.score(law.score), x0, 24, rng=0)
    check_run(result, 24)
    assert result.success
    L = np.linalg.cholesky(law.cov)
    for z, atol in ((result.positions, 0.02), (result.draws(2**13, rng=0), 1e-3)):
        white = np.linalg.solve(L, (change.to_user(z) - law.mean).T).T
        np.testing.assert_allclose(white.mean(axis=0), 0.0, atol=atol)
    # few particles do not show how narrow a narrow direction is; draws do
    np.testing.assert_allclose(np.cov(white.T, ddof=0), np.eye(d), atol=0.02)
