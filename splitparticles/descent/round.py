"""Round of a run: particles at rest, and what grew from them."""

from typing import NamedTuple

import numpy as np

from ..growth import Grown
from ..moves import Moved
from ..particles import ParticleSet


class Round(NamedTuple):
    """One round: particles moved until they rest, and what grew from them."""

    particles: ParticleSet
    """At rest, before the growth, in the user's coordinates."""
    value: float
    """The objective asked for, in the working coordinates of the round."""
    bandwidth: float | None
    """The coarser bandwidth that this round followed; None at the scale asked for."""
    moved: Moved
    """What the move returned, in working coordinates."""
    grown: Grown
    """What the growth returned, in working coordinates."""
    actual: float
    """Change of the round's objective by the splits, all at once."""
    parents: np.ndarray
    """Splitting tree of `particles`, (n,)."""
    n_score_evals: int
    """Score rows so far, this round included."""
    kept: np.ndarray | None = None
    """Rows kept, of the particles that moved, where some were pruned; else None."""

    @property
    def predicted(self) -> float:
        """Change of the round's objective by the splits, to second order."""
        return self.grown.predicted
