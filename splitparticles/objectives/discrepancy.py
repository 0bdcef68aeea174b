r"""Half a squared kernel discrepancy: what MMD and KSD have in common.

With a kernel K (the reproducing one for MMD, the Stein kernel for KSD),
:math:`F(\mu) = \tfrac12 \|\mu - p\|_K^2` is a quadratic functional, so the change by
a split is known exactly, not only to second order.  Particle i of weight w, split
into :math:`x_\pm = x \pm e v`:

.. math::
    \Delta F = w \Big[\frac{h(x_+) + h(x_-)}2 - h(x)\Big]
    + \frac{w^2}2 \Big\|\frac{K_{x_+} + K_{x_-}}2 - K_x\Big\|^2 .

A trial step therefore costs one witness at two points, O(n) a particle.
"""

from abc import abstractmethod

import numpy as np

from .objective import Objective


class Discrepancy(Objective):
    """Half a squared kernel discrepancy (abstract)."""

    @abstractmethod
    def kernel_pairs(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Kernel ``K(x_i, y_i)`` row by row, (m,)."""

    def split_change(self, particles, parents, directions, steps):
        """Exact change of F when ``parents[j]`` alone is split, (m,)."""
        x = particles.positions[parents]
        w = particles.weights[parents]
        offset = np.asarray(steps)[:, None] * directions
        plus, minus = x + offset, x - offset
        h = self.witness(particles)[parents]
        h_plus, h_minus = self.witness(particles, plus), self.witness(particles, minus)
        K = self.kernel_pairs
        norm = (
            0.25 * (K(plus, plus) + K(minus, minus))
            + 0.5 * K(plus, minus)
            + K(x, x)
            - K(plus, x)
            - K(minus, x)
        )
        return w * (0.5 * (h_plus + h_minus) - h) + 0.5 * w**2 * norm
