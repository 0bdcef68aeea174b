"""Coordinates in which the loop works, and how they may change between rounds."""

from typing import NamedTuple

from ..coordinates.preconditioner import Preconditioner
from ..objectives import Objective
from ..particles import ParticleSet


class Coordinates:
    """Where the loop works, and when that changes; here the user's own, for good."""

    def to_user(self, particles: ParticleSet) -> ParticleSet:
        """Return the particles in the user's coordinates."""
        return particles

    def adapted(self, particles: ParticleSet, rng) -> "Changed | None":
        """Return better coordinates, and what they change; None to stay."""
        return None

    def facts(self) -> dict:
        """Fields of the `Result` that the coordinates know."""
        return {}

    def doubts(self, particles: ParticleSet) -> list[str]:
        """Say what is known against particles that a run has come to rest with."""
        return []


class Changed(NamedTuple):
    """Other coordinates, with the objective and the particles there."""

    coordinates: Coordinates
    objective: Objective
    particles: ParticleSet


class WorkingCoordinates(Coordinates):
    """Positions are moved as z and handed out as ``x = m + L z``."""

    def __init__(self, change: Preconditioner, names=None, warnings=()):
        self.change, self.names, self.warnings = change, names, list(warnings)

    def to_user(self, particles):
        """Return the particles in the user's coordinates."""
        return particles.moved_to(self.change.to_user(particles.positions))

    def facts(self):
        """Fields of the `Result`."""
        return {
            "names": self.names,
            "warnings": self.warnings,
            "preconditioner": self.change,
        }
