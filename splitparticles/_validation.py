"""The boundary: what users hand over becomes finite float64 arrays, or an error.

Every error names the argument, what it got and what was wanted, and for bad
numbers the row and its coordinates.  Arrays are copied, so nothing that was passed
is ever modified, and compiled loops only see C-ordered float64.
"""

import difflib
import functools
import inspect
import numbers
import time
from collections.abc import Callable

import numpy as np


def as_floats(values, name: str, shape: str) -> np.ndarray:
    """Copy array-like numbers to C-ordered float64; no strings, dates, complex."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise ValueError(f"{name} has masked entries; fill or drop them first")
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} must be an array {shape}: {error}") from None
    if array.dtype.kind == "O":
        flat = array.ravel()
        bad = [v for v in flat if not isinstance(v, numbers.Real)]
        if bad:
            raise TypeError(
                f"{name} must be real numbers {shape}, got {type(bad[0]).__name__}"
                f" {bad[0]!r}"
            )
    elif array.dtype.kind not in "fiub":
        raise TypeError(f"{name} must be real numbers {shape}, got {array.dtype}")
    return np.array(array, dtype=np.float64, order="C")


def as_positions(values, name: str, dim: int | None = None) -> np.ndarray:
    """Array (n, d) of finite numbers, n and d at least one."""
    array = as_floats(values, name, "of shape (n, d)")
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(
            f"{name} must have shape (n, d) with n, d >= 1, got {array.shape}"
        )
    if dim is not None and array.shape[1] != dim:
        raise ValueError(f"{name} must have {dim} columns, got {array.shape[1]}")
    refuse_nonfinite(array, name)
    return array


def refuse_nonfinite(array: np.ndarray, name: str) -> None:
    """Raise a ValueError that shows the first row that is not finite."""
    if not np.isfinite(array).all():
        fine = np.isfinite(array.reshape(len(array), -1)).all(axis=1)
        row = int(np.flatnonzero(~fine)[0])
        raise ValueError(f"{name} must be finite, got row {row}: {array[row]}")


def as_weights(values, name: str, n: int, *, signed: bool = False) -> np.ndarray:
    """Weights (n,): finite; nonnegative with a positive sum unless `signed`."""
    array = as_floats(values, name, f"of shape ({n},)")
    if array.shape != (n,):
        raise ValueError(f"{name} must have shape ({n},), got {array.shape}")
    refuse_nonfinite(array, name)
    if signed:
        return array
    if array.min() < 0:
        row = int(array.argmin())
        raise ValueError(
            f"{name} must not be negative, got {name}[{row}] = {array[row]}"
        )
    if array.sum() <= 0:
        raise ValueError(f"{name} must have a positive sum, got all zero")
    return array / array.sum()


def as_count(value, name: str, least: int = 1) -> int:
    """Whole number, at least `least`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
    return int(value)


def as_positive(value, name: str) -> float:
    """Finite number above zero."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not 0 < value < np.inf:
        raise ValueError(f"{name} must be positive and finite, got {value}")
    return float(value)


def as_deadline(max_time) -> float:
    """``time.monotonic()`` at which `max_time` seconds from now are over."""
    if max_time is None:
        return np.inf
    return time.monotonic() + as_positive(max_time, "max_time")


def as_optional(check: Callable, value, name: str):
    """None, or what `check` makes of the value."""
    return None if value is None else check(value, name)


def as_callable(value, name: str, signature: str) -> Callable:
    """Something that can be called."""
    if not callable(value):
        raise TypeError(f"{name} must be a callable {signature}, got {value!r}")
    return value


def as_rng(rng) -> np.random.Generator:
    """Return the generator that `rng` stands for, as SPEC 7 has it."""
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"rng must be what np.random.default_rng takes, got {rng!r}: {error}"
        ) from None


def not_yet(name: str, value: object) -> None:
    """Refuse an argument of the public face that has no implementation yet."""
    raise NotImplementedError(f"{name}={value!r} is not implemented yet")


def explains_keywords(function: Callable) -> Callable:
    """Decorator: an unknown keyword gets an error that says what was meant."""
    known = list(inspect.signature(function).parameters)

    @functools.wraps(function)
    def checked(*arguments, **options):
        for name in options:
            if name in known:
                continue
            hint = f"it takes {', '.join(known)}"
            if name in ("seed", "random_state", "key", "random_seed"):
                hint = "use rng="
            elif close := difflib.get_close_matches(name, known, n=1):
                hint = f"did you mean {close[0]}=?"
            raise TypeError(f"{function.__name__}() has no argument {name!r}; {hint}")
        return function(*arguments, **options)

    return checked


def start_cloud(x0, n_particles, rng) -> np.ndarray:
    """Start points (n0, d) from a point, a cloud or a number of dimensions."""
    if isinstance(x0, (int, np.integer)) and not isinstance(x0, bool):
        return rng.standard_normal((1, as_count(x0, "x0")))
    start = as_floats(x0, "x0", "of shape (d,) or (n0, d), or a number of dimensions")
    start = as_positions(start[None] if start.ndim == 1 else start, "x0")
    if len(start) > n_particles:
        start = start[np.sort(rng.choice(len(start), n_particles, replace=False))]
    return start


def checked_names(names, d):
    """Return one name a coordinate, or None."""
    if names is None:
        return None
    names = [str(name) for name in names]
    if len(names) != d:
        raise ValueError(f"names must have {d} entries, got {len(names)}")
    return names
