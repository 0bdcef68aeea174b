"""Checkpoint of a run: its options, and every answer of the user's functions.

A run is a function of its options, its random numbers and these answers.  So one that
was stopped goes on by beginning anew: what the file knows is not asked again, and the
result has the same bits as that of a run that was never stopped.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

import numpy as np

from .fingerprint import fingerprint
from .journal import Journal, header_of
from .options import described, encoded, rng_of, rng_state

SAME = 1e-6  # relative difference of answers of one function in two processes

ROUNDING = 1e-13  # of a score that is zero but for that

Array = np.ndarray


class Answers:
    """Answers in a run without a checkpoint: whatever is wanted is asked."""

    def __init__(self, rng: Any = None):
        self.rng = rng
        self.notes: list[str] = []

    def answer(self, kind: str, question: tuple[Array, ...], ask: Callable):
        """Return what ``ask()`` does, which a question (arrays) determines."""
        return ask()

    def of(self, kind: str, function: Callable | None) -> Callable | None:
        """Return a function of the user with its answers kept."""
        return function

    def confirm(self, kind: str, known: tuple[Array, ...]) -> None:
        """Refuse what is not the same as in the run before, by arrays known of it."""

    def __enter__(self) -> "Answers":
        return self

    def __exit__(self, kind, error, traceback: TracebackType | None) -> None:
        """Nothing is open."""


class Checkpoint(Answers):
    """Answers that are kept in a file.

    Parameters
    ----------
    path : str or path
    door : str
        Name of the function that runs.
    options : mapping
        All on which the run depends.
    functions : mapping
        Functions whose answers are kept; None for those that were not given.
    rng : numpy.random.Generator
    made_by : str
        Versions, for a reader.
    is_any : bool
        Whether another generator will do, as where the user gave none.

    Raises
    ------
    ValueError
        When the file is no checkpoint, or of another run, by the name of the option.
    """

    def __init__(
        self,
        path,
        door: str,
        options: Mapping,
        functions: Mapping,
        rng,
        *,
        made_by,
        is_any,
    ):
        super().__init__(rng)
        self.path = path
        self.wanted = {
            "door": door,
            "made_by": made_by,
            "options": {name: encoded(value) for name, value in options.items()},
            "functions": {
                name: None if function is None else fingerprint(function)
                for name, function in functions.items()
            },
            "rng": rng_state(rng),
        }
        self.journal: Journal | None = None
        self._doubted: set[str] = set()
        if os.path.lexists(path):
            self._compare(header_of(path), is_any)

    def __enter__(self) -> "Checkpoint":
        """Open the file, or make it."""
        self.journal = Journal(self.path, self.wanted)
        return self

    def __exit__(self, kind, error, traceback: TracebackType | None) -> None:
        assert self.journal is not None
        self.journal.close()

    def _compare(self, header: dict, is_any: bool) -> None:
        """Refuse another run, and take its generator where any will do."""
        if header.get("door") != self.wanted["door"]:
            raise self._other("a run of ", header.get("door"), self.wanted["door"])
        for name, value in self.wanted["options"].items():
            kept = header["options"].get(name)
            if kept != value:
                raise self._other(
                    f"a run with {name}=", described(kept), described(value)
                )
        kept, given = header["functions"], self.wanted["functions"]
        for name in given:
            if (kept[name] is None) != (given[name] is None):
                shown = ["none" if f[name] is None else "one" for f in (kept, given)]
                raise self._other(f"a run with {name}: ", *shown)
        # The same function may look different; it is asked once what it answered then.
        self._doubted = {name for name in given if kept[name] != given[name]}
        if header["rng"] != self.wanted["rng"]:
            if not is_any:
                raise self._other("a run with rng=", "another state", "this one")
            self.rng = rng_of(header["rng"])

    def _other(self, what, kept, given) -> ValueError:
        return ValueError(f"checkpoint {self.path} is of {what}{kept}, got {given}")

    def of(self, kind: str, function: Callable | None) -> Callable | None:
        """Return a function of the user with its answers kept."""
        if function is None:
            return None

        def kept(*arguments):
            question = tuple(np.array(argument) for argument in arguments)
            return self._answer(kind, question, lambda: function(*arguments), question)

        return kept

    def confirm(self, kind: str, known: tuple[Array, ...]) -> None:
        """Refuse what is not the same as in the run before, by arrays known of it."""
        own = np.frombuffer(bytes.fromhex(_key(kind, known)), "<i8")
        if (self._answer(kind, (), lambda: own, ()) != own).any():
            raise ValueError(f"{kind} are not those of checkpoint {self.path}")

    def answer(self, kind: str, question: tuple[Array, ...], ask: Callable):
        """Return what ``ask()`` does or did, which a question (arrays) determines."""
        return self._answer(kind, question, ask, ())

    def _answer(self, kind, question, ask, shown):
        """Return an answer; a record shows some arrays of the question too."""
        assert self.journal is not None
        key = _key(kind, question)
        record = self.journal.read()
        if record is None:
            value = ask()
            is_tuple = isinstance(value, tuple)
            facts = {
                "kind": kind,
                "key": key,
                "shown": len(shown),
                "is_tuple": is_tuple,
            }
            arrays = [_storable(part) for part in (value if is_tuple else (value,))]
            if not self.journal.add(facts, [*shown, *arrays]):
                self.notes = [f"checkpoint {self.path} is full: a part is not in it"]
            return value
        facts, arrays = record
        if facts["key"] != key:
            raise ValueError(
                f"checkpoint {self.path} does not fit: the run asks {kind}, or at "
                f"another point, where the file has {facts['kind']}; it was made by "
                f"{self.journal.header['made_by']}"
            )
        arrays = arrays[facts["shown"] :]
        if kind in self._doubted:
            self._doubted.remove(kind)
            _confirm(self.path, kind, ask(), arrays[0])
        return tuple(arrays) if facts["is_tuple"] else arrays[0]


def _confirm(path, kind: str, value, kept: Array) -> None:
    """Refuse a function that does not answer as that of the checkpoint did."""
    value = _storable(value)
    same = value.shape == kept.shape
    size = np.abs(kept[np.isfinite(kept)]).max(initial=0.0)
    least = SAME * size + ROUNDING  # at a mode a score is nothing but rounding
    if not (same and np.allclose(value, kept, rtol=0.0, atol=least, equal_nan=True)):
        raise ValueError(
            f"{kind} is not that of checkpoint {path}: it returns {_brief(value)} "
            f"where that returned {_brief(kept)}"
        )


def _brief(array: Array) -> str:
    return np.array2string(array, threshold=8, precision=6, separator=", ")


def _storable(value) -> Array:
    """Array of one of a few kinds."""
    array = np.asarray(value)
    kind = array.dtype.kind
    if kind not in "fiub":
        raise TypeError(f"a checkpoint keeps real numbers, got {array.dtype}")
    kinds = {"f": "<f8" if array.dtype.itemsize > 4 else "<f4", "b": "|b1"}
    return np.array(array, kinds.get(kind, "<i8"), order="C")


def _key(kind: str, question: tuple[Array, ...]) -> str:
    """Digest of a question."""
    digest = hashlib.blake2b(kind.encode(), digest_size=16)
    for array in question:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def answers(path, *arguments, **options) -> Answers:
    """Return a `Checkpoint` at a path, or answers without one where that is None."""
    if path is None:
        return Answers(options["rng"])
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"checkpoint must be a path, got {path!r}")
    return Checkpoint(path, *arguments, **options)
