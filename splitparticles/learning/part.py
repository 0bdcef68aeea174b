"""One mode's part of an emulated density."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from .fit import CHAINS, WALLS, Fit

BLOCK = 4096  # points whose distances to all rows are held

THINS = 2, 8, 32  # proposals between two draws of a chain

MIXED = 0.03  # relative error of second moments, that of 2,000 draws of a normal law


@dataclass(frozen=True, eq=False)
class Part:
    """Emulated density in the basin of one mode, and the mode's mass."""

    fit: Fit
    inside: Callable | None = None
    """(m, d) -> (m,), the points that belong to the mode; None for all."""
    mass: float = 1.0

    def holds(self, x: np.ndarray) -> np.ndarray:
        """Whether points (m, d) in the user's coordinates are in the basin, (m,)."""
        return np.ones(len(x), dtype=bool) if self.inside is None else self.inside(x)

    def draws(self, count: int, rng) -> np.ndarray:
        """Draws in the user's coordinates, (count, d)."""
        rows: list[np.ndarray] = []
        total = 0
        while total < count:
            z = self._states(max(16, -(-count // CHAINS)), rng)
            z = z.reshape(-1, z.shape[2])
            x = self.fit.change.to_user(z)
            own = self.holds(x)
            x = x[own] if own.any() else x  # none is where a mode's mass is not known
            rows.append(rng.permutation(x))
            total += len(x)
        return np.vstack(rows)[:count]

    def _states(self, count: int, rng) -> np.ndarray:
        """States of chains (count, c, d), farther apart where these mix slowly."""
        for thin in THINS:
            steps, warmup = thin * count, 30 * thin
            run = self.fit.chains(rng, steps=steps, warmup=warmup, thin=thin)
            if _error_of_squares(run.positions) < MIXED:
                break
        return run.positions

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """Log density of the draws up to a constant, in the user's coordinates, (m,).

        Minus infinity in other basins and beyond the wall of the chains.
        """
        change, emulator = self.fit.change, self.fit.emulator
        z = change.to_working(x)
        known = np.isfinite(z).all(axis=1)
        known[known] = self._distances(z[known]) < WALLS[1] * emulator.dim**0.5
        known[known] &= self.holds(x[known])
        log_p = np.full(len(x), -np.inf)
        if known.any():
            z = z[known]
            log_p[known] = emulator.log_density(z) - change.log_determinant(z)
        return log_p

    def _distances(self, z):
        """Distances to the nearest row of the emulator in its metric, (m,)."""
        blocks = np.split(self.fit.emulator.stretched(z), range(BLOCK, len(z), BLOCK))
        rows, _ = self.fit.emulator.rows
        return np.concatenate([cdist(block, rows).min(axis=1) for block in blocks])


def _error_of_squares(states) -> float:
    """Largest relative error of a second moment, by the chains' own, (k, c, d)."""
    squares = ((states - states.mean(axis=(0, 1))) ** 2).mean(axis=0)
    error = squares.std(axis=0) / len(squares) ** 0.5
    return float((error / np.maximum(squares.mean(axis=0), 1e-300)).max())
