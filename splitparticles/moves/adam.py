r"""Adam: gradient steps of adapted length (key ``KB15`` in docs/references.bib).

For objectives whose gradients are noisy (mini-batches) or whose line searches are
dear.  Its gradient is that of the witness, :math:`\nabla h(x_i)`, as in the
mean-field limit, so a particle's steps do not depend on its weight.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from .._validation import as_count, as_rng
from .move import (
    Moved,
    check_lengths,
    check_weights,
    is_finite,
    reweighted,
    start_of,
    steepest,
    weight_slopes,
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

    batch : int, optional
        Rows of data that each step looks at, of objectives that have rows (networks);
        all in turn, in an order drawn anew for each pass.
    rng : None, int, Generator, optional
        Of those orders; a Generator moves on from one call to the next.

    Raises
    ------
    TypeError
        When there is a `batch` and the objective has no rows.

    Notes
    -----
    A step to where the objective is not finite is undone and all later steps are
    halved.  The best particles seen are returned; of mini-batches, whose values say
    little, the last, unless F has risen.

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
    batch: int | None = None
    rng: object = None

    def __call__(self, objective, particles):
        """Move the particles downhill."""
        if self.weights:
            check_weights(objective, particles)
        start = start_of(objective, particles)
        if self.batch is None:
            whole = itertools.repeat(objective)
            best, here, _ = self._steps(whole, particles, start)
            return Moved(best, here.value, steepest(here), self.max_iter, False)
        batches = self._batches(objective)
        _, _, last = self._steps(batches, particles, None)
        there = objective.first_variation(last)
        if not there.value < start.value:
            last, there = particles, start
        return Moved(last, there.value, steepest(there), self.max_iter, False)

    def _steps(self, objectives, particles, here):
        """The best particles, their first variation, and the last particles."""
        moments, step = _Moments(*self.decay), self.step
        objective = next(objectives)
        if here is None:
            here = objective.first_variation(particles)
        best, best_here = particles, here
        for k in range(1, self.max_iter + 1):
            unit = moments.step(self._slope(objective, particles, here))
            length = 0.5 * step * (1.0 + np.cos(np.pi * k / (self.max_iter + 1)))
            trial = self._moved(objective, particles, -length * unit)
            objective = next(objectives)
            there = objective.first_variation(trial)
            check_lengths(there, trial)
            if not is_finite(there):
                step *= 0.5
                continue
            particles, here = trial, there
            if here.value < best_here.value:
                best, best_here = particles, here
        return best, best_here, particles

    def _batches(self, objective):
        """Parts of the objective, without end."""
        size, rng = as_count(self.batch, "batch"), as_rng(self.rng)
        many = objective.n_rows
        if many is None:
            raise TypeError(f"batch is for objectives with rows, got {objective!r}")
        while True:
            order = rng.permutation(many)
            for first in range(0, many, size):
                yield objective.of_rows(order[first : first + size])

    def _slope(self, objective, particles, here):
        """Positions' slopes, with the weights' as one more column if they move."""
        slope = np.sign(particles.weights)[:, None] * here.witness_gradient
        if not self.weights:
            return slope
        return np.column_stack([slope, weight_slopes(objective, particles, here)])

    def _moved(self, objective, particles, change):
        d = particles.dim
        moved = particles.moved_to(particles.positions + change[:, :d])
        if not self.weights:
            return moved
        return reweighted(objective, moved, change[:, d])


class _Moments:
    """Decaying means of slopes and of their squares."""

    def __init__(self, first_decay, second_decay):
        self.decays = first_decay, second_decay
        self.first = self.second = 0.0
        self.number = 0

    def step(self, slope):
        """Direction of the next step, of about unit size in each coordinate."""
        (b1, b2), self.number = self.decays, self.number + 1
        self.first = b1 * self.first + (1.0 - b1) * slope
        self.second = b2 * self.second + (1.0 - b2) * slope**2
        root = np.sqrt(self.second / (1.0 - b2**self.number))
        return self.first / (1.0 - b1**self.number) / np.where(root > 0, root, 1.0)
