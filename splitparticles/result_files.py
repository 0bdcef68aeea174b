"""Results on disk: one ``.npz`` of plain arrays and a JSON text, no pickle.

A file is believed only when all of it is what `save` would have written: the names of
its members, their declared sizes, their shapes and that they are finite.
"""

import io
import json
import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from .particles import ParticleSet
from .result import Result, Stop

FORMAT = 1
MAX_BYTES = 2**31  # of all arrays in a file together


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
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.getvalue())
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
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
    try:
        with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
            sizes = {item.filename: item.file_size for item in archive.infolist()}
            wanted = {"positions.npy", "weights.npy", "parents.npy", "facts.npy"}
            if set(sizes) != wanted or sum(sizes.values()) > MAX_BYTES:
                raise ResultFileError(f"{path} is not a result file: it holds {sizes}")
            arrays = {
                name[:-4]: np.lib.format.read_array(
                    io.BytesIO(archive.read(name)), allow_pickle=False
                )
                for name in wanted
            }
        facts = json.loads(arrays["facts"].tobytes().decode())
        if facts["format"] != FORMAT:
            raise ResultFileError(f"{path} has format {facts['format']}, not {FORMAT}")
        particles = ParticleSet(arrays["positions"], arrays["weights"])
        parents = arrays["parents"].astype(int)
        if parents.shape != (len(particles),):
            raise ResultFileError(f"{path}: parents do not fit the particles")
        return Result(
            particles,
            float(facts["value"]),
            [],
            parents,
            Stop[facts["stop"]],
            int(facts["n_score_evals"]),
            facts["names"],
            list(facts["warnings"]),
        )
    except (OSError, ResultFileError):
        raise
    except Exception as error:
        raise ResultFileError(f"{path} cannot be read: {error!r}") from error
