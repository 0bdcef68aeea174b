r"""Insertion of neurons: where to look for one, and how it gets its size.

A new neuron has output weights of its own to choose, so an insertion is judged by the
best of them, not by the witness, which is linear in them.
"""

import numpy as np

from .._linalg import row_dot
from ..objectives.new_particles import InsertionPath
from ..objectives.objective import Objective
from ..particles import ParticleSet
from .network_sums import correlations, in_blocks, squares


class NewNeurons(Objective):
    """Insertion by the gain of a neuron of the best size (base of `Network`)."""

    def proposals(self, particles, many, rng, *, reach=1.0):
        """Random neurons whose argument changes its sign among the data."""
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
        theta, g, _, q, _ = self._gain(particles, at)
        return self._change(theta, g, q)

    def promise_and_gradient(self, particles, at):
        """Promise (m,) and its gradient (m, dim), zero in the output weights."""
        theta, g, slope, q, q_slope = self._gain(particles, at, with_slope=True)
        ratio = (row_dot(g, g) / q)[:, None]
        of_theta = (0.5 * ratio * q_slope - slope) / q[:, None] + self.decay * theta
        gradient = self._neurons.joined(np.zeros(g.shape), of_theta)
        return self._change(theta, g, q), gradient

    def _change(self, theta, g, q):
        return 0.5 * self.decay * row_dot(theta, theta) - 0.5 * row_dot(g, g) / q

    def _gain(self, particles, at, *, with_slope=False):
        """Coefficients, g, the gradient of |g|^2 / 2 if wanted, q, and its gradient."""
        r = self._slope(self._outputs(particles))
        _, theta, kinds = self._neurons.parts(at)
        c, one = np.zeros((len(at), self.n_outputs)), np.ones((len(at), 1))
        g, slope = self._neuron_sums(correlations, r, kinds, theta, c)
        if with_slope:
            _, slope = self._neuron_sums(correlations, r, kinds, theta, g)
        mean = in_blocks(np.full((self.n_rows, 1), 1.0 / self.n_rows))
        q, q_slope = self._neuron_sums(squares, mean, kinds, theta, one)
        q = np.maximum(q[:, 0] + self.decay, np.finfo(float).tiny)
        return theta, g, slope, q, q_slope

    def newcomer(self, particles, point):
        """Path to the neuron with output weights of a Newton step; others stay."""
        f = self._outputs(particles)
        neuron = np.array(point)[None]
        _, theta, kinds = self._neurons.parts(neuron)
        zero = np.zeros((1, self.n_outputs))
        g, _ = self._neuron_sums(correlations, self._slope(f), kinds, theta, zero)
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
