"""Fingerprint of a function or an object: the same in another process.

It covers the code, defaults, closure and the globals that the code names, so that a
function of other data has another one.  What cannot be looked into has a new one each
time: equal fingerprints say that two functions are the same, other ones say nothing.
"""

import functools
import hashlib
import pickle
import types
import uuid

import numpy as np

MOST = 20_000  # parts of an object that are looked into


def fingerprint(thing: object) -> str:
    """Fingerprint in hexadecimal digits."""
    walk = _Walk()
    walk.enter(thing)
    return walk.digest.hexdigest()


class _Walk:
    """Walk through the parts of an object, each of them once."""

    def __init__(self):
        self.digest = hashlib.sha256()
        # their numbers; kept alive, as ids of others would be the same
        self.entered: dict[int, tuple[int, object]] = {}

    def say(self, *words: object) -> None:
        for word in words:
            content = word if isinstance(word, bytes) else str(word).encode()
            self.digest.update(b"%d:" % len(content) + content)

    def enter(self, thing: object) -> None:
        self.say(type(thing).__module__, type(thing).__qualname__)
        if thing is None or isinstance(thing, (bool, int, float, complex, str, bytes)):
            self.say(repr(thing))
        elif isinstance(thing, np.ndarray) and thing.dtype.kind in "biufc":
            self.say(
                thing.dtype.str, thing.shape, np.ascontiguousarray(thing).tobytes()
            )
        elif id(thing) in self.entered:
            self.say(self.entered[id(thing)][0])
        elif len(self.entered) > MOST:
            self.say(uuid.uuid4().bytes)
        else:
            self.entered[id(thing)] = len(self.entered), thing
            self.look_into(thing)

    def look_into(self, thing) -> None:
        match thing:
            case list() | tuple():
                self.all_of(*thing)
            case dict():
                self.all_of(*thing.keys(), *thing.values())
            case functools.partial():
                self.all_of(thing.func, thing.args, thing.keywords)
            case types.FunctionType():
                self.function(thing)
            case types.CodeType():
                self.code(thing)
            case types.MethodType():
                self.all_of(thing.__func__, thing.__self__)
            case types.BuiltinFunctionType() | type():
                self.say(thing.__module__, thing.__qualname__)
            case types.ModuleType() | np.ufunc():
                self.say(thing.__name__)
            case _ if hasattr(thing, "__wrapped__"):  # of a compiler
                self.enter(thing.__wrapped__)
            case _ if hasattr(thing, "__dict__"):
                self.all_of(vars(type(thing)).get("__call__"), vars(thing))
            case _:
                self.pickled(thing)

    def all_of(self, *things: object) -> None:
        self.say(len(things))
        for thing in things:
            self.enter(thing)

    def function(self, function: types.FunctionType) -> None:
        cells = [_content(cell) for cell in function.__closure__ or ()]
        self.all_of(function.__code__, function.__defaults__, function.__kwdefaults__)
        self.all_of(*cells)
        for name in _names(function.__code__):
            if name in function.__globals__:
                self.say(name)
                self.enter(function.__globals__[name])

    def code(self, code: types.CodeType) -> None:
        self.say(code.co_code, code.co_names, code.co_varnames)
        self.all_of(*code.co_consts)

    def pickled(self, thing: object) -> None:
        try:
            self.say(pickle.dumps(thing))
        except Exception:  # whatever its class raises
            self.say(uuid.uuid4().bytes)


def _content(cell) -> object:
    """Content of a cell of a closure; None where it is still empty."""
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _names(code: types.CodeType) -> list[str]:
    """Names of globals in a code and in those inside it."""
    names = list(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names += _names(constant)
    return names
