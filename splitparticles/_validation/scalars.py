"""Validation of numbers, flags and callables."""

import functools
import math
import numbers
import time
from collections.abc import Callable

import numpy as np

LARGEST_COUNT = 2**53  # beyond, not every whole number is a float


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


def not_yet(name: str, value: object) -> None:
    """Refuse an argument of the public face that has no implementation yet."""
    raise NotImplementedError(f"{name}={value!r} is not implemented yet")
