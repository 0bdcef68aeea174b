r"""Loss of a one-hidden-layer network, as a functional of the measure of its neurons.

A network of one hidden layer is
:math:`f_\mu(x) = \int \sigma(\theta, x)\,d\mu(\theta)`, and its neurons are the
particles.
"""

from numpy.typing import ArrayLike

from .._validation import as_flag
from .losses import Loss
from .mean_loss import MeanLoss
from .neurons import Neurons


class Network(MeanLoss):
    r"""Mean loss of a one-hidden-layer network, as a functional of its neurons.

    A neuron is :math:`c\,\sigma(a^T x + b)`.  Its coordinates are the output weights
    c (k of them), a (p) and b, in this order; with `masses` there is one output, c is
    the particle's weight, of either sign, and the coordinates are a and b.

    Parameters
    ----------
    activation : activation tuple, or sequence of them
        Such as `splitparticles.networks.activations.Tanh`.  With several, the last
        coordinate of a neuron is the number of its activation, counted from 0; it never
        moves, and children inherit it.
    loss : Loss
        Such as `splitparticles.networks.losses.Squared`.
    inputs : array_like, shape (N,) or (N, p)
    outputs : array_like
        Targets of the loss: (N,), or (N, k) for a squared loss.
    masses : bool
        Whether output weights are the particles' weights.
    decay : float
        Weight decay: :math:`\tfrac12` decay :math:`\int |\theta|^2 d\mu` is added to
        the loss.  Not for masses.
    offset : array_like, shape (N,) or (N, k), optional
        Added to the network's outputs on the data, such as those of other networks.

    Raises
    ------
    TypeError, ValueError
        When the data are not finite numbers of such shapes, or the activation has no
        profile.

    Examples
    --------
    >>> import splitparticles as sp
    >>> x = [-1.0, 0.0, 2.0]
    >>> tanh, squared = sp.activations.Tanh(), sp.losses.Squared()
    >>> F = sp.Network(tanh, squared, x, [0.0, 1.0, 0.0])
    >>> neuron = sp.ParticleSet([[2.0, 0.0, 1.0]])  # 2 tanh(1)
    >>> F.predict(neuron).round(4)
    array([1.5232, 1.5232, 1.5232])
    >>> round(F.value(neuron), 4)
    0.819
    """

    def __init__(
        self,
        activation,
        loss: Loss,
        inputs: ArrayLike,
        outputs: ArrayLike,
        *,
        masses: bool = False,
        decay: float = 0.0,
        offset: ArrayLike | None = None,
    ):
        self.masses = as_flag(masses, "masses")
        super().__init__(loss, inputs, outputs, decay, offset)
        if self.masses and self.n_outputs > 1:
            raise ValueError(f"masses are for one output, got {self.n_outputs}")
        p = self.inputs.shape[1]
        self._neurons = Neurons(activation, self.n_outputs, p, self.masses)
        self._blocks = self._neurons.in_blocks(self.inputs)
