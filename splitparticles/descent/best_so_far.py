"""Best-so-far wrapper of an objective, which the loop passes to moves."""

import numpy as np

from ..objectives import Objective
from ..particles import ParticleSet
from ..stop import check_time
from .progress import Progress


class BestSoFar:
    """Objective that keeps the best particles it was evaluated at.

    Whatever ends a move early (a limit, an exception of the score, Ctrl-C), the loop
    finds there what had been reached.
    """

    def __init__(self, objective: Objective, deadline: float, progress: Progress):
        self._objective, self._deadline = objective, deadline
        self._tick = progress.tick
        self.value_so_far = np.inf
        self.particles_so_far: ParticleSet | None = None

    def __getattr__(self, name):
        return getattr(self._objective, name)

    def _keep(self, particles: ParticleSet, value: float) -> None:
        self._tick()
        if value < self.value_so_far:  # never with NaN
            self.value_so_far, self.particles_so_far = float(value), particles

    def first_variation(self, particles):
        """Value, witness and its gradient."""
        check_time(self._deadline)
        variation = self._objective.first_variation(particles)
        self._keep(particles, variation.value)
        return variation

    def value_and_gradient(self, particles):
        """F and its gradient."""
        check_time(self._deadline)
        value, gradient = self._objective.value_and_gradient(particles)
        self._keep(particles, value)
        return value, gradient

    def value(self, particles):
        """F."""
        check_time(self._deadline)
        value = self._objective.value(particles)
        self._keep(particles, value)
        return value
