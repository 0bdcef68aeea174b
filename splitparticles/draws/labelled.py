"""Draws of other libraries as arrays (N, d), with the names that these give.

Types are known by their names, so that no library is imported for them.
"""

from collections.abc import Mapping
from math import prod
from typing import Any, NamedTuple

import numpy as np

from .._validation import as_floats, refuse_nonfinite

SAMPLE = "chain", "draw", "sample"  # dimensions of xarray that count draws


class Labelled(NamedTuple):
    """Draws, and the names of their coordinates where they have some."""

    draws: Any
    names: list[str] | None


def unpacked(source, name: str) -> Labelled:
    """Array of a data frame, an xarray, a posterior of ArviZ or a dictionary.

    Anything else comes back as it is.

    Parameters
    ----------
    source : object
    name : str
        Its name in errors.

    Raises
    ------
    TypeError, ValueError
        When its numbers are not real, or no draws are in it.
    """
    for ancestor in type(source).__mro__:
        library = ancestor.__module__.partition(".")[0]
        if unpack := UNPACKERS.get((library, ancestor.__name__)):
            return unpack(source, name)
    if isinstance(source, Mapping):
        parts = []
        for variable, values in source.items():
            values = as_floats(values, f"{name}[{variable!r}]", "(N, ...)")
            if values.ndim == 0:
                raise ValueError(f"{name}[{variable!r}] must have rows, got {values}")
            axes = [range(m) for m in values.shape[1:]]
            parts.append((variable, values, axes))
        return _joined(parts, name)
    return Labelled(source, None)


def as_draws(source, name: str, dim: int | None = None) -> np.ndarray:
    """Array (N, d) in memory of draws of any kind, all of them finite."""
    array = as_floats(unpacked(source, name).draws, name, "of shape (N, d)")
    array = as_rows(array, name)
    if dim is not None and array.shape[1] != dim:
        raise ValueError(f"{name} must have {dim} columns, got {array.shape[1]}")
    refuse_nonfinite(array, name)
    return array


def as_rows(array, name: str):
    """Array (N, d): numbers (N,) are one coordinate, chains (steps, walkers, d) join.

    Parameters
    ----------
    array : ndarray or dask array
    name : str
        Its name in errors.

    Raises
    ------
    ValueError
        When it has another shape.
    """
    check_shape(array.shape, name)
    width = 1 if array.ndim == 1 else array.shape[-1]
    return array if array.ndim == 2 else array.reshape(-1, width)


def check_shape(shape: tuple, name: str) -> None:
    """Raise a ValueError unless this is the shape of draws."""
    if not 1 <= len(shape) <= 3 or 0 in shape:
        raise ValueError(f"{name} must have shape (N, d) with N, d >= 1, got {shape}")


def notes_on(shape: tuple) -> list[str]:
    """What a reader should know of how a shape was taken."""
    if len(shape) != 3:
        return []
    steps, walkers, d = shape
    return [
        f"draws of shape {shape} are taken for {steps} steps of {walkers} walkers in "
        f"{d} coordinates: {steps * walkers} rows"
    ]


# -------------------------------------------------------------- other libraries
def _of_frame(frame, name):
    """Columns of a data frame of pandas."""
    for column, dtype in zip(frame.columns, frame.dtypes, strict=True):
        _refuse(column, dtype, name, dtype.kind in "fiub")
    array = frame.to_numpy(dtype=float, na_value=np.nan)
    return Labelled(array, _texts(frame.columns))


def _of_series(series, name):
    return _of_frame(series.to_frame(), name)


def _of_polars(frame, name):
    for column, dtype in zip(frame.columns, frame.dtypes, strict=True):
        _refuse(column, dtype, name, dtype.is_numeric() or str(dtype) == "Boolean")
    array = as_floats(frame.to_numpy(), name, "of shape (N, d)")
    return Labelled(array, _texts(frame.columns))


def _refuse(column, dtype, name, is_real):
    if not is_real:
        raise TypeError(f"{name}, column {column!r}, must be real numbers, got {dtype}")


def _of_dask(frame, name):
    return Labelled(frame, _texts(frame.columns))


def _texts(columns):
    """Names of columns; None where they are numbers that a library gave."""
    named = any(isinstance(column, str) for column in columns)
    return [str(column) for column in columns] if named else None


def _of_inference_data(data, name):
    if "posterior" not in data.groups():
        raise ValueError(f"{name} must have a group posterior, got {data.groups()}")
    return _of_dataset(data.posterior, name)


def _of_tree(tree, name):
    node = tree["posterior"] if "posterior" in tree.children else tree
    return _of_dataset(node.dataset, name)


def _of_dataset(dataset, name):
    parts = [_part(key, array, name) for key, array in dataset.data_vars.items()]
    return _joined(parts, name)


def _of_data_array(array, name):
    variable, values, axes = _part(array.name, array, name)
    if variable is not None:
        return _joined([(variable, values, axes)], name)
    labels = list(axes[0]) if len(axes) == 1 else []
    return Labelled(values, _texts(labels) if labels else None)


def _part(variable, array, name):
    """Name of a variable of xarray, its values (N, m), and the labels of its axes."""
    rows = [dim for dim in SAMPLE if dim in array.dims] or list(array.dims[:1])
    array = array.transpose(*rows, ...)
    values = as_floats(array.values, f"{name}, variable {variable!r},", "(N, ...)")
    axes = [array[dim].values for dim in array.dims[len(rows) :]]
    n = prod(values.shape[: len(rows)])
    return variable, values.reshape(n, *map(len, axes)), axes


def _joined(parts, name):
    """Variables side by side; entries of arrays are named like ``theta[0,1]``."""
    lengths = {len(values) for _, values, _ in parts}
    if len(lengths) != 1:
        raise ValueError(f"{name} must have variables of one length, got {lengths}")
    names = []
    for variable, _, axes in parts:
        for index in np.ndindex(*map(len, axes)):
            labels = [str(axis[k]) for axis, k in zip(axes, index, strict=True)]
            names.append(f"{variable}[{','.join(labels)}]" if axes else str(variable))
    n = lengths.pop()
    columns = [values.reshape(n, prod(map(len, axes))) for _, values, axes in parts]
    return Labelled(np.hstack(columns), names)


UNPACKERS = {
    ("pandas", "DataFrame"): _of_frame,
    ("pandas", "Series"): _of_series,
    ("polars", "DataFrame"): _of_polars,
    ("dask", "DataFrame"): _of_dask,
    ("arviz", "InferenceData"): _of_inference_data,
    ("xarray", "DataTree"): _of_tree,
    ("xarray", "Dataset"): _of_dataset,
    ("xarray", "DataArray"): _of_data_array,
}
