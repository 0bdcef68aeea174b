"""Results on disk: one ``.npz`` of plain arrays and a JSON text, no pickle.

A file is believed only when all of it is what `write` would have written.  Its size and
that of its arrays, their kinds, and that nothing is compressed are looked at before
they are read.
"""

import io
import json
import os
import stat
import zipfile
from math import prod

import numpy as np

from .._files import written_whole

FORMAT = 1

MAX_BYTES = 2**26  # of a file

FIGURES = "value", "emulator_error", "log_evidence", "pareto_k", "effective_draws"

COUNTS = "n_score_evals", "n_score_calls"

KINDS = {"positions": "<f8", "weights": "<f8", "parents": "<i8", "facts": "|u1"}


class ResultFileError(ValueError):
    """A file is not a result that this version can read."""


def write(path, result) -> None:
    """Write a `Result` beside `path` and move it into place at the end.

    Raises
    ------
    ValueError
        When `parsed` would refuse it.
    """
    arrays = {
        "positions": result.positions,
        "weights": result.weights,
        "parents": result.parents,
    }
    facts = {
        "format": FORMAT,
        "stop": result.stop.name,
        "names": result.names,
        "warnings": result.warnings,
        "history": [(n, float(value)) for n, value in result.history],
        **{name: float(vars(result)[name]) for name in FIGURES},
        **{name: int(vars(result)[name]) for name in COUNTS},
    }
    check(arrays, facts)
    arrays["facts"] = np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8)
    content = io.BytesIO()
    np.savez(content, **{name: arrays[name].astype(KINDS[name]) for name in KINDS})
    written_whole({path: content.getvalue()})


def content_of(path, max_bytes: int) -> bytes:
    """Content of a regular file that is not too large."""
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise ResultFileError(f"{path} is no regular file")
    if status.st_size > max_bytes:
        raise ResultFileError(
            f"{path} has {status.st_size} bytes, more than max_bytes = {max_bytes}"
        )
    with open(path, "rb") as file:
        return file.read(status.st_size)


def parsed(content: bytes) -> tuple[dict, dict]:
    """Arrays and facts in a file's content; any exception means that it is none."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sizes = {item.filename: item.file_size for item in archive.infolist()}
        stored = {item.compress_type for item in archive.infolist()}
        if set(sizes) != {f"{name}.npy" for name in KINDS}:
            raise ValueError(f"it holds {', '.join(sizes)}")
        if stored != {zipfile.ZIP_STORED} or sum(sizes.values()) > len(content):
            raise ValueError("it is compressed, as no result is")
        arrays = {
            name: _array(archive.read(f"{name}.npy"), kind)
            for name, kind in KINDS.items()
        }
    facts = json.loads(arrays.pop("facts").tobytes().decode())
    if facts["format"] != FORMAT:
        raise ValueError(f"it has format {facts['format']}, not {FORMAT}")
    check(arrays, facts)
    return arrays, facts


def _array(content: bytes, kind: str) -> np.ndarray:
    """Array of the kind that is wanted, in the content of a ``.npy`` file."""
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    size = len(content) - stream.tell()
    wanted = (1, 0), False, kind, size
    if (version, is_fortran, dtype.str, prod(shape) * dtype.itemsize) != wanted:
        raise ValueError(f"it has {dtype} of shape {shape} in {size} bytes")
    return np.frombuffer(content, dtype, offset=stream.tell()).reshape(shape)


def check(arrays: dict, facts: dict) -> None:
    """Refuse a tree, names or warnings that do not fit the particles."""
    n, d = arrays["positions"].shape
    parents = arrays["parents"]
    in_order = parents.shape == arrays["weights"].shape == (n,)
    if not (in_order and (parents >= -1).all() and (parents < np.arange(n)).all()):
        raise ValueError("the splitting tree or the weights do not fit the particles")
    if np.isnan(float(facts["value"])):
        raise ValueError("its value is not a number")
    names, warnings = facts["names"], facts["warnings"]
    if names is not None and not (isinstance(names, list) and len(names) == d):
        raise ValueError(f"names do not fit: {names}")
    texts = [*(names or []), *warnings] if isinstance(warnings, list) else [None]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("names and warnings must be lists of texts")
