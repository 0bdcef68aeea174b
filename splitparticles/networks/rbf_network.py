r"""Least squares of a network of Gaussian neurons, the toy of the papers.

With :math:`\sigma(\theta, x) = e^{-(a x + b)^2 / 2}` and half the mean squared error as
loss, F is half a squared discrepancy: that of the kernel
:math:`K(\theta, \theta') = E[\sigma(\theta, x)\, \sigma(\theta', x)]` (key ``LWW19`` in
docs/references.bib).
"""

from numpy.typing import ArrayLike

from .activations import RBF
from .losses import Squared
from .network import Network


class RBFNetwork(Network):
    r"""Least squares of a 1-D RBF network as a functional of its neurons.

    .. math:: F(\mu) = \tfrac12 E\Big[\Big(\sum_i w_i\, e^{-(a_i x + b_i)^2 / 2}
              - y\Big)^2\Big], \qquad \theta_i = (a_i, b_i).

    Parameters
    ----------
    inputs, outputs : array_like, shape (N,)
    masses : bool
        Whether output weights are the particles' weights, of either sign.  If not, they
        are the first coordinate of a neuron, before a and b.

    Raises
    ------
    TypeError, ValueError
        When the data are not finite numbers, or of two lengths.

    Examples
    --------
    One neuron fits one Gaussian:

    >>> import numpy as np, splitparticles as sp
    >>> x = np.linspace(-3.0, 3.0, 50)
    >>> F = sp.RBFNetwork(x, 2.0 * np.exp(-0.5 * (x - 1.0) ** 2))
    >>> start = sp.ParticleSet([[0.8, 0.0]], [1.0])
    >>> neuron = sp.LBFGS(weights=True)(F, start).particles
    >>> neuron.positions.round(3), neuron.weights.round(3)
    (array([[ 1., -1.]]), array([2.]))
    """

    def __init__(self, inputs: ArrayLike, outputs: ArrayLike, *, masses: bool = True):
        super().__init__(RBF(), Squared(), inputs, outputs, masses=masses)
