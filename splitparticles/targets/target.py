r"""Interface of a target density.

A target is a probability density :math:`p` on :math:`\mathbb{R}^d` whose
logarithm we can differentiate three times.  For points ``x`` of shape (n, d),
one per row, it answers row by row

======================== ======== ============================================
``log_density(x)``       (n,)     :math:`\log p(x_i)`
``score(x)``             (n, d)   :math:`s(x_i) = \nabla \log p(x_i)`
``score_product(x, v)``  (n, d)   :math:`\nabla s(x_i)\, v_i`
``score_curvature(...)`` (n, d)   :math:`\nabla^2 s(x_i)\,[u_i, v_i]`
``sample(m, rng)``       (m, d)   independent draws, where these are possible
======================== ======== ============================================

`Target` checks the arrays and documents these methods once; a subclass writes only
the formulas, in methods of the same names with a leading underscore.
"""

from collections.abc import Callable
from reprlib import repr as brief

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._validation import as_floats, as_rng, as_rows, refuse_nonfinite

Array = NDArray[np.float64]


def real_array(name: str, value: ArrayLike) -> Array:
    """Finite float64 copy of `value`; an error names `name`."""
    array = as_floats(value, name, "that are finite")
    refuse_nonfinite(np.atleast_1d(array), name)
    return array


def check_covariance(name: str, array: Array) -> Array:
    """Matrices (..., d, d) made exactly symmetric; an error names `name`."""
    flipped = np.swapaxes(array, -1, -2)
    # Rounding of the arithmetic that made it is forgiven, a wrong matrix is not.
    slack = 1e-10 * np.max(np.abs(array), axis=(-1, -2), keepdims=True)
    if np.any(np.abs(array - flipped) > slack):
        raise ValueError(f"{name} must be symmetric, got {brief(array.tolist())}")
    symmetric = (array + flipped) / 2
    try:
        np.linalg.cholesky(symmetric)
    except np.linalg.LinAlgError:
        least = np.linalg.eigvalsh(symmetric).min()
        message = f"{name} must be positive definite, got least eigenvalue {least:g}"
        raise ValueError(message) from None
    return symmetric


class Target:
    """A density on R^d, d = `dim`: its log and three derivatives.

    All methods raise TypeError or ValueError for arrays that are not real and of the
    shapes said.
    """

    dim: int
    _log_density: Callable[..., Array]
    _score: Callable[..., Array]
    _score_product: Callable[..., Array]
    _score_curvature: Callable[..., Array]

    def log_density(self, x: ArrayLike) -> Array:
        r"""Return :math:`\log p(x_i)`, normalised unless the class says otherwise.

        Shapes: `x` (n, d), result (n,).
        """
        return self._log_density(*self._batch(x=x))

    def score(self, x: ArrayLike) -> Array:
        r"""Return the scores :math:`s(x_i) = \nabla \log p(x_i)`.

        Shapes: `x` (n, d), result (n, d).
        """
        return self._score(*self._batch(x=x))

    def score_product(self, x: ArrayLike, v: ArrayLike) -> Array:
        r"""Return Hessians times directions, :math:`\nabla^2 \log p(x_i)\, v_i`.

        Shapes: `x` and `v` (n, d), paired by row, result (n, d).
        """
        return self._score_product(*self._batch(x=x, v=v))

    def score_curvature(self, x: ArrayLike, u: ArrayLike, v: ArrayLike) -> Array:
        r"""Return third derivatives contracted with two directions.

        .. math:: \big(\nabla^3 \log p(x_i)[u_i, v_i]\big)_k
                  = \sum_{ab} \partial_{abk} \log p(x_i)\, u_{ia} v_{ib}

        Shapes: `x`, `u` and `v` (n, d), paired by row, result (n, d).
        """
        return self._score_curvature(*self._batch(x=x, u=u, v=v))

    def _batch(self, **arrays: ArrayLike) -> list[Array]:
        """Check points x (n, d), and any directions, which share the shape of x."""
        checked = [
            as_floats(value, name, "of shape (n, d)") for name, value in arrays.items()
        ]
        x, *directions = checked
        if x.ndim != 2 or x.shape[1] != self.dim:
            raise ValueError(f"x must have shape (n, {self.dim}), got {x.shape}")
        for name, array in zip(list(arrays)[1:], directions, strict=True):
            if array.shape != x.shape:
                wanted = f"{name} must have the shape {x.shape} of x"
                raise ValueError(f"{wanted}, got {array.shape}")
        return checked


class SampledTarget(Target):
    """A target that can also be drawn from exactly, of known `mean` and `cov`."""

    mean: Array
    cov: Array
    _sample: Callable[..., Array]

    def sample(self, m: int, rng=None) -> Array:
        """Draw `m` independent points, shape (m, d).

        `rng` is whatever `numpy.random.default_rng` takes (SPEC 7): a Generator,
        which is then advanced, a seed, or None for fresh entropy.
        """
        return self._sample(as_rows(m, "m", self.dim, 0), as_rng(rng))


def real_number(name: str, value: float, positive: bool = True) -> float:
    """Finite float, positive unless `positive` is false."""
    if isinstance(value, bool):
        raise TypeError(f"{name} must be a number, got {value!r}")
    number = real_array(name, value)
    if number.ndim != 0:
        raise ValueError(f"{name} must be a number, got shape {number.shape}")
    if positive and number <= 0:
        raise ValueError(f"{name} must be positive, got {value!r}")
    return float(number)
