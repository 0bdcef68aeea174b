r"""Insertion of neurons: where to look for one, and how it gets its size.

A new neuron has output weights of its own to choose, so an insertion is judged by the
best of them, not by the witness, which is linear in them.
"""

import numpy as np

from .._linalg import row_dot
from ..objectives.new_particles import InsertionPath
from ..objectives.objective import Objective
from ..particles import ParticleSet
from .network_sums import in_blocks


class NewNeurons(Objective):
    """Insertion by the gain of a neuron of the best size (base of `MeanLoss`)."""

    def proposals(self, particles, many, rng, *, reach=1.0):
        """Random neurons that tell some of the data from others."""
        return self._neurons.scattered(self.inputs, many, rng)

    def surroundings(self, particles, reach):
        """None: the acquisition function is bounded, and no distance is natural."""
        return None

    def promise(self, particles, at):
        r"""Change of F by a neuron of the best size, :math:`-|g|^2 / 2 q`, (m,).

        With g the slope of F in its output weights, and :math:`q = E[\sigma^2]` their
        curvature for a squared loss; the output weights in `at` do not matter.  Minus
        that change is what orthogonal greedy methods maximise.  A decay joins q, and
        adds the price of the arguments' coefficients.
        """
        g, _, q, _ = self._gain(particles, at)
        return self._change(at, g, q)

    def promise_and_gradient(self, particles, at):
        """Promise (m,) and its gradient (m, dim), zero in the output weights."""
        g, slope, q, q_slope = self._gain(particles, at, with_slope=True)
        ratio = (row_dot(g, g) / q)[:, None]
        of_theta = (0.5 * ratio * q_slope - slope) / q[:, None]
        of_theta = of_theta + self._decay_of_arguments * self._neurons.arguments(at)
        gradient = self._neurons.joined(np.zeros(g.shape), of_theta)
        return self._change(at, g, q), gradient

    def _change(self, at, g, q):
        theta, decay = self._neurons.arguments(at), self._decay_of_arguments
        return 0.5 * decay * row_dot(theta, theta) - 0.5 * row_dot(g, g) / q

    @property
    def _decay_of_arguments(self):
        return self.decay if self._neurons.arguments_decay else 0.0

    def _gain(self, particles, at, *, with_slope=False):
        """g, the gradient of |g|^2 / 2 if wanted, q, and its gradient."""
        r, zero = self._slope(self._outputs(particles)), self._no_outputs(at)
        g, slope = self._neurons.correlations(self._blocks, r, at, zero)
        if with_slope:
            _, slope = self._neurons.correlations(self._blocks, r, at, g)
        mean = in_blocks(np.full((self.n_rows, 1), 1.0 / self.n_rows))
        one = np.ones((len(at), 1))
        q, q_slope = self._neurons.squares(self._blocks, mean, at, one)
        q = np.maximum(q[:, 0] + self.decay, np.finfo(float).tiny)
        return g, slope, q, q_slope

    def _no_outputs(self, at):
        return np.zeros((len(at), self.n_outputs))

    def newcomer(self, particles, point):
        """Path to the neuron with output weights of a Newton step; others stay."""
        f = self._outputs(particles)
        r, neuron = self._slope(f), np.array(point)[None]
        zero = self._no_outputs(neuron)
        g, _ = self._neurons.correlations(self._blocks, r, neuron, zero)
        alone = ParticleSet(self._neurons.with_outputs(neuron, -g), self._mass_of(-g))
        change = self._sums(alone)
        bent = row_dot(change, self.loss.curvature(f, self.targets, change)).mean()
        size = float((g**2).sum())
        bent += self.decay * size
        step = size / bent if bent > 0.0 else 0.0

        def of_share(share):
            c = -share * step * g
            inserted = self._neurons.with_outputs(neuron, c)
            weights = np.append(particles.weights, self._mass_of(c))
            return ParticleSet(np.vstack([particles.positions, inserted]), weights)

        return InsertionPath(of_share, -step * size, 1.0)

    def _mass_of(self, c):
        return c[0] if self.masses else [1.0]
