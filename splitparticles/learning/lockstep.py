"""Searches in lockstep: all rows that they want next go to the score in one call.

A search is a generator that yields rows (k, d), is sent their scores, and returns what
it has found.  Several of them advance together, so that a slow score is called as often
as the longest search takes.
"""

from collections.abc import Callable, Generator

import numpy as np

from ..modes.trial import trial_score
from ..scores.counted import CountedScore
from ..stop import LimitReached, Stop

Search = Generator[np.ndarray, np.ndarray, object]


class OutOfRows(Exception):
    """Signal to a search that no further row will be evaluated."""


class Ledger:
    """All rows of a score that are known, with their scores.

    Parameters
    ----------
    score : CountedScore
    most_rows : int
        Rows that searches may spend.
    seen : (x, s), optional
        Rows that are known before, and their scores.
    """

    def __init__(self, score: CountedScore, most_rows: float, seen=None):
        self.counted, self.most_rows = score, score.rows + most_rows
        self._score: Callable = trial_score(score)
        self._batches: list[tuple[np.ndarray, np.ndarray]] = []
        self.seen = seen is not None
        self._batches += [seen] if self.seen else []
        self.stop: Stop | None = None
        """The limit of the user that was reached, if one was."""
        self.raised = False
        """Whether the score raised an exception that is no limit."""

    def evaluate(self, x: np.ndarray) -> np.ndarray:
        """Scores of rows (k, d); NaN where there is none."""
        if self.counted.rows + len(x) > self.most_rows:
            raise OutOfRows
        try:
            s = self._score(x)
        except LimitReached as limit:
            self.stop = limit.stop
            raise OutOfRows from None
        except Exception:
            self.raised = True
            raise
        self._batches.append((x, s))
        return s

    @property
    def x(self) -> np.ndarray:
        """Rows, oldest first, (N, d)."""
        return np.vstack([x for x, _ in self._batches])

    @property
    def s(self) -> np.ndarray:
        """Their scores, (N, d)."""
        return np.vstack([s for _, s in self._batches])


def together(ledger: Ledger, searches: list) -> list:
    """Results of searches that advance in lockstep, a call of the score a step."""
    results: list = [None] * len(searches)
    wanted: dict[int, np.ndarray] = {}

    def advance(k, resume, answer):
        wanted.pop(k, None)
        try:
            wanted[k] = resume(answer)
        except StopIteration as end:
            results[k] = end.value

    for k, search in enumerate(searches):
        advance(k, search.send, None)
    while wanted:
        keys = list(wanted)
        ends = np.cumsum([len(wanted[k]) for k in keys])[:-1]
        try:
            answers = ledger.evaluate(np.vstack([wanted[k] for k in keys]))
        except OutOfRows as signal:
            for k in keys:
                advance(k, searches[k].throw, signal)
            break
        for k, answer in zip(keys, np.split(answers, ends), strict=True):
            advance(k, searches[k].send, answer)
    return results
