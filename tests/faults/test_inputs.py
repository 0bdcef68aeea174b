"""Draws of any kind: taken as the same array, with their names, or refused by name.

Each form is a function of the same rows; each misfit one of rows of another type.
"""

import itertools
import subprocess
import sys
import types
import warnings

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.draws.draws import Draws
from splitparticles.draws.labelled import as_draws

ROWS = np.random.default_rng(0).normal(size=(12, 3))
ABC = ["a", "b", "c"]
NUMBERS = itertools.count()  # of files of HDF5
THETA = ["mu", "theta[0]", "theta[1]"]
CHAINS = ROWS.reshape(3, 4, 3)


def library(name):
    return pytest.importorskip(name)


def of_pandas(x, **options):
    return library("pandas").DataFrame(x, **options)


def mixed_frame(x):
    frame = of_pandas(x, columns=ABC)
    return frame.assign(b=frame["b"].astype("Float64"))


def array_of(x, dims, **options):
    return library("xarray").DataArray(x, dims=dims, **options)


def dataset(x, coords=None, sample=("chain", "draw")):
    lead = (3, 4) if len(sample) == 2 else (12,)
    mu = array_of(x[:, 0].reshape(lead), sample)
    theta = array_of(x[:, 1:].reshape(*lead, 2), (*sample, "school"), coords=coords)
    return library("xarray").Dataset({"mu": mu, "theta": theta})


def inference_data(x):
    """As ArviZ before version 1 has it."""
    arviz = library("arviz")
    if not isinstance(arviz.InferenceData, type) or "arviz" not in str(
        arviz.InferenceData.__module__
    ):
        pytest.skip("another ArviZ")
    return arviz.InferenceData(posterior=dataset(x))


def tree(x):
    return library("xarray").DataTree.from_dict(
        {"posterior": dataset(x), "prior": dataset(x + 1.0)}
    )


def of_dask(x, chunks=(5, 2, 2, 1)):
    return library("dask.array").from_array(x, chunks=chunks[: np.ndim(x)])


def unknown_lengths(x):
    every = of_dask(np.vstack([x, x]))
    return every[of_dask(np.repeat([True, False], len(x)))]


def of_h5py(x, **options):
    h5py = library("h5py")
    name = f"in memory {next(NUMBERS)}"
    file = h5py.File(name, "w", driver="core", backing_store=False)
    if isinstance(x, np.ndarray) and x.dtype == object:
        x, options["dtype"] = x.astype(str).astype(object), h5py.string_dtype()
    return file.create_dataset("x", data=x, **options)


def of_zarr(x):
    zarr = library("zarr")
    with warnings.catch_warnings(action="ignore"):  # of types that may change
        array = zarr.create_array({}, shape=x.shape, chunks=x.shape, dtype=x.dtype)
    array[...] = x
    return array


def memmap(x):
    folder = pytest.importorskip("tempfile").mkdtemp()
    np.save(f"{folder}/x.npy", x)
    return np.load(f"{folder}/x.npy", mmap_mode="r")


FORMS = {  # form, names
    "list": (lambda x: x.tolist(), None),
    "tuple": (lambda x: tuple(map(tuple, x)), None),
    "chains of emcee": (lambda x: x.reshape(3, 4, 3), None),
    "chains on disk": (lambda x: memmap(x.reshape(3, 4, 3)), None),
    "list of chains": (lambda x: list(x.reshape(3, 4, 3)), None),
    "lists of lists of lists": (lambda x: x.reshape(3, 4, 3).tolist(), None),
    "iterator of chunks": (lambda x: iter([x[:5], x[5:]]), None),
    "pandas": (lambda x: of_pandas(x, columns=ABC), ABC),
    "pandas without names": (of_pandas, None),
    "pandas with an index": (
        lambda x: of_pandas(x, columns=ABC, index=range(40, 28, -1)),
        ABC,
    ),
    "pandas of nullable numbers": (mixed_frame, ABC),
    "pandas with two levels": (
        lambda x: of_pandas(
            x, columns=library("pandas").MultiIndex.from_product([["t"], ABC])
        ),
        None,
    ),
    "chunks of pandas": (
        lambda x: [of_pandas(x[:5], columns=ABC), of_pandas(x[5:], columns=ABC)],
        None,
    ),
    "polars": (lambda x: library("polars").DataFrame(x, schema=ABC), ABC),
    "dictionary": (lambda x: {"mu": x[:, 0], "theta": x[:, 1:]}, THETA),
    "dictionary of lists": (lambda x: dict(zip(ABC, x.T.tolist(), strict=True)), ABC),
    "xarray": (lambda x: array_of(x, ("row", "k")), None),
    "xarray with labels": (
        lambda x: array_of(x, ("row", "k"), coords={"k": ABC}),
        ABC,
    ),
    "xarray with a name": (
        lambda x: array_of(x, ("row", "k"), name="t"),
        ["t[0]", "t[1]", "t[2]"],
    ),
    "xarray with chains": (
        lambda x: array_of(x.reshape(3, 4, 3), ("chain", "draw", "k")),
        None,
    ),
    "xarray with chains last": (
        lambda x: array_of(x.reshape(3, 4, 3), ("chain", "draw", "k")).transpose(
            "k", "draw", "chain"
        ),
        None,
    ),
    "dataset": (dataset, THETA),
    "dataset with labels": (
        lambda x: dataset(x, {"school": ["Choate", "Deerfield"]}),
        ["mu", "theta[Choate]", "theta[Deerfield]"],
    ),
    "dataset without chains": (lambda x: dataset(x, sample=("row",)), THETA),
    "dataset of samples": (lambda x: dataset(x, sample=("sample",)), THETA),
    "dataset that was stacked": (
        lambda x: dataset(x).stack(sample=("chain", "draw")),
        THETA,
    ),
    "tree": (tree, THETA),
    "group of a tree": (lambda x: tree(x)["posterior"], THETA),
    "InferenceData": (inference_data, THETA),
    "dask": (of_dask, None),
    "dask of unknown lengths": (unknown_lengths, None),
    "dask of chains": (lambda x: of_dask(x.reshape(3, 4, 3)), None),
    "dask frame": (
        lambda x: library("dask.dataframe").from_pandas(
            of_pandas(x, columns=ABC), npartitions=3
        ),
        ABC,
    ),
    "h5py": (of_h5py, None),
    "h5py in chunks": (lambda x: of_h5py(x, chunks=(5, 2)), None),
    "h5py of chains": (lambda x: of_h5py(x.reshape(3, 4, 3)), None),
    "zarr": (of_zarr, None),
    "zarr of chains": (lambda x: of_zarr(x.reshape(3, 4, 3)), None),
}


@pytest.mark.parametrize("form", FORMS)
def test_draws_of_any_form_are_the_same_draws(monkeypatch, form):
    monkeypatch.setattr("splitparticles.draws.sources.ROWS", 5)
    make, names = FORMS[form]
    given, plain = sp.compress(make(ROWS), 4, rng=0), sp.compress(ROWS, 4, rng=0)
    assert given.positions.tobytes() == plain.positions.tobytes()
    if form == "pandas with two levels":
        assert len(given.labels) == 3
    else:
        assert given.names == names
    assert sp.compress(make(ROWS), 4, rng=0, names=["x", "y", "z"]).names[0] == "x"


@pytest.mark.parametrize("form", FORMS)
def test_draws_of_any_form_are_taken_elsewhere(form):
    if "unknown" in form or "chunks of pandas" in form or "iterator" in form:
        pytest.skip("these are read by compress alone")
    make, _ = FORMS[form]
    array = make(ROWS)
    found = as_draws(array, "draws")
    assert np.array_equal(found, ROWS) and found.flags.c_contiguous


def test_the_other_doors_take_draws_of_any_form():
    frame, result = of_pandas(ROWS, columns=ABC), sp.compress(ROWS, 4, rng=0)
    p = sp.ParticleSet(ROWS[:2])
    values = [sp.MMD(sp.Gaussian(), x).value(p) for x in (frame, CHAINS, ROWS)]
    assert values[0] == values[1] == values[2]
    figures = [sp.diagnose(result, draws=x).figures for x in (frame, CHAINS, ROWS)]
    assert figures[0] == figures[1] == figures[2]
    errors = [
        result.expectation_error(lambda x: x[:, 0], x) for x in (frame, CHAINS, ROWS)
    ]
    assert errors[0] == errors[1] == errors[2]
    with pytest.raises(ValueError, match="draws must have 3 columns"):
        sp.diagnose(result, draws=ROWS[:, :2])


LINES = {  # forms of one coordinate
    "array": np.array,
    "list": list,
    "integers": lambda x: np.array(x).astype(int),
    "series": lambda x: library("pandas").Series(x),
    "series with a name": lambda x: library("pandas").Series(x, name="mu"),
    "dask": of_dask,
    "h5py": of_h5py,
    "zarr": of_zarr,
    "xarray": lambda x: array_of(x, ("draw",)),
    "memmap": memmap,
}


@pytest.mark.parametrize("form", LINES)
def test_numbers_are_draws_of_one_coordinate(monkeypatch, form):
    monkeypatch.setattr("splitparticles.draws.sources.ROWS", 5)
    line = np.arange(12.0) ** 2
    given = sp.compress(LINES[form](line), 4, rng=0)
    plain = sp.compress(line[:, None], 4, rng=0)
    assert given.positions.tobytes() == plain.positions.tobytes()
    assert given.names == (["mu"] if form == "series with a name" else None)


@pytest.mark.parametrize("make", [np.array, of_dask, of_h5py, of_zarr])
def test_chains_are_said(make):
    result = sp.compress(make(CHAINS), 4, rng=0)
    assert "3 steps of 4 walkers in 3 coordinates: 12 rows" in result.warnings[0]
    assert result.success
    assert not any("walkers" in w for w in sp.compress(ROWS, 4, rng=0).warnings)


def test_a_column_of_weights_is_no_coordinate_in_silence():
    frame = of_pandas(ROWS[:, :2], columns=["a", "weight"])
    assert "weights_of_draws" in sp.compress(frame, 4, rng=0).warnings[0]
    weighted = sp.compress(frame, 4, rng=0, weights_of_draws=np.ones(12))
    assert not any("weights_of_draws" in text for text in weighted.warnings)


# ------------------------------------------------------------------- weights
W = np.random.default_rng(1).random(12) + 0.1
WEIGHTS = {
    "list": list,
    "column": lambda w: w[:, None],
    "list of lists": lambda w: w[:, None].tolist(),
    "series": lambda w: library("pandas").Series(w, index=range(12, 0, -1)),
    "frame": lambda w: of_pandas(w[:, None]),
    "dask": of_dask,
    "dask column": lambda w: of_dask(w[:, None]),
    "h5py": of_h5py,
    "h5py column": lambda w: of_h5py(w[:, None]),
    "larger": lambda w: w * 2.0**40,
    "huge": lambda w: w * 2.0**1023,
    "tiny": lambda w: w * 2.0**-1000,
    "huge column": lambda w: (w * 2.0**1023)[:, None],
}


@pytest.mark.parametrize("form", WEIGHTS)
def test_weights_of_any_form_are_the_same_weights(form):
    given = sp.compress(ROWS, 4, rng=0, weights_of_draws=WEIGHTS[form](W))
    plain = sp.compress(ROWS, 4, rng=0, weights_of_draws=W)
    assert given.positions.tobytes() == plain.positions.tobytes()


HUGE = np.full(12, 1e308)
TAKES_WEIGHTS = {
    "compress": lambda w: sp.compress(ROWS, 4, rng=0, weights_of_draws=w).positions,
    "MMD": lambda w: sp.MMD(sp.Gaussian(), ROWS, w).value(sp.ParticleSet(ROWS[:2])),
    "mmd": lambda w: sp.mmd(ROWS[:2], ROWS, weights_y=w),
    "ksd": lambda w: sp.ksd(ROWS, lambda x: -x, weights=w),
    "energy_distance": lambda w: sp.energy_distance(ROWS[:2], ROWS, weights_y=w),
    "probabilities": lambda w: sp.ParticleSet(ROWS, w).probabilities,
    "mean": lambda w: sp.ParticleSet(ROWS, w).mean(),
    "std": lambda w: sp.ParticleSet(ROWS, w).std(),
    "quantile": lambda w: sp.ParticleSet(ROWS, w).quantile(0.5),
    "resample": lambda w: sp.ParticleSet(ROWS, w).resample(5, rng=0),
}


@pytest.mark.parametrize("entry", TAKES_WEIGHTS)
def test_the_sum_of_huge_weights_does_not_overflow(entry):
    huge, ones = (TAKES_WEIGHTS[entry](w) for w in (HUGE, np.ones(12)))
    np.testing.assert_allclose(huge, ones, rtol=1e-12)


NOT_WEIGHTS = {
    "two columns": np.ones((12, 2)),
    "a row": np.ones((1, 12)),
    "too few": np.ones((11, 1)),
    "text": np.full((12, 1), "1"),
    "complex": np.ones((12, 1), complex),
    "nan": np.full((12, 1), np.nan),
    "ragged": [[1.0], [1.0, 2.0]],
}


@pytest.mark.parametrize("case", NOT_WEIGHTS)
def test_other_weights_are_refused_by_name(case):
    with pytest.raises((TypeError, ValueError), match="weights_of_draws"):
        sp.compress(ROWS, 4, weights_of_draws=NOT_WEIGHTS[case])


# ---------------------------------------------------------------- other types
DTYPES = [complex, np.complex64, "U4", "S4", object, "M8[s]", "m8[s]"]
HOLDS = {
    "array": lambda x: x,
    "chunks": lambda x: [ROWS, x],
    "callable": lambda x: lambda: [x],
    "chains": lambda x: x.reshape(3, 4, 3),
    "memmap": lambda x: memmap(x) if x.dtype != object else pytest.skip("no such"),
    "pandas": lambda x: of_pandas(x, columns=ABC),
    "a column of pandas": lambda x: of_pandas(ROWS, columns=ABC).assign(b=x[:, 0]),
    "polars": lambda x: library("polars").DataFrame(
        {name: column.tolist() for name, column in zip(ABC, x.T, strict=True)}
    ),
    "dictionary": lambda x: {"mu": ROWS[:, 0], "theta": x},
    "xarray": lambda x: array_of(x, ("row", "k")),
    "dataset": lambda x: library("xarray").Dataset(
        {"mu": ("row", ROWS[:, 0]), "theta": (("row", "k"), x)}
    ),
    "dask": of_dask,
    "dask of chains": lambda x: of_dask(x.reshape(3, 4, 3)),
    "dask that says otherwise": lambda x: of_dask(ROWS).map_blocks(
        lambda block: x[: len(block), : block.shape[1]], dtype=float, meta=ROWS[:0]
    ),
    "h5py": of_h5py,
    "h5py of chains": lambda x: of_h5py(x.reshape(3, 4, 3)),
    "zarr": of_zarr,
}


def misfit(dtype):
    x = np.ones((12, 3), dtype=int).astype(dtype)
    if dtype is object:
        x[-1, -1] = x[0, 0] = "1"
    return x


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("hold", HOLDS)
def test_what_is_not_real_is_refused_by_name_wherever_it_lies(hold, dtype):
    x = misfit(dtype)
    try:
        given = HOLDS[hold](x)
    except (TypeError, ValueError, NotImplementedError) as error:
        pytest.skip(f"no such thing: {error}")
    with pytest.raises(TypeError, match="draws.* must be real numbers"):
        sp.compress(given, 2)


BAD = {
    "three variables of other lengths": (
        lambda: {"a": [1.0, 2.0], "b": [1.0]},
        "one length",
    ),
    "no variables": (dict, "one length"),
    "no numbers": (lambda: {"a": []}, "N, d >= 1"),
    "a missing number in pandas": (
        lambda: of_pandas({"a": [1.0, None]}),
        "draws",
    ),
    "a missing number of another kind": (
        lambda: library("pandas").DataFrame({"a": [1, None]}, dtype="Int64"),
        "draws",
    ),
    "a category": (
        lambda: library("pandas").DataFrame({"a": ["u", "v"]}, dtype="category"),
        "column 'a'",
    ),
    "no columns": (lambda: of_pandas({}), "N, d >= 1"),
    "a tree without a posterior": (
        lambda: library("xarray").DataTree.from_dict({"prior": dataset(ROWS)}),
        "draws",
    ),
    "four dimensions": (lambda: np.zeros((2, 2, 2, 2)), "shape"),
    "four dimensions in dask": (lambda: of_dask(np.zeros((2, 2, 2, 2))), "shape"),
    "four dimensions in h5py": (lambda: of_h5py(np.zeros((2, 2, 2, 2))), "shape"),
    "a number in h5py": (lambda: of_h5py(3.5), "shape"),
    "nothing in h5py": (lambda: of_h5py(library("h5py").Empty("f8")), "shape"),
    "no rows in dask": (lambda: of_dask(np.zeros((0, 2))), "shape"),
    "no chains": (lambda: np.zeros((0, 3, 2)), "shape"),
    "chains of nothing": (lambda: np.zeros((2, 3, 0)), "shape"),
    "masked in dask": (
        lambda: of_dask(ROWS).map_blocks(
            lambda b: np.ma.masked_array(b, mask=True), dtype=float, meta=ROWS[:0]
        ),
        "masked",
    ),
    "a nan in chains": (
        lambda: np.where(CHAINS == CHAINS[2, 1, 0], np.nan, CHAINS),
        "row 9",
    ),
    "a nan in dask": (
        lambda: of_dask(np.where(ROWS == ROWS[9, 1], np.inf, ROWS)),
        "row 9",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_draws_are_refused_by_name(case):
    make, words = BAD[case]
    with pytest.raises((ValueError, TypeError), match=words) as caught:
        sp.compress(make(), 4)
    assert "draws" in str(caught.value)


def test_an_instance_of_a_subclass_is_known_by_its_ancestor():
    class Table(library("pandas").DataFrame):
        pass

    assert Draws(Table(ROWS, columns=ABC)).names == ABC


def test_no_library_is_imported_for_its_types():
    heavy = "pandas xarray arviz dask h5py zarr polars pyarrow".split()
    code = (
        "import sys, splitparticles as sp\n"
        "sp.compress({'a': [1.0, 2.0, 3.0]}, 2)\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_nothing_that_was_passed_is_modified():
    frame = of_pandas(ROWS.copy(), columns=ABC)
    before, column = frame.copy(), W[:, None].copy()
    sp.compress(frame, 4, weights_of_draws=column)
    assert frame.equals(before) and np.array_equal(column, W[:, None])
    assert isinstance(sp, types.ModuleType)
