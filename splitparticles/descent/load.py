"""Loading of results that `Result.save` wrote."""

from typing import Any

import numpy as np

from .._validation import as_count
from ..particles import ParticleSet
from ..stop import Stop
from .result import Result
from .result_files import (
    COUNTS,
    FIGURES,
    MAX_BYTES,
    ResultFileError,
    content_of,
    parsed,
)


def load(path, *, max_bytes: int = MAX_BYTES) -> Result:
    """Read a result that `Result.save` wrote; of its rounds the `Result.history`.

    Parameters
    ----------
    path : str or path
    max_bytes : int
        Larger files are refused before they are read.

    Returns
    -------
    Result

    Raises
    ------
    ResultFileError
        When it is not the regular file of a whole and sound result.
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
    content = content_of(path, as_count(max_bytes, "max_bytes"))
    try:
        arrays, facts = parsed(content)
        particles = ParticleSet(arrays["positions"], arrays["weights"])
        numbers: dict[str, Any] = {
            **{name: float(facts.get(name, np.nan)) for name in FIGURES},
            **{name: int(facts.get(name, 0)) for name in COUNTS},
        }
        return Result(
            particles,
            rounds=[],
            parents=arrays["parents"].astype(int),
            stop=Stop[facts["stop"]],
            names=facts["names"],
            warnings=facts["warnings"],
            past=[(int(n), float(value)) for n, value in facts.get("history", [])],
            **numbers,
        )
    except Exception as error:
        raise ResultFileError(f"{path} is not a result file: {error}") from error
