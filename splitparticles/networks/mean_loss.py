r"""Mean loss of a sum of neurons, as a functional of their measure.

Networks differ in what a neuron is: a function :math:`\sigma(\theta, x)` with output
weights c, and its sums over the data (`splitparticles.networks.neurons`,
`splitparticles.networks.prototypes`).  All else is here: with

.. math:: F(\mu) = E[\Phi(f_\mu(x), y)], \qquad
          h_\mu(\theta) = E[\Phi'(f_\mu(x), y)\, \sigma(\theta, x)],

the expectation over the rows of the data, gradients, splits and insertions are those of
any other objective (the general case of Liu, Wu and Wang, key ``LWW19`` in
docs/references.bib).  The Hessian of F in one neuron is the splitting matrix
:math:`S = E[\Phi' \nabla^2 \sigma]` plus :math:`T = E[\Phi''\, \nabla\sigma\,
\nabla\sigma^T]`; between neurons only T has entries.

A measure on neurons has no total mass to keep: an insertion takes nothing from the
other neurons.
"""

import copy
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._linalg import row_dot
from .._validation import as_floats, as_nonnegative, as_positions, refuse_nonfinite
from ..objectives.objective import FirstVariation, points
from ..particles import ParticleSet
from .losses import Loss
from .network_sums import in_blocks
from .new_neurons import NewNeurons


class MeanLoss(NewNeurons):
    """Mean loss of a network (base of `Network` and `PrototypeNetwork`).

    A subclass sets ``_neurons``, and ``_blocks``, the inputs in its blocks.
    """

    conserves_mass = False
    masses = False  # whether output weights are the particles' weights
    _neurons: Any  # with the methods of `Neurons`

    def __init__(self, loss: Loss, inputs, outputs, decay, offset):
        if isinstance(loss, type) or not isinstance(loss, Loss):
            raise TypeError(f"loss must be one of sp.losses, got {loss!r}")
        self.loss = loss
        self.inputs = as_inputs(inputs)
        self.targets = loss.targets(outputs)
        if len(self.targets) != len(self.inputs):
            raise ValueError(
                f"outputs must have a row for each of {len(self.inputs)} inputs, "
                f"got {len(self.targets)}"
            )
        self.decay = _as_decay(decay, self.masses)
        self.offset = _as_offset(offset, self.targets.shape)

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
        """Mask (dim,) of the coordinate that is the number of an activation."""
        return self._neurons.labels

    @property
    def n_rows(self) -> int:
        """Rows of the data."""
        return len(self.targets)

    def of_rows(self, rows):
        """Return the same objective on some rows of the data."""
        part = copy.copy(self)  # targets of some rows may not name every class
        part.inputs, part.targets = self.inputs[rows], self.targets[rows]
        part.offset = self.offset[rows]
        part._blocks = self._neurons.in_blocks(part.inputs)
        return part

    def of_decay(self, decay: float):
        """Return the same objective with another decay."""
        other = copy.copy(self)
        other.decay = _as_decay(decay, self.masses)
        return other

    # --------------------------------------------------------------- the network
    def predict(
        self, particles: ParticleSet, inputs: ArrayLike | None = None
    ) -> np.ndarray:
        """Outputs of the network, (N,) or (N, k); at the data when left out.

        These are the arguments of the loss: of a classifier, log odds or their like.
        The offset belongs to the data, and is left out at other inputs.
        """
        if inputs is None:
            f = self._outputs(particles)
        else:
            x = as_inputs(inputs, self.inputs.shape[1])
            theta, w = particles.positions, particles.weights
            f = self._neurons.outputs(theta, w, self._neurons.in_blocks(x))[: len(x)]
        return f[:, 0] if self.n_outputs == 1 else f

    def mean_loss(self, particles: ParticleSet) -> float:
        """Mean loss on the data, without the decay."""
        return self._mean_loss(self._outputs(particles))

    def of_unit_weights(self, particles: ParticleSet) -> ParticleSet:
        """Return the same network, all weights one: they go into the output weights.

        Its outputs are the same; the decay is not.

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

    def _outputs(self, particles):
        return self._sums(particles) + self.offset

    def _sums(self, particles):
        """Outputs on the data without the offset, (N, k)."""
        x, w = particles.positions, particles.weights
        return self._neurons.outputs(x, w, self._blocks)[: self.n_rows]

    def _mean_loss(self, f):
        return float(self.loss.value(f, self.targets).mean())

    def _slope(self, f):
        """Slopes r of the mean loss in the outputs (N, k), in blocks."""
        return in_blocks(self.loss.slope(f, self.targets) / len(f))

    def _variation(self, f, x):
        """Witness (m,) and its gradient (m, dim) at neurons x, for outputs f."""
        c = self._neurons.output_weights(x)
        g, slope = self._neurons.correlations(self._blocks, self._slope(f), x, c)
        gradient = self._neurons.joined(g, slope) + self._decay_slope(x)
        return row_dot(c, g) + self._decay_at(x), gradient

    # ------------------------------------------------------------------- decay
    def _decayed(self, particles):
        """Decay of the neurons, integrated over the measure."""
        return float(particles.weights @ self._decay_at(particles.positions))

    def _decay_at(self, x):
        """Decay of neurons (m, dim), (m,)."""
        if not self.decay:  # 0 times an overflow would be NaN
            return np.zeros(len(x))
        with np.errstate(over="ignore"):  # a move steps back from an infinite value
            return 0.5 * self.decay * (x[:, self._neurons.decays] ** 2).sum(axis=1)

    def _decay_slope(self, x):
        """Slope of the decay at neurons, and its curvature along them, (m, dim)."""
        return np.where(self._neurons.decays, self.decay * x, 0.0)

    # ------------------------------------------------------------ the objective
    def value(self, particles):
        """Mean loss, and the decay."""
        return self.mean_loss(particles) + self._decayed(particles)

    def witness(self, particles, at=None):
        """First variation ``E[Phi' c sigma]``, and the decay, at neurons, (m,)."""
        return self._variation(self._outputs(particles), points(particles, at))[0]

    def witness_gradient(self, particles, at=None):
        """Its gradient in the neurons' coordinates, (m, dim)."""
        return self._variation(self._outputs(particles), points(particles, at))[1]

    def first_variation(self, particles):
        """Value, witness and gradient at the neurons, from two passes over the data."""
        f = self._outputs(particles)
        value = self._mean_loss(f) + self._decayed(particles)
        return FirstVariation(value, *self._variation(f, particles.positions))

    def witness_hessian_product(self, particles, directions):
        """Hessian ``E[Phi' hess(c sigma)]`` at the neurons times directions."""
        r, x = self._slope(self._outputs(particles)), particles.positions
        products = self._neurons.hessian_products(self._blocks, r, x, directions)
        return self._neurons.joined(*products) + self._decay_slope(directions)

    def split_change(self, particles, parents, directions, steps):
        """Exact change of the loss when ``parents[j]`` alone is split, (m,)."""
        f = self._outputs(particles)
        loss = self._mean_loss(f)
        changes = np.empty(len(parents))
        for j, (i, v, e) in enumerate(zip(parents, directions, steps, strict=True)):
            x, w = particles.positions[i], particles.weights[i]
            three = np.stack([x, x + e * v, x - e * v])
            family = ParticleSet(three, [-w, 0.5 * w, 0.5 * w])
            split = f + self._sums(family)
            changes[j] = self._mean_loss(split) - loss + self._decayed(family)
        return changes


def as_inputs(values, p: int | None = None) -> np.ndarray:
    """Inputs (N,) or (N, p), as finite numbers (N, p)."""
    array = as_floats(values, "inputs", "of shape (N,) or (N, p)")
    return as_positions(array[:, None] if array.ndim == 1 else array, "inputs", p)


def _as_decay(value, masses) -> float:
    """Decay: a finite number from 0."""
    decay = as_nonnegative(value, "decay")
    if decay and masses:
        raise ValueError(f"decay is for output weights that are coordinates: {decay}")
    return decay


def _as_offset(values, shape) -> np.ndarray:
    """Offset of the outputs, (N, k); zero when there is none."""
    if values is None:
        return np.zeros(shape)
    array = as_floats(values, "offset", f"of shape {shape}")
    if array.shape != shape and (array.shape, shape[1]) != (shape[:1], 1):
        raise ValueError(f"offset must have shape {shape}, got {array.shape}")
    refuse_nonfinite(array, "offset")
    return array.reshape(shape)
