r"""Derivatives of a score, as functions or by differences.

Gradients of a Stein discrepancy need products :math:`J v` with the score's Jacobian
(the Hessian of log p), and its splitting matrices need :math:`D^2 s[u, v]`.  Where they
are not given they are differences of the score along those very directions: central
ones, two rows for a product and four for a second one, or one-sided ones at half that
price, as the score at x itself is mostly known by then.
"""

from collections.abc import Callable

import numpy as np

from .counted import checked

# Steps of differences; coordinates are meant to be of order one.  A product is off by
# the square of the step, and a one-sided one by half the step.
STEP = 1e-5

SIDED_STEP = 1e-6

SECOND_STEP = 1e-4

SINGLE = 300.0  # times these steps for a score in single precision


class ScoreDerivatives:
    """Score with its Jacobian products and second derivatives.

    Parameters
    ----------
    score : callable
        (n, d) -> (n, d); answers that are asked for twice should cost nothing, as with
        `splitparticles.scores.counted.CountedScore`.
    product : callable, optional
        (x, v) -> J(x) v, each (n, d); differences of the score when left out.
    curvature : callable, optional
        (x, u, v) -> second derivative of the score along u and v, (n, d).
    sided : bool
        One-sided differences: half the rows, and a relative error of about 1e-6.
    single : bool
        The score is known in single precision: longer steps.
    """

    def __init__(
        self,
        score: Callable,
        product: Callable | None = None,
        curvature: Callable | None = None,
        *,
        sided: bool = False,
        single: bool = False,
    ):
        self.score, self.sided = score, sided
        longer = SINGLE if single else 1.0
        self._step, self._sided_step = longer * STEP, longer * SIDED_STEP
        self._second_step = longer * SECOND_STEP
        self._product, self._curvature = product, curvature
        self._jacobians = (np.zeros((0, 0)), np.zeros((0, 0, 0)))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Scores of the rows of x, (n, d)."""
        return self.score(x)

    def agrees(self, other: "ScoreDerivatives") -> bool:
        """Whether the other is this score, with the same derivatives given."""
        same_curvature = self._curvature == other._curvature
        same_product = self.has_product == other.has_product
        return self.score == other.score and same_product and same_curvature

    @property
    def has_product(self) -> bool:
        """Whether products come from a function, and cost no row of the score."""
        return self._product is not None

    def product(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Jacobian of the score at x_i times v_i, (n, d)."""
        if self._product is not None:
            return self._product(x, v)
        size, unit = _size_and_direction(v)
        if self.sided:
            at_x, beside = self(x), self(x + self._sided_step * unit)
            return (beside - at_x) * (size / self._sided_step)
        both = np.vstack([x + self._step * unit, x - self._step * unit])
        up, down = np.split(self(both), 2)
        return (up - down) * (size / (2.0 * self._step))

    def jacobians(self, x: np.ndarray) -> np.ndarray:
        """Jacobians of the score at x (n, d), in one batch, (n, d, d); read-only.

        Those of the last x are kept: coordinates and splitting matrices need the same.
        """
        if not np.array_equal(self._jacobians[0], x):
            jacobians = self._new_jacobians(x)
            jacobians.flags.writeable = False
            self._jacobians = np.array(x), jacobians
        return self._jacobians[1]

    def _new_jacobians(self, x):
        n, d = x.shape
        points, axes = np.repeat(x, d, axis=0), np.tile(np.eye(d), (n, 1))
        if self.sided and self._product is None:
            at_x, beside = self(x), self(points + self._sided_step * axes)
            return (beside.reshape(n, d, d) - at_x[:, None]) / self._sided_step
        return self.product(points, axes).reshape(n, d, d)

    def jacobian_slope(self, x: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Derivative of the Jacobians at x_i along u_i, (n, d, d)."""
        n, d = x.shape
        if self.sided and self._curvature is None and self._product is None:
            size, unit = _size_and_direction(u)
            at_x = self.jacobians(x)  # first, while its rows are remembered
            change = self._new_jacobians(x + self._second_step * unit) - at_x
            return change * (size / self._second_step)[:, :, None]
        points, fields = np.repeat(x, d, axis=0), np.repeat(u, d, axis=0)
        axes = np.tile(np.eye(d), (n, 1))
        return self.curvature(points, fields, axes).reshape(n, d, d)

    def curvature(self, x: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Second derivative of the score at x_i along u_i and v_i, (n, d)."""
        if self._curvature is not None:
            return checked(self._curvature(x, u, v), "score_curvature", x)
        v_size, v = _size_and_direction(v)
        h = self._second_step
        if self._product is not None:
            up, down = self.product(x + h * v, u), self.product(x - h * v, u)
            return (up - down) * (v_size / (2.0 * h))
        u_size, u = _size_and_direction(u)
        sum_, gap = h * (u + v), h * (u - v)
        corners = np.vstack([x + sum_, x - sum_, x + gap, x - gap])
        pp, mm, pm, mp = np.split(self(corners), 4)
        return (pp + mm - pm - mp) * (u_size * v_size / (4.0 * h * h))


def _size_and_direction(v):
    """Lengths (n, 1) and unit vectors (n, d); a zero vector stays zero."""
    size = np.linalg.norm(v, axis=1, keepdims=True)
    return size, np.divide(v, size, out=np.zeros_like(v), where=size > 0)
