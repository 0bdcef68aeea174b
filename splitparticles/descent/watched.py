"""An objective under watch: what the loop hands to moves."""

import time

import numpy as np

from ..objectives import Objective
from ..particles import ParticleSet
from ..stop import LimitReached, Stop


class Watched:
    """An objective that remembers the best particles it was asked about.

    Whatever ends a move early (a limit, an exception of the score's, Ctrl-C), the
    loop finds there what had been reached.
    """

    def __init__(self, objective: Objective, deadline: float):
        self._objective, self._deadline = objective, deadline
        self.best: tuple[float, ParticleSet] | None = None

    def __getattr__(self, name):
        check_time(self._deadline)
        return getattr(self._objective, name)

    def _seen(self, particles, value):
        if np.isfinite(value) and (self.best is None or value < self.best[0]):
            self.best = float(value), particles

    def first_variation(self, particles):
        """Value, witness and its gradient."""
        check_time(self._deadline)
        here = self._objective.first_variation(particles)
        self._seen(particles, here.value)
        return here

    def value_and_gradient(self, particles):
        """F and its gradient."""
        check_time(self._deadline)
        value, gradient = self._objective.value_and_gradient(particles)
        self._seen(particles, value)
        return value, gradient

    def value(self, particles):
        """F."""
        check_time(self._deadline)
        value = self._objective.value(particles)
        self._seen(particles, value)
        return value


def check_time(deadline: float) -> None:
    """End a run whose time is over."""
    if time.monotonic() > deadline:
        raise LimitReached(Stop.MAX_TIME)
