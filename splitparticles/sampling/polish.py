"""Final move of `sample`, which goes on where its particles have not converged."""

from dataclasses import dataclass

from ..moves import Move
from .objective import STUCK, fraction_of_iid


@dataclass(frozen=True)
class Polish:
    """A move, made once more where the steps it may take were too few.

    About one run in a hundred begins its last round far from a minimum.
    """

    move: Move

    def __call__(self, objective, particles):
        """Move the particles downhill."""
        moved = self.move(objective, particles)
        fraction = fraction_of_iid(objective, moved.particles, moved.value)
        if moved.converged or not fraction > STUCK:
            return moved
        return self.move(objective, moved.particles)
