"""Places that results are saved at and loaded from, and results that nothing fits.

A place that is no regular file is never replaced and never read; what cannot be loaded
is not saved; a file costs no more than it holds.
"""

import io
import json
import os
import stat
import threading
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

import splitparticles as sp

pytestmark = pytest.mark.skipif(os.name == "nt", reason="other files there")


@pytest.fixture(scope="module")
def result():
    return sp.sample(lambda x: -x, [0.5, 0.0], 6, names=["a", "b"], rng=0)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def assert_same(one, other):
    assert np.array_equal(one.positions, other.positions)
    assert np.array_equal(one.weights, other.weights)
    assert one.names == other.names and one.warnings == other.warnings
    assert one.value == other.value and one.n_score_evals == other.n_score_evals
    assert one.history == other.history


# ----------------------------------------------------------- places of a save
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o666, 0o444, 0o755])
def test_a_replaced_file_keeps_its_mode(folder, result, mode):
    (folder / "r").write_text("old")
    (folder / "r").chmod(mode)
    result.save("r")
    assert stat.S_IMODE(os.stat("r").st_mode) == mode
    assert_same(sp.load("r"), result)


def test_a_private_file_is_private_while_it_is_written(folder, result, monkeypatch):
    (folder / "r").write_text("old")
    (folder / "r").chmod(0o600)
    modes = []

    def fsync(descriptor):
        modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))

    monkeypatch.setattr(os, "fsync", fsync)
    result.save("r")
    assert modes == [0o600]


LINKS = {  # links, the one that is written to, the file that it stands for
    "one": ([("a", "file")], "a", "file"),
    "two": ([("b", "a"), ("a", "file")], "b", "file"),
    "into a folder": ([("a", "sub/file")], "a", "sub/file"),
    "a folder": ([("a", "sub")], "a/file", "sub/file"),
    "dangling": ([("a", "new")], "a", "new"),
    "dangling into a folder": ([("a", "sub/new")], "a", "sub/new"),
}


@pytest.mark.parametrize("case", LINKS)
def test_a_link_stays_and_its_file_is_replaced(folder, result, case):
    links, path, target = LINKS[case]
    (folder / "sub").mkdir()
    for file in ("file", "sub/file"):
        (folder / file).write_text("old")
    for name, to in links:
        (folder / name).symlink_to(to)
    before = {*os.listdir(folder), *os.listdir("sub")}
    result.save(path)
    assert all((folder / name).is_symlink() for name, _ in links)
    assert not (folder / target).is_symlink()
    assert_same(sp.load(target), result)
    assert_same(sp.load(path), result)
    after = {*os.listdir(folder), *os.listdir("sub")}
    assert after == before | {os.path.basename(target)}


def device(minor):
    """A device like /dev/null, in the working folder.

    Never that of the machine: code that is broken would replace it, where root runs it.
    """
    try:
        os.mknod("device", stat.S_IFCHR | 0o666, os.makedev(1, minor))
        open("device", "wb").close()
    except OSError as error:
        pytest.skip(f"no devices here: {error}")


NULL, FULL = 3, 7  # minor numbers of Linux


@pytest.mark.parametrize("path", ["device", "link"])
def test_a_device_is_written_to_and_stays(folder, result, path):
    device(NULL)
    (folder / "link").symlink_to("device")
    before = os.stat("device")
    result.save(path)
    assert stat.S_ISCHR(os.stat("device").st_mode)
    assert os.stat("device").st_ino == before.st_ino
    assert sorted(os.listdir(folder)) == ["device", "link"]


def test_a_full_device_is_an_oserror(folder, result):
    device(FULL)
    with pytest.raises(OSError, match="space"):
        result.save("device")
    assert stat.S_ISCHR(os.stat("device").st_mode)


@pytest.mark.parametrize("path", ["fifo", "link"])
def test_a_pipe_is_written_to_and_stays(folder, result, path):
    os.mkfifo("fifo")
    (folder / "link").symlink_to("fifo")
    contents = []

    def read():
        with open("fifo", "rb") as file:
            contents.append(file.read())

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    result.save(path)
    reader.join(timeout=10)
    assert stat.S_ISFIFO(os.lstat("fifo").st_mode)
    (folder / "copy").write_bytes(contents[0])
    assert_same(sp.load("copy"), result)


def test_an_open_descriptor_is_written_to(folder, result):
    with open("out", "w+b") as file:
        file.write(b"before")
        file.flush()
        result.save(f"/dev/fd/{file.fileno()}")
        file.seek(0)
        content = file.read()
    assert content.startswith(b"beforePK")
    assert os.listdir(folder) == ["out"]


NOT_SAVED_AT = {
    "a folder": ".",
    "no folder": "nowhere/r",
    "below a file": "plain/r",
    "a circle of links": "circle",
    "a name too long": "r" * 300,
}


@pytest.mark.parametrize("case", NOT_SAVED_AT)
def test_a_place_that_cannot_be_written_leaves_nothing(folder, result, case):
    (folder / "plain").write_text("old")
    (folder / "circle").symlink_to("circle")
    with pytest.raises(OSError):
        result.save(NOT_SAVED_AT[case])
    assert sorted(os.listdir(folder)) == ["circle", "plain"]
    assert (folder / "plain").read_text() == "old"


# ------------------------------------------------------ what is saved is loaded
FITS = {
    "as it is": {},
    "no names": {"names": None},
    "names of any letters": {"names": ["ß,\n", "\ud800"]},
    "an infinite value": {"value": np.inf},
    "a value of NumPy": {"value": np.float32(0.5)},
    "counts of NumPy": {"n_score_evals": np.int64(7)},
    "warnings": {"warnings": ["one", 'a "second"\n']},
    "figures": {"log_evidence": -np.inf, "pareto_k": np.float64(0.5)},
    "no rounds": {"rounds": []},
}
MISFITS = {
    "a value that is no number": {"value": np.nan},
    "no value": {"value": None},
    "names that are numbers": {"names": [1, 2]},
    "names that are one text": {"names": "ab"},
    "a name too few": {"names": ["a"]},
    "a name too many": {"names": ["a", "b", "c"]},
    "names that are None": {"names": [None, None]},
    "names that are bytes": {"names": [b"a", b"b"]},
    "warnings that are one text": {"warnings": "one"},
    "warnings that are numbers": {"warnings": [3]},
    "no warnings": {"warnings": None},
    "parents after their children": {"parents": np.arange(6)},
    "parents below": {"parents": np.full(6, -2)},
    "too few parents": {"parents": np.full(5, -1)},
    "a count that is a text": {"n_score_evals": "many"},
    "a figure that is a text": {"log_evidence": "low"},
}


@pytest.mark.parametrize("case", FITS)
def test_what_is_saved_can_be_loaded(folder, result, case):
    changed = replace(result, **FITS[case])
    changed.save("r")
    assert_same(sp.load("r"), changed)


@pytest.mark.parametrize("case", MISFITS)
def test_what_cannot_be_loaded_is_not_saved(folder, result, case):
    result.save("r")
    with pytest.raises((ValueError, TypeError)):
        replace(result, **MISFITS[case]).save("r")
    assert_same(sp.load("r"), result)
    assert os.listdir(folder) == ["r"]


@pytest.mark.parametrize("prune", [None, 1e-3])
@pytest.mark.parametrize("growth", [sp.SteepestSplit(), sp.Insertion()])
def test_results_of_any_growth_are_loaded(folder, growth, prune):
    F = sp.MMD(sp.Gaussian(0.5), np.random.default_rng(0).normal(size=(60, 2)))
    start = sp.ParticleSet([[0.0, 0.0]])
    run = sp.descend(F, start, n_particles=9, growth=growth, prune=prune, rng=0)
    run.save("r")
    assert_same(sp.load("r"), run)


# --------------------------------------------------------------------- history
def test_the_history_of_a_loaded_result_is_drawn(folder, result):
    result.save("r")
    loaded = sp.load("r")
    assert loaded.rounds == [] and loaded.n_rounds == result.n_rounds > 1
    wanted = [(len(r.particles), r.value) for r in result.rounds]
    assert loaded.history == result.history == wanted
    lines = [
        sp.plotting.history(r, ax=Figure().subplots()).lines[0].get_xydata()
        for r in (result, loaded)
    ]
    assert np.array_equal(*lines)
    loaded.save("again")
    assert sp.load("again").history == wanted
    with pytest.raises(ValueError, match="rounds"):
        sp.plotting.history(replace(loaded, past=[]), ax=Figure().subplots())


# ------------------------------------------------------------- what is loaded
def members_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(path, compression=zipfile.ZIP_STORED, **changes):
    members = {**members_of(path), **{f"{k}.npy": v for k, v in changes.items()}}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def npy(array, header=None):
    content = io.BytesIO()
    np.save(content, array)
    old = content.getvalue()
    if header is None:
        return old
    start = old.index(b"'shape'")
    end = old.index(b"\n")
    return old[:start] + header.ljust(end - start) + old[end:]


def facts_without(path, name):
    facts = json.loads(np.load(path)["facts"].tobytes())
    del facts[name]
    return npy(np.frombuffer(json.dumps(facts).encode(), np.uint8))


def test_a_file_of_the_first_version_is_loaded(folder, result):
    result.save("r")
    rewritten("r", facts=facts_without("r", "history"))
    loaded = sp.load("r")
    assert loaded.history == [] and loaded.n_rounds == 0
    assert np.array_equal(loaded.positions, result.positions)


def sparse(path):
    with open(path, "wb") as file:
        file.truncate(3 * 2**30)


def bomb(path):
    rewritten(path, zipfile.ZIP_DEFLATED, positions=npy(np.zeros((2**21, 2))))


def overlapping(path):
    """All members of the directory at one place: a small file that claims much."""
    content = bytearray(Path(path).read_bytes())
    at = content.index(b"PK\x01\x02")
    for _ in range(4):
        content[at + 20 : at + 28] = (2**25).to_bytes(4, "little") * 2
        content[at + 42 : at + 46] = bytes(4)
        at = content.find(b"PK\x01\x02", at + 1)
    Path(path).write_bytes(content)


def replaced_by(make):
    def remake(path):
        os.remove(path)
        make(path)

    return remake


CLAIMS = {
    "huge": b"'shape': (600000000000000, 2), }",
    "larger": b"'shape': (7, 2), }",
    "smaller": b"'shape': (5, 2), }",
    "of negative length": b"'shape': (-6, -2), }",
    "of no end": b"'shape': (6, 2",
}
NOT_LOADED = {
    "a folder": replaced_by(os.mkdir),
    "a pipe": replaced_by(os.mkfifo),
    "a link to a pipe": replaced_by(
        lambda path: (os.mkfifo("fifo"), os.symlink("fifo", path))
    ),
    "/dev/null": replaced_by(lambda path: os.symlink("/dev/null", path)),
    "/dev/zero": replaced_by(lambda path: os.symlink("/dev/zero", path)),
    "3 GB of nothing": sparse,
    "a bomb": bomb,
    "a compressed result": lambda path: rewritten(path, zipfile.ZIP_DEFLATED),
    "a result in bzip2": lambda path: rewritten(path, zipfile.ZIP_BZIP2),
    "members at one place": overlapping,
    "single precision": lambda path: rewritten(
        path, positions=npy(np.zeros((6, 2), np.float32))
    ),
    "Fortran's order": lambda path: rewritten(
        path, positions=npy(np.asfortranarray(np.arange(12.0).reshape(6, 2)))
    ),
    "facts without an end": lambda path: rewritten(
        path, facts=npy(np.frombuffer(b"[" * 200_000, np.uint8))
    ),
    "facts without a value": lambda path: rewritten(
        path, facts=facts_without(path, "value")
    ),
    **{
        f"an array that claims to be {kind}": lambda path, header=header: rewritten(
            path, positions=npy(np.zeros((6, 2)), header)
        )
        for kind, header in CLAIMS.items()
    },
}


@pytest.mark.parametrize("case", NOT_LOADED)
def test_what_is_no_result_costs_nothing(folder, result, case):
    result.save("r")
    NOT_LOADED[case]("r")
    tracemalloc.start()
    with pytest.raises(sp.ResultFileError, match="^r "):
        sp.load("r")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4e6


def test_more_bytes_are_read_when_asked_for(folder, result):
    result.save("r")
    size = os.stat("r").st_size
    with pytest.raises(sp.ResultFileError, match=f"{size} bytes, more than max_bytes"):
        sp.load("r", max_bytes=size - 1)
    assert_same(sp.load("r", max_bytes=size), result)
    for bad in (0, -1, 2.5, None, "many"):
        with pytest.raises((TypeError, ValueError), match="max_bytes"):
            sp.load("r", max_bytes=bad)


def test_a_result_of_more_than_the_limit_is_saved_and_loaded_when_asked(folder):
    x = np.zeros((2**16, 128))
    large = replace(
        sp.compress([[0.0]], 1),
        particles=sp.ParticleSet(x),
        parents=np.full(len(x), -1),
        names=None,
    )
    large.save("r")
    with pytest.raises(sp.ResultFileError, match="max_bytes"):
        sp.load("r")
    assert sp.load("r", max_bytes=2**27).positions.shape == x.shape
