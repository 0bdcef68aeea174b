"""Result files: what was saved comes back, and nothing else is ever believed.

A broken or foreign file is a `ResultFileError`, runs no code, and a failed save
leaves the old file as it was.
"""

import copy
import io
import json
import os
import pickle
import zipfile
from dataclasses import replace

import numpy as np
import pytest

import splitparticles as sp


class Counting:
    calls = 0

    def __call__(self, x):
        self.calls += 1
        return -x


@pytest.fixture(scope="module")
def result():
    sampled = sp.sample(Counting(), [0.5, 0.0], 6, names=["a", "b é"], rng=0)
    figures = {"log_evidence": -1.5, "pareto_k": 0.25, "effective_draws": 900.5}
    return replace(sampled, warnings=["the first", 'a "second"\n'], **figures)


@pytest.fixture
def path(result, tmp_path):
    result.save(tmp_path / "result.npz")
    return tmp_path / "result.npz"


def assert_same(one, other):
    assert one.positions.tobytes() == other.positions.tobytes()
    assert one.weights.tobytes() == other.weights.tobytes()
    assert np.array_equal(one.parents, other.parents)
    assert one.value == other.value
    assert one.stop is other.stop
    assert one.n_score_evals == other.n_score_evals
    assert one.names == other.names
    figures = ((r.log_evidence, r.pareto_k, r.effective_draws) for r in (one, other))
    assert np.array_equal(*figures, equal_nan=True)
    assert one.warnings == other.warnings


def test_a_result_comes_back_as_it_was(result, path):
    assert result.parents.tolist() != [-1] * 6
    found = sp.load(path)
    assert_same(found, result)
    assert found.success == result.success
    assert found.message == result.message
    assert np.array_equal(found.mean(), result.mean())


@pytest.mark.parametrize("form", [str, os.fspath, lambda p: p])
def test_a_path_may_be_text(result, tmp_path, form):
    given = form(tmp_path / "no suffix")
    result.save(given)
    assert_same(sp.load(given), result)
    assert os.listdir(tmp_path) == ["no suffix"]


def test_a_relative_path_is_taken_from_here(result, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result.save("here.npz")
    assert_same(sp.load("here.npz"), result)


def test_a_result_of_a_run_that_hardly_began_comes_back(result, tmp_path):
    early = replace(result, value=np.inf, stop=sp.Stop.MAX_TIME, names=None)
    early.save(tmp_path / "early")
    found = sp.load(tmp_path / "early")
    assert found.value == np.inf
    assert found.stop is sp.Stop.MAX_TIME
    assert found.names is None
    repr(found)


def test_saving_what_was_loaded_gives_the_same_again(result, path, tmp_path):
    sp.load(path).save(tmp_path / "again.npz")
    assert_same(sp.load(tmp_path / "again.npz"), result)


# ---------------------------------------------------------------- broken files
@pytest.mark.parametrize("percent", range(0, 100, 10))
def test_a_truncated_file_is_refused(path, percent):
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * percent // 100])
    with pytest.raises(sp.ResultFileError, match="result.npz"):
        sp.load(path)


def test_one_missing_byte_is_noticed(path):
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(sp.ResultFileError):
        sp.load(path)


def load_after_flips(path, positions, mask):
    """Number of files refused; whatever loads has to be sound."""
    whole, refused = path.read_bytes(), 0
    for position in positions:
        flipped = bytearray(whole)
        flipped[position] ^= mask
        path.write_bytes(flipped)
        try:
            found = sp.load(path)
        except sp.ResultFileError:
            refused += 1
        else:
            assert np.isfinite(found.positions).all()
            assert np.isfinite(found.weights).all()
            assert found.parents.shape == (len(found.positions),)
            repr(found)
    return refused


@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_a_flipped_byte_is_refused_or_harmless(path, mask):
    size = path.stat().st_size
    positions = np.random.default_rng(mask).choice(size, 60, replace=False)
    assert load_after_flips(path, positions, mask) >= 10


@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_a_flipped_byte_of_the_directory_is_refused_or_harmless(path, mask):
    size = path.stat().st_size
    assert load_after_flips(path, range(size - 300, size), mask) >= 100


# ------------------------------------------------------------- foreign files
class Bomb:
    """Unpickled, it leaves a mark."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def members_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_members(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def npy(array, **options):
    content = io.BytesIO()
    np.lib.format.write_array(content, np.asarray(array), **options)
    return content.getvalue()


def facts_of(path):
    content = io.BytesIO(members_of(path)["facts.npy"])
    return json.loads(np.lib.format.read_array(content).tobytes())


def with_facts(path, **changes):
    facts = {**facts_of(path), **changes}
    encoded = np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8)
    return npy(encoded)


def test_rewritten_members_are_still_a_result(path, result):
    write_members(path, {**members_of(path), "facts.npy": with_facts(path)})
    assert_same(sp.load(path), result)


def test_a_pickle_is_refused_and_not_run(tmp_path):
    path, mark = tmp_path / "result.npz", tmp_path / "mark"
    path.write_bytes(pickle.dumps(Bomb(mark)))
    with pytest.raises(sp.ResultFileError):
        sp.load(path)
    assert not mark.exists()


@pytest.mark.parametrize("member", ["positions", "weights", "parents", "facts"])
def test_an_array_of_objects_is_refused_and_not_run(path, tmp_path, member):
    mark = tmp_path / "mark"
    array = np.empty(1, dtype=object)
    array[0] = Bomb(mark)
    bomb = npy(array, allow_pickle=True)
    write_members(path, {**members_of(path), f"{member}.npy": bomb})
    with pytest.raises(sp.ResultFileError):
        sp.load(path)
    assert not mark.exists()
    with zipfile.ZipFile(path) as archive:  # the bomb was live
        np.load(io.BytesIO(archive.read(f"{member}.npy")), allow_pickle=True)
    assert mark.exists()


def test_an_extra_member_is_refused(path):
    write_members(path, {**members_of(path), "more.npy": npy([1.0])})
    with pytest.raises(sp.ResultFileError):
        sp.load(path)


@pytest.mark.parametrize("member", ["positions", "weights", "parents", "facts"])
def test_a_missing_member_is_refused(path, member):
    members = members_of(path)
    del members[f"{member}.npy"]
    write_members(path, members)
    with pytest.raises(sp.ResultFileError):
        sp.load(path)


FOREIGN_ARRAYS = {
    "nan": ("positions", np.full((6, 2), np.nan)),
    "1-d": ("positions", np.zeros(6)),
    "no columns": ("positions", np.zeros((6, 0))),
    "complex": ("positions", np.zeros((6, 2), dtype=complex)),
    "text": ("positions", np.full((6, 2), "a")),
    "too many": ("positions", np.zeros((7, 2))),
    "weights nan": ("weights", np.full(6, np.nan)),
    "weights 2-d": ("weights", np.full((6, 1), 0.5)),
    "parents short": ("parents", np.zeros(5, dtype=int)),
    "parents outside": ("parents", np.full(6, 99)),
    "parents below": ("parents", np.full(6, -7)),
    "parents nan": ("parents", np.full(6, np.nan)),
    "parents fractions": ("parents", np.full(6, 0.5)),
    "facts no json": ("facts", np.zeros(6, dtype=np.uint8)),
    "facts a list": ("facts", np.frombuffer(b"[1, 2]", dtype=np.uint8)),
}


@pytest.mark.parametrize("case", FOREIGN_ARRAYS)
def test_an_array_that_does_not_fit_is_refused(path, case):
    member, array = FOREIGN_ARRAYS[case]
    write_members(path, {**members_of(path), f"{member}.npy": npy(array)})
    with pytest.raises(sp.ResultFileError):
        sp.load(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"format": 999},
        {"format": None},
        {"stop": "NEVER"},
        {"value": "low"},
        {"value": None},
        {"n_score_evals": "many"},
        {"names": ["only one"]},
        {"names": [1, 2]},
        {"names": 3},
        {"names": "ab"},
        {"warnings": None},
        {"warnings": [3]},
        {"warnings": "one"},
    ],
    ids=repr,
)
def test_facts_that_do_not_fit_are_refused(path, changes):
    write_members(path, {**members_of(path), "facts.npy": with_facts(path, **changes)})
    with pytest.raises(sp.ResultFileError):
        sp.load(path)


def test_a_newer_format_is_named(path):
    facts = with_facts(path, format=2)
    write_members(path, {**members_of(path), "facts.npy": facts})
    with pytest.raises(sp.ResultFileError, match="format 2"):
        sp.load(path)


def test_an_array_that_claims_to_be_huge_is_refused(path):
    members = members_of(path)
    small = b"'shape': (6, 2), }" + b" " * 16
    huge = b"'shape': (600000000000000, 2), }"
    assert small in members["positions.npy"]
    huge = huge.ljust(len(small))
    members["positions.npy"] = members["positions.npy"].replace(small, huge)
    write_members(path, members)
    with pytest.raises(sp.ResultFileError):
        sp.load(path)


@pytest.mark.parametrize("content", [b"", b"PK", b"\x93NUMPY", b"a,b\n1,2\n"])
def test_another_kind_of_file_is_refused(tmp_path, content):
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(sp.ResultFileError):
        sp.load(tmp_path / "other")


def test_an_array_file_of_numpy_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", positions=np.zeros((2, 2)))
    with pytest.raises(sp.ResultFileError):
        sp.load(tmp_path / "other.npz")


def test_a_missing_file_is_a_file_not_found(tmp_path):
    with pytest.raises(FileNotFoundError):
        sp.load(tmp_path / "nowhere.npz")
    with pytest.raises(sp.ResultFileError, match="no regular file"):
        sp.load(tmp_path)


# ------------------------------------------------------------- failed saves
def test_saving_into_a_missing_folder_leaves_nothing(result, tmp_path):
    with pytest.raises(OSError):
        result.save(tmp_path / "nowhere" / "result.npz")
    assert os.listdir(tmp_path) == []


def test_saving_over_a_folder_leaves_nothing(result, tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        result.save(tmp_path / "folder")
    assert os.listdir(tmp_path) == ["folder"]
    assert os.listdir(tmp_path / "folder") == []


@pytest.mark.parametrize("step", ["replace", "fsync"])
@pytest.mark.parametrize("error", [OSError(28, "full"), KeyboardInterrupt()], ids=repr)
def test_a_save_that_fails_midway_leaves_the_old_file(
    result, path, monkeypatch, step, error
):
    old = path.read_bytes()

    def failing(*arguments):
        raise error

    monkeypatch.setattr(os, step, failing)
    try:
        replace(result, names=None).save(path)
    except type(error) as caught:
        assert caught is error
    else:
        pytest.fail("nothing was raised")
    monkeypatch.undo()
    assert os.listdir(path.parent) == [path.name]
    assert path.read_bytes() == old


def test_saving_over_an_old_file_replaces_it(result, path):
    replace(result, names=["c", "d"]).save(path)
    assert sp.load(path).names == ["c", "d"]
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.skipif(os.name == "nt", reason="no umask there")
def test_a_saved_file_may_be_read_by_those_who_may_read_any_other(result, path):
    other = path.with_name("other")
    other.write_text("")
    assert path.stat().st_mode == other.stat().st_mode


# -------------------------------------------------------------- copies, repr
@pytest.mark.parametrize(
    "copied", [copy.deepcopy, copy.copy, lambda r: pickle.loads(pickle.dumps(r))]
)
def test_a_copy_is_the_same_result(result, copied):
    other = copied(result)
    assert other is not result
    assert_same(other, result)
    assert repr(other) == repr(result)
    assert other.n_rounds == result.n_rounds > 1
    assert np.array_equal(
        other.rounds[-1].particles.positions, result.rounds[-1].particles.positions
    )


def test_a_result_of_compress_can_be_pickled():
    result = sp.compress([[0.0], [1.0], [3.0]], 2)
    assert_same(pickle.loads(pickle.dumps(result)), result)


def test_printing_a_result_does_not_call_the_score():
    score = Counting()
    result = sp.sample(score, [0.5, 0.0], 6, names=["a", "b"])
    calls = score.calls
    words = repr(result)
    assert score.calls == calls > 0
    for word in ("6 particles", "2 dimensions", f"{result.n_score_evals} score", "a "):
        assert word in words
    assert repr(replace(result, warnings=["take care"])).endswith("take care")
