"""Resumption of a run from its checkpoint."""

from ._files import header_of
from ._files.options import REQUIRED, decoded
from .compression.compress import compress
from .descent.result import Result
from .sampling.sample import sample


def resume(path, score, **options) -> Result:
    """Go on with a run of `sample` or `compress` that was stopped.

    The answers in the file are not asked again, and the result has the same bits as
    that of a run which was never stopped.  To call the same function with the same
    arguments and ``checkpoint=path`` does the same.

    Parameters
    ----------
    path : str or path
        The checkpoint.
    score : callable, model or draws
        The first argument of that run: a score or a model, or draws to compress.
    **options
        What a file does not hold: limits such as `max_time`, `callback`, `progress`,
        `n_threads` and `names`; and once more what is an object, such as `log_density`,
        `objective` or `move`.

    Returns
    -------
    Result

    Raises
    ------
    TypeError, ValueError
        When the file is no checkpoint, or of another score, or an option is missing or
        not that of the run.
    OSError
        When the file cannot be read or written.

    Examples
    --------
    >>> import os, tempfile, splitparticles as sp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "run")
    ...     stopped = sp.sample(lambda x: -x, 2, max_score_evals=50, checkpoint=path)
    ...     result = sp.resume(path, lambda x: -x)
    >>> stopped.success, result.success
    (False, True)
    """
    header = header_of(path)
    known = {name: decoded(value) for name, value in header["options"].items()}
    missing = [n for n, v in known.items() if v is REQUIRED and n not in options]
    if missing:
        raise TypeError(
            f"resume() needs {'=, '.join(missing)}= as the run had: a checkpoint holds "
            "no objects"
        )
    arguments = {**known, **options, "checkpoint": path}
    door = sample if header["door"] == "sample" else compress
    return door(score, **arguments)
