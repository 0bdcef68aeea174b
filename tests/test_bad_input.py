"""Bad input: an error that names the argument, before any work; good input: no trace.

Options have a table of their own, tests/faults/test_options_table.py.
"""

import numpy as np
import pytest

import splitparticles as sp


class Counting:
    """The score of a standard normal; it knows how often it was called."""

    calls = 0

    def __call__(self, x):
        self.calls += 1
        return -x


def masked(shape):
    array = np.ma.masked_array(np.ones(shape), mask=False)
    array.mask[(0,) * len(shape)] = True
    return array


def with_bad(value, shape):
    array = np.ones(shape)
    array[(-1,) * len(shape)] = value
    return array


NOT_POINTS = {
    "nan": with_bad(np.nan, (3, 2)),
    "inf": with_bad(np.inf, (3, 2)),
    "minus-inf": with_bad(-np.inf, (3, 2)),
    "no-rows": np.ones((0, 2)),
    "no-columns": np.ones((3, 0)),
    "empty-list": [],
    "3-d": np.ones((2, 2, 2)),
    "ragged": [[1.0, 2.0], [3.0]],
    "ragged-deep": [[1.0, [2.0]], [3.0, 4.0]],
    "strings": [["1.0", "2.0"]],
    "one-string": "points",
    "bytes": b"points",
    "complex": np.ones((3, 2), dtype=complex),
    "none": None,
    "none-inside": [[1.0, None]],
    "dates": np.zeros((3, 2), dtype="datetime64[s]"),
    "spans": np.zeros((3, 2), dtype="timedelta64[s]"),
    "masked": masked((3, 2)),
    "record": np.zeros(3, dtype=[("a", float), ("b", float)]),
    "function": len,
    "scalar": 3.5,
}
POINTS = [[0.0, 1.0], [2.0, 3.0]]
TAKES_DRAWS = {
    "array": lambda bad: sp.compress(bad, 4),
    "chunk": lambda bad: sp.compress(iter([POINTS, bad]), 4),
}


TAKES_POINTS = {  # call, name of the argument
    "sample": (lambda x: sp.sample(must_not_run, x, 4), "x0"),
    "ksd": (lambda x: sp.ksd(x, must_not_run), "positions"),
    "mmd": (lambda x: sp.mmd(x, POINTS), "x"),
    "energy_distance": (lambda x: sp.energy_distance(POINTS, x), "y"),
    "infinity_wasserstein": (lambda x: sp.infinity_wasserstein(POINTS, x), "q"),
    "median_bandwidth": (sp.median_bandwidth, "x"),
    "ParticleSet": (sp.ParticleSet, "positions"),
}


def must_not_run(x):
    raise AssertionError("bad input reached the score")


@pytest.mark.parametrize("bad", NOT_POINTS)
@pytest.mark.parametrize("entry", TAKES_POINTS)
def test_what_is_no_array_of_points_is_refused_by_name(entry, bad):
    call, name = TAKES_POINTS[entry]
    with pytest.raises((TypeError, ValueError), match=rf"\b{name}\b"):
        call(NOT_POINTS[bad])


# The doors of `compress` read arrays and chunks in ways of their own.
@pytest.mark.parametrize(
    "door, bad",
    [
        *(("array", bad) for bad in NOT_POINTS if bad != "3-d"),
        *(("chunk", bad) for bad in ("nan", "complex", "ragged", "no-rows", "none")),
    ],
)
def test_bad_draws_are_refused_by_name(door, bad):
    with pytest.raises((TypeError, ValueError), match=r"\bdraws\b"):
        TAKES_DRAWS[door](NOT_POINTS[bad])


@pytest.mark.parametrize(
    "bad", [masked((2,)), [1.0, np.nan], ["a", "b"], [1j, 2.0], [], True, 0, -2, 2.5]
)
def test_a_bad_start_point_is_refused(bad):
    with pytest.raises((TypeError, ValueError), match="x0"):
        sp.sample(Counting(), bad, 4)


@pytest.mark.parametrize("call", [sp.mmd, sp.energy_distance])
def test_points_of_other_dimensions_are_refused(call):
    with pytest.raises(ValueError, match="y must have 2 columns"):
        call(POINTS, [[1.0]])


def test_chunks_of_other_dimensions_are_refused_by_number():
    with pytest.raises(ValueError, match="chunk 1"):
        sp.compress([POINTS, [[1.0]]], 2)


def test_no_chunks_are_refused():
    with pytest.raises(ValueError, match="draws"):
        sp.compress(iter([]), 2)


# -------------------------------------------------------------------- weights
NOT_WEIGHTS = {
    "negative": [1.5, -0.5],
    "nan": [0.5, np.nan],
    "inf": [0.5, np.inf],
    "too few": [1.0],
    "too many": [1.0, 1.0, 1.0],
    "column": [[0.5], [0.5]],
    "all zero": [0.0, 0.0],
    "strings": ["0.5", "0.5"],
    "complex": [0.5j, 0.5],
    "scalar": 1.0,
}


@pytest.mark.parametrize("bad", NOT_WEIGHTS)
def test_bad_weights_are_refused_by_name(bad):
    with pytest.raises((TypeError, ValueError), match=r"\bweights_x\b"):
        sp.mmd(POINTS, POINTS, weights_x=NOT_WEIGHTS[bad])


@pytest.mark.parametrize("bad", ["nan", "inf", "too few", "too many", "strings"])
def test_weights_of_a_particle_set_may_be_negative_but_not_this(bad):
    assert sp.ParticleSet(POINTS, [1.5, -0.5]).weights.tolist() == [1.5, -0.5]
    with pytest.raises((TypeError, ValueError), match="weights"):
        sp.ParticleSet(POINTS, NOT_WEIGHTS[bad])


# -------------------------------------------------------------------- options
@pytest.mark.parametrize("built", [None, 1.0, sp.Gaussian()], ids=repr)
def test_an_objective_that_builds_no_objective_is_refused(built):
    with pytest.raises(TypeError, match="objective"):
        sp.sample(Counting(), [0.0, 0.0], 4, objective=lambda *_: built)
    with pytest.raises(TypeError, match="objective"):
        sp.compress(POINTS, 2, objective=lambda *_: built)


RUNS = {
    "sample": lambda **options: sp.sample(Counting(), [0.0, 0.0], 4, **options),
    "compress": lambda **options: sp.compress(POINTS, 2, **options),
    "descend": lambda **options: sp.descend(
        sp.MMD(sp.Gaussian(), POINTS), sp.ParticleSet([[0.0, 0.0]]), **options
    ),
}


@pytest.mark.parametrize("word", ["seed", "random_state"])
@pytest.mark.parametrize("run", RUNS)
def test_a_seed_is_pointed_to_rng(run, word):
    with pytest.raises(TypeError, match="rng="):
        RUNS[run](**{word: 0})


@pytest.mark.parametrize(
    "wrong, right",
    [("n_particle", "n_particles"), ("grwoth", "growth"), ("call_back", "callback")],
)
@pytest.mark.parametrize("run", RUNS)
def test_a_misspelt_keyword_gets_a_suggestion(run, wrong, right):
    with pytest.raises(TypeError, match=f"did you mean {right}="):
        RUNS[run](**{wrong: 3})


def test_a_keyword_like_no_other_gets_the_list():
    with pytest.raises(TypeError, match="no argument 'qqq'.*preconditioner"):
        RUNS["sample"](qqq=3)


# ----------------------------------------------------------------- user's score
@pytest.mark.parametrize("bad", [None, 3, "score", np.ones((2, 2))], ids=repr)
def test_a_score_that_cannot_be_called_is_refused(bad):
    with pytest.raises(TypeError, match="score must be a callable"):
        sp.sample(bad, [0.0, 0.0], 4)
    with pytest.raises(TypeError, match="score must be a callable"):
        sp.ksd(POINTS, bad)


NOT_SCORES = {
    "(n,)": lambda x: -x[:, 0],
    "(d,)": lambda x: -x[0],
    "(d, n)": lambda x: -x.T,
    "(n, 1)": lambda x: -x[:, :1],
    "(1, d)": lambda x: -x[:1],
    "(n, d, 1)": lambda x: -x[:, :, None],
    "scalar": lambda x: -1.0,
    "none": lambda x: None,
    "strings": lambda x: [["a", "b"]] * len(x),
    "objects": lambda x: np.full(x.shape, object()),
    "complex": lambda x: -x * 1j,
    "ragged": lambda x: [[1.0, 2.0]] * (len(x) - 1) + [[1.0]],
    "nan": lambda x: x * np.nan,
    "inf": lambda x: np.full(x.shape, np.inf),
    "masked": lambda x: masked(x.shape),
    "dates": lambda x: np.zeros(x.shape, dtype="datetime64[s]"),
}
CLOUD = [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]


@pytest.mark.parametrize("bad", NOT_SCORES)
def test_what_a_score_may_not_return_is_refused(bad):
    with pytest.raises((TypeError, ValueError), match=r"\bscore\b"):
        sp.sample(NOT_SCORES[bad], CLOUD, 4)
    with pytest.raises((TypeError, ValueError), match=r"\bscore\b"):
        sp.ksd(CLOUD, NOT_SCORES[bad])


def test_a_transposed_score_is_refused_even_where_the_shapes_agree():
    with pytest.raises(ValueError, match=r"\bscore\b"):
        sp.sample(lambda x: -x.T, [[0.1, 0.2], [0.3, 0.4]], 4)


def test_a_function_of_one_point_is_pointed_to_vectorized():
    def score(x):
        return np.array([-x.flat[0], -2.0 * x.flat[1]])

    with pytest.raises(ValueError, match="vectorized=False"):
        sp.sample(score, CLOUD, 4)
    assert sp.sample(score, CLOUD, 16, vectorized=False).success


@pytest.mark.parametrize(
    "bad",
    [
        lambda x: x,
        lambda x: x[:1, 0],
        lambda x: 1.0,
        lambda x: None,
        lambda x: x[:, 0] * np.nan,
        lambda x: ["a"] * len(x),
        lambda x: x[:, 0] * 1j,
        "not callable",
    ],
    ids="(n,d) (1,) scalar none nan strings complex not-callable".split(),
)
def test_what_a_log_density_may_not_be_is_refused(bad):
    with pytest.raises((TypeError, ValueError), match="log_density"):
        sp.sample(Counting(), CLOUD, 4, log_density=bad)


@pytest.mark.parametrize(
    "bad",
    [lambda x, v: v[:, 0], lambda x, v: None, lambda x, v: v * 1j, "not callable"],
    ids="(n,) none complex not-callable".split(),
)
def test_what_a_score_product_may_not_be_is_refused(bad):
    with pytest.raises((TypeError, ValueError), match="score_product"):
        sp.sample(Counting(), CLOUD, 4, score_product=bad)


def test_ksd_of_a_rough_kernel_says_what_it_is_fit_for():
    with pytest.raises(ValueError, match="fit for MMD only"):
        sp.KSD(sp.Matern52(), Counting())
    with pytest.raises(ValueError, match="fit for MMD only"):
        sp.ksd(POINTS, Counting(), kernel=sp.Matern52())


@pytest.mark.parametrize("kernel", [sp.InverseMultiquadric(), sp.Quadratic()])
def test_mmd_to_a_mixture_needs_the_gaussian_kernel(kernel):
    mixture = sp.GaussianMixture([1.0], [[0.0, 0.0]], [np.eye(2)])
    with pytest.raises(ValueError, match="Gaussian kernel"):
        sp.MMD(kernel, mixture)


# --------------------------------------------------------------- good input
def normal_score(x):
    return -x


def sampled(x0, score=normal_score, **options):
    return sp.sample(score, x0, 6, **({"emulator": False, "rng": 0} | options))


def strided(array):
    wide = np.full((2 * len(array), 3 * array.shape[1]), np.nan)
    wide[::2, ::3] = array
    return wide[::2, ::3]


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


FORMS = {
    "list": np.ndarray.tolist,
    "tuple": lambda a: tuple(map(tuple, a)),
    "list of arrays": list,
    "int": lambda a: a.astype(int),
    "int8": lambda a: a.astype(np.int8),
    "bool-like": lambda a: a.astype(np.uint8),
    "float32": lambda a: a.astype(np.float32),
    "float16": lambda a: a.astype(np.float16),
    "longdouble": lambda a: a.astype(np.longdouble),
    "big-endian": lambda a: a.astype(">f8"),
    "F-order": np.asfortranarray,
    "strided": strided,
    "backwards": lambda a: a[::-1].copy()[::-1],
    "read-only": read_only,
    "objects": lambda a: a.astype(object),
    "not masked": lambda a: np.ma.masked_array(a, mask=False),
}
WHOLE = np.array([[1.0, 2.0], [0.0, 3.0], [5.0, 1.0], [2.0, 2.0]])


@pytest.mark.parametrize("form", FORMS)
def test_a_start_cloud_is_taken_in_any_form(form):
    given = FORMS[form](WHOLE)
    assert np.array_equal(sampled(given).positions, sampled(WHOLE).positions)


@pytest.mark.parametrize("form", [list, tuple, np.int64, np.float32])
def test_a_start_point_is_taken_in_any_form(form):
    plain = np.array([1.0, 2.0])
    given = form(plain)
    assert np.array_equal(sampled(given).positions, sampled(plain).positions)


@pytest.mark.parametrize("form", FORMS)
def test_draws_are_taken_in_any_form(form):
    given, plain = sp.compress(FORMS[form](WHOLE), 3), sp.compress(WHOLE, 3)
    assert np.array_equal(given.positions, plain.positions)
    assert given.positions.dtype == np.float64
    assert given.positions.flags.c_contiguous


PLAIN = {
    "ksd": lambda x: sp.ksd(x, Counting()),
    "mmd": lambda x: sp.mmd(x, POINTS),
    "energy_distance": lambda x: sp.energy_distance(POINTS, x),
    "infinity_wasserstein": lambda x: sp.infinity_wasserstein(POINTS, x),
    "median_bandwidth": sp.median_bandwidth,
    "ParticleSet": lambda x: sp.ParticleSet(x).std(),
    "MMD": lambda x: sp.MMD(sp.Gaussian(), x).value(sp.ParticleSet(POINTS)),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("entry", PLAIN)
def test_plain_functions_take_points_in_any_form(entry, form):
    given, plain = PLAIN[entry](FORMS[form](WHOLE)), PLAIN[entry](WHOLE)
    assert np.array_equal(given, plain) and np.all(plain > 0)


TAKES_WEIGHTS = {
    "ksd": lambda w: sp.ksd(WHOLE, Counting(), weights=w),
    "mmd": lambda w: sp.mmd(WHOLE, POINTS, weights_x=w),
    "energy_distance": lambda w: sp.energy_distance(POINTS, WHOLE, weights_y=w),
    "MMD": lambda w: sp.MMD(sp.Gaussian(), WHOLE, w).value(sp.ParticleSet(POINTS)),
    "ParticleSet": lambda w: sp.ParticleSet(WHOLE, w).weights,
    "compress": lambda w: sp.compress(WHOLE, 2, weights_of_draws=w).positions,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("entry", TAKES_WEIGHTS)
def test_weights_are_taken_in_any_form(entry, form):
    w = np.array([3.0, 1.0, 0.0, 2.0])
    given, call = FORMS[form](np.column_stack([w, w])), TAKES_WEIGHTS[entry]
    if isinstance(given, np.ndarray):
        given = given[:, 0]
    else:
        given = type(given)(row[0] for row in given)
    assert np.array_equal(call(given), call(w))
    assert not np.array_equal(call(given), call(np.ones(4)))


def test_draws_are_read_from_a_memmap_that_cannot_be_written(tmp_path):
    WHOLE.tofile(tmp_path / "draws")
    draws = np.memmap(tmp_path / "draws", dtype=float, mode="r", shape=WHOLE.shape)
    result = sp.compress(draws, 3)
    assert np.array_equal(result.positions, sp.compress(WHOLE, 3).positions)


class Chunks:
    """Chunks that can be iterated again, and know nothing else."""

    def __iter__(self):
        return iter([WHOLE[:1], WHOLE[1:3].tolist(), WHOLE[3:].astype(np.float32)])


@pytest.mark.parametrize(
    "chunks",
    [Chunks(), list(Chunks()), tuple(Chunks()), (c for c in Chunks()), iter(Chunks())],
    ids="iterable list tuple generator iterator".split(),
)
def test_chunks_of_draws_give_what_the_array_gives(chunks):
    weights = [1.0, 2.0, 3.0, 4.0]
    given = sp.compress(chunks, 3, weights_of_draws=weights)
    plain = sp.compress(WHOLE, 3, weights_of_draws=weights)
    assert np.array_equal(given.positions, plain.positions)


# ---------------------------------------------------------------- no trace
def test_sample_leaves_its_inputs_as_they_were():
    x0, matrix = WHOLE.copy(), np.array([[2.0, 0.5], [0.5, 1.0]])
    sampled(x0, preconditioner=matrix)
    assert x0.tobytes() == WHOLE.tobytes()
    assert matrix.tolist() == [[2.0, 0.5], [0.5, 1.0]]


def test_compress_leaves_its_inputs_as_they_were():
    draws, weights = WHOLE.copy(), np.array([1.0, 2.0, 3.0, 4.0])
    sp.compress(draws, 3, weights_of_draws=weights, weights="optimal")
    assert draws.tobytes() == WHOLE.tobytes()
    assert weights.tolist() == [1.0, 2.0, 3.0, 4.0]


def test_the_arrays_of_a_particle_set_are_its_own():
    x, w = WHOLE.copy(), np.full(4, 0.25)
    p = sp.ParticleSet(x, w)
    x[:], w[:] = 9.0, 9.0
    assert np.array_equal(p.positions, WHOLE)
    assert np.array_equal(p.weights, np.full(4, 0.25))
    with pytest.raises(ValueError, match="read-only"):
        p.positions[0] = 0.0


@pytest.mark.parametrize("vectorized", [True, False])
def test_a_score_may_write_into_its_argument(vectorized):
    def score(x):
        x *= -1.0
        return x

    x0 = WHOLE.copy()
    written = sampled(x0, score, vectorized=vectorized)
    assert x0.tobytes() == WHOLE.tobytes()
    plain = sampled(WHOLE, lambda x: -x, vectorized=vectorized)
    assert np.array_equal(written.positions, plain.positions)


@pytest.mark.parametrize("emulator", ["auto", False])
def test_a_score_may_return_one_buffer_each_time(emulator):
    buffers = {}

    def score(x):
        buffer = buffers.setdefault(x.shape, np.empty(x.shape))
        np.multiply(x, -0.5, out=buffer)
        return buffer

    fresh = sampled(WHOLE, lambda x: -0.5 * x, emulator=emulator)
    again = sampled(WHOLE, score, emulator=emulator)
    assert np.array_equal(again.positions, fresh.positions)


@pytest.mark.filterwarnings("ignore::splitparticles.SamplingWarning")
def test_a_score_may_return_its_argument():
    improper = sampled(WHOLE, lambda x: x, preconditioner="none")
    copied = sampled(WHOLE, lambda x: x.copy(), preconditioner="none")
    assert np.array_equal(improper.positions, copied.positions)


@pytest.mark.filterwarnings("ignore::splitparticles.SamplingWarning")
@pytest.mark.parametrize("dtype", [int, list])
def test_a_score_may_return_other_numbers(dtype):
    def score(x):
        s = np.round(-4.0 * x)
        return s.tolist() if dtype is list else s.astype(dtype)

    given = sampled(WHOLE, score, preconditioner="none")
    plain = sampled(WHOLE, lambda x: np.round(-4.0 * x), preconditioner="none")
    assert np.array_equal(given.positions, plain.positions)


def test_one_point_at_a_time_gives_what_a_batch_gives():
    one = sampled(WHOLE, lambda x: -0.5 * x, vectorized=False)
    assert np.array_equal(one.positions, sampled(WHOLE, lambda x: -0.5 * x).positions)
