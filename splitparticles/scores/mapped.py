"""A score whose rows are spread over threads, processes or a cluster.

Where `ShardedScore` is for one score that is a sum over parts of the data, this is for
a slow score of one point, of which a batch asks many.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from .._validation import as_callable, as_count, as_positions, as_size
from .counted import checked


class RowError(RuntimeError):
    """A row of a `MappedScore` has no score: its number, its point, and why."""


class Lost(NamedTuple):
    """What came of a row in place of its score."""

    error: Exception


class MappedScore:
    """A score to hand to `sample`, whose rows go through a map.

    Parameters
    ----------
    row_score : callable
        (d,) -> (d,): the score of one point.  To run in other processes it has to be a
        function of a module.
    map : callable
        (function, tasks) -> results in the order of the tasks: ``pool.map`` of threads
        or processes; ``lambda f, tasks: Parallel(4)(delayed(f)(t) for t in tasks)`` of
        joblib; ``lambda f, tasks: client.gather(client.map(f, tasks))`` of dask.
    chunk : int
        Rows a task; more than one where a row takes less than a millisecond.
    retries : int
        Times that a row is asked again which raised an exception, or whose worker was
        lost.

    Raises
    ------
    RowError
        When called, if a row has no score after that; it names the row and the point,
        and the exception is its cause.
    TypeError, ValueError
        When called, if `row_score` does not return (d,) real numbers, or the map
        another number of results than tasks.

    Examples
    --------
    >>> import numpy as np, splitparticles as sp
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor(4) as pool:
    ...     score = sp.MappedScore(lambda point: 3.0 - point, map=pool.map)
    ...     result = sp.sample(score, 2, 16, rng=0)
    >>> np.allclose(result.mean(), 3.0, atol=1e-3)
    True
    """

    def __init__(
        self,
        row_score: Callable,
        *,
        map: Callable = map,
        chunk: int = 1,
        retries: int = 0,
    ):
        self.row_score = as_callable(row_score, "row_score", "(d,) -> (d,)")
        self.map = as_callable(map, "map", "(function, tasks)")
        self.chunk = as_count(chunk, "chunk")
        self.retries = as_size(retries, "retries")

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Scores of the rows of x, (n, d)."""
        x = as_positions(x, "x")
        answers: list[object] = [Lost(RuntimeError("its worker was lost"))] * len(x)
        for _ in range(self.retries + 1):
            if lost := [k for k, a in enumerate(answers) if isinstance(a, Lost)]:
                self._ask(x, lost, answers)
        for k, answer in enumerate(answers):
            if isinstance(answer, Lost):
                raise RowError(
                    f"row_score raised {type(answer.error).__name__}: {answer.error}; "
                    f"at row {k}, {x[k]}"
                ) from answer.error
        rows = enumerate(zip(answers, x, strict=True))
        return np.array([checked(a, f"row_score at row {k}", p) for k, (a, p) in rows])

    def _ask(self, x, rows: list[int], answers: list) -> None:
        """Ask some rows, and note what comes back before the map fails itself."""
        parts = [rows[i : i + self.chunk] for i in range(0, len(rows), self.chunk)]
        part = parts[0]
        results: Iterator[list] = iter(())
        try:
            results = iter(
                self.map(partial(_scores, self.row_score), [x[part] for part in parts])
            )
            for part in parts:
                for k, answer in zip(part, next(results), strict=True):
                    answers[k] = answer
        except StopIteration:
            raise ValueError(
                f"map must return {len(parts)} results, one a task, got fewer"
            ) from None
        except Exception as error:  # of a worker that died, or of the map
            answers[part[0]] = Lost(error)
            return
        if next(results, None) is not None:
            raise ValueError(f"map must return {len(parts)} results, got more")


def _scores(row_score: Callable, points: np.ndarray) -> list:
    """Scores of some points, or what came in their place; of a module, for workers."""
    return [_score(row_score, point) for point in points]


def _score(row_score: Callable, point: np.ndarray):
    try:
        return row_score(point)
    except Exception as error:  # the other rows have scores all the same
        return Lost(error)
