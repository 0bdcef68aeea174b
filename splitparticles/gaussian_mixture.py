r"""Gaussian mixtures, and the contract that every target keeps.

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

`Target` checks the arrays and documents these methods once; a subclass writes
only the formulas, in methods of the same names with a leading underscore.  The
mixture :math:`p = \sum_c w_c\, N(m_c, \Sigma_c)` comes first, because its
derivatives are the cumulants of its components' scores under the
responsibilities, and every one of them is in closed form.
"""

import operator
from reprlib import repr as brief

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp

__all__ = ["GaussianMixture", "SampledTarget", "Target"]

Array = NDArray[np.float64]


def real_array(name: str, value: ArrayLike) -> Array:
    """Return a fresh finite float64 copy of `value`, or raise naming `name`."""
    array = _floats(name, value).copy()
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got {brief(array.tolist())}")
    return array


def check_integer(name: str, value: int, least: int) -> int:
    """Return `value` as an int not below `least`, or raise naming `name`."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {value!r}") from None
    if number < least:
        raise ValueError(f"{name} must be at least {least}, got {number}")
    return number


def check_covariance(name: str, array: Array) -> Array:
    """Return matrices (..., d, d) made exactly symmetric, or raise naming `name`."""
    flipped = np.swapaxes(array, -1, -2)
    # Rounding in the caller's own arithmetic is forgiven, a wrong matrix is not.
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


def _floats(name: str, value: ArrayLike) -> Array:
    try:
        if np.iscomplexobj(value):  # numpy would only warn, and drop the rest
            raise TypeError
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        message = f"{name} must hold real numbers, got {brief(value)}"
        raise TypeError(message) from None


class Target:
    """A density on R^d, d = `dim`, known through its log and three derivatives."""

    dim: int

    def log_density(self, x: ArrayLike) -> Array:
        r"""Return :math:`\log p(x_i)`, normalised unless the class says otherwise.

        Shapes: `x` (n, d), result (n,).

        Raises
        ------
        TypeError, ValueError
            If `x` is not an (n, d) array of real numbers.
        """
        return self._log_density(*self._batch(x=x))

    def score(self, x: ArrayLike) -> Array:
        r"""Return the scores :math:`s(x_i) = \nabla \log p(x_i)`.

        Shapes: `x` (n, d), result (n, d).

        Raises
        ------
        TypeError, ValueError
            If `x` is not an (n, d) array of real numbers.
        """
        return self._score(*self._batch(x=x))

    def score_product(self, x: ArrayLike, v: ArrayLike) -> Array:
        r"""Return Hessians times directions, :math:`\nabla^2 \log p(x_i)\, v_i`.

        Shapes: `x` and `v` (n, d), paired by row, result (n, d).

        Raises
        ------
        TypeError, ValueError
            If `x` or `v` is not an (n, d) array of real numbers, or n differs.
        """
        return self._score_product(*self._batch(x=x, v=v))

    def score_curvature(self, x: ArrayLike, u: ArrayLike, v: ArrayLike) -> Array:
        r"""Return third derivatives contracted with two directions.

        .. math:: \big(\nabla^3 \log p(x_i)[u_i, v_i]\big)_k
                  = \sum_{ab} \partial_{abk} \log p(x_i)\, u_{ia} v_{ib}

        Shapes: `x`, `u` and `v` (n, d), paired by row, result (n, d).

        Raises
        ------
        TypeError, ValueError
            If `x`, `u` or `v` is not an (n, d) array of real numbers, or n differs.
        """
        return self._score_curvature(*self._batch(x=x, u=u, v=v))

    def _batch(self, **arrays: ArrayLike) -> list[Array]:
        """Check points x (n, d), and any directions, which share the shape of x."""
        checked = [_floats(name, value) for name, value in arrays.items()]
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

    def sample(self, m: int, rng=None) -> Array:
        """Draw `m` independent points, shape (m, d).

        `rng` is whatever `numpy.random.default_rng` takes (SPEC 7): a Generator,
        which is then advanced, a seed, or None for fresh entropy.

        Raises
        ------
        TypeError, ValueError
            If `m` is not an integer, or negative.
        """
        return self._sample(check_integer("m", m, 0), np.random.default_rng(rng))


class GaussianMixture(SampledTarget):
    r"""A finite mixture of Gaussians.

    .. math:: p(x) = \sum_c w_c\, N(x;\, m_c, \Sigma_c)

    With the responsibilities :math:`r_c \propto w_c N(x; m_c, \Sigma_c)`, the
    precisions :math:`P_c = \Sigma_c^{-1}`, the component scores
    :math:`s_c = -P_c (x - m_c)` and their deviations :math:`a_c = s_c - s`,

    .. math::
        s &= \textstyle\sum_c r_c s_c, \qquad
        \nabla s\, v = \sum_c r_c \{ (a_c \cdot v)\, a_c - P_c v \}, \\
        \nabla^2 s\, [u, v] &= \textstyle\sum_c r_c \{
            [(a_c \cdot u)(a_c \cdot v) - u \cdot P_c v]\, a_c
            - (a_c \cdot u) P_c v - (a_c \cdot v) P_c u \}.

    Parameters
    ----------
    weights : array_like, shape (C,)
        Nonnegative, with a positive sum; kept normalised to one.
    means : array_like, shape (C, d)
    covariances : array_like, shape (C, d, d) or (C,)
        Symmetric positive definite matrices, or isotropic variances.

    Attributes
    ----------
    weights, means, covariances : ndarray
        Of shapes (C,), (C, d) and (C, d, d); read-only.

    Raises
    ------
    TypeError, ValueError
        If an argument is not real and finite, or not as said above.

    Examples
    --------
    >>> mixture = GaussianMixture([1, 3], [[-2.0, 0.0], [2.0, 0.0]], [1.0, 1.0])
    >>> mixture.mean.tolist(), mixture.cov.tolist()
    ([1.0, 0.0], [[4.0, 0.0], [0.0, 1.0]])
    >>> mixture.score([[9.0, 1.0]]).round(9).tolist()
    [[-7.0, -1.0]]
    """

    def __init__(self, weights: ArrayLike, means: ArrayLike, covariances: ArrayLike):
        self.weights = real_array("weights", weights)
        self.means = real_array("means", means)
        self.covariances = real_array("covariances", covariances)
        self._check()
        for array in (self.weights, self.means, self.covariances):
            # The factors below are computed once, so the arrays must not drift.
            array.setflags(write=False)
        self._factors = np.linalg.cholesky(self.covariances)
        self._whiteners = np.linalg.inv(self._factors)
        self._precisions = np.swapaxes(self._whiteners, 1, 2) @ self._whiteners
        diagonals = np.diagonal(self._whiteners, axis1=1, axis2=2)
        heights = np.log(diagonals / np.sqrt(2 * np.pi)).sum(axis=1)
        with np.errstate(divide="ignore"):  # a weight of zero has log -inf
            self._log_heights = np.log(self.weights) + heights

    def _check(self) -> None:
        """Settle `dim`, and the normalised weights and full covariances."""
        weights, means, covariances = self.weights, self.means, self.covariances
        if weights.ndim != 1 or weights.size == 0:
            raise ValueError(f"weights must have shape (C,), got {weights.shape}")
        if weights.min() < 0 or weights.sum() <= 0:
            wanted = "weights must be nonnegative with a positive sum"
            raise ValueError(f"{wanted}, got {brief(weights.tolist())}")
        count = len(weights)
        if means.ndim != 2 or len(means) != count or means.shape[1] == 0:
            raise ValueError(f"means must have shape ({count}, d), got {means.shape}")
        self.dim = d = means.shape[1]
        if covariances.shape == (count,):
            covariances = covariances[:, None, None] * np.eye(d)
        if covariances.shape != (count, d, d):
            wanted = f"covariances must have shape ({count}, {d}, {d}) or ({count},)"
            raise ValueError(f"{wanted}, got {covariances.shape}")
        self.weights = weights / weights.sum()
        self.covariances = check_covariance("covariances", covariances)

    @property
    def mean(self) -> Array:
        r"""The mean :math:`m = \sum_c w_c m_c`, shape (d,)."""
        return self.weights @ self.means

    @property
    def cov(self) -> Array:
        r"""The covariance :math:`\sum_c w_c \{\Sigma_c + (m_c-m)(m_c-m)^T\}`."""
        offsets = self.means - self.mean
        between = (self.weights[:, None] * offsets).T @ offsets
        return np.tensordot(self.weights, self.covariances, axes=1) + between

    def _log_terms(self, x: Array) -> tuple[Array, Array]:
        """Return log w_c N(x_i; m_c, S_c), (C, n), and whitened offsets (C, n, d)."""
        white = (x - self.means[:, None]) @ np.swapaxes(self._whiteners, 1, 2)
        return self._log_heights[:, None] - 0.5 * np.sum(white**2, axis=2), white

    def _moments(self, x: Array) -> tuple[Array, Array, Array]:
        """Return responsibilities (C, n, 1), the score (n, d) and a_c (C, n, d)."""
        logs, white = self._log_terms(x)
        # Subtracting in the log keeps the ratio alive where every term underflows.
        parts = np.exp(logs - logsumexp(logs, axis=0))[:, :, None]
        scores = -white @ self._whiteners
        score = np.sum(parts * scores, axis=0)
        return parts, score, scores - score

    def _log_density(self, x: Array) -> Array:
        return logsumexp(self._log_terms(x)[0], axis=0)

    def _score(self, x: Array) -> Array:
        return self._moments(x)[1]

    def _score_product(self, x: Array, v: Array) -> Array:
        parts, _, a = self._moments(x)
        along_v = np.sum(a * v, axis=2, keepdims=True)
        return np.sum(parts * (along_v * a - v @ self._precisions), axis=0)

    def _score_curvature(self, x: Array, u: Array, v: Array) -> Array:
        parts, _, a = self._moments(x)
        along_u = np.sum(a * u, axis=2, keepdims=True)
        along_v = np.sum(a * v, axis=2, keepdims=True)
        stiff_u, stiff_v = u @ self._precisions, v @ self._precisions
        crossed = np.sum(u * stiff_v, axis=2, keepdims=True)
        terms = (along_u * along_v - crossed) * a - along_u * stiff_v
        return np.sum(parts * (terms - along_v * stiff_u), axis=0)

    def _sample(self, m: int, rng: np.random.Generator) -> Array:
        labels = rng.choice(len(self.weights), size=m, p=self.weights)
        x = rng.standard_normal((m, self.dim))
        for c, factor in enumerate(self._factors):
            x[labels == c] = self.means[c] + x[labels == c] @ factor.T
        return x
