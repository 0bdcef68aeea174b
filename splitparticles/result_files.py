"""Results on disk: one ``.npz`` of plain arrays and a JSON text, no pickle.

A file is believed only when all of it is what `save` would have written: the names of
its members, their declared sizes, their shapes and that they are finite.
"""

import io
import json
import os
import uuid
import zipfile
from pathlib import Path

import numpy as np

from .particles import ParticleSet
from .result import Result, Stop

FORMAT = 1
MAX_BYTES = 2**31  # of all arrays in a file together
MEMBERS = {"positions.npy", "weights.npy", "parents.npy", "facts.npy"}


def save(result: Result, path) -> None:
    """Write particles, value, tree, names and warnings to an ``.npz`` file.

    Written beside the target and moved into place: never half a file.  The rounds
    are not kept.

    Raises
    ------
    OSError
        When the file cannot be written; an old one is left as it was.
    """
    facts = {
        "format": FORMAT,
        "value": result.value,
        "stop": result.stop.name,
        "n_score_evals": result.n_score_evals,
        "names": result.names,
        "warnings": result.warnings,
    }
    content = io.BytesIO()
    np.savez(
        content,
        positions=result.positions,
        weights=result.weights,
        parents=result.parents.astype("<i8"),
        facts=np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8),
    )
    path = Path(path)
    temporary = path.with_name(f"{path.name}.tmp-{uuid.uuid4().hex[:12]}")
    try:
        with open(temporary, "xb") as file:
            file.write(content.getvalue())
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


class ResultFileError(ValueError):
    """A file is not a result that this version can read."""


def load(path) -> Result:
    """Read a result that `Result.save` wrote; its rounds are not in the file.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    Result

    Raises
    ------
    ResultFileError
        When the file is not a whole and sound result.
    OSError
        When it cannot be opened.

    Examples
    --------
    >>> import os, tempfile, splitparticles as sp
    >>> result = sp.compress([[0.0], [1.0], [2.0]], 2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "two.npz")
    ...     result.save(path)
    ...     bool((sp.load(path).positions == result.positions).all())
    True
    """
    content = Path(path).read_bytes()
    try:
        return _parsed(content)
    except Exception as error:
        raise ResultFileError(f"{path} is not a result file: {error}") from error


def _parsed(content: bytes) -> Result:
    """Return the result in a file's content; any exception means that it is none."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sizes = {item.filename: item.file_size for item in archive.infolist()}
        if set(sizes) != MEMBERS or sum(sizes.values()) > MAX_BYTES:
            raise ValueError(f"it holds {sizes}")
        arrays = {}
        for name in sizes:
            with archive.open(name) as member:  # no more than was declared
                data = io.BytesIO(member.read(sizes[name]))
            arrays[name[:-4]] = np.lib.format.read_array(data, allow_pickle=False)
    facts = json.loads(arrays["facts"].tobytes().decode())
    if facts["format"] != FORMAT:
        raise ValueError(f"it has format {facts['format']}, not {FORMAT}")
    particles = ParticleSet(arrays["positions"], arrays["weights"])
    _check(particles, arrays["parents"], facts)
    return Result(
        particles,
        float(facts["value"]),
        [],
        arrays["parents"].astype(int),
        Stop[facts["stop"]],
        int(facts["n_score_evals"]),
        facts["names"],
        facts["warnings"],
    )


def _check(particles, parents, facts) -> None:
    """Refuse a tree, names or warnings that do not fit the particles."""
    n = len(particles)
    in_order = parents.shape == (n,) and parents.dtype.kind == "i"
    if not (in_order and (parents >= -1).all() and (parents < np.arange(n)).all()):
        raise ValueError("the splitting tree does not fit the particles")
    if np.isnan(float(facts["value"])):
        raise ValueError("its value is not a number")
    names, warnings = facts["names"], facts["warnings"]
    texts = [*(names or []), *warnings] if isinstance(warnings, list) else [None]
    if names is not None and not (
        isinstance(names, list) and len(names) == particles.dim
    ):
        raise ValueError(f"names do not fit: {names}")
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("names and warnings must be texts")
