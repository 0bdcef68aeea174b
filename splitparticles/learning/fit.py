"""Fit of an emulator in its coordinates, and chains on it that keep near the rows.

Beyond a wall the emulator knows nothing, and a stray row of huge score can ruin a fit.
The chains start at rows where the emulator was found right.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammainccinv

from ..coordinates.change import ChangeOfVariables
from ..emulator import Chains, Emulator, chains
from .lessons import fitted

CHAINS = 96

LEAPS, QUARTER = 5, 1.6  # of a proposal, and of an oscillation of 2 pi

WALLS = 0.8, 2.5  # distances over the root of d beyond which chains do not go

RARE = 1e-6  # mass of a normal below the floor of flat chains


@dataclass(frozen=True, eq=False)
class Fit:
    """An emulator in its coordinates, and rows at which it was found right."""

    change: ChangeOfVariables
    emulator: Emulator
    right: np.ndarray
    """In working coordinates, (m, d)."""

    def chains(
        self, rng, *, power=1.0, wall=WALLS[1], steps=20, warmup=40, thin=2
    ) -> Chains:
        """Chains on a power of the emulated density, near the rows."""
        e, d = self.emulator, self.emulator.dim
        heights = e.log_density(self.right)
        quantile = 2.0 * gammainccinv(0.5 * d, RARE)  # of chi^2, without scipy.stats
        floor = np.median(heights) - 0.5 * (quantile - d)
        start = self.right[heights > floor]
        flat = e if power == 1.0 else e.flattened(power)
        return chains(
            flat,
            start[rng.integers(len(start), size=CHAINS)],
            steps=steps,
            warmup=warmup,
            leaps=LEAPS,
            longest=QUARTER / LEAPS / power**0.5,
            thin=thin,
            wall=wall * d**0.5,
            floor=-np.inf if power == 1.0 else power * floor,
            rng=rng,
        )

    def in_other(self, change: ChangeOfVariables, x, s) -> "Fit":
        """The same lessons in other coordinates."""
        right = change.to_working(self.change.to_user(self.right))
        emulator = fitted(change, x, s)
        return Fit(change, emulator, right)
