"""Tables of numbers in files: CSV, Stan's CSV, ``.npy`` and ``.npz``."""

import io
import sys
from operator import length_hint
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
    where = "stdin" if path == "-" else path
    try:
        if path == "-":
            return _from_text(sys.stdin.read())
        if Path(path).suffix.lower() in (".npy", ".npz"):
            return _from_arrays(np.load(path, allow_pickle=False, mmap_mode="r"))
        return _from_text(Path(path).read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise TableError(f"{where}: this is not a text file") from None
    except (ValueError, EOFError, KeyError) as error:
        raise TableError(f"{where}: {error}") from None


def _from_arrays(content):
    """Names and the one table of a ``.npy`` or ``.npz`` file."""
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
    names = names or [f"x{k}" for k in range(content.shape[1])]
    return [str(name) for name in names], content


def _from_text(text):
    """Header and numbers of a CSV text."""
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if len(lines) < 2:
        raise ValueError("there is a header and no row" if lines else "it is empty")
    number, header = lines.pop(0)
    names = [name.strip().strip('"') for name in header.split(",")]
    if all(map(_is_number, names)):
        raise ValueError(f"line {number} should name the columns, got {header}")
    rows = iter(lines)
    try:
        texts = (line for _, line in rows)
        table = np.loadtxt(texts, delimiter=",", ndmin=2, comments=None)
    except ValueError as error:
        # NumPy takes line by line and counts rows from zero: the last one taken is it.
        number, line = lines[len(lines) - length_hint(rows) - 1]
        fault = str(error).partition(" at row")[0]
        raise ValueError(f"line {number}: {fault}: {line[:60]}") from None
    if table.shape[1] != len(names):
        raise ValueError(f"rows of {table.shape[1]} numbers under {len(names)} names")
    for row, k in np.argwhere(~np.isfinite(table))[:1]:
        fault = f"{table[row, k]} is not finite"
        raise ValueError(f"line {lines[row][0]}, column {names[k]}: {fault}")
    kept = [k for k, name in enumerate(names) if not name.endswith("__")]
    if not kept:
        raise ValueError("all columns are the sampler's own, ending with __")
    return [names[k] for k in kept], np.ascontiguousarray(table[:, kept])


def _is_number(text) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def write_table(
    path: str, names: list[str], positions: np.ndarray, weights: np.ndarray
) -> None:
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
