"""Tables of points and weights, of the kind that the name of a file ends with."""

import csv
import io
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from .tables import TableError

KINDS = ".csv", ".tsv", ".npy", ".npz", ".parquet"


def kind_of(path: str) -> str:
    """Kind of a file to write; CSV for stdout and for names without an ending.

    Raises
    ------
    TableError
        When none is written so, or pyarrow is wanted and not installed.
    """
    kind = Path(path).suffix.lower() or ".csv"
    if kind not in KINDS:
        raise TableError(f"{path}: write {', '.join(KINDS)}, not {kind}")
    if kind == ".parquet" and find_spec("pyarrow") is None:
        raise TableError(
            f"{path}: a Parquet file needs pyarrow, which is not installed"
        )
    return kind


def table_bytes(
    kind: str, names: list[str], positions: np.ndarray, weights: np.ndarray
) -> bytes:
    """Points and weights as a file; weights are the last column but in a ``.npz``."""
    table = np.column_stack([positions, weights])
    content = io.BytesIO()
    if kind == ".npz":
        np.savez(content, positions=positions, weights=weights, names=np.array(names))
    elif kind == ".npy":
        np.save(content, table)
    elif kind == ".parquet":
        import pyarrow
        from pyarrow import parquet

        columns = list(np.ascontiguousarray(table.T))
        parquet.write_table(pyarrow.table(columns, [*names, "weight"]), content)
    else:
        text = io.StringIO()
        separator = "\t" if kind == ".tsv" else ","
        writer = csv.writer(text, delimiter=separator, lineterminator="\n")
        writer.writerow([*names, "weight"])
        writer.writerows(table.tolist())
        content.write(text.getvalue().encode())
    return content.getvalue()
