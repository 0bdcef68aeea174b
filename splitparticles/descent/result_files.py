"""Results on disk: one ``.npz`` of plain arrays and a JSON text, no pickle.

A file is believed only when all of it is what `write` would have written: the names of
its members, their declared sizes, and that they are plain arrays.  What the arrays mean
is for `splitparticles.load` to check.
"""

import io
import json
import zipfile

import numpy as np

from .._files import written_whole

FORMAT = 1

MAX_BYTES = 2**31  # of all arrays in a file together

ARRAYS = {"positions", "weights", "parents"}


def write(path, arrays: dict, facts: dict) -> None:
    """Write arrays and facts beside `path` and move them into place at the end."""
    text = json.dumps({"format": FORMAT, **facts}).encode()
    content = io.BytesIO()
    np.savez(content, **arrays, facts=np.frombuffer(text, dtype=np.uint8))
    written_whole({path: content.getvalue()})


def parsed(content: bytes) -> tuple[dict, dict]:
    """Arrays and facts in a file's content; any exception means that it is none."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sizes = {item.filename: item.file_size for item in archive.infolist()}
        wanted = {f"{name}.npy" for name in (*ARRAYS, "facts")}
        if set(sizes) != wanted or sum(sizes.values()) > MAX_BYTES:
            raise ValueError(f"it holds {sizes}")
        arrays = {}
        for name in sizes:
            with archive.open(name) as member:  # no more than was declared
                data = io.BytesIO(member.read(sizes[name]))
            arrays[name[:-4]] = np.lib.format.read_array(data, allow_pickle=False)
    facts = json.loads(arrays.pop("facts").tobytes().decode())
    if facts["format"] != FORMAT:
        raise ValueError(f"it has format {facts['format']}, not {FORMAT}")
    return arrays, facts
