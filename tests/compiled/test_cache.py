"""Cache of compiled code: found again when nothing changed, never when stale.

A fresh copy of one short loop stands for a new process: what it runs is what it finds
on disk or compiles.  Modules of users are edited in between and keep their length and
date, so nothing but their content can tell that they changed.
"""

import cmath
import functools
import importlib
import itertools
import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

import splitparticles as sp
from splitparticles._compiled import cache
from splitparticles._compiled.cache import fingerprint
from splitparticles._compiled.compiler import IS_COMPILED, compiled, profile

needs_compiler = pytest.mark.skipif(not IS_COMPILED, reason="nothing is compiled")

pytestmark = pytest.mark.compiles

LONG_AGO = 1_700_000_000

KERNEL = """
import math
from typing import NamedTuple

import numba
import numpy as np

import splitparticles as sp


class Bell(NamedTuple):
    bandwidth: float = 1.0

"""
PROFILE = """
@sp.profile_of(Bell)
def bell(kernel, u):
    return SIZE + u, 0.0, 0.0, 0.0, 0.0
"""


def short_loop(kernel, out, first, last):
    for i in range(first, last):
        out[i] = profile(kernel, 0.0)[0]


def value_at_zero(kernel, loop=short_loop):
    """phi(0) from a fresh copy of the loop, and how often it was compiled."""
    fresh, out = compiled(loop), np.zeros(1)
    fresh(kernel, out, 0, 1)
    (copy,) = fresh.copies.values()
    return out[0], sum(copy.stats.cache_misses.values())


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty cache folder."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    cache.warn_once.cache_clear()
    return tmp_path / "cache" / "splitparticles"


@pytest.fixture
def user(tmp_path, monkeypatch):
    """Folder of a user's modules, on the path."""
    path = tmp_path / "code"
    path.mkdir()
    monkeypatch.syspath_prepend(path)
    return User(path, monkeypatch)


class User:
    """Writes modules and imports them anew, as the next process would."""

    def __init__(self, path, monkeypatch):
        self.path, self.monkeypatch = path, monkeypatch

    def write(self, name, text):
        file = self.path / f"{name}.py"
        file.write_text(text)
        os.utime(file, (LONG_AGO, LONG_AGO))

    def module(self, name, source):
        self.write(name, KERNEL + source)
        # a compiled file of the same date and length would stand in for the edit
        shutil.rmtree(self.path / "__pycache__", ignore_errors=True)
        importlib.invalidate_caches()
        self.monkeypatch.delitem(sys.modules, name, raising=False)
        return importlib.import_module(name)

    def kernel(self, name, source, size):
        return self.module(name, source.replace("SIZE", str(size))).Bell()


def files(folder):
    """Content of the files of the cache by name."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.name: path.read_bytes() for path in paths}


# ------------------------------------------------------------------ never stale
HELPED = """
@sp.profile_of(Bell)
def bell(kernel, u):
    return helper(u), 0.0, 0.0, 0.0, 0.0
"""
HELPER = """
@numba.njit
def helper(u):
    return SIZE + u
"""
SOURCES = {
    "profile": PROFILE,
    "helper_of_helper": HELPER.replace("helper", "inner")
    + HELPER.replace("SIZE + u", "inner(u)")
    + HELPED,
    "tuple": "sizes = 0.0, SIZE\n" + PROFILE.replace("SIZE + u", "sizes[1] + u"),
    "closure": """
def made(size):
    @sp.profile_of(Bell)
    def bell(kernel, u):
        return size + u, 0.0, 0.0, 0.0, 0.0

made(SIZE)
""",
    "inner_function": """
size = SIZE

@sp.profile_of(Bell)
def bell(kernel, u):
    def inner(u):
        return size + u

    return inner(u), 0.0, 0.0, 0.0, 0.0
""",
    "array": "sizes = np.array([SIZE])\n" + PROFILE.replace("SIZE + u", "sizes[0] + u"),
}
UNSTORED = {"inner_function", "array"}  # what they refer to has no digest


@needs_compiler
@pytest.mark.parametrize("edited", SOURCES)
def test_an_edit_gives_the_new_value_and_no_edit_compiles_nothing(folder, user, edited):
    source = SOURCES[edited]
    assert value_at_zero(user.kernel("mine", source, 1.0)) == (1.0, 1)
    again = 1 if edited in UNSTORED else 0
    assert value_at_zero(user.kernel("mine", source, 1.0)) == (1.0, again)
    assert value_at_zero(user.kernel("mine", source, 2.0)) == (2.0, 1)
    # an index and a file of code, those of the older version removed
    assert len(files(folder)) == (0 if edited in UNSTORED else 2)


@needs_compiler
def test_an_edit_of_a_helper_in_another_module_gives_the_new_value(folder, user):
    source = "from other import helper\n" + HELPED
    for size in (1.0, 2.0):
        user.module("other", HELPER.replace("SIZE", str(size)))
        assert value_at_zero(user.module("mine", source).Bell()) == (size, 1)


@needs_compiler
def test_a_kernel_whose_fields_change_places_gives_the_new_value(folder, user):
    source = PROFILE.replace("SIZE", "kernel.one")
    for names, size in ((("one", "two"), 1.0), (("two", "one"), 2.0)):
        fields = "{}: float = 1.0\n    {}: float = 2.0".format(*names)
        text = (KERNEL + source).replace("bandwidth: float = 1.0", fields)
        assert value_at_zero(user.module("mine", text).Bell()) == (size, 1)


@needs_compiler
def test_kernels_of_one_name_do_not_mix(folder, user):
    kernels = [user.kernel("mine", PROFILE, 1.0), user.kernel("yours", PROFILE, 2.0)]
    for misses in (1, 0):
        found = [value_at_zero(kernel) for kernel in kernels]
        assert found == [(1.0, misses), (2.0, misses)]

    # declared again in one process: a class that is not stored, and its last profile
    again = user.module("mine", PROFILE.replace("SIZE", "1.0"))
    sp.profile_of(again.Bell)(lambda kernel, u: (3.0 + u, 0.0, 0.0, 0.0, 0.0))
    assert value_at_zero(again.Bell())[0] == 3.0


@needs_compiler
@pytest.mark.parametrize(
    "module, name, value",
    [
        (numba.config, "BOUNDSCHECK", 1),
        (numba, "__version__", "0.0"),
        (cache, "package_digest", lambda: "another source of this package"),
    ],
    ids=["flag", "numba", "source"],
)
def test_another_compiler_or_package_finds_nothing(
    folder, user, monkeypatch, module, name, value
):
    kernel = user.kernel("mine", PROFILE, 1.0)
    assert value_at_zero(kernel) == (1.0, 1)
    monkeypatch.setattr(module, name, value)
    assert value_at_zero(kernel) == (1.0, 1)


def test_an_edit_of_any_source_of_the_package_is_another_digest(tmp_path, monkeypatch):
    digests = set()
    monkeypatch.setattr(cache, "PACKAGE", tmp_path)
    for name, text in (("a.py", "1"), ("a.py", "2"), ("room/b.py", "2")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        digests.add(cache.package_digest.__wrapped__())
    assert len(digests) == 3
    monkeypatch.setattr(cache, "PACKAGE", tmp_path / "none")
    assert cache.package_digest.__wrapped__() is None  # nothing is stored then


# -------------------------------------------------------------- broken folders
@needs_compiler
@pytest.mark.parametrize(
    "suffix, damage",
    [
        *itertools.product(
            (".nbc", ".nbi"), (0.0, 0.1, 0.9, b"garbage" * 100, b"\x80\x05garbage.")
        ),
        (".nbc", b"\x80\x05K\x01."),  # a pickle, but of the number 1
    ],
)
def test_a_damaged_file_costs_one_warning_and_is_mended(folder, user, suffix, damage):
    kernel = user.kernel("mine", PROFILE, 1.0)
    value_at_zero(kernel)
    (path,) = folder.rglob(f"*{suffix}")
    whole = path.read_bytes()
    cut = damage if isinstance(damage, bytes) else whole[: int(damage * len(whole))]
    path.write_bytes(cut)
    with pytest.warns(sp.StoreWarning, match="NUMBA_CACHE_DIR") as warned:
        for _ in range(2):
            assert value_at_zero(kernel)[0] == 1.0
    assert len(warned) == 1
    value_at_zero(kernel)
    assert value_at_zero(kernel) == (1.0, 0)


@needs_compiler
def test_a_full_disk_costs_one_warning_and_leaves_nothing_stale(
    folder, user, monkeypatch
):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    kernel = user.kernel("mine", PROFILE, 1.0)
    with monkeypatch.context() as patch:
        patch.setattr("numba.core.caching.IndexDataCacheFile._save_data", full)
        with pytest.warns(sp.StoreWarning):
            assert value_at_zero(kernel)[0] == 1.0
    assert files(folder) == {}
    assert value_at_zero(user.kernel("mine", PROFILE, 2.0)) == (2.0, 1)


def not_a_folder(folder):
    folder.parent.write_text("")


def writable_by_others(folder):
    folder.mkdir(parents=True)
    folder.chmod(0o777)


@needs_compiler
@pytest.mark.parametrize("spoil", [not_a_folder, writable_by_others])
def test_a_folder_that_cannot_be_trusted_costs_one_warning(folder, user, spoil):
    spoil(folder)
    kernel = user.kernel("mine", PROFILE, 1.0)
    with pytest.warns(sp.StoreWarning) as warned:
        for _ in range(2):
            assert value_at_zero(kernel) == (1.0, 1)
    assert len(warned) == 1
    assert not folder.is_dir() or files(folder) == {}


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="files have no owner here")
def test_a_folder_of_another_owner_is_refused_and_a_new_one_is_private(
    tmp_path, monkeypatch
):
    cache.make_private(tmp_path / "new" / "cache")
    assert (tmp_path / "new" / "cache").stat().st_mode & 0o777 == 0o700
    stranger = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: stranger)
    with pytest.raises(PermissionError, match="others own"):
        cache.make_private(tmp_path / "new" / "cache")


def test_an_empty_variable_is_not_the_working_folder(monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, "")
    assert cache.cache_folder().is_relative_to(Path.home())


# ------------------------------------------------------------ in fresh processes
SCRIPT = """
import gc, json, sys, warnings
from typing import NamedTuple
import numba
import splitparticles as sp

ours = [
    thing.py_func
    for thing in gc.get_objects()
    if type(thing).__name__ == "CPUDispatcher" and thing.signatures
]
compiled = [f.__name__ for f in ours if f.__module__.startswith("splitparticles")]
answer = {"compiled at import": compiled, "pyplot": "matplotlib.pyplot" in sys.modules}


class Bell(NamedTuple):
    bandwidth: float = 1.0

@sp.profile_of(Bell)
def bell(kernel, u):
    return SIZE / (1.0 + u), 0.0, 0.0, 0.0, 0.0

warnings.simplefilter("error")
sets = [[0.0, 1.0]], [[0.5, 0.25]]
answer["values"] = [
    sp.mmd(*sets, kernel=sp.Gaussian(2.0)),
    sp.ksd(sets[0], lambda x: -x, kernel=sp.InverseMultiquadric(1.5, -0.3)),
    sp.mmd(*sets, kernel=Bell(2.0)),
]
print(json.dumps(answer))
"""


def started(folder, size=10.0, **environment):
    """A process that runs the script over a cache folder."""
    script = folder.parent / f"script{size}.py"
    script.write_text(SCRIPT.replace("SIZE", str(size)))
    package = Path(sp.__file__).parents[1]
    return subprocess.Popen(
        [sys.executable, "-B", str(script)],
        env={
            **os.environ,
            "PYTHONPATH": str(package),
            "NUMBA_CACHE_DIR": str(folder),
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answer(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return json.loads(out)


@pytest.mark.slow
@needs_compiler
def test_processes_that_fill_the_cache_at_once_agree_with_later_ones(tmp_path):
    folder = tmp_path / "cache"
    first, twin = (answer(p) for p in [started(folder), started(folder)])
    assert first == twin
    assert first["compiled at import"] == [] and not first["pyplot"]
    stored = files(folder)
    assert stored and not any("Bell" in name for name in stored)  # of __main__
    assert answer(started(folder)) == first
    assert files(folder) == stored
    # a kernel of __main__ that was edited, and the same without a compiler
    edited = answer(started(folder, size=11.0))
    assert edited["values"][:2] == first["values"][:2]
    plain = answer(started(folder, NUMBA_DISABLE_JIT="1"))
    assert plain["values"] == pytest.approx(first["values"], rel=0, abs=1e-12)


# ---------------------------------------------------------------- fingerprints
def function_from(source, **names):
    """`f` as the source defines it, wherever the source stands."""
    exec(source, names)
    return names["f"]


def with_global(value):
    return function_from("def f(u): return VALUE", VALUE=value)


def with_closure(value):
    return function_from(
        "def make(v):\n def f(u): return v\n return f\nf = make(V)", V=value
    )


@pytest.mark.parametrize(
    "one, other",
    [
        (function_from("def f(u): return 1.0"), function_from("def f(u): return 2.0")),
        (function_from("def f(u): return 1"), function_from("def f(u): return 1.0")),
        (function_from("def f(u): return -u"), function_from("def f(u): return +u")),
        (
            function_from("def f(u, a=1.0): return a"),
            function_from("def f(u, a=2.0): return a"),
        ),
        (
            function_from("def f(u, *, a=1.0): return a"),
            function_from("def f(u, *, a=2.0): return a"),
        ),
        (with_closure(1.0), with_closure(2.0)),
        (with_global(1.0), with_global(2.0)),
        (with_global(0.0), with_global(-0.0)),
        (with_global(1), with_global(True)),
        (with_global((1.0, 2.0)), with_global((1.0, 3.0))),
        (with_global((1, 23)), with_global((12, 3))),
        (with_global(((1.0,), 2.0)), with_global((1.0, (2.0,)))),
        (with_global("1"), with_global(1)),
        (with_global(math.sqrt), with_global(cmath.sqrt)),
        (
            with_global(function_from("def f(u): return 1.0")),
            with_global(function_from("def f(u): return 2.0")),
        ),
    ],
    ids=(
        "constant type operation default keyword-default closure global zero-sign "
        "bool tuple tuple-edge nesting text library helper"
    ).split(),
)
def test_what_differs_has_different_fingerprints(one, other):
    first, second = fingerprint(one), fingerprint(other)
    # None says that the function is not kept on disk, so it cannot be stale
    assert first is None or first != second


def test_the_same_source_has_the_same_fingerprint():
    for value in (1.0, (1.0, "a", None), math.exp, np.sqrt):
        assert fingerprint(with_global(value)) is not None
        assert fingerprint(with_global(value)) == fingerprint(with_global(value))
    assert fingerprint(with_closure(1.0)) == fingerprint(with_closure(1.0))


@pytest.mark.parametrize(
    "value",
    [[1.0], {"a": 1.0}, functools, object()],
    ids=["list", "dict", "module", "object"],
)
def test_what_has_no_digest_has_no_fingerprint(value):
    assert fingerprint(with_global(value)) is None
