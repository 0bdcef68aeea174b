"""Cache of compiled loops on disk, each under a digest of all that it contains.

Numba stores a compiled function and takes it for fresh as long as the file of its
source stays the same.  A loop here calls profiles of other files, a user's among them.
Its name on disk therefore ends with a *stamp*, a digest of the sources of this package,
of the profile, of the functions and constants that it refers to, and of the compiler's
version and flags: changed code has another name.  Each process compiles anew where the
profile refers to something that has no digest (a module of the user's, an array), and
where other processes cannot import the kernel's class (a class of ``__main__``).

The files lie in a folder ``splitparticles`` of ``$NUMBA_CACHE_DIR`` or of the user's
cache folder.  They are pickles: whatever can write them can run code.  The folder is
made for its owner alone, and one that others own or may write is not used.
"""

import functools
import glob
import hashlib
import inspect
import math
import os
import stat
import sys
import tempfile
import types
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy as np

PACKAGE = Path(__file__).parents[1]

config: Any = numba.config  # its attributes come from the environment


class StoreWarning(UserWarning):
    """Compiled code could not be stored on disk or read back."""


# ---------------------------------------------------------------- fingerprints
class Unknown(Exception):
    """Content that has no digest."""


def fingerprint(function: Callable) -> str | None:
    """Digest of a function and of all it refers to; None where there is none."""
    try:
        return digest(content(function, set()))
    except Unknown:
        return None


def digest(value: object) -> str:
    """Digest of a nested tuple of texts."""
    return hashlib.sha256(repr(value).encode()).hexdigest()


def content(value: Any, described: set) -> tuple:
    """Nested tuple of texts, other for every other value or function."""
    value = getattr(value, "py_func", value)  # a function under numba.njit
    kind = type(value).__name__
    if isinstance(value, types.FunctionType):
        name = kind, value.__module__, value.__qualname__
        code = value.__code__
        # the sources of this package are part of every stamp
        if value in described or Path(code.co_filename).is_relative_to(PACKAGE):
            return name
        described.add(value)
        # an inner function stands among the constants, and has no digest
        body = code.co_code, code.co_names, code.co_varnames, code.co_consts
        defaults = value.__defaults__, *(value.__kwdefaults__ or {}).items()
        names = inspect.getclosurevars(value)
        outer = *sorted(names.globals.items()), *sorted(names.nonlocals.items())
        return name, content((body, defaults, outer), described)
    if type(value) in (bool, int, float, str, bytes, type(None)):
        return kind, repr(value)
    if type(value) is tuple:
        return kind, *(content(item, described) for item in value)
    if value is math or value is np or is_library(value):
        return kind, getattr(value, "__module__", ""), value.__name__
    raise Unknown(repr(value))


def is_library(value: Any) -> bool:
    """Whether a function or type comes with Python or NumPy, and has no state."""
    if isinstance(value, (types.BuiltinFunctionType, np.ufunc)):
        return True
    return isinstance(value, type) and value.__module__ in ("builtins", "numpy")


@functools.cache
def package_digest() -> str | None:
    """Digest of the sources of this package; None where there are no files of them."""
    sources = tuple(path.read_bytes() for path in sorted(PACKAGE.rglob("*.py")))
    return digest(sources) if sources else None


def compiler_flags() -> tuple:
    """Versions and settings, any of which may change the code that Numba makes."""
    settings = (
        (name, repr(value))
        for name, value in sorted(vars(config).items())
        if name.isupper() and "CACHE" not in name and "THREAD" not in name
    )
    versions = sys.version, numba.__version__, llvmlite.__version__, np.__version__
    return *versions, *settings


# ------------------------------------------------------------------ the folder
def cache_folder() -> Path:
    """Folder of the compiled code."""
    # an empty variable counts as none: it must not mean the working folder
    if config.CACHE_DIR:
        base = config.CACHE_DIR
    elif sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "splitparticles"


def make_private(folder: Path) -> None:
    """Folder for its owner alone; an OSError where there can be none."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    if hasattr(os, "getuid"):
        open_to_others = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if open_to_others or status.st_uid != os.getuid():
            raise PermissionError(f"others own or may write {folder}")
    tempfile.TemporaryFile(dir=folder).close()  # or Numba would take another folder


@functools.cache
def warn_once() -> None:
    """Warning, once a process, that the cache is of no use."""
    warnings.warn(
        "compiled code cannot be stored on disk or read back, so this process compiles "
        f"anew (folder {cache_folder()}); set NUMBA_CACHE_DIR to a folder that you "
        "alone can write",
        StoreWarning,
        stacklevel=2,
    )


# ------------------------------------------------------------------- the cache
def enable_cache(loop: Any, profile: Callable, kernel_class: Any) -> bool:
    """Numba's cache for `loop`, whose name gets its stamp; whether there is one."""
    module = sys.modules.get(kernel_class.__module__)
    # Numba pickles other classes by value, and no process finds those again
    is_importable = getattr(module, kernel_class.__qualname__, None) is kernel_class
    if not is_importable or kernel_class.__module__ == "__main__":
        return False
    contents = package_digest(), fingerprint(profile)
    if None in contents or not hasattr(loop, "enable_caching"):  # NUMBA_DISABLE_JIT
        return False
    origin = profile.__code__.co_filename, profile.__qualname__, sys.version_info[:2]
    stamp = digest((contents, compiler_flags(), kernel_class._fields))
    name = f"{kernel_class.__qualname__}-{digest(origin)[:8]}-{stamp[:16]}"
    loop.py_func.__qualname__ += f"-{name}"
    folder, before = cache_folder(), config.CACHE_DIR
    try:
        make_private(folder)
        config.CACHE_DIR = str(folder)
        loop.enable_caching()
    except (OSError, RuntimeError):  # the latter where Numba finds no folder
        warn_once()
        return False
    finally:
        config.CACHE_DIR = before
    return True


def first_call(
    make: Callable[[], Any], arguments: tuple, profile: Callable, kernel_class: type
) -> Callable:
    """Loop of ``make()`` after a first call, by which it is compiled or loaded."""
    loop = make()
    if not enable_cache(loop, profile, kernel_class):
        loop(*arguments)
        return loop
    name, _, stamp = loop.py_func.__qualname__.rpartition("-")
    versions = Path(loop.stats.cache_path).glob(f"*.{glob.escape(name)}-*")
    try:
        loop(*arguments)
    except numba.NumbaError:  # the profile is at fault
        raise
    except Exception:  # a damaged or foreign file, a full disk
        remove(versions)
        loop = make()
        loop(*arguments)
        warn_once()
    else:
        if loop.stats.cache_misses:
            remove(path for path in versions if stamp not in path.name)
    return loop


def remove(paths: Iterable[Path]) -> None:
    """Delete files, as far as the system allows."""
    for path in paths:
        with suppress(OSError):
            path.unlink()
