"""Reasons why a run ended."""

import time
from enum import Enum


class Stop(Enum):
    """Reason why a run ended: a number, whether that is a success, a message."""

    MAX_PARTICLES = 0, True, "the number of particles asked for is reached"
    TOLERANCE = 1, True, "the discrepancy is below tol"
    STABLE = (
        2,
        True,
        "no small split lowers the objective (which may be a local optimum)",
    )
    MAX_ROUNDS = 3, False, "max_rounds rounds are over"
    MAX_SCORE_EVALS = 4, False, "the next score call would pass max_score_evals"
    MAX_TIME = 5, False, "max_time is over"
    CALLBACK = 6, False, "the callback asked to stop"
    INTERRUPTED = 7, False, "interrupted from the keyboard"
    FAILED = 8, False, "an exception was raised; these are the particles before it"
    NOT_FINITE = 9, False, "the objective is not finite beside a particle"
    NOTHING_GREW = 10, True, "the growth added no particle"
    DOUBTED = 11, False, "the result should not be trusted; its warnings say why"

    def __init__(self, status: int, success: bool, message: str):
        self.status, self.success, self.message = status, success, message


class LimitReached(Exception):
    """Signal that the next call would pass a limit of the user's.

    Parameters
    ----------
    stop : Stop
        The limit, as the reason why the run ends.
    """

    def __init__(self, stop: Stop):
        super().__init__(stop.message)
        self.stop = stop


def check_time(deadline: float) -> None:
    """End a run whose time, by ``time.monotonic()``, is over."""
    if time.monotonic() > deadline:
        raise LimitReached(Stop.MAX_TIME)
