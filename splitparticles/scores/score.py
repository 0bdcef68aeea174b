r"""The score of a target, and products with its derivatives.

A score is :math:`s(x) = \nabla \log p(x)`, a callable from (n, d) to (n, d), row by
row.  It is the user's, often dear, so every row handed to it is counted, the answer
is checked, and the last few batches are remembered: value, gradient and splitting
matrix of one particle set cost its rows once.

Gradients of a Stein discrepancy need products :math:`J v` with the score's Jacobian
(the Hessian of log p) and its splitting matrices need :math:`D^2 s[u, v]`.  Where
the user cannot give them they are differences of the score along those very
directions: central ones, two rows for a product and four for a second one, or
one-sided ones at half that price, since the score at x itself is known by then.
"""

import threading
import time
from collections.abc import Callable

import numpy as np

from .._validation import as_callable, as_floats
from ..stop import LimitReached, Stop


def batched_log_density(log_density, vectorized) -> Callable:
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


# Steps of differences; coordinates are meant to be of order one.  A product is off by
# the square of the step, and a one-sided one by half the step.
STEP = 1e-5

SIDED_STEP = 1e-6

SECOND_STEP = 1e-4

REMEMBERED = 4

LARGEST = 1e140


class Score:
    """A score that checks, counts and remembers.

    Parameters
    ----------
    function : callable
        (n, d) -> (n, d), or (d,) -> (d,) when not `vectorized`.
    product : callable, optional
        (x, v) -> J(x) v, each (n, d); central differences when left out.
    curvature : callable, optional
        (x, u, v) -> second derivative of the score along u and v, (n, d).
    vectorized : bool
    sided : bool
        One-sided differences: half the rows, and a relative error of about 1e-6.
    max_rows : int, optional
        Rows that may be handed over; `LimitReached` before one more would be.
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
        curvature: Callable | None = None,
        *,
        vectorized: bool = True,
        sided: bool = False,
        max_rows: int | None = None,
        deadline: float = np.inf,
    ):
        self.function = as_callable(function, "score", "(n, d) -> (n, d)")
        signature = "(x, v) -> (n, d)"
        self._product = product
        if product is not None:
            as_callable(product, "score_product", signature)
        self._curvature = curvature
        if curvature is not None:
            as_callable(curvature, "score_curvature", signature.replace("v", "u, v"))
        self.vectorized, self.sided = vectorized, sided
        self.max_rows = np.inf if max_rows is None else max_rows
        self.deadline = deadline
        self.rows = 0
        self._counting = threading.Lock()
        self._last: list = []
        self._jacobians = (np.zeros((0, 0)), np.zeros((0, 0, 0)))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Scores of the rows of x (n, d); not finite where the user's are not."""
        known = self.remembered(x)
        if known is not None:
            return known
        if time.monotonic() > self.deadline:
            raise LimitReached(Stop.MAX_TIME)
        with self._counting:
            if self.rows + len(x) > self.max_rows:
                raise LimitReached(Stop.MAX_SCORE_EVALS)
            self.rows += len(x)
        handed = np.array(x)
        handed.flags.writeable = False
        if self.vectorized:
            scores = checked(self.function(handed), "score", handed)
        else:
            rows = [checked(self.function(row), "score", row) for row in handed]
            scores = np.array(rows)
        _blank(scores)
        scores.flags.writeable = False
        self._remember((handed, scores))
        return scores

    def remembered(self, x: np.ndarray) -> np.ndarray | None:
        """Scores of x where it is among the last batches; no row is asked."""
        for batch in reversed(self._last):
            known, scores = batch
            # most batches differ in their first number already
            alike = known.shape == x.shape and known.item(0) == x.item(0)
            if alike and np.array_equal(known, x):
                self._remember(batch)
                return scores
        return None

    def _remember(self, batch):
        """Keep the batches asked for last; a new list, for other threads may read."""
        others = [known for known in self._last if known is not batch]
        self._last = [*others, batch][-REMEMBERED:]

    def product(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Jacobian of the score at x_i times v_i, (n, d)."""
        if self._product is not None:
            product = checked(self._product(x, v), "score_product", x)
            _blank(product)
            return product
        size, unit = _size_and_direction(v)
        if self.sided:
            here, there = self(x), self(x + SIDED_STEP * unit)
            return (there - here) * (size / SIDED_STEP)
        above = np.vstack([x + STEP * unit, x - STEP * unit])
        up, down = np.split(self(above), 2)
        return (up - down) * (size / (2.0 * STEP))

    def agrees(self, other: "Score") -> bool:
        """Whether the other is this score, with the same derivatives given."""
        mine = self.function, self._product, self._curvature
        return mine == (other.function, other._product, other._curvature)

    @property
    def has_product(self) -> bool:
        """Whether products come from the user, at no score rows."""
        return self._product is not None

    def jacobians(self, x: np.ndarray) -> np.ndarray:
        """Jacobians of the score at x (n, d), in one batch, (n, d, d)."""
        if np.array_equal(self._jacobians[0], x):
            return self._jacobians[1]
        n, d = x.shape
        points, axes = np.repeat(x, d, axis=0), np.tile(np.eye(d), (n, 1))
        if self.sided and self._product is None:
            here, there = self(x), self(points + SIDED_STEP * axes)
            found = (there.reshape(n, d, d) - here[:, None]) / SIDED_STEP
        else:
            found = self.product(points, axes).reshape(n, d, d)
        self.learn_jacobians(x, found)
        return found

    def learn_jacobians(self, x: np.ndarray, jacobians: np.ndarray) -> None:
        """Keep the Jacobians at x, uncopied; they will not be asked for again."""
        jacobians.flags.writeable = False
        self._jacobians = np.array(x), jacobians

    def bending(self, x: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Second derivative of the score along u_i: the Jacobians' slope, (n, d, d)."""
        n, d = x.shape
        if self.sided and self._curvature is None and self._product is None:
            size, unit = _size_and_direction(u)
            here = self.jacobians(x)  # first, while its rows are remembered
            change = self.jacobians(x + SECOND_STEP * unit) - here
            return change * (size / SECOND_STEP)[:, :, None]
        points, fields = np.repeat(x, d, axis=0), np.repeat(u, d, axis=0)
        axes = np.tile(np.eye(d), (n, 1))
        return self.curvature(points, fields, axes).reshape(n, d, d)

    def curvature(self, x: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Second derivative of the score at x_i along u_i and v_i, (n, d)."""
        if self._curvature is not None:
            return checked(self._curvature(x, u, v), "score_curvature", x)
        v_size, v = _size_and_direction(v)
        h = SECOND_STEP
        if self._product is not None:
            up, down = self.product(x + h * v, u), self.product(x - h * v, u)
            return (up - down) * (v_size / (2.0 * h))
        u_size, u = _size_and_direction(u)
        sum_, gap = h * (u + v), h * (u - v)
        corners = np.vstack([x + sum_, x - sum_, x + gap, x - gap])
        pp, mm, pm, mp = np.split(self(corners), 4)
        return (pp + mm - pm - mp) * (u_size * v_size / (4.0 * h * h))


def _blank(scores: np.ndarray) -> None:
    """Turn a row that is not finite, or whose square would not be, into NaN.

    NaN passes through sums without a warning and marks what came of that row.
    """
    if np.vdot(scores, scores) < LARGEST:  # nearly always, and soon seen
        return
    scores[~(np.abs(scores).max(axis=1) < LARGEST)] = np.nan


def _size_and_direction(v):
    """Lengths (n, 1) and unit vectors (n, d); a zero vector stays zero."""
    size = np.linalg.norm(v, axis=1, keepdims=True)
    return size, np.divide(v, size, out=np.zeros_like(v), where=size > 0)


def checked(values, name: str, x: np.ndarray) -> np.ndarray:
    """What a user's function returned for x, as floats of the shape of x."""
    array = as_floats(values, f"the return value of {name}", f"of shape {x.shape}")
    if array.shape != x.shape:
        hint = ""
        if x.ndim == 2 and array.shape in ((x.shape[1],), (1, x.shape[1])):
            hint = "; a function of one point (d,) needs vectorized=False"
        raise ValueError(
            f"{name} must return shape {x.shape} for an argument of that shape, "
            f"got {array.shape}{hint}"
        )
    return array
