r"""Weighted particles: the discrete measure that everything here moves and splits.

A particle set is :math:`\mu = \sum_i w_i \delta_{x_i}`, with positions of shape
(n, d) and weights of shape (n,).  It never changes: a move or a split returns a new
one.  Splitting particle i along v with step e puts half of its weight at
:math:`x_i + e v` and half at :math:`x_i - e v`; mass and mean stay what they were.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ._display import size_of, summary_of
from ._validation import (
    as_callable,
    as_floats,
    as_positions,
    as_rng,
    as_rows,
    as_weights,
    refuse_nonfinite,
    summing_to_one,
)


@dataclass(frozen=True, eq=False, init=False)
class ParticleSet:
    r"""Particles :math:`x_i` of weight :math:`w_i`.

    Parameters
    ----------
    positions : array_like, shape (n, d)
    weights : array_like, shape (n,), optional
        Finite, of any sign and sum (a network's output weights are such).  Equal and
        summing to one when left out.

    Raises
    ------
    TypeError, ValueError
        When the arrays are not real and finite or their shapes do not fit.

    Examples
    --------
    >>> import splitparticles as sp
    >>> p = sp.ParticleSet([[0.0, 0.0], [2.0, 4.0]], [0.25, 0.75])
    >>> len(p), p.dim
    (2, 2)
    >>> p.mean()
    array([1.5, 3. ])
    """

    positions: np.ndarray
    weights: np.ndarray

    def __init__(self, positions: ArrayLike, weights: ArrayLike | None = None):
        x = as_positions(positions, "positions")
        n = len(x)
        if weights is None:
            w = np.full(n, 1.0 / n)
        else:
            w = as_weights(weights, "weights", n, signed=True)
        x.flags.writeable = w.flags.writeable = False
        object.__setattr__(self, "positions", x)
        object.__setattr__(self, "weights", w)

    def __len__(self) -> int:
        return len(self.positions)

    def __repr__(self) -> str:
        return f"ParticleSet({size_of(self)})"

    def _repr_html_(self) -> str:
        return summary_of(self, [f"x{k}" for k in range(self.dim)]).html()

    @property
    def dim(self) -> int:
        """Number of coordinates d."""
        return self.positions.shape[1]

    @property
    def probabilities(self) -> np.ndarray:
        r"""Weights that sum to one, :math:`w_i / \sum_j w_j`, shape (n,).

        Raises
        ------
        ValueError
            When the weights sum to zero.
        """
        return summing_to_one(self.weights)

    # ------------------------------------------------------------- new sets
    def moved_to(self, positions: ArrayLike) -> "ParticleSet":
        """Return the same weights at other positions (n, d)."""
        return ParticleSet(positions, self.weights)

    def weighted(self, weights: ArrayLike) -> "ParticleSet":
        """Return the same positions under other weights (n,)."""
        return ParticleSet(self.positions, weights)

    def split(
        self, parents: ArrayLike, directions: ArrayLike, steps: ArrayLike
    ) -> "ParticleSet":
        r"""Split some particles in two, half the weight at :math:`x \pm e v`.

        Parameters
        ----------
        parents : array_like of int, shape (m,)
            Different rows.  The half at x + e v keeps the parent's row, the half at
            x - e v is appended: row n + j is a child of ``parents[j]``.
        directions : array_like, shape (m, d)
        steps : array_like, shape (m,) or ()
            The steps e; zero puts both halves where the parent was.

        Returns
        -------
        ParticleSet
            n + m particles.

        Raises
        ------
        TypeError, ValueError
            When `parents` are not different rows, the shapes do not fit, or a number
            is not finite.

        Examples
        --------
        >>> import splitparticles as sp
        >>> sp.ParticleSet([[1.0]]).split([0], [[1.0]], 0.5).positions.ravel()
        array([1.5, 0.5])
        """
        parents = self._rows(parents)
        v = as_floats(directions, "directions", "of shape (m, d)")
        if v.shape != (wanted := (len(parents), self.dim)):
            raise ValueError(f"directions must have shape {wanted}, got {v.shape}")
        e = as_floats(steps, "steps", "of shape (m,) or ()")
        if e.shape not in ((), parents.shape):
            raise ValueError(f"steps must have shape {parents.shape}, got {e.shape}")
        refuse_nonfinite(v, "directions")
        refuse_nonfinite(np.atleast_1d(e), "steps")
        offsets = np.broadcast_to(e, parents.shape)[:, None] * v
        positions, weights = self.positions.copy(), self.weights.copy()
        positions[parents] += offsets
        weights[parents] *= 0.5
        return ParticleSet(
            np.vstack([positions, self.positions[parents] - offsets]),
            np.concatenate([weights, weights[parents]]),
        )

    def _rows(self, parents) -> np.ndarray:
        """Different rows, (m,)."""
        rows = np.ravel(parents)
        whole = rows.dtype.kind in "iu" or not rows.size
        inside = set(rows.tolist()).intersection(range(len(self)))
        if not whole or len(inside) < len(rows):
            raise ValueError(
                f"parents must be different rows below {len(self)}, got {rows}"
            )
        return rows.astype(int)

    # ------------------------------------------------------------- summaries
    def expect(self, f: Callable) -> np.ndarray:
        r"""Expectation :math:`\sum_i w_i f(x_i) / \sum_i w_i`.

        Parameters
        ----------
        f : callable
            Takes the positions (n, d), returns (n,) or (n, ...).

        Raises
        ------
        ValueError
            When f does not return one value for each particle, or the weights sum
            to zero.
        """
        as_callable(f, "f", "(n, d) -> (n, ...)")
        values = np.asarray(f(self.positions.copy()))
        if values.shape[:1] != (len(self),):
            raise ValueError(
                f"f must return one value a particle, shape ({len(self)}, ...), "
                f"got {values.shape}"
            )
        return np.tensordot(self.probabilities, values, axes=1)

    def mean(self) -> np.ndarray:
        """Mean, shape (d,)."""
        return self.probabilities @ self.positions

    def cov(self) -> np.ndarray:
        """Covariance of the measure (no n / (n - 1)), shape (d, d)."""
        offsets = self.positions - self.mean()
        return (self.probabilities[:, None] * offsets).T @ offsets

    def std(self) -> np.ndarray:
        """Standard deviations of the measure, shape (d,)."""
        offsets = self.positions - self.mean()
        # negative weights may leave a sum below zero
        return np.sqrt(np.maximum(self.probabilities @ offsets**2, 0.0))

    def quantile(self, q: ArrayLike) -> np.ndarray:
        """Quantiles of each coordinate.

        The distribution function is taken to be linear between the midpoints of its
        steps, so particles at the (i - 1/2)/n quantiles of a law give those back.

        Parameters
        ----------
        q : array_like
            Probabilities in [0, 1].

        Returns
        -------
        ndarray, shape ``q.shape + (d,)``

        Raises
        ------
        ValueError
            When a probability is outside [0, 1] or a weight is negative.

        Examples
        --------
        >>> import splitparticles as sp
        >>> sp.ParticleSet([[1.0], [2.0], [3.0], [4.0]]).quantile([0.25, 0.5])
        array([[1.5],
               [2.5]])
        """
        q = as_floats(q, "q", "in [0, 1]")
        if not ((q >= 0) & (q <= 1)).all():
            raise ValueError(f"q must be in [0, 1], got {q}")
        w = self.probabilities
        if w.min() < 0:
            raise ValueError("quantiles need weights that are not negative")
        columns = []
        for column in self.positions.T:
            order = np.argsort(column, kind="stable")
            middle = np.cumsum(w[order]) - 0.5 * w[order]
            columns.append(np.interp(q, middle, column[order]))
        return np.stack(columns, axis=-1)

    def resample(self, m: int, *, rng=None) -> np.ndarray:
        """Draw m equally weighted points by systematic resampling.

        Parameters
        ----------
        m : int
        rng : None, int, Generator, optional
            Anything ``np.random.default_rng`` takes.

        Returns
        -------
        ndarray, shape (m, d)
            Particle i occurs ``m w_i`` times, rounded up or down; shuffled.
        """
        m, rng = as_rows(m, "m", self.dim), as_rng(rng)
        return self.positions[systematic_rows(self.probabilities, m, rng)]


def systematic_rows(w: np.ndarray, m: int, rng: np.random.Generator) -> np.ndarray:
    """Rows (m,) of weights w that sum to one, by systematic resampling; shuffled."""
    if w.min() < 0:
        raise ValueError("resampling needs weights that are not negative")
    levels = (np.arange(m) + rng.random()) / m
    return rng.permutation(np.searchsorted(np.cumsum(w), levels).clip(max=len(w) - 1))
