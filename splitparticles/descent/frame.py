"""Frame of a run: the coordinates in which particles move, and when they change."""

from typing import NamedTuple

from ..coordinates.change import ChangeOfVariables
from ..objectives import Objective
from ..particles import ParticleSet


class Frame:
    """Working coordinates that never change; without a change, the user's own."""

    def __init__(self, change: ChangeOfVariables | None = None):
        self.change = change

    def to_user(self, particles: ParticleSet) -> ParticleSet:
        """Return the particles in the user's coordinates."""
        if self.change is None:
            return particles
        return particles.moved_to(self.change.to_user(particles.positions))

    def next(self, particles: ParticleSet, rng) -> "Restart":
        """Frame of the next round, once particles have come to rest in this one."""
        return Restart(self)


class Restart(NamedTuple):
    """Frame of the next round; with an objective and particles where they are new."""

    frame: Frame
    objective: Objective | None = None
    particles: ParticleSet | None = None
