"""Ending of a run: what it has reached is kept, whatever ends it."""

from collections.abc import Callable

from ..stop import LimitReached, Stop
from .result import Result


class Ending:
    """Context manager around a run, which knows afterwards why the run ended.

    A limit and Ctrl-C end the run without an exception.  Any other one is the user's
    and propagates, with the result so far as its attribute ``result``.

    Parameters
    ----------
    result_so_far : callable
        (stop) -> Result.
    """

    def __init__(self, result_so_far: Callable[[Stop], Result]):
        self.result_so_far = result_so_far
        self.stop: Stop | None = None

    def __enter__(self) -> "Ending":
        return self

    def __exit__(self, kind, error, traceback) -> bool:
        if isinstance(error, LimitReached):
            self.stop = error.stop
        elif isinstance(error, KeyboardInterrupt):
            self.stop = Stop.INTERRUPTED
        elif isinstance(error, Exception):
            error.result = self.result_so_far(Stop.FAILED)  # type: ignore[attr-defined]
        return self.stop is not None
