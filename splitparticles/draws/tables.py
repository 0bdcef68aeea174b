"""Tables of numbers in files: CSV, Stan's CSV, ``.npy`` and ``.npz``.

A fault is found once more, slowly, to say where it is: NumPy reads the rows, and only
where it cannot are they looked at one by one.
"""

import io
import sys
import warnings
from pathlib import Path

import numpy as np

from .._files import written_whole


class TableError(ValueError):
    """A file is not a table of finite numbers; the message says where."""


def read_table(path: str) -> tuple[list[str], np.ndarray]:
    """Names of the columns and the numbers (N, d) of a file; ``-`` is stdin.

    Of Stan's CSV comments are left out, and the columns of the sampler, whose names end
    with two underscores.

    Raises
    ------
    TableError
        When it is not a table of finite numbers.
    OSError
        When it cannot be opened.
    """
    if path == "-":
        return _parsed(sys.stdin.read(), "stdin")
    kind = Path(path).suffix.lower()
    if kind not in (".npy", ".npz"):
        try:
            return _parsed(Path(path).read_text(encoding="utf-8-sig"), path)
        except UnicodeDecodeError:
            raise TableError(f"{path}: this is not a text file") from None
    try:
        content = np.load(path, allow_pickle=False, mmap_mode="r")
        return _of_arrays(content, path)
    except (ValueError, EOFError, KeyError) as error:
        raise TableError(f"{path}: {error}") from None


def _of_arrays(content, path):
    names = None
    if not isinstance(content, np.ndarray):
        keys = list(content)
        names = content["names"].tolist() if "names" in keys else None
        tables = [key for key in keys if content[key].ndim == 2]
        if len(tables) != 1:
            raise ValueError(f"it should hold one array (N, d), got {', '.join(keys)}")
        content = content[tables[0]]
    if content.ndim != 2 or 0 in content.shape or content.dtype.kind not in "fiub":
        raise ValueError(
            f"it should be numbers of shape (N, d), got {content.dtype} "
            f"of shape {content.shape}"
        )
    if names is None:
        names = [f"x{k}" for k in range(content.shape[1])]
    return [str(name) for name in names], content


def _parsed(text, where):
    """Header and numbers of a CSV text."""
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not lines:
        raise TableError(f"{where}: it is empty")
    names = [name.strip().strip('"') for name in lines[0][1].split(",")]
    if all(_is_number(name) for name in names):
        raise TableError(
            f"{where}: line {lines[0][0]} should name the columns, got {lines[0][1]}"
        )
    if len(lines) == 1:
        raise TableError(f"{where}: there is a header and no row")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            rows = "\n".join(line for _, line in lines[1:])
            table = np.loadtxt(io.StringIO(rows), delimiter=",", ndmin=2, comments=None)
    except (ValueError, UserWarning):
        table = None
    if table is None or table.shape[1] != len(names) or not np.isfinite(table).all():
        raise TableError(f"{where}: {_fault(names, lines[1:])}")
    kept = [k for k, name in enumerate(names) if not name.endswith("__")]
    if not kept:
        raise TableError(f"{where}: all columns are the sampler's own, ending with __")
    return [names[k] for k in kept], np.ascontiguousarray(table[:, kept])


def _is_number(text) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _fault(names, lines) -> str:
    """What is wrong with the first line that is not a row of finite numbers."""
    for number, line in lines:
        fields = [field.strip() for field in line.split(",")]
        if len(fields) != len(names):
            return (
                f"line {number} has {len(fields)} columns, the header {len(names)}: "
                f"{line[:60]}"
            )
        for name, field in zip(names, fields, strict=True):
            if not _is_number(field):
                return f"line {number}, column {name}: {field!r} is not a number"
            if not np.isfinite(float(field)):
                return f"line {number}, column {name}: {field} is not finite"
    return "it is not a table of numbers"


def write_table(path: str, names: list[str], positions, weights) -> None:
    """Write points and weights; the last column of a CSV or .npy is the weight.

    A file is written beside its place and moved there when it is whole.
    """
    if path == "-":
        sys.stdout.write(_as_csv(names, positions, weights))
        sys.stdout.flush()
        return
    kind = Path(path).suffix.lower()
    content = io.BytesIO()
    if kind == ".npz":
        np.savez(content, positions=positions, weights=weights, names=np.array(names))
    elif kind == ".npy":
        np.save(content, np.column_stack([positions, weights]))
    else:
        content.write(_as_csv(names, positions, weights).encode())
    written_whole(path, content.getvalue())


def _as_csv(names, positions, weights) -> str:
    text = io.StringIO()
    text.write(",".join([*names, "weight"]) + "\n")
    np.savetxt(text, np.column_stack([positions, weights]), fmt="%.10g", delimiter=",")
    return text.getvalue()
