r"""Adam: gradient steps of adapted length (key ``KB15`` in docs/references.bib).

For objectives whose gradients are noisy (mini-batches) or whose line searches are
expensive.  Its gradient is that of the witness, :math:`\nabla h(x_i)`, as in the
mean-field limit, so the steps of a particle do not depend on its weight.
"""

import itertools
from dataclasses import dataclass
from functools import partial

import numpy as np

from .._validation import (
    as_count,
    as_flag,
    as_floats,
    as_optional,
    as_positive,
    as_rng,
    as_size,
    check_fields,
)
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
        Length of the first steps, in units of the positions; it decays to zero like
        half a cosine.
    max_iter : int
        Steps taken.
    decay : tuple of float
        Decay rates of the first and second moment.
    weights : bool
        Move the weights too.
    batch : int, optional
        Rows of data in each mini-batch, for objectives that have rows (networks); each
        pass takes all rows in a new random order.
    rng : None, int, Generator, optional
        Generator of these orders.

    Raises
    ------
    TypeError
        When there is a `batch` and the objective has no rows.

    Notes
    -----
    A step to where F is not finite is undone, and all later steps are halved.  The
    particles of lowest F are returned; with mini-batches, whose values are noisy, the
    last ones, or the first if F has risen.

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

    def __post_init__(self):
        check_fields(
            self,
            step=as_positive,
            max_iter=as_size,
            decay=_check_decay,
            weights=as_flag,
            batch=partial(as_optional, as_count),
            rng=as_rng,
        )

    def __call__(self, objective, particles):
        """Move the particles downhill."""
        if self.weights:
            check_weights(objective, particles)
        start = start_of(objective, particles)
        if self.batch is None:
            full = itertools.repeat(objective)
            result, variation, _ = self._steps(full, particles, start)
        else:
            _, _, result = self._steps(self._batches(objective), particles, None)
            variation = objective.first_variation(result)
            if not variation.value < start.value:
                result, variation = particles, start
        return Moved(result, variation.value, steepest(variation), self.max_iter, False)

    def _steps(self, objectives, particles, variation):
        """Particles of lowest F, their first variation, and the last particles."""
        moments, step = _Moments(*self.decay), self.step
        objective = next(objectives)
        if variation is None:
            variation = objective.first_variation(particles)
        lowest = particles, variation
        for k in range(1, self.max_iter + 1):
            unit = moments.step(self._slope(objective, particles, variation))
            length = 0.5 * step * (1.0 + np.cos(np.pi * k / (self.max_iter + 1)))
            trial = self._moved(objective, particles, -length * unit)
            objective = next(objectives)
            at_trial = objective.first_variation(trial)
            check_lengths(at_trial, trial)
            if not is_finite(at_trial):
                step *= 0.5
                continue
            particles, variation = trial, at_trial
            if variation.value < lowest[1].value:
                lowest = particles, variation
        return *lowest, particles

    def _batches(self, objective):
        """Endless mini-batches of the objective."""
        rng, n_rows = as_rng(self.rng), objective.n_rows
        if n_rows is None:
            raise TypeError(f"batch is for objectives with rows, got {objective!r}")
        while True:
            order = rng.permutation(n_rows)
            for first in range(0, n_rows, self.batch):
                yield objective.of_rows(order[first : first + self.batch])

    def _slope(self, objective, particles, variation):
        """Slopes of the positions; those of the weights are one more column."""
        slope = np.sign(particles.weights)[:, None] * variation.witness_gradient
        if not self.weights:
            return slope
        return np.column_stack([slope, weight_slopes(objective, particles, variation)])

    def _moved(self, objective, particles, change):
        d = particles.dim
        moved = particles.moved_to(particles.positions + change[:, :d])
        if not self.weights:
            return moved
        return reweighted(objective, moved, change[:, d])


class _Moments:
    """Exponential moving averages of slopes and of their squares."""

    def __init__(self, *decays):
        self.decays = decays
        self.first = self.second = 0.0
        self.number = 0

    def step(self, slope):
        """Direction of the next step, of about unit size in each coordinate."""
        (b1, b2), self.number = self.decays, self.number + 1
        self.first = b1 * self.first + (1.0 - b1) * slope
        self.second = b2 * self.second + (1.0 - b2) * slope**2
        root = np.sqrt(self.second / (1.0 - b2**self.number))
        return self.first / (1.0 - b1**self.number) / np.where(root > 0, root, 1.0)


def _check_decay(decay, name):
    """Refuse anything but two numbers from 0 to below 1."""
    rates = as_floats(decay, name, "of shape (2,)")
    if rates.shape != (2,) or not ((rates >= 0.0) & (rates < 1.0)).all():
        raise ValueError(f"{name} must be two numbers in [0, 1), got {decay!r}")
