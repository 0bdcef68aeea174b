r"""The user's score :math:`s(x) = \nabla \log p(x)`: checked, counted and limited.

It is a callable from (n, d) to (n, d), row by row, and often expensive.  So every row
that is passed to it is counted, every answer is checked, and the last few batches are
remembered: the value, the gradient and the splitting matrices of one particle set cost
its rows once.
"""

import threading
import time
from collections.abc import Callable

import numpy as np

from .._validation import as_callable, as_flag, as_floats
from ..stop import LimitReached, Stop

REMEMBERED = 4  # batches; line searches come back to one of the last

LARGEST = 1e140  # squared norm of a batch beyond which its rows are looked at


class CountedScore:
    """Score that checks, counts, limits and remembers.

    Parameters
    ----------
    function : callable
        (n, d) -> (n, d), or (d,) -> (d,) when not `vectorized`.
    product : callable, optional
        (x, v) -> J(x) v, each (n, d).
    vectorized : bool
    max_rows : int, optional
        Rows that may be passed; `LimitReached` before one more would be.
    deadline : float
        ``time.monotonic()`` after which no call is made.

    Raises
    ------
    TypeError, ValueError
        When called, if the function returns anything but real numbers of the shape
        of its argument.
    """

    def __init__(
        self,
        function: Callable,
        product: Callable | None = None,
        *,
        vectorized: bool = True,
        max_rows: int | None = None,
        deadline: float = np.inf,
    ):
        self.function = as_callable(function, "score", "(n, d) -> (n, d)")
        self.product = None if product is None else checked_product(product)
        self._given = function, product
        self.vectorized = as_flag(vectorized, "vectorized")
        self.max_rows = np.inf if max_rows is None else max_rows
        self.deadline = deadline
        self.rows = self.calls = 0
        self.on_call: Callable[[], object] | None = None  # called once one is counted
        self.is_single = False  # precision of what it returned, until it has
        self._counting = threading.Lock()
        self._batches: list[tuple[np.ndarray, np.ndarray]] = []

    def __eq__(self, other) -> bool:
        return isinstance(other, CountedScore) and self._given == other._given

    def __hash__(self) -> int:
        return hash(self._given)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Scores of the rows of x (n, d), read-only; NaN in rows without a score."""
        remembered = self._remembered(x)
        if remembered is not None:
            return remembered
        self._count(len(x))
        x = np.array(x)
        copy = x.copy()  # the user's to write to, as some libraries want
        if self.vectorized:
            scores = self._checked(copy, x)
        else:
            scores = np.array([self._checked(row, row.copy()) for row in copy])
        _blank(scores)
        scores.flags.writeable = False
        self._remember((x, scores))
        return scores

    def _checked(self, passed, x):
        """Scores of x as floats, and whether they came in single precision."""
        values = self.function(passed)
        scores = checked(values, "score", x)
        self.is_single = np.asarray(values).dtype == np.float32
        return scores

    def _count(self, n: int) -> None:
        """Count a call of n rows, or end the run that would pass its limits."""
        if time.monotonic() > self.deadline:
            raise LimitReached(Stop.MAX_TIME)
        with self._counting:
            if self.rows + n > self.max_rows:
                raise LimitReached(Stop.MAX_SCORE_EVALS)
            self.rows += n
            self.calls += 1
        if self.on_call is not None:
            self.on_call()

    def _remembered(self, x: np.ndarray) -> np.ndarray | None:
        """Scores of x where it is among the last batches."""
        for batch in reversed(self._batches):
            points, scores = batch
            # most batches differ in their first number already
            alike = points.shape == x.shape and points.item(0) == x.item(0)
            if alike and np.array_equal(points, x):
                self._remember(batch)
                return scores
        return None

    def _remember(self, batch) -> None:
        """Keep the batches of the last calls; a new list, as other threads may read."""
        others = [kept for kept in self._batches if kept is not batch]
        self._batches = [*others, batch][-REMEMBERED:]


def batched_log_density(log_density: Callable, vectorized: bool) -> Callable:
    """Return the user's log density as a checked function of a batch (n, d)."""
    as_callable(log_density, "log_density", "(n, d) -> (n,)")

    def batched(x):
        values = log_density(x) if vectorized else [log_density(row) for row in x]
        name = "the return value of log_density"
        values = as_floats(values, name, f"of shape {(len(x),)}")
        if values.shape != (len(x),):
            raise ValueError(
                f"log_density must return shape {(len(x),)} for x of shape "
                f"{x.shape}, got {values.shape}"
            )
        return values

    return batched


def checked_product(product: Callable) -> Callable:
    """Return the user's score product with its answers checked."""
    as_callable(product, "score_product", "(x, v) -> (n, d)")

    def batched(x, v):
        products = checked(product(np.array(x), np.array(v)), "score_product", x)
        _blank(products)
        return products

    return batched


def checked(values, name: str, x: np.ndarray) -> np.ndarray:
    """What a user's function returned for x, as floats of the shape of x."""
    array = as_floats(values, f"the return value of {name}", f"of shape {x.shape}")
    if array.shape != x.shape:
        hint = ""
        if x.ndim == 2 and array.shape in ((x.shape[1],), (1, x.shape[1])):
            hint = "; a function of one point (d,) needs vectorized=False"
        elif array.shape == x.shape[:-1]:
            hint = "; for a log density without its gradient see from_log_density"
        raise ValueError(
            f"{name} must return shape {x.shape} for an argument of that shape, "
            f"got {array.shape}{hint}"
        )
    return array


def _blank(scores: np.ndarray) -> None:
    """Turn a row that is not finite, or whose square would not be, into NaN.

    NaN passes through sums without a warning and marks what came of that row.
    """
    if np.vdot(scores, scores) < LARGEST:  # nearly always, and quickly decided
        return
    scores[~(np.abs(scores).max(axis=1) < LARGEST)] = np.nan
