r"""One-hidden-layer networks: a loss as a functional of the measure of the neurons.

A network of one hidden layer is
:math:`f_\mu(x) = \int \sigma(\theta, x)\,d\mu(\theta)`, its neurons the particles, and
its loss is a functional of their measure,

.. math:: F(\mu) = E[\Phi(f_\mu(x), y)], \qquad
          h_\mu(\theta) = E[\Phi'(f_\mu(x), y)\, \sigma(\theta, x)],

the expectation over the rows of the data: gradients, splits and insertions are those of
any other objective here (the general case of Liu, Wu and Wang, key ``LWW19`` in
docs/references.bib).  The Hessian of F in one neuron is the splitting matrix
:math:`S = E[\Phi' \nabla^2 \sigma]` plus :math:`T = E[\Phi''\, \nabla\sigma\,
\nabla\sigma^T]`; between neurons only T has entries.

A measure on neurons is not bound to a total mass, so an insertion adds to the others
rather than take from them.
"""

import copy

import numpy as np
from numpy.typing import ArrayLike

from .._validation import as_floats, as_positions, refuse_nonfinite
from ..objectives.new_particles import InsertionPath
from ..objectives.objective import FirstVariation, Objective, points
from ..particles import ParticleSet
from .losses import Loss
from .network_sums import (
    laid_out,
    network_bending,
    network_correlations,
    network_outputs,
    network_squares,
    with_ones,
)
from .neurons import Neurons


class Network(Objective):
    r"""Mean loss of a one-hidden-layer network, as a functional of its neurons.

    A neuron is :math:`c\,\sigma(a^T x + b)`.  Its coordinates are the output weights
    c (k of them), a (p) and b, in this order; with `masses` there is one output, c is
    the particle's weight, of either sign, and the coordinates are a and b.

    Parameters
    ----------
    activation : activation tuple, or sequence of them
        Such as `splitparticles.networks.activations.Tanh`.  Of several, neurons have a
        last coordinate more that says which, counted from 0; it never moves, and
        children inherit it.
    loss : Loss
        Such as `splitparticles.networks.losses.Squared`.
    inputs : array_like, shape (N,) or (N, p)
    outputs : array_like
        What the loss learns from: (N,), or (N, k) of squared losses.
    masses : bool
        Whether output weights are the particles' weights.
    decay : float
        Weight decay: half of it times :math:`|\theta|^2`, integrated over the measure,
        joins the loss.  Not for masses.
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

    conserves_mass = False

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
        for method in ("targets", "value", "slope", "curvature"):
            if not callable(getattr(loss, method, None)):
                raise TypeError(f"loss must be one of sp.losses, got {loss!r}")
        self.loss, self.masses = loss, bool(masses)
        self.inputs = as_inputs(inputs)
        self.targets = loss.targets(outputs)
        if len(self.targets) != len(self.inputs):
            raise ValueError(
                f"outputs must have a row for each of {len(self.inputs)} inputs, "
                f"got {len(self.targets)}"
            )
        if self.masses and self.n_outputs > 1:
            raise ValueError(f"masses are for one output, got {self.n_outputs}")
        self.decay = _as_decay(decay, self.masses)
        self.offset = _as_offset(offset, self.targets.shape)
        self._laid = with_ones(self.inputs)
        self._neurons = Neurons(
            activation, self.n_outputs, self.inputs.shape[1], self.masses
        )

    # ------------------------------------------------------------- coordinates
    @property
    def n_outputs(self) -> int:
        """Outputs k of the network."""
        return self.targets.shape[1]

    @property
    def dim(self) -> int:
        """Coordinates of a neuron."""
        return self._neurons.dim

    @property
    def labels(self) -> np.ndarray:
        """Which coordinates only say what a neuron is, and never move, (dim,)."""
        return self._neurons.labels

    @property
    def n_rows(self) -> int:
        """Rows of the data."""
        return len(self.targets)

    def of_rows(self, rows):
        """Return the same network on some rows of the data."""
        part = copy.copy(self)
        part.inputs, part.targets = self.inputs[rows], self.targets[rows]
        part.offset, part._laid = self.offset[rows], with_ones(part.inputs)
        return part

    # --------------------------------------------------------------- the network
    def predict(
        self, particles: ParticleSet, inputs: ArrayLike | None = None
    ) -> np.ndarray:
        """Outputs of the network, (N,) or (N, k); at the data when left out.

        What a loss sees: of a classifier, log odds or their like.  The offset belongs
        to the data, and is left out at other inputs.
        """
        if inputs is None:
            f = self._outputs(particles)
        else:
            x = as_inputs(inputs, self.inputs.shape[1])
            f = self._sums(particles, with_ones(x))[: len(x)]
        return f[:, 0] if self.n_outputs == 1 else f

    def mean_loss(self, particles: ParticleSet) -> float:
        """Mean loss on the data, without the decay."""
        return self._mean_loss(self._outputs(particles))

    def _outputs(self, particles):
        return self._sums(particles, self._laid)[: len(self.targets)] + self.offset

    def _sums(self, particles, laid):
        c, theta, kinds = self._neurons.parts(particles.positions)
        weighted = particles.weights[:, None] * c
        f = np.zeros((self.n_outputs, laid.shape[1]))
        for activation, rows in self._neurons.of_each_kind(kinds):
            f += network_outputs(activation, laid, theta[rows], weighted[rows])
        return f.T

    def _mean_loss(self, f):
        return float(self.loss.value(f, self.targets).mean())

    def _slope(self, f):
        """Slope of the mean loss in the outputs, laid out, (k, N')."""
        return laid_out(self.loss.slope(f, self.targets) / len(f))

    def _correlations(self, r, x):
        """Sums of slopes r and activations at neurons x, and their gradients."""
        c, theta, kinds = self._neurons.parts(x)
        g, slope = np.zeros(c.shape), np.zeros(theta.shape)
        for activation, rows in self._neurons.of_each_kind(kinds):
            g[rows], slope[rows] = network_correlations(
                activation, self._laid, r, theta[rows], c[rows]
            )
        return c, g, slope

    # ------------------------------------------------------------ the objective
    def value(self, particles):
        """Mean loss, and the decay."""
        return self.mean_loss(particles) + self._decayed(particles)

    def _decayed(self, particles):
        """Decay of the neurons, integrated over the measure."""
        if not self.decay:
            return 0.0
        return float(particles.weights @ self._decay_at(particles.positions))

    def _decay_at(self, x):
        """Decay of neurons (m, dim), (m,); labels have none."""
        if not self.decay:
            return np.zeros(len(x))
        with np.errstate(over="ignore"):  # infinite is what a move steps back from
            return 0.5 * self.decay * (x[:, ~self.labels] ** 2).sum(axis=1)

    def _pull(self, x):
        """Slope of the decay at neurons, and its curvature along them, (m, dim)."""
        return np.where(self.labels, 0.0, self.decay * x)

    def witness(self, particles, at=None):
        """First variation ``E[Phi' c sigma]``, and the decay, at neurons, (m,)."""
        r, at = self._slope(self._outputs(particles)), points(particles, at)
        c, g, _ = self._correlations(r, at)
        return (c * g).sum(axis=1) + self._decay_at(at)

    def witness_gradient(self, particles, at=None):
        """Its gradient in the neurons' coordinates, (m, dim)."""
        r, at = self._slope(self._outputs(particles)), points(particles, at)
        _, g, slope = self._correlations(r, at)
        return self._neurons.joined(g, slope) + self._pull(at)

    def first_variation(self, particles):
        """Value, witness and gradient at the neurons, from two passes over the data."""
        f, x = self._outputs(particles), particles.positions
        c, g, slope = self._correlations(self._slope(f), x)
        h = (c * g).sum(axis=1) + self._decay_at(x)
        slope = self._neurons.joined(g, slope) + self._pull(x)
        return FirstVariation(self._mean_loss(f) + self._decayed(particles), h, slope)

    def witness_hessian_product(self, particles, directions):
        """Hessian ``E[Phi' hess(c sigma)]`` at the neurons times directions."""
        r = self._slope(self._outputs(particles))
        c, theta, kinds = self._neurons.parts(particles.positions)
        u, v = self._neurons.split(directions)
        of_c, of_theta = np.zeros(c.shape), np.zeros(theta.shape)
        for activation, rows in self._neurons.of_each_kind(kinds):
            of_c[rows], of_theta[rows] = network_bending(
                activation, self._laid, r, theta[rows], c[rows], u[rows], v[rows]
            )
        return self._neurons.joined(of_c, of_theta) + self._pull(directions)

    def split_change(self, particles, parents, directions, steps):
        """Exact change of the loss when ``parents[j]`` alone is split, (m,)."""
        f = self._outputs(particles)
        now = self._mean_loss(f)
        changes = np.empty(len(parents))
        for j, (i, v, e) in enumerate(zip(parents, directions, steps, strict=True)):
            x, w = particles.positions[i], particles.weights[i]
            three = np.stack([x, x + e * v, x - e * v])
            family = ParticleSet(three, [-w, 0.5 * w, 0.5 * w])
            moved = f + self._sums(family, self._laid)[: len(f)]
            changes[j] = self._mean_loss(moved) - now + self._decayed(family)
        return changes

    # ---------------------------------------------------------------- newcomers
    def proposals(self, particles, many, rng, *, reach=1.0):
        """Random neurons whose activation turns somewhere among the data."""
        return self._neurons.scattered(self.inputs, many, rng)

    def surroundings(self, particles, reach):
        """None: promises are bounded, and neurons know no distance."""
        return None

    def promise(self, particles, at):
        r"""What a neuron of the best size would lower F by: :math:`-|g|^2 / 2 q`.

        With g the slope of F in its output weights, and :math:`q = E[\sigma^2]` their
        curvature for a squared loss; its own output weights do not matter.  Minus the
        promise is what orthogonal greedy methods maximise.  A decay counts in q, and
        for the arguments' coefficients, which have to be paid for.
        """
        g, _, q, _ = self._promised(particles, at, False)
        _, theta, _ = self._neurons.parts(at)
        return 0.5 * self.decay * (theta**2).sum(axis=1) - 0.5 * (g**2).sum(axis=1) / q

    def promise_gradient(self, particles, at):
        """Gradient of the promise; zero in the output weights."""
        g, slope, q, q1 = self._promised(particles, at, True)
        _, theta, _ = self._neurons.parts(at)
        q = q[:, None]
        of_theta = 0.5 * (g**2).sum(axis=1, keepdims=True) / q**2 * q1 - slope / q
        return self._neurons.joined(np.zeros(g.shape), of_theta + self.decay * theta)

    def _promised(self, particles, at, with_gradient):
        """Slopes g and curvatures q of newcomers, and gradients of |g|^2 / 2 and q."""
        r = self._slope(self._outputs(particles))
        _, theta, kinds = self._neurons.parts(at)
        over = laid_out(np.full((len(self.targets), 1), 1.0 / len(self.targets)))
        g, slope = np.zeros((len(at), self.n_outputs)), np.zeros(theta.shape)
        q, q1 = np.zeros(len(at)), np.zeros(theta.shape)
        for activation, rows in self._neurons.of_each_kind(kinds):
            these = activation, self._laid, r, theta[rows]
            q[rows], q1[rows] = network_squares(
                activation, self._laid, over, theta[rows]
            )
            g[rows], _ = network_correlations(*these, np.zeros(g[rows].shape))
            if with_gradient:
                _, slope[rows] = network_correlations(*these, g[rows])
        return g, slope, np.maximum(q + self.decay, np.finfo(float).tiny), q1

    def newcomer(self, particles, point):
        """The neuron there, its output weights by a Newton step; others stay."""
        f = self._outputs(particles)
        r = self._slope(f)
        alone = np.array(point)[None]
        if not self.masses:
            alone[0, : self.n_outputs] = 1.0
        _, g, _ = self._correlations(r, alone)
        family = ParticleSet(self._neurons.with_outputs(alone, -g), self._mass_of(-g))
        along = self._sums(family, self._laid)[: len(f)]
        bent = (along * self.loss.curvature(f, self.targets, along)).sum(axis=1).mean()
        size = float((g**2).sum())
        bent += self.decay * size
        step = size / bent if bent > 0.0 else 0.0

        def of_share(share):
            c = -share * step * g
            neuron = self._neurons.with_outputs(alone, c)
            weights = np.append(particles.weights, self._mass_of(c))
            return ParticleSet(np.vstack([particles.positions, neuron]), weights)

        return InsertionPath(of_share, -step * size, 1.0)

    def _mass_of(self, c):
        return c[0] if self.masses else [1.0]

    def of_unit_weights(self, particles: ParticleSet) -> ParticleSet:
        """Return the same network, all weights one: they go into the output weights.

        Its outputs are the same; what a decay counts is not.

        Raises
        ------
        ValueError
            When output weights are masses.
        """
        if self.masses:
            raise ValueError("weights are the output weights of this network")
        x, k = particles.positions.copy(), self.n_outputs
        x[:, :k] *= particles.weights[:, None]
        return ParticleSet(x, np.ones(len(x)))


def as_inputs(values, p: int | None = None) -> np.ndarray:
    """Inputs (N,) or (N, p), as finite numbers (N, p)."""
    array = as_floats(values, "inputs", "of shape (N,) or (N, p)")
    return as_positions(array[:, None] if array.ndim == 1 else array, "inputs", p)


def _as_offset(values, shape) -> np.ndarray:
    """Offset of the outputs, (N, k); zero when there is none."""
    if values is None:
        return np.zeros(shape)
    array = as_floats(values, "offset", f"of shape {shape}")
    if array.shape != shape and (array.shape, shape[1]) != (shape[:1], 1):
        raise ValueError(f"offset must have shape {shape}, got {array.shape}")
    refuse_nonfinite(array, "offset")
    return array.reshape(shape)


def _as_decay(value, masses) -> float:
    """Decay: a finite number from 0."""
    decay = float(as_floats(value, "decay", "a number"))
    if not 0.0 <= decay < np.inf:
        raise ValueError(f"decay must be at least 0 and finite, got {decay}")
    if decay and masses:
        raise ValueError(f"decay is for output weights that are coordinates: {decay}")
    return decay
