r"""Prototypes as neurons: bells about points of the inputs' space.

A prototype has output weights c (k of them) and a place m (p), and a bell
:math:`\varphi(|x - m|^2)`, the profile of a radial kernel.  With

.. math:: |x - m|^2 = \theta \cdot \tilde x, \qquad
          \theta = (-2m, |m|^2, 1), \qquad \tilde x = (x, 1, |x|^2),

it is a neuron whose activation is the profile and whose coefficients are a function of
m: sums over the data are those of `splitparticles.networks.network_sums`, and a sum
:math:`G = \sum_i s_i \tilde x_i` in the coefficients gives :math:`2 (m\,G_1 - G_x)` in
m.  Inputs are centred first, so that squares cancel little.
"""

import numpy as np
from numpy.typing import ArrayLike

from .._compiled.compiler import has_profile, profile
from .._linalg import row_dot
from ..kernels.bandwidth import median_bandwidth
from ..kernels.radial import Gaussian, checked_kernel, is_conditional
from .losses import Loss
from .mean_loss import MeanLoss
from .network_sums import (
    correlations,
    hessian_products,
    in_blocks,
    network_outputs,
    neuron_sums,
    squares,
)


class PrototypeNetwork(MeanLoss):
    r"""Mean loss of a sum of bells about prototypes, as a functional of them.

    .. math:: F(\mu) = E\Big[\Phi\Big(\sum_i w_i\, c_i\, k(x, m_i),\ y\Big)\Big]

    A prototype is a point of the inputs' space with a weight for each output, so it can
    be shown as what the inputs are, such as an image.  Its coordinates are the output
    weights c (k) and the point m (p), in this order.  Prototype layers: key ``LLCR18``
    in docs/references.bib, whose activation is the distance and not a bell.

    Parameters
    ----------
    loss : Loss
        Such as `splitparticles.networks.losses.Softmax`.
    inputs : array_like, shape (N,) or (N, p)
        In raw or in code coordinates.
    outputs : array_like
        Targets of the loss: (N,), or (N, k) for a squared loss.
    kernel : kernel tuple, optional
        The bell: a radial kernel, smooth at distance zero.  By default `Gaussian`, of
        the inputs' `median_bandwidth`.
    decay : float
        Weight decay: :math:`\tfrac12` decay :math:`\int |c|^2 d\mu` is added to the
        loss.
    offset : array_like, shape (N,) or (N, k), optional
        Added to the outputs on the data.

    Raises
    ------
    TypeError, ValueError
        When the data are not finite numbers of such shapes, or the kernel is no smooth
        radial kernel.

    Examples
    --------
    >>> import numpy as np, splitparticles as sp
    >>> x, kernel = [[0.0, 0.0], [0.0, 2.0]], sp.Gaussian(1.0)
    >>> F = sp.PrototypeNetwork(sp.losses.Softmax(), x, [0, 1], kernel=kernel)
    >>> one = sp.ParticleSet([[3.0, 0.0, 0.0, 0.0]])  # weights of two classes, point
    >>> F.predict(one).round(4)
    array([[3.   , 0.   ],
           [0.406, 0.   ]])
    >>> two = sp.Insertion()(F, one, 1, np.random.default_rng(0)).particles
    >>> len(two), F.predict(two).argmax(axis=1)
    (2, array([0, 1]))
    """

    def __init__(
        self,
        loss: Loss,
        inputs: ArrayLike,
        outputs: ArrayLike,
        *,
        kernel=None,
        decay: float = 0.0,
        offset: ArrayLike | None = None,
    ):
        super().__init__(loss, inputs, outputs, decay, offset)
        if kernel is None:
            kernel = Gaussian(median_bandwidth(self.inputs))
        self._neurons = Prototypes(kernel, self.n_outputs, self.inputs)
        self._blocks = self._neurons.in_blocks(self.inputs)

    @property
    def kernel(self) -> tuple:
        """Bell of the prototypes."""
        return self._neurons.kernel


class Prototypes:
    """Coordinates of prototypes, and their sums over inputs; methods of `Neurons`."""

    arguments_decay = False  # the origin is no better a place than any other

    def __init__(self, kernel, n_outputs, inputs):
        self.centre = inputs.mean(axis=0)
        self.kernel = _checked_bell(kernel, inputs - self.centre)
        self.n_outputs, self.dim = n_outputs, n_outputs + inputs.shape[1]

    @property
    def labels(self) -> np.ndarray:
        """Mask (dim,) of coordinates that never move: none."""
        return np.zeros(self.dim, dtype=bool)

    @property
    def decays(self) -> np.ndarray:
        """Mask of the coordinates that decay, the output weights, (dim,)."""
        return np.arange(self.dim) < self.n_outputs

    # ------------------------------------------------------------- coordinates
    def output_weights(self, x) -> np.ndarray:
        """Output weights (m, k) of prototypes."""
        if x.shape[1] != self.dim:
            raise ValueError(
                f"prototypes of this network have {self.dim} coordinates, "
                f"got {x.shape[1]}"
            )
        return x[:, : self.n_outputs]

    def arguments(self, x) -> np.ndarray:
        """Points (m, p) of prototypes."""
        return x[:, self.n_outputs :]

    def joined(self, of_c, of_point) -> np.ndarray:
        """Coordinates (m, dim) from their parts."""
        return np.hstack([of_c, of_point])

    def with_outputs(self, x, c) -> np.ndarray:
        """Prototypes with other output weights."""
        return self.joined(c, self.arguments(x))

    def scattered(self, inputs, many, rng) -> np.ndarray:
        """Prototypes (many, dim) at random inputs."""
        rows = inputs[rng.integers(len(inputs), size=many)]
        return self.joined(np.ones((many, self.n_outputs)), rows)

    # -------------------------------------------------------------------- sums
    def in_blocks(self, inputs) -> np.ndarray:
        """Inputs (N, p) in blocks, centred, with one and their squared norm."""
        x = inputs - self.centre
        return in_blocks(np.column_stack([x, np.ones(len(x)), row_dot(x, x)]))

    def outputs(self, x, weights, inputs) -> np.ndarray:
        """Outputs of weighted prototypes at inputs in blocks, (B M, k)."""
        c = weights[:, None] * self.output_weights(x)
        return network_outputs(self.kernel, inputs, self._coefficients(x), c)

    def correlations(self, inputs, r, x, c) -> tuple:
        """Sums (m, k) of r times bells, and (m, p) their slopes for outputs c."""
        return self._sums(correlations, inputs, r, x, c)

    def squares(self, inputs, r, x, c) -> tuple:
        """The same of squared bells."""
        return self._sums(squares, inputs, r, x, c)

    def hessian_products(self, inputs, r, x, directions) -> tuple:
        """Derivatives of those sums along directions (m, dim)."""
        c, u = self.output_weights(x), self.output_weights(directions)
        z, v = self.arguments(x) - self.centre, self.arguments(directions)
        theta = self._coefficients(x)
        turned = np.column_stack([-2.0 * v, 2.0 * row_dot(z, v), np.zeros(len(v))])
        _, G = neuron_sums(correlations, self.kernel, inputs, r, theta, c)
        arrays = inputs, r, theta, c, turned, u
        of_c, of_theta = neuron_sums(hessian_products, self.kernel, *arrays)
        return of_c, _pulled(z, of_theta) + 2.0 * v * G[:, -2, None]

    def _sums(self, loop, inputs, r, x, c):
        theta = self._coefficients(x)
        of_c, of_theta = neuron_sums(loop, self.kernel, inputs, r, theta, c)
        return of_c, _pulled(self.arguments(x) - self.centre, of_theta)

    def _coefficients(self, x):
        """Coefficients of the squared distance, (m, p + 2)."""
        z = self.arguments(x) - self.centre
        # a bell so far out that its square overflows is zero; infinities would be NaN
        norms = np.minimum(row_dot(z, z), 1e300)
        return np.column_stack([-2.0 * z, norms, np.ones(len(z))])


def _pulled(z, of_theta):
    """Slopes in centred points z (m, p), from those in the coefficients (m, p + 2)."""
    return 2.0 * (z * of_theta[:, -2, None] - of_theta[:, :-2])


def _checked_bell(kernel, x) -> tuple:
    """Radial kernel, smooth where rounding makes a squared distance negative."""
    if not has_profile(kernel) or len(profile(kernel, 0.5)) != 5:
        raise TypeError(f"kernel must be a radial kernel tuple, got {kernel!r}")
    kernel = checked_kernel(kernel)
    rounding = float(64.0 * np.finfo(float).eps * row_dot(x, x).max())
    try:
        rounded, exact = (np.array(profile(kernel, u)) for u in (-rounding, 0.0))
        smooth = np.allclose(rounded, exact, rtol=1e-6, atol=0.0)
    except (ArithmeticError, ValueError):
        smooth = False
    if is_conditional(kernel) or not smooth:
        raise ValueError(
            "kernel must be a bell that is smooth at distance zero, of a bandwidth "
            f"above the rounding of the inputs, got {kernel!r}"
        )
    return kernel
