r"""Mean embeddings: a target as seen by a kernel.

.. math:: m_p(x) = \int k(x, y)\,dp(y), \qquad \|m_p\|^2 = \iint k\,dp\,dp.

Of weighted draws they are kernel sums.  Of a Gaussian mixture under the Gaussian
kernel of bandwidth l, with :math:`A_c = \Sigma_c + l^2 I`,

.. math:: m_p(x) = \sum_c w_c\, |I + \Sigma_c / l^2|^{-1/2}
          \exp(-\tfrac12 (x - \mu_c)^T A_c^{-1} (x - \mu_c)),

in closed form.
"""

from copy import copy
from functools import partial

import numpy as np

from .._files import Answers
from .._linalg import row_dot
from ..kernels.kernel_sums import (
    kernel_sum,
    kernel_sum_gradient,
    kernel_sum_hessian,
    kernel_sum_hessian_product,
)
from ..kernels.radial import Gaussian
from ..targets import GaussianMixture

ROWS = 1024  # of a double sum, between two looks at the time


class SampleEmbedding:
    """Mean embedding of weighted draws.

    Parameters
    ----------
    kernel : kernel tuple
    draws : Draws
    moments : Moments
        Of the draws.
    squared_norm : float, optional
        Double integral of the kernel, where it is known; N^2 terms otherwise, summed
        once when they are asked for.
    """

    def __init__(self, kernel, draws, moments, squared_norm=None):
        self.kernel, self.draws, self.moments = kernel, draws, moments
        self._squared_norm = squared_norm

    @property
    def squared_norm(self) -> float:
        """Double integral of the kernel."""
        if self._squared_norm is None:
            self._squared_norm = self.product(self)
        return self._squared_norm

    def product(self, other: "SampleEmbedding") -> float:
        """Inner product with the embedding of other draws by this kernel."""
        alone = copy(other)  # it may go to a worker, without the checkpoint
        alone.draws = other.draws.with_answers(Answers())

        def ask():
            return sum(self.draws.each(partial(_of_rows, alone)))

        return float(self.draws.answers.answer("product", (), ask)) / self.moments.total

    def at_kernel(self, kernel) -> "SampleEmbedding":
        """Return the embedding of the same draws by another kernel."""
        return SampleEmbedding(kernel, self.draws, self.moments)

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return len(self.moments.mean)

    @property
    def target_sd(self) -> float:
        """Mean standard deviation of the coordinates."""
        return float(np.sqrt(np.diag(self.moments.cov)).mean())

    def _sum(self, sums, x, *more):
        """Sums over the draws, added block by block; an array, or a tuple of them."""

        def ask():
            total = None
            for part in self.draws.each(partial(_of_block, sums, self.kernel, x, more)):
                known = total is not None
                pairs = zip(total, part, strict=True) if known else ()
                total = [a + b for a, b in pairs] if known else part
            total = [a / self.moments.total for a in total]
            return total[0] if len(total) == 1 else tuple(total)

        return self.draws.answers.answer(sums.__name__, (x, *more), ask)

    def value(self, x):
        """``m_p(x_i)``, (m,)."""
        return self._sum(kernel_sum, x)

    def value_and_gradient(self, x):
        """``m_p(x_i)`` (m,) and its gradient (m, d)."""
        return self._sum(kernel_sum_gradient, x)

    def hessian_product(self, x, v):
        """Hessian of ``m_p`` at x_i times v_i, (m, d)."""
        return self._sum(kernel_sum_hessian_product, x, v)

    def hessian(self, x):
        """Hessian of ``m_p`` at x_i, (m, d, d)."""
        return self._sum(kernel_sum_hessian, x)


def _of_rows(other, z, p, first):
    """Sum of an embedding at one block of draws, which a limit of time may end."""
    parts = range(0, len(z), ROWS)
    return sum(p[i : i + ROWS] @ other.value(z[i : i + ROWS]) for i in parts)


class SubspaceEmbedding(SampleEmbedding):
    """Mean embedding of draws with one coordinate more, in which particles are 0."""

    @property
    def dim(self) -> int:
        """Number of coordinates of the particles."""
        return len(self.moments.mean) - 1

    def at_kernel(self, kernel) -> "SubspaceEmbedding":
        """Return the embedding of the same draws by another kernel."""
        return SubspaceEmbedding(kernel, self.draws, self.moments)

    def value(self, x):
        """``m_p(x_i)``, (m,)."""
        return super().value(x if x.shape[1] > self.dim else _padded(x))

    def value_and_gradient(self, x):
        """``m_p(x_i)`` (m,) and its gradient (m, d)."""
        value, gradient = super().value_and_gradient(_padded(x))
        return value, gradient[:, :-1]

    def hessian_product(self, x, v):
        """Hessian of ``m_p`` at x_i times v_i, (m, d)."""
        return super().hessian_product(_padded(x), _padded(v))[:, :-1]

    def hessian(self, x):
        """Hessian of ``m_p`` at x_i, (m, d, d)."""
        return super().hessian(_padded(x))[:, :-1, :-1]


def _padded(x):
    return np.column_stack([x, np.zeros(len(x))])


class MomentEmbedding:
    r"""Mean embedding by `Quadratic` of any law of a mean and a covariance.

    .. math:: m_p(x) = \tfrac12 (1 + \langle x, M x \rangle) + \langle b, x \rangle,
        \qquad M = C + b b^T .
    """

    def __init__(self, mean: np.ndarray, covariance: np.ndarray):
        self.mean, self.M = mean, covariance + np.outer(mean, mean)
        self.dim = len(mean)
        self.target_sd = float(np.sqrt(np.diag(covariance)).mean())
        self.squared_norm = 0.5 + float(mean @ mean + 0.5 * (self.M * self.M).sum())

    def at_kernel(self, kernel) -> "MomentEmbedding":
        """Return the same: the kernel has no scale."""
        return self

    def value(self, x):
        """``m_p(x_i)``, (m,)."""
        return self.value_and_gradient(x)[0]

    def value_and_gradient(self, x):
        """``m_p(x_i)`` (m,) and its gradient (m, d)."""
        Mx = x @ self.M
        return 0.5 + x @ self.mean + 0.5 * row_dot(Mx, x), self.mean + Mx

    def hessian_product(self, x, v):
        """Hessian of ``m_p`` at x_i times v_i, (m, d)."""
        return v @ self.M

    def hessian(self, x):
        """Hessian of ``m_p`` at x_i, (m, d, d)."""
        return np.repeat(self.M[None], len(x), axis=0)


def _of_block(sums, kernel, x, more, z, p, first):
    """Kernel sums over one block of draws, as a tuple."""
    part = sums(kernel, x, z, p, *more)
    return part if isinstance(part, tuple) else (part,)


class MixtureEmbedding:
    """Mean embedding of a Gaussian mixture under a Gaussian kernel."""

    def __init__(self, kernel: Gaussian, mixture: GaussianMixture):
        self.kernel, self.mixture = kernel, mixture
        self._amplitudes, self._precisions = _smoothed(mixture.covariances, kernel)
        self._amplitudes *= mixture.weights

    def at_kernel(self, kernel) -> "MixtureEmbedding":
        """Return the embedding of the same mixture by another kernel."""
        return MixtureEmbedding(kernel, self.mixture)

    @property
    def squared_norm(self) -> float:
        """Double integral of the kernel, over pairs of components."""
        w, means = self.mixture.weights, self.mixture.means
        own = self.mixture.covariances
        pairs = (own[:, None] + own[None]).reshape(-1, *own.shape[1:])
        amplitudes, precisions = _smoothed(pairs, self.kernel)
        gaps = (means[:, None] - means[None]).reshape(-1, means.shape[1])
        far = np.einsum("ci,cij,cj->c", gaps, precisions, gaps)
        return float(np.outer(w, w).ravel() @ (amplitudes * np.exp(-0.5 * far)))

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return self.mixture.dim

    @property
    def target_sd(self) -> float:
        """Mean standard deviation of the coordinates."""
        return float(np.sqrt(np.diag(self.mixture.cov)).mean())

    def _parts(self, x):
        """Terms (m, C) of the embedding and ``A_c^-1 (x - mu_c)``, (C, m, d)."""
        gaps = x[None] - self.mixture.means[:, None]
        pulled = gaps @ self._precisions
        far = np.einsum("cmd,cmd->mc", gaps, pulled)
        return self._amplitudes * np.exp(-0.5 * far), pulled

    def value(self, x):
        """``m_p(x_i)``, (m,)."""
        return self._parts(x)[0].sum(axis=1)

    def value_and_gradient(self, x):
        """``m_p(x_i)`` (m,) and its gradient (m, d)."""
        terms, pulled = self._parts(x)
        return terms.sum(axis=1), -np.einsum("mc,cmd->md", terms, pulled)

    def hessian_product(self, x, v):
        """Hessian of ``m_p`` at x_i times v_i, (m, d)."""
        terms, pulled = self._parts(x)
        along = np.einsum("cmd,md->mc", pulled, v)
        straight = np.einsum("mc,cij,mj->mi", terms, self._precisions, v)
        return np.einsum("mc,cmd->md", terms * along, pulled) - straight

    def hessian(self, x):
        """Hessian of ``m_p`` at x_i, (m, d, d)."""
        terms, pulled = self._parts(x)
        outer = np.einsum("mc,cmi,cmj->mij", terms, pulled, pulled)
        return outer - np.einsum("mc,cij->mij", terms, self._precisions)


def _smoothed(covariances, kernel):
    """``|I + S / l^2|^-1/2`` (C,) and ``(S + l^2 I)^-1`` (C, d, d)."""
    l2 = kernel.bandwidth**2
    identity = np.eye(covariances.shape[-1])
    amplitudes = np.linalg.det(identity + covariances / l2) ** -0.5
    return amplitudes, np.linalg.inv(covariances + l2 * identity)
