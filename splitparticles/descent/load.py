"""Loading of results that `Result.save` wrote."""

from pathlib import Path

import numpy as np

from ..particles import ParticleSet
from ..stop import Stop
from . import result_files
from .result import Result


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
        arrays, facts = result_files.parsed(content)
        particles = ParticleSet(arrays["positions"], arrays["weights"])
        _check(particles, arrays["parents"], facts)
        return Result(
            particles,
            float(facts["value"]),
            [],
            arrays["parents"].astype(int),
            Stop[facts["stop"]],
            n_score_evals=int(facts["n_score_evals"]),
            n_score_calls=int(facts.get("n_score_calls", 0)),
            names=facts["names"],
            warnings=facts["warnings"],
            emulator_error=float(facts.get("emulator_error", np.nan)),
            log_evidence=float(facts.get("log_evidence", np.nan)),
            pareto_k=float(facts.get("pareto_k", np.nan)),
            effective_draws=float(facts.get("effective_draws", np.nan)),
        )
    except Exception as error:
        raise ResultFileError(f"{path} is not a result file: {error}") from error


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
