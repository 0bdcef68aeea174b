"""Tables of draws in files, by what they hold: texts, ``.npy``, ``.npz``, Parquet."""

import io
import re
import sys
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .._validation import as_floats
from .labelled import as_rows, notes_on
from .texts import decoded, table_of

WEIGHTS = {"weight", "weights"}  # names of a column that holds them

SAMPLERS = {"minuslogpost"}  # columns of samplers, beside those that end with __

KINDS = {".npy": b"\x93NUMPY", ".npz": b"PK", ".parquet": b"PAR1"}  # and first bytes


class TableError(ValueError):
    """A file is not a table of finite numbers; the message says where."""


class Table(NamedTuple):
    """Columns of numbers with names."""

    names: list[str]
    rows: np.ndarray
    """Draws (N, d)."""
    weights: np.ndarray | None
    """Of the draws, (N,), as they stand in the file."""
    notes: list[str]
    """What was left out, and what was taken for what."""


def read_tables(paths, columns=None, weights_column=None) -> Table:
    """Tables of some files, one below the other; ``-`` is stdin.

    Parameters
    ----------
    paths : list of str
    columns : list of str, optional
        Names of the coordinates.  When left out, all but those of samplers, which are
        named ``minuslogpost`` or end with two underscores, and the weights.
    weights_column : str, optional
        Name of the weights; ``weight`` or ``weights`` when left out.

    Raises
    ------
    TableError
        When one is not a table of finite numbers, or is not like the first.
    OSError
        When one cannot be opened.
    """
    tables = [_read(path, columns, weights_column) for path in paths]
    first = tables[0]
    for path, table in zip(paths, tables, strict=True):
        mine, wanted = (
            t.names + ["its weights"] * (t.weights is not None) for t in (table, first)
        )
        if mine != wanted:
            raise TableError(
                f"{path}: its columns are {', '.join(mine)}, but those of {paths[0]} "
                f"{', '.join(wanted)}"
            )
    if len(tables) == 1:
        return first
    return Table(
        first.names,
        np.vstack([table.rows for table in tables]),
        None
        if first.weights is None
        else np.concatenate([table.weights for table in tables]),
        [note for table in tables for note in table.notes],
    )


def _read(path, columns, weights_column) -> Table:
    """Table of one file, with the columns that are wanted."""
    where = "stdin" if path == "-" else path
    if path == "-" and (sys.stdin is None or sys.stdin.closed):
        raise TableError("stdin is closed")
    kind, source = Path(path).suffix.lower(), path
    if kind not in KINDS:
        content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        kind = next((k for k, mark in KINDS.items() if content.startswith(mark)), "")
        source = io.BytesIO(content)
    else:
        Path(path).stat()  # a missing file is no broken table
    wanted = partial(_wanted, columns, weights_column)
    try:
        if kind == ".parquet":
            table = _of_parquet(source, wanted)
        elif kind:
            table = _of_arrays(source)
        else:
            parameters = _parameters_beside(path)
            names, rows, notes = table_of(decoded(content), parameters, wanted)
            table = Table(names, rows, None, notes)
        names, rows, weights, notes = _chosen(table, columns, weights_column)
    except Exception as error:  # whatever it breaks, it is no table
        raise TableError(f"{where}: {str(error) or type(error).__name__}") from error
    return Table(names, rows, weights, [f"{where}: {note}" for note in notes])


def _parameters_beside(path) -> list[str] | None:
    """Names of the parameters of a chain of getdist's, in the file beside it."""
    root = re.sub(r"([._]\d+)?(\.txt)?$", "", path)
    try:
        text = decoded(Path(f"{root}.paramnames").read_bytes())
    except FileNotFoundError:
        return None
    return [line.split()[0].rstrip("*") for line in text.split("\n") if line.strip()]


def _of_arrays(source) -> Table:
    """The one table of a ``.npy`` or ``.npz`` file."""
    in_memory = isinstance(source, io.BytesIO)
    content = np.load(source, mmap_mode=None if in_memory else "r")
    names = weights = None
    if not isinstance(content, np.ndarray):
        with content:
            arrays = {key: np.asarray(content[key]) for key in content}
        tables = [key for key, array in arrays.items() if array.ndim in (2, 3)]
        if len(tables) != 1:
            raise ValueError(
                f"it should hold one array (N, d), got {', '.join(arrays)}"
            )
        content = arrays[tables[0]]
        names, weights = arrays.get("names"), arrays.get("weights")
    if content.dtype.kind not in "fiub":
        raise ValueError(f"it should be numbers of shape (N, d), got {content.dtype}")
    rows = as_rows(content, "it")
    if names is None:
        names = np.arange(rows.shape[1]).astype(str)
        names = np.char.add("x", names)
    if names.shape != rows.shape[1:]:
        raise ValueError(f"{names.size} names for {rows.shape[1]} columns")
    notes = notes_on(content.shape)
    return Table([str(name) for name in names], rows, weights, notes)


def _of_parquet(source, wanted) -> Table:
    """Columns of a Parquet file, by pyarrow."""
    from pyarrow import parquet

    table = parquet.read_table(source)
    names = wanted(table.column_names)
    arrays = [
        as_floats(table.column(name).to_numpy(), f"column {name}", "(N,)")
        for name in names
    ]
    return Table(names, np.column_stack(arrays), None, [])


def _wanted(columns, weights_column, names) -> list[str]:
    """Those of the names of columns that are to be read."""
    asked = [*(columns or []), *([weights_column] if weights_column else [])]
    for name in asked:
        if name not in names:
            raise ValueError(f"no column {name!r}; there are {', '.join(names)}")
    return [n for n in names if columns is None or n in asked or n in WEIGHTS]


def _chosen(table: Table, columns, weights_column) -> Table:
    """The wanted coordinates of a table, and its weights apart from them."""
    names, rows, weights, notes = table
    _wanted(columns, weights_column, names)
    if weights_column is None:
        candidates = [n for n in names if n in WEIGHTS and n not in (columns or [])]
        if len(candidates) > 1:
            raise ValueError(f"say which are the weights: {' or '.join(candidates)}")
        weights_column = candidates[0] if candidates else None
    if weights_column is not None:
        notes = [*notes, f"column {weights_column!r} is taken for weights"]
        weights = np.array(rows[:, names.index(weights_column)])
    elif weights is not None:
        notes = [*notes, "its weights are taken"]
    if columns is None:
        columns = [n for n in names if not n.endswith("__") and n not in SAMPLERS]
        columns = [n for n in columns if n != weights_column]
    if not columns:
        raise ValueError("no column is left beside the sampler's own and the weights")
    if columns != names:
        rows = rows[:, [names.index(name) for name in columns]]
    return Table(columns, rows, weights, notes)
