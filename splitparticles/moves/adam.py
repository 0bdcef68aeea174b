r"""Adam: gradient steps of adapted length (key ``KB15`` in docs/references.bib).

For objectives whose gradients are noisy (mini-batches) or whose line searches are
dear.  Its gradient is that of the witness, :math:`\nabla h(x_i)`, as in the
mean-field limit, so a particle's steps do not depend on its weight.
"""

from dataclasses import dataclass

import numpy as np

from .move import (
    Moved,
    check_lengths,
    check_simplex,
    is_finite,
    reweighted,
    start_of,
    steepest,
)


@dataclass(frozen=True, kw_only=True)
class Adam:
    """Adam on positions, or positions and weights.

    Parameters
    ----------
    step : float
        Length of the first steps, in units of the positions; it decays to zero over
        the run as half a cosine.
    max_iter : int
        Steps taken.
    decay : tuple of float
        Decay rates of the first and second moment.
    weights : bool
        Move the weights too.

    Notes
    -----
    A step to where the objective is not finite is undone and all later steps are
    halved.  The best particles seen are returned.

    Examples
    --------
    >>> import splitparticles as sp
    >>> F = sp.MMD(sp.Gaussian(1.0), [[0.0], [0.0]])
    >>> moved = sp.Adam()(F, sp.ParticleSet([[1.0]]))
    >>> bool(abs(moved.particles.positions[0, 0]) < 1e-2)
    True
    """

    step: float = 0.05
    max_iter: int = 300
    decay: tuple[float, float] = (0.9, 0.999)
    weights: bool = False

    def __call__(self, objective, particles):
        """Move the particles downhill."""
        if self.weights:
            check_simplex(particles)
        here = start_of(objective, particles)
        best, best_here = particles, here
        first = second = 0.0
        step = self.step
        b1, b2 = self.decay
        for k in range(1, self.max_iter + 1):
            slope = self._slope(particles, here)
            first = b1 * first + (1.0 - b1) * slope
            second = b2 * second + (1.0 - b2) * slope**2
            root = np.sqrt(second / (1.0 - b2**k))
            unit = first / (1.0 - b1**k) / np.where(root > 0, root, 1.0)
            length = 0.5 * step * (1.0 + np.cos(np.pi * k / (self.max_iter + 1)))
            trial = self._moved(particles, -length * unit)
            there = objective.first_variation(trial)
            check_lengths(there, trial)
            if not is_finite(there):
                step *= 0.5
                continue
            particles, here = trial, there
            if here.value < best_here.value:
                best, best_here = particles, here
        return Moved(best, best_here.value, steepest(best_here), self.max_iter, False)

    def _slope(self, particles, here):
        """Positions' slopes, with the logits' as one more column if weights move."""
        slope = np.sign(particles.weights)[:, None] * here.witness_gradient
        if not self.weights:
            return slope
        share = particles.weights / particles.weights.sum()
        return np.column_stack([slope, here.witness - share @ here.witness])

    def _moved(self, particles, change):
        d = particles.dim
        moved = particles.moved_to(particles.positions + change[:, :d])
        return reweighted(moved, change[:, d]) if self.weights else moved
