"""Validation of arguments: finite float64 arrays, numbers and callables, or an error.

Every error names the argument, what it got and what was wanted, and for bad
numbers the row and its coordinates.  Arrays are copied, so nothing that was passed
is ever modified, and compiled loops only see C-ordered float64.
"""

import functools
import math
import numbers
import os
import time
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import ArrayLike

LARGEST_COUNT = 2**53  # beyond, not every whole number is a float

MATRICES = 4  # of (d, d), that working coordinates take at a time

MEMORY = 2**40  # bytes, of a machine that does not say how many it has


def as_floats(values: ArrayLike, name: str, shape: str) -> np.ndarray:
    """Copy array-like numbers to C-ordered float64; no strings, dates, complex."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise ValueError(f"{name} has masked entries; fill or drop them first")
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} must be an array {shape}: {error}") from None
    if array.dtype.kind == "O":
        bad = [v for v in array.ravel() if not isinstance(v, numbers.Real)]
        if bad:
            raise TypeError(
                f"{name} must be real numbers {shape}, got {type(bad[0]).__name__}"
                f" {bad[0]!r}"
            )
    elif array.dtype.kind not in "fiub":
        raise TypeError(f"{name} must be real numbers {shape}, got {array.dtype}")
    try:
        return np.array(array, dtype=np.float64, order="C")
    except OverflowError as error:
        raise ValueError(f"{name} must be floats {shape}, got an {error}") from None


def as_positions(values: ArrayLike, name: str, dim: int | None = None) -> np.ndarray:
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


def as_weights(
    values: ArrayLike,
    name: str,
    n: int,
    *,
    signed: bool = False,
    column: bool = False,
) -> np.ndarray:
    """Weights (n,): finite; nonnegative with a positive sum unless `signed`.

    An array (n, 1) is taken for them where a `column` is allowed.
    """
    array = as_floats(values, name, f"of shape ({n},)")
    if column and array.shape == (n, 1):
        array = array[:, 0]
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
    if array.max() == 0:
        raise ValueError(f"{name} must have a positive sum, got all zero")
    return summing_to_one(array)


def summing_to_one(weights: np.ndarray) -> np.ndarray:
    """Weights divided by their sum; ValueError where that is zero."""
    # The sum could overflow; dividing by a power of two first changes no digit.
    weights = np.ldexp(weights, -np.frexp(np.abs(weights).max())[1])
    total = weights.sum()
    if total == 0.0:
        raise ValueError("weights must not sum to zero")
    return weights / total


def as_count(value, name: str, least: int = 1, most: float = LARGEST_COUNT) -> int:
    """Whole number from `least` to `most`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
    if int(value) > most:
        raise ValueError(f"{name} must be at most {most}, got {value}")
    return int(value)


def as_size(value, name: str) -> int:
    """Whole number, zero or more."""
    return as_count(value, name, 0)


def _as_number(value, name: str) -> float:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    try:
        return float(value)
    except OverflowError:
        return math.inf


def as_finite(value, name: str) -> float:
    """Finite number."""
    if not math.isfinite(number := _as_number(value, name)):
        raise ValueError(f"{name} must be finite, got {value}")
    return number


def as_positive(value, name: str) -> float:
    """Finite number above zero."""
    if not 0 < (number := _as_number(value, name)) < np.inf:
        raise ValueError(f"{name} must be positive and finite, got {value}")
    return number


def as_nonnegative(value, name: str) -> float:
    """Finite number, zero or more."""
    if not 0 <= (number := _as_number(value, name)) < np.inf:
        raise ValueError(f"{name} must be at least 0 and finite, got {value}")
    return number


def as_share(value, name: str) -> float:
    """Number above zero and at most one."""
    if (share := as_positive(value, name)) > 1.0:
        raise ValueError(f"{name} must be at most 1, got {value}")
    return share


def as_negative(value, name: str) -> float:
    """Finite number below zero."""
    if not -np.inf < (number := _as_number(value, name)) < 0:
        raise ValueError(f"{name} must be negative and finite, got {value}")
    return number


def as_flag(value, name: str) -> bool:
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def check_fields(instance, **checks: Callable) -> None:
    """Refuse fields of a dataclass that ``check(value, name)`` refuses."""
    for name, check in checks.items():
        check(getattr(instance, name), name)


def with_checked_fields(**checks: Callable) -> Callable[[type], type]:
    """Decorator of a named tuple whose fields are checked when it is made."""

    def decorate(kind):
        make = kind.__new__

        @functools.wraps(make)
        def checked(cls, *args, **kwargs):
            made = make(cls, *args, **kwargs)
            for field, check in checks.items():
                check(getattr(made, field), f"{kind.__name__}: {field}")
            return made

        kind.__new__ = checked
        return kind

    return decorate


def as_deadline(max_time) -> float:
    """``time.monotonic()`` at which `max_time` seconds from now are over."""
    if max_time is None:
        return np.inf
    return time.monotonic() + as_positive(max_time, "max_time")


def as_optional(check: Callable, value, name: str):
    """None, or what `check` makes of the value."""
    return None if value is None else check(value, name)


def as_instance(value, kind: type, name: str):
    """The value, if it is an instance of a class."""
    if isinstance(value, type) or not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise TypeError(f"{name} must be {article} {kind.__name__}, got {value!r}")
    return value


def as_callable(value, name: str, signature: str) -> Callable:
    """The value, if it can be called; not a class whose instances can."""
    if isinstance(value, type) and any("__call__" in vars(c) for c in value.__mro__):
        raise TypeError(
            f"{name} must be an instance, got the class {value.__name__}: "
            f"write {value.__name__}()"
        )
    if not callable(value):
        raise TypeError(f"{name} must be a callable {signature}, got {value!r}")
    return value


def as_rng(rng, name: str = "rng") -> np.random.Generator:
    """Random generator that `rng` stands for, as SPEC 7 has it."""
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"{name} must be what np.random.default_rng takes, got {rng!r}: {error}"
        ) from None


def refuse_too_large(name: str, value: object, *shape: int) -> None:
    """Refuse a value for which arrays of a shape outgrow the machine's memory."""
    needed = 8.0 * math.prod(map(float, shape))
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        memory = MEMORY
    if needed > memory:
        raise ValueError(
            f"{name} must fit in memory: {value} need {needed / 2**30:.3g} GiB, and "
            f"this machine has {memory / 2**30:.3g} GiB"
        )


def not_yet(name: str, value: object) -> None:
    """Refuse an argument of the public face that has no implementation yet."""
    raise NotImplementedError(f"{name}={value!r} is not implemented yet")


def refuse_large_matrices(name: str, d: int) -> None:
    """Refuse d coordinates whose working coordinates outgrow the memory."""
    refuse_too_large(name, f"{MATRICES} matrices of ({d}, {d})", MATRICES, d, d)


def as_rows(value, name: str, dim: int = 1, least: int = 1) -> int:
    """Number of rows of `dim` numbers that memory can hold."""
    n = as_count(value, name, least, math.inf)
    refuse_too_large(name, f"({n}, {dim}) numbers", n, dim)
    return n


def start_cloud(x0: ArrayLike, n_particles: int, rng) -> np.ndarray:
    """Start points (n0, d) from a point, a cloud or a number of dimensions."""
    if isinstance(x0, (int, np.integer)) and not isinstance(x0, bool):
        refuse_too_large("x0", x0, d := as_count(x0, "x0"))
        return rng.standard_normal((1, d))
    start = as_floats(x0, "x0", "of shape (d,) or (n0, d), or a number of dimensions")
    start = as_positions(start[None] if start.ndim == 1 else start, "x0")
    if len(start) > n_particles:
        start = start[np.sort(rng.choice(len(start), n_particles, replace=False))]
    return start


def checked_names(names, d: int) -> list[str] | None:
    """One name a coordinate, no two of them alike; or None."""
    if names is None:
        return None
    fault = f"names must be {d} different strings, got {names!r}"
    if isinstance(names, (str, bytes, set)) or not isinstance(names, Iterable):
        raise TypeError(fault)
    names = list(names)
    if not all(isinstance(name, str) for name in names):
        raise TypeError(fault)
    if not len(names) == len(set(names)) == d:
        raise ValueError(fault)
    return [str(name) for name in names]
