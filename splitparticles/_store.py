"""Compiled code on disk: found again when nothing changed, never when stale.

Numba keeps compiled functions beside the source file that defines them and takes
them for fresh as long as that one file keeps its date.  Our loops call profiles
that live in other files, a user's among them, so that rule would run old code
after an edit.  Here the stamp of a stored loop is instead a digest of everything
that went into it: the sources of this package, the profile's source file or
bytecode, the constants and functions it refers to, and so on down.  A profile
that refers to something whose content cannot be told (a module of the user's, an
array) is not stored at all; it compiles anew in each process.

One file a loop and kernel, in ``$NUMBA_CACHE_DIR`` or the user's cache folder.
A folder that cannot be written, or a file that cannot be read, costs one warning
and a compilation.  The files are pickles: whoever can write them can run code, so
the folder is the user's own, never a shared temporary one.
"""

import functools
import hashlib
import math
import os
import sys
import types
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numba.core import caching
from numba.core.dispatcher import Dispatcher

_PACKAGE = Path(__file__).parent
_LIBRARY = (types.BuiltinFunctionType, np.ufunc, type)


class StoreWarning(UserWarning):
    """Compiled code could not be kept on disk or read back."""


# ---------------------------------------------------------------- fingerprints
@functools.cache
def _package_digest() -> bytes:
    """Digest of every source file of this package."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.digest()


def fingerprint(function: Callable) -> str | None:
    """Digest of a function and of all it refers to; None when that cannot be told."""
    digest = hashlib.sha256()
    try:
        _describe(function, digest, set())
    except _Unknown:
        return None
    return digest.hexdigest()


class _Unknown(Exception):
    pass


def _describe(thing, digest, seen) -> None:
    """Feed `thing`, and what it refers to, to the digest."""
    thing = getattr(thing, "py_func", thing)  # a function under numba.njit
    if isinstance(thing, types.FunctionType):
        if thing not in seen:
            seen.add(thing)
            digest.update(thing.__qualname__.encode())
            _describe_code(thing.__code__, digest)
            for name, value in _referred_to(thing):
                digest.update(name.encode())
                _describe(value, digest, seen)
    elif isinstance(thing, (bool, int, float, str, type(None))):
        digest.update(repr(thing).encode())
    elif isinstance(thing, tuple):
        for item in thing:
            _describe(item, digest, seen)
    elif thing is math or thing is np or isinstance(thing, _LIBRARY):
        digest.update(f"{thing.__name__} {np.__version__}".encode())
    else:
        raise _Unknown(repr(thing))


def _describe_code(code, digest) -> None:
    digest.update(code.co_code)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            _describe_code(constant, digest)
        else:
            digest.update(repr(constant).encode())
    digest.update(repr((code.co_names, code.co_varnames)).encode())


def _referred_to(function):
    """Names and values of the globals and the closure that a function uses."""
    for name in function.__code__.co_names:
        if name in function.__globals__:
            yield name, function.__globals__[name]
    cells = function.__closure__ or ()
    for name, cell in zip(function.__code__.co_freevars, cells, strict=True):
        yield name, cell.cell_contents


# ----------------------------------------------------------------- the folder
def _folder() -> Path:
    """Where compiled code is kept."""
    if "NUMBA_CACHE_DIR" in os.environ:
        return Path(os.environ["NUMBA_CACHE_DIR"])
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "~")
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return Path(base).expanduser() / "splitparticles"


@functools.cache
def _warn_once(reason: str) -> None:
    warnings.warn(
        f"compiled code is not kept on disk, so each process compiles anew: {reason}; "
        "set NUMBA_CACHE_DIR to a folder of your own that can be written",
        StoreWarning,
        stacklevel=2,
    )


class _Implementation(caching.CompileResultCacheImpl):
    """Numba's own way to write a compiled function, without its choice of place."""

    def __init__(self, locator):
        self._locator = locator
        self._filename_base = locator.get_disambiguator()


class _Locator(caching._CacheLocator):
    def __init__(self, name: str, stamp: str):
        self._name, self._stamp = name, stamp

    def get_cache_path(self):
        return str(_folder())

    def get_source_stamp(self):
        return self._stamp

    def get_disambiguator(self):
        return self._name


class _Store(caching.FunctionCache):
    """Numba's cache of one function, under our stamp, that fails softly."""

    def __init__(self, function, name: str, stamp: str):
        self._name = repr(function)
        self._py_func = function
        self._impl = _Implementation(_Locator(name, stamp))
        self._cache_path = str(_folder())
        self._cache_file = caching.IndexDataCacheFile(self._cache_path, name, stamp)
        self.enable()

    def _index_key(self, sig, codegen):
        # the stamp already tells the code; a signature as text, since the type
        # of a user's kernel may not be importable when the index is read
        return (str(sig), codegen.magic_tuple())

    def load_overload(self, sig, target_context):
        try:
            return super().load_overload(sig, target_context)
        except Exception as error:  # truncated, foreign, another library's pickle
            _warn_once(f"a stored file cannot be read ({error!r})")
            self._forget()
            return None

    def save_overload(self, sig, data):
        try:
            super().save_overload(sig, data)
        except Exception as error:
            _warn_once(repr(error))

    def _forget(self):
        """Remove a broken index, so that the next process need not warn."""
        try:
            os.unlink(self._cache_file._index_path)
        except OSError:
            pass


def store_on_disk(dispatcher: Callable, profile: Callable | None) -> None:
    """Keep what `dispatcher` compiles, under a stamp that covers the profile too."""
    if not isinstance(dispatcher, Dispatcher):  # NUMBA_DISABLE_JIT=1
        return
    profile_stamp = "" if profile is None else fingerprint(profile)
    if profile_stamp is None:
        return
    function = dispatcher.py_func
    name = f"{function.__module__}-{function.__qualname__}"
    if profile is not None:
        where = hashlib.sha256(profile.__code__.co_filename.encode()).hexdigest()[:8]
        name += f"-{profile.__qualname__}-{where}".replace("<locals>", "local")
    name += "-py{}{}".format(*sys.version_info)
    package = _package_digest().hex()
    stamp = hashlib.sha256((package + profile_stamp).encode()).hexdigest()
    dispatcher._cache = _Store(function, name, stamp)
