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
import glob
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

_PACKAGE = Path(__file__).parents[1]


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
    if _is_ours(thing):  # its source is part of every stamp
        _feed(digest, "ours", thing.__module__, thing.__qualname__)
    elif isinstance(thing, types.FunctionType):
        _feed(digest, "function", thing.__qualname__)
        if thing not in seen:
            seen.add(thing)
            _describe_code(thing.__code__, digest)
            _describe(thing.__defaults__ or (), digest, seen)
            _describe(tuple((thing.__kwdefaults__ or {}).items()), digest, seen)
            for name, value in _referred_to(thing):
                _feed(digest, "name", name)
                _describe(value, digest, seen)
    elif type(thing) in (bool, int, float, str, type(None)):
        _feed(digest, type(thing).__name__, repr(thing))
    elif type(thing) is tuple:
        _feed(digest, "tuple", len(thing))
        for item in thing:
            _describe(item, digest, seen)
    elif thing is math or thing is np or _is_library(thing):
        home = getattr(thing, "__module__", "")
        _feed(digest, "library", home, thing.__name__, np.__version__)
    else:
        raise _Unknown(repr(thing))


def _is_ours(thing) -> bool:
    """Whether a function stands in a source file of this package."""
    if not isinstance(thing, types.FunctionType):
        return False
    return Path(thing.__code__.co_filename).is_relative_to(_PACKAGE)


def _is_library(thing) -> bool:
    """Whether a function or type comes with Python or NumPy, and has no state."""
    if isinstance(thing, (types.BuiltinFunctionType, np.ufunc)):
        return True
    return isinstance(thing, type) and thing.__module__ in ("builtins", "numpy")


def _feed(digest, *parts) -> None:
    """Each part with its length, so that no two lists of parts look alike."""
    for part in map(str, parts):
        digest.update(f"{len(part)}:{part}".encode())


def _describe_code(code, digest) -> None:
    _feed(digest, code.co_code.hex(), code.co_names, code.co_varnames)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            _describe_code(constant, digest)
        else:
            _feed(digest, type(constant).__name__, repr(constant))


def _referred_to(function):
    """Names and values of the globals and the closure that a function uses."""
    for name in sorted(_names(function.__code__)):
        if name in function.__globals__:
            yield name, function.__globals__[name]
    cells = function.__closure__ or ()
    for name, cell in zip(function.__code__.co_freevars, cells, strict=True):
        yield name, cell.cell_contents


def _names(code) -> set[str]:
    """Global names of a code and of the functions defined inside it."""
    inner = (c for c in code.co_consts if isinstance(c, types.CodeType))
    return set(code.co_names).union(*(_names(c) for c in inner))


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
def _warn_once() -> None:
    warnings.warn(
        "compiled code cannot be kept on disk or read back, so this process compiles "
        f"anew (folder {_folder()}); set NUMBA_CACHE_DIR to a folder of your own that "
        "can be written",
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


class _Files(caching.IndexDataCacheFile):
    """An index and its code, whose file names tell the stamp too.

    A process that dies after writing the one and before the other leaves an index
    that points nowhere, never at older code.
    """

    def __init__(self, folder, name, stamp):
        super().__init__(folder, name, stamp)
        self._base = name
        self._data_name_pattern = f"{name}.{stamp[:16]}.{{number:d}}.nbc"

    def _save_data(self, name, data):
        super()._save_data(name, data)
        for old in Path(self._cache_path).glob(f"{glob.escape(self._base)}.*.nbc"):
            if old.name.split(".")[-3] != name.split(".")[-3]:
                old.unlink(missing_ok=True)


class _Store(caching.FunctionCache):
    """Numba's cache of one function, under our stamp, that fails softly."""

    def __init__(self, function, name: str, stamp: str):
        self._name = repr(function)
        self._py_func = function
        self._impl = _Implementation(_Locator(name, stamp))
        self._cache_path = str(_folder())
        self._cache_file = _Files(self._cache_path, name, stamp)
        self.enable()

    def _index_key(self, sig, codegen):
        # the stamp already tells the code; a signature as text, since the type
        # of a user's kernel may not be importable when the index is read
        return (str(sig), codegen.magic_tuple())

    def load_overload(self, sig, target_context):
        try:
            found = super().load_overload(sig, target_context)
            if found is None:
                return None
            # a kernel class of __main__ comes back as another class of that name
            signature = found.signature.replace(args=tuple(sig))
            return found._replace(signature=signature)
        except Exception:  # truncated, foreign, another library's pickle
            _warn_once()
            self._forget()
            return None

    def save_overload(self, sig, data):
        try:
            super().save_overload(sig, data)
        except Exception:
            _warn_once()

    def _forget(self):
        """Remove a broken index, so that the next process need not warn."""
        try:
            os.unlink(self._cache_file._index_path)
        except OSError:
            pass


def store_on_disk(
    dispatcher: Callable, profile: Callable | None, kernel_class: type
) -> None:
    """Keep what `dispatcher` compiles, under a stamp that covers the profile too."""
    if not isinstance(dispatcher, Dispatcher):  # NUMBA_DISABLE_JIT=1
        return
    profile_stamp = "" if profile is None else fingerprint(profile)
    if profile_stamp is None:
        return
    function = dispatcher.py_func
    name = f"{function.__module__}-{function.__qualname__}"
    digest = hashlib.sha256(_package_digest())
    if profile is not None:
        where = hashlib.sha256(profile.__code__.co_filename.encode()).hexdigest()[:8]
        name += f"-{profile.__qualname__}-{where}".replace("<locals>", "local")
        _feed(digest, profile_stamp, kernel_class.__qualname__, kernel_class._fields)
    name += "-py{}{}".format(*sys.version_info)
    dispatcher._cache = _Store(function, name, digest.hexdigest())
