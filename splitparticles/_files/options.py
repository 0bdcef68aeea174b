"""Options of a run as JSON: to compare them, and to run it again."""

import base64
import os
from contextlib import suppress
from typing import Any

import numpy as np

from .fingerprint import fingerprint

REQUIRED = object()  # stands for an option that a file cannot hold


def encoded(value) -> object:
    """Value of an option as JSON: plain, an array, or the fingerprint of an object."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)) or hasattr(value, "__array__"):
        with suppress(TypeError, ValueError):  # what is no array is refused later
            array = np.asarray(value, dtype=float)
            data = base64.b64encode(array.tobytes()).decode()
            return {"array": list(array.shape), "data": data}
    return {"object": type(value).__name__, "fingerprint": fingerprint(value)}


def decoded(value) -> Any:
    """Value that was encoded; `REQUIRED` for an object."""
    if not isinstance(value, dict):
        return value
    if "object" in value:
        return REQUIRED
    array = np.frombuffer(base64.b64decode(value["data"]), float)
    return array.reshape(value["array"]).copy()


def described(value) -> str:
    """Encoded value in a few words."""
    if not isinstance(value, dict):
        return repr(value)
    if "object" in value:
        return f"another {value['object']}"
    array = decoded(value)
    return np.array2string(array, threshold=8, precision=6, separator=", ")


def rng_state(rng: np.random.Generator) -> dict:
    """State of a generator as JSON, that of the seeds it spawns included.

    TypeError for one whose bit generator is not NumPy's.
    """
    bits = rng.bit_generator
    name, seed = type(bits).__name__, bits.seed_seq
    if type(bits) is not getattr(np.random, name, None):
        raise TypeError(f"a checkpoint needs a generator of NumPy's, got {bits!r}")
    state = {"bits": name, "state": _plain(bits.state)}
    if isinstance(seed, np.random.SeedSequence):
        state["seed"] = _plain(seed.state)
    return state


def rng_of(state: dict) -> np.random.Generator:
    """Generator of a state."""
    seed = np.random.SeedSequence(**state["seed"]) if "seed" in state else None
    bits = getattr(np.random, state["bits"])(seed)
    bits.state = state["state"]
    return np.random.Generator(bits)


def _plain(state):
    """State in which arrays are lists."""
    if isinstance(state, dict):
        return {name: _plain(value) for name, value in state.items()}
    if isinstance(state, (tuple, np.ndarray)):
        return [_plain(value) for value in np.asarray(state, object).tolist()]
    return state
