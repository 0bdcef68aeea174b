r"""Gaussian mixtures, :math:`p = \sum_c w_c\, N(m_c, \Sigma_c)`, and one Gaussian.

The derivatives of a mixture's log density are the cumulants of its components' scores
under the responsibilities, and every one of them is in closed form.
"""

from reprlib import repr as brief

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from .._linalg import row_dot
from .._validation import summing_to_one
from .target import Array, SampledTarget, check_covariance, real_array


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
    mean, cov : ndarray
        :math:`m = \sum_c w_c m_c` (d,) and :math:`\sum_c w_c \{\Sigma_c +
        (m_c - m)(m_c - m)^T\}` (d, d).

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
            # The factors below are computed once: these arrays must stay as they are.
            array.setflags(write=False)
        self._factors = np.linalg.cholesky(self.covariances)
        self._whiteners = np.linalg.inv(self._factors)
        self._precisions = np.swapaxes(self._whiteners, 1, 2) @ self._whiteners
        diagonals = np.diagonal(self._whiteners, axis1=1, axis2=2)
        heights = np.log(diagonals / np.sqrt(2 * np.pi)).sum(axis=1)
        self.mean = self.weights @ self.means
        offsets = self.means - self.mean
        between = (self.weights[:, None] * offsets).T @ offsets
        self.cov = np.tensordot(self.weights, self.covariances, axes=1) + between
        with np.errstate(divide="ignore"):  # a weight of zero has log -inf
            self._log_heights = np.log(self.weights) + heights

    def _check(self) -> None:
        """Check the shapes; set `dim`, normalised weights and full covariances."""
        weights, means, covariances = self.weights, self.means, self.covariances
        if weights.ndim != 1 or weights.size == 0:
            raise ValueError(f"weights must have shape (C,), got {weights.shape}")
        if weights.min() < 0 or weights.max() == 0:
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
        self.weights = summing_to_one(weights)
        self.covariances = check_covariance("covariances", covariances)

    def _log_terms(self, x: Array) -> tuple[Array, Array]:
        """Return log w_c N(x_i; m_c, S_c), (C, n), and whitened offsets (C, n, d)."""
        white = (x - self.means[:, None]) @ np.swapaxes(self._whiteners, 1, 2)
        return self._log_heights[:, None] - 0.5 * row_dot(white, white), white

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
        along_v = row_dot(a, v)[:, :, None]
        return np.sum(parts * (along_v * a - v @ self._precisions), axis=0)

    def _score_curvature(self, x: Array, u: Array, v: Array) -> Array:
        parts, _, a = self._moments(x)
        along_u = row_dot(a, u)[:, :, None]
        along_v = row_dot(a, v)[:, :, None]
        stiff_u, stiff_v = u @ self._precisions, v @ self._precisions
        crossed = row_dot(u, stiff_v)[:, :, None]
        terms = (along_u * along_v - crossed) * a - along_u * stiff_v
        return np.sum(parts * (terms - along_v * stiff_u), axis=0)

    def _sample(self, m: int, rng: np.random.Generator) -> Array:
        labels = rng.choice(len(self.weights), size=m, p=self.weights)
        x = rng.standard_normal((m, self.dim))
        for c, factor in enumerate(self._factors):
            x[labels == c] = self.means[c] + x[labels == c] @ factor.T
        return x


class Gaussian(GaussianMixture):
    r"""The Gaussian :math:`N(m, \Sigma)`, a mixture of one component.

    .. math:: \log p(x) = -\tfrac12 (x-m)^T \Sigma^{-1} (x-m)
              - \tfrac12 \log\det(2\pi\Sigma)

    Parameters
    ----------
    mean : array_like, shape (d,)
    covariance : array_like, shape (d, d) or ()
        Symmetric positive definite, or one isotropic variance.

    Examples
    --------
    >>> Gaussian([1.0, 0.0], 4.0).score([[5.0, 2.0]]).tolist()
    [[-1.0, -0.5]]
    """

    def __init__(self, mean: ArrayLike, covariance: ArrayLike):
        mean = real_array("mean", mean)
        covariance = real_array("covariance", covariance)
        if mean.ndim != 1 or mean.size == 0:
            raise ValueError(f"mean must have shape (d,), got {mean.shape}")
        d = mean.size
        if covariance.shape not in {(), (d, d)}:
            raise ValueError(
                f"covariance must have shape ({d}, {d}) or (), got {covariance.shape}"
            )
        if covariance.ndim == 0:
            covariance = covariance * np.eye(d)
        # Checked here as well: the mixture would call it "covariances".
        covariance = check_covariance("covariance", covariance)
        super().__init__([1.0], mean[None], covariance[None])
