"""Compiled code on disk: found again when nothing changed, never when stale.

Small user scripts run in fresh processes over one cache folder.  Their sources are
edited in between and keep their length and date, so nothing but their content can
tell that they changed.  The package is a copy, for nobody to edit meanwhile.
"""

import cmath
import compileall
import functools
import json
import math
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import splitparticles
from splitparticles._compiled.cache import fingerprint

pytestmark = pytest.mark.compiles

LONG_AGO = 1_700_000_000
CLOSE = {"rel": 1e-12, "abs": 0.0}

# phi(0) = SIZE: what the loop over one pair of equal points returns
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
ASK = """
import json
import warnings

import numpy as np

import splitparticles as sp
from splitparticles.kernels.kernel_sums import _pairs, kernel_pairs

def size_of(kernel):
    return kernel_pairs(kernel, np.zeros((1, 1)), np.zeros((1, 1)))[0]

def counted(which):
    copies = _pairs._copies.values()
    return sum(sum(getattr(c.stats, which).values()) for c in copies)

"""
ONE = (
    ASK
    + """
warnings.simplefilter("always")
with warnings.catch_warnings(record=True) as heard:
    sizes = [size_of(Bell()) for _ in range(3)]
print(json.dumps({
    "size": sizes[-1],
    "hits": counted("cache_hits"),
    "misses": counted("cache_misses"),
    "warnings": [w.category.__name__ for w in heard],
}))
"""
)
USER = "from mine import Bell\n" + ONE


def user_module(size, source=PROFILE):
    return KERNEL + source.replace("SIZE", str(size))


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A folder that holds a copy of the package."""
    folder = tmp_path_factory.mktemp("package")
    here = Path(splitparticles.__file__).parent
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(here, folder / "splitparticles", ignore=ignored)
    compileall.compile_dir(folder, quiet=2)
    return folder


@pytest.fixture
def place(package, tmp_path):
    return Place(package, tmp_path)


class Place:
    """A folder of user code beside a cache folder."""

    def __init__(self, package, folder):
        self.package, self.code, self.cache = package, folder / "code", folder / "cache"
        self.code.mkdir()

    def write(self, name, text):
        path = self.code / name
        path.write_text(text)
        os.utime(path, (LONG_AGO, LONG_AGO))

    def start(self, script, **environment):
        self.write("script.py", textwrap.dedent(script))
        return subprocess.Popen(
            [sys.executable, "-B", "script.py"],
            cwd=self.code,
            env={
                **os.environ,
                "PYTHONPATH": str(self.package),
                "NUMBA_CACHE_DIR": str(self.cache),
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, script=USER, **environment):
        """What the script printed last."""
        return answer(self.start(script, **environment))

    def files(self, suffix):
        return {path.name: path.read_bytes() for path in self.cache.glob(f"*{suffix}")}


def answer(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return json.loads(out.splitlines()[-1])


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
    "helper": HELPER + HELPED,
    "helper_of_helper": HELPER.replace("helper", "inner")
    + HELPER.replace("SIZE + u", "inner(u)")
    + HELPED,
    "global": "size = SIZE\n" + PROFILE.replace("SIZE + u", "size + u"),
    "tuple": "sizes = 0.0, SIZE\n" + PROFILE.replace("SIZE + u", "sizes[1] + u"),
    "closure": """
def made(size):
    @sp.profile_of(Bell)
    def bell(kernel, u):
        return size + u, 0.0, 0.0, 0.0, 0.0

made(SIZE)
""",
    "default": """
@numba.njit
def helper(u, size=SIZE):
    return size + u
"""
    + HELPED,
    "inner_function": """
size = SIZE

@sp.profile_of(Bell)
def bell(kernel, u):
    def inner(u):
        return size + u

    return inner(u), 0.0, 0.0, 0.0, 0.0
""",
    "enum": """
import enum

class Sizes(enum.Enum):
    ONE = SIZE

"""
    + PROFILE.replace("SIZE + u", "Sizes.ONE.value + u"),
    "array": "sizes = np.array([SIZE])\n" + PROFILE.replace("SIZE + u", "sizes[0] + u"),
    "other_module": "from other import helper\n" + HELPED,
}


@pytest.fixture(scope="module")
def sizes_over_edits(package, tmp_path_factory):
    """The size each module gave in one process after the other."""
    place = Place(package, tmp_path_factory.mktemp("edits"))
    script = ASK + "sizes = {}\n"
    for name in SOURCES:
        script += f"import {name}_\nsizes[{name!r}] = size_of({name}_.Bell())\n"
    script += "print(json.dumps(sizes))"
    given = []
    for size in (1.0, 2.0):
        place.write("other.py", "import numba\n" + HELPER.replace("SIZE", str(size)))
        for name, source in SOURCES.items():
            place.write(f"{name}_.py", user_module(size, source))
        given.append(place.run(script))
    return given


@pytest.mark.parametrize("edited", SOURCES)
def test_an_edit_gives_the_new_value_in_the_next_process(sizes_over_edits, edited):
    first, second = (sizes[edited] for sizes in sizes_over_edits)
    assert first == pytest.approx(1.0, **CLOSE)
    assert second == pytest.approx(2.0, **CLOSE)


def test_a_kernel_whose_fields_change_places_gives_the_new_value(place):
    profile = PROFILE.replace("SIZE", "kernel.one")
    for names, size in ((("one", "two"), 1.0), (("two", "one"), 2.0)):
        fields = "{}: float = 1.0\n    {}: float = 2.0".format(*names)
        place.write(
            "mine.py", KERNEL.replace("bandwidth: float = 1.0", fields) + profile
        )
        assert place.run()["size"] == pytest.approx(size, **CLOSE)


def test_a_profile_declared_again_in_one_process_gives_the_new_value(place):
    again = PROFILE.replace("SIZE", "2.0")
    first = user_module(1.0) + ASK + "assert size_of(Bell()) == 1.0\n"
    assert place.run(first + again + ONE)["size"] == pytest.approx(2.0, **CLOSE)


DISK_FULL = """
from numba.core import caching

def disk_full(*arguments):
    raise OSError(28, "No space left on device")

caching.IndexDataCacheFile._save_data = disk_full
"""


def test_a_failure_between_index_and_code_leaves_nothing_stale(place):
    place.write("mine.py", user_module(1.0))
    assert place.run()["size"] == pytest.approx(1.0, **CLOSE)
    place.write("mine.py", user_module(2.0))
    full = place.run(DISK_FULL + USER)
    assert full["size"] == pytest.approx(2.0, **CLOSE)
    assert full["warnings"] == ["StoreWarning"]
    assert place.run()["size"] == pytest.approx(2.0, **CLOSE)


# ---------------------------------------------------------- found when unchanged
def test_an_unchanged_script_compiles_nothing_the_second_time(place):
    place.write("mine.py", user_module(1.0))
    first = place.run()
    files = place.files(".nbc")
    second = place.run()
    assert (first["hits"], first["misses"]) == (0, 1)
    assert (second["hits"], second["misses"]) == (1, 0)
    assert len(files) == 1
    assert place.files(".nbc") == files
    assert first["warnings"] == second["warnings"] == []
    place.write("mine.py", user_module(1.0) + "# an edit that changes no code\n")
    assert place.run()["misses"] == 0


def test_a_kernel_defined_in_main_is_read_from_disk_once(place):
    script = user_module(1.0) + ONE
    assert place.run(script)["misses"] == 1
    again = place.run(script)
    assert again["size"] == pytest.approx(1.0, **CLOSE)
    assert (again["hits"], again["misses"]) == (1, 0)
    edited = place.run(user_module(2.0) + ONE)
    assert edited["size"] == pytest.approx(2.0, **CLOSE)


def test_kernels_of_one_name_in_two_files_do_not_mix(place):
    place.write("mine.py", user_module(1.0))
    place.write("yours.py", user_module(2.0))
    both = ASK + "import mine, yours\n"
    both += "print(json.dumps([size_of(m.Bell()) for m in (mine, yours)]))"
    for _ in range(2):
        assert place.run(both) == pytest.approx([1.0, 2.0], **CLOSE)


# -------------------------------------------------------------- broken folders
SEVERAL = """
import json
import warnings

import numpy as np

import splitparticles as sp
from splitparticles.kernels.kernel_sums import kernel_pairs, kernel_sum
from splitparticles.kernels.stein_sums import stein_pairs

warnings.simplefilter("always")
k, x, y, one = sp.Gaussian(2.0), np.zeros((1, 1)), np.full((1, 1), 2.0), np.ones(1)
with warnings.catch_warnings(record=True) as heard:
    values = [
        kernel_pairs(k, x, y)[0],
        kernel_sum(k, x, y, one)[0],
        stein_pairs(k, x, -x, x, -x)[0],
    ]
print(json.dumps([*values, [w.category.__name__ for w in heard]]))
"""
SEVERAL_RIGHT = [
    pytest.approx(math.exp(-0.5), **CLOSE),
    pytest.approx(math.exp(-0.5), **CLOSE),
    pytest.approx(0.25, **CLOSE),
]


@pytest.fixture(scope="module")
def filled_cache(package, tmp_path_factory):
    """The cache folder that four processes filled at once."""
    place = Place(package, tmp_path_factory.mktemp("filled"))
    running = [place.start(SEVERAL) for _ in range(4)]
    for process in running:
        assert answer(process) == [*SEVERAL_RIGHT, []]
    return place.cache


def test_after_four_processes_that_filled_it_at_once_a_fifth_agrees(
    place, filled_cache
):
    shutil.copytree(filled_cache, place.cache)
    files = place.files("")
    assert place.run(SEVERAL) == [*SEVERAL_RIGHT, []]
    assert len(files) == 6
    assert place.files("") == files


@pytest.mark.parametrize(
    "damages",
    [[0.0, 0.1, 0.9], [b"", b"garbage" * 100, b"\x80\x05garbage."]],
    ids=["truncated", "garbage"],
)
@pytest.mark.parametrize("suffix", [".nbc", ".nbi"])
def test_broken_files_cost_one_warning_and_are_mended(
    place, filled_cache, damages, suffix
):
    shutil.copytree(filled_cache, place.cache)
    paths = sorted(place.cache.glob(f"*{suffix}"))
    for path, damage in zip(paths, damages, strict=True):
        whole = path.read_bytes()
        cut = damage if isinstance(damage, bytes) else whole[: int(damage * len(whole))]
        path.write_bytes(cut)
    assert place.run(SEVERAL) == [*SEVERAL_RIGHT, ["StoreWarning"]]
    assert place.run(SEVERAL) == [*SEVERAL_RIGHT, []]


def test_a_folder_that_cannot_be_made_costs_one_warning(place):
    place.write("a_file", "")
    below = str(place.code / "a_file" / "cache")
    found = place.run(SEVERAL, NUMBA_CACHE_DIR=below)
    assert found == [*SEVERAL_RIGHT, ["StoreWarning"]]


# ------------------------------------------------------------ without compiling
def test_without_a_compiler_the_values_are_the_same(place):
    script = """
    import json
    import numpy as np
    import splitparticles as sp

    x, y = np.random.default_rng(0).normal(size=(2, 20, 3))
    values = []
    for kernel in (sp.Gaussian(1.5), sp.InverseMultiquadric(1.5, -0.3)):
        values.append(sp.mmd(x, y, kernel=kernel))
        values.append(sp.ksd(x, lambda x: -x, kernel=kernel))
    print(json.dumps(values))
    """
    plain = place.run(script, NUMBA_DISABLE_JIT="1")
    assert min(plain) > 0.1
    assert place.run(script) == pytest.approx(plain, rel=0, abs=1e-12)


def test_importing_compiles_nothing_and_draws_nothing(place):
    script = """
    import gc
    import json
    import sys
    import splitparticles
    from numba.core.dispatcher import Dispatcher

    ours = [
        thing
        for thing in gc.get_objects()
        if isinstance(thing, Dispatcher)
        and thing.py_func.__module__.startswith("splitparticles")
    ]
    compiled = sum(len(thing.signatures) for thing in ours)
    print(json.dumps([len(ours), compiled, "matplotlib.pyplot" in sys.modules]))
    """
    dispatchers, signatures, pyplot = place.run(script)
    assert dispatchers >= 2
    assert signatures == 0
    assert not pyplot
    assert place.files("") == {}


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


def with_inner(value):
    source = "def f(u):\n def inner(): return VALUE\n return inner()"
    return function_from(source, VALUE=value)


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
        (with_global((1.0, 12.0)), with_global((1.01, 2.0))),
        (with_global(((1.0,), 2.0)), with_global((1.0, (2.0,)))),
        (with_global("1"), with_global(1)),
        (with_inner(1.0), with_inner(2.0)),
        (with_global(math.sqrt), with_global(cmath.sqrt)),
        (
            with_global(function_from("def f(u): return 1.0")),
            with_global(function_from("def f(u): return 2.0")),
        ),
    ],
    ids=(
        "constant type operation default keyword-default closure global zero-sign "
        "bool tuple tuple-edge float-tuple-edge nesting text inner-global library "
        "helper"
    ).split(),
)
def test_what_differs_has_different_fingerprints(one, other):
    first, second = fingerprint(one), fingerprint(other)
    # None says that the function is not kept on disk, so it cannot be stale
    assert first is None or first != second


def test_the_same_source_has_the_same_fingerprint():
    assert fingerprint(with_global((1.0, 2.0))) is not None
    assert fingerprint(with_global((1.0, 2.0))) == fingerprint(with_global((1.0, 2.0)))
    assert fingerprint(with_closure(1.0)) == fingerprint(with_closure(1.0))


@pytest.mark.parametrize(
    "thing",
    [[1.0], {"a": 1.0}, functools, object()],
    ids=["list", "dict", "module", "object"],
)
def test_what_cannot_be_told_has_no_fingerprint(thing):
    assert fingerprint(with_global(thing)) is None
