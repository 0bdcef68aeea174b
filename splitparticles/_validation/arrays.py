"""Validation of arrays: finite float64 copies, or an error."""

import numbers

import numpy as np
from numpy.typing import ArrayLike


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
