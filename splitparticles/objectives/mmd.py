r"""Maximum mean discrepancy: how far particles are from draws, or from a closed form.

.. math:: F(\mu) = \tfrac12 \mathrm{MMD}^2
          = \tfrac12 \sum_{ij} w_i w_j k(x_i, x_j) - \sum_i w_i m_p(x_i)
          + \tfrac12 \|m_p\|^2

with the target's mean embedding :math:`m_p` (key ``G12`` in docs/references.bib).
Its witness is :math:`h(x) = \sum_j w_j k(x, x_j) - m_p(x)`.
"""

from .._compiled.compiler import has_profile
from .._validation import as_weights
from ..draws.draws import Draws
from ..draws.labelled import as_draws
from ..kernels.kernel_sums import (
    kernel_pairs,
    kernel_sum,
    kernel_sum_gradient,
    kernel_sum_hessian,
    kernel_sum_hessian_product,
)
from ..kernels.polynomial import Quadratic
from ..kernels.radial import Gaussian, at_bandwidth, checked_kernel
from ..targets import GaussianMixture
from .discrepancy import Discrepancy
from .mean_embedding import MixtureEmbedding, MomentEmbedding, SampleEmbedding
from .objective import FirstVariation, points


class MMD(Discrepancy):
    r"""Half the squared maximum mean discrepancy to draws or to a mixture.

    Parameters
    ----------
    kernel : kernel tuple
        Any radial kernel, or `Quadratic`, which matches mean and second moments.
    draws_or_target : array_like, shape (N, d), or GaussianMixture
        A mixture is taken in closed form and needs the `Gaussian` kernel.  A mean
        embedding under this kernel is taken as it is.
    weights : array_like, shape (N,), optional
        Of the draws; not negative, scaled to sum to one.  Equal when left out.

    Raises
    ------
    TypeError, ValueError
        When the kernel is not one, the draws are not finite and real, the weights do
        not fit, or a mixture comes with another kernel.

    Examples
    --------
    >>> import splitparticles as sp
    >>> F = sp.MMD(sp.Gaussian(1.0), [[-1.0], [1.0]])
    >>> round(F.value(sp.ParticleSet([[0.0]])), 6)
    0.177303
    >>> F.value(sp.ParticleSet([[1.0], [-1.0]]))
    0.0
    """

    def __init__(self, kernel: tuple, draws_or_target, weights=None):
        if not (has_profile(kernel) or isinstance(kernel, Quadratic)):
            raise TypeError(
                "kernel must be Quadratic or a kernel tuple with a profile, "
                f"got {kernel!r}"
            )
        self.kernel = checked_kernel(kernel)
        self.embedding = _embedding(self.kernel, draws_or_target, weights)

    def _points(self, particles, at=None):
        """Points where to look, after a look at the number of coordinates."""
        if particles.dim != self.embedding.dim:
            raise ValueError(
                f"particles must have {self.embedding.dim} coordinates like the "
                f"target, got {particles.dim}"
            )
        return points(particles, at)

    def value(self, particles):
        """Half the squared MMD."""
        x, w = self._points(particles), particles.weights
        own = kernel_sum(self.kernel, x, x, w)
        return self._value(w, own, self.embedding.value(x))

    def _value(self, w, own, target):
        squared = w @ own - 2.0 * w @ target + self.embedding.squared_norm
        return 0.5 * max(float(squared), 0.0)

    def witness(self, particles, at=None):
        """Kernel mean of the particles minus that of the target, (m,)."""
        x = self._points(particles, at)
        own = kernel_sum(self.kernel, x, particles.positions, particles.weights)
        return own - self.embedding.value(x)

    def witness_gradient(self, particles, at=None):
        """Gradient of the witness, (m, d)."""
        x = self._points(particles, at)
        own = kernel_sum_gradient(
            self.kernel, x, particles.positions, particles.weights
        )
        return own[1] - self.embedding.value_and_gradient(x)[1]

    def first_variation(self, particles):
        """Value, witness and gradient in one pass."""
        x, w = self._points(particles), particles.weights
        own, own_slope = kernel_sum_gradient(self.kernel, x, x, w)
        target, target_slope = self.embedding.value_and_gradient(x)
        value = self._value(w, own, target)
        return FirstVariation(value, own - target, own_slope - target_slope)

    def witness_hessian_product(self, particles, directions):
        """Hessian of the witness at x_i times ``directions[i]``, (n, d)."""
        x, w = particles.positions, particles.weights
        own = kernel_sum_hessian_product(self.kernel, x, x, w, directions)
        return own - self.embedding.hessian_product(x, directions)

    def witness_hessian(self, particles):
        """Hessian of the witness at the particles, (n, d, d)."""
        x, w = particles.positions, particles.weights
        return kernel_sum_hessian(self.kernel, x, x, w) - self.embedding.hessian(x)

    def kernel_pairs(self, x, y):
        """Kernel ``k(x_i, y_i)``, (m,)."""
        return kernel_pairs(self.kernel, x, y)

    # ------------------------------------------------------- coarse to fine
    @property
    def bandwidth(self):
        """Bandwidth of the kernel, None when it has none."""
        return getattr(self.kernel, "bandwidth", None)

    @property
    def target_sd(self):
        """Mean standard deviation of the target's coordinates."""
        return self.embedding.target_sd

    def coarsened(self, bandwidth):
        """Return the MMD to the same target under a wider kernel."""
        kernel = at_bandwidth(self.kernel, bandwidth)
        if kernel is None or bandwidth <= self.bandwidth:
            return None
        return MMD(kernel, self.embedding.at_kernel(kernel))


def _embedding(kernel, target, weights):
    """Mean embedding of draws or of a mixture."""
    if isinstance(target, (SampleEmbedding, MixtureEmbedding, MomentEmbedding)):
        return target
    if isinstance(target, GaussianMixture):
        if not isinstance(kernel, Gaussian) or weights is not None:
            raise ValueError(
                "a GaussianMixture needs the Gaussian kernel and no weights; "
                f"got {kernel} and weights={weights!r}"
            )
        return MixtureEmbedding(kernel, target)
    draws = as_draws(target, "draws")
    if weights is not None:
        weights = as_weights(weights, "weights", len(draws))
    draws = Draws(draws, weights)
    return SampleEmbedding(kernel, draws, draws.moments())
