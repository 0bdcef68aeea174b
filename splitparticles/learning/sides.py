r"""Sides of an emulated density: rows far out along each of the user's coordinates.

The mean error of fresh rows hides one heavy tail among many light ones.  So each
coordinate is probed on both sides: among states of chains on the root of the emulated
density, one of the farthest is a fresh row.  With u the direction in working
coordinates along which the user's coordinate varies, the conditional mean of
:math:`u \cdot s` is the score of its marginal, and the error there is

.. math:: e = (u \cdot \hat s - u \cdot s)^2 / \max(\tfrac14, (u \cdot s)^2).

As an emulator learns of a tail its chains go farther, and the side is asked again.
"""

import numpy as np

POWER = 0.5  # of the density, whose chains reach the sides

FARTHEST = 0.02  # fraction of their states

MARGIN = 0.3  # of their standard deviation, by which they must go farther to be asked

LEAST_SLOPE = 0.5  # of a marginal's log density, that errors are relative to

SMALL = 0.05  # error of a side that is known


class Sides:
    """Errors at the 2d sides, the newest ones, and where they were found.

    Parameters
    ----------
    d : int
    rng : numpy.random.Generator
    """

    def __init__(self, d: int, rng):
        self.errors, self.rng = np.full((d, 2), np.inf), rng
        self.reach = np.zeros((d, 2))
        self.unknown = np.argwhere(self.errors > SMALL)
        self.directions = np.zeros((0, d))

    def known(self) -> bool:
        """Whether no side was left to be asked, when chains went there last."""
        return len(self.unknown) == 0

    def rows(self, z: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Fresh rows (k, d) on the sides that are not known.

        Out of states z (m, d) in working coordinates, x in the user's.
        """
        order = np.argsort(x, axis=0, kind="stable")
        count = max(1, int(FARTHEST * len(x)))
        edges = np.sort(x, axis=0)[[count - 1, -count]]
        outwards = np.array([[-1.0], [1.0]])
        margin = MARGIN * x.std(axis=0)
        farther = (outwards * (edges - self.reach.T) > margin).T
        self.unknown = np.argwhere(~(self.errors < SMALL) | farther)
        chosen, directions = [], []
        for j, upper in self.unknown:
            farthest = order[-count:, j] if upper else order[:count, j]
            chosen.append(self.rng.choice(farthest))
            u = (x[:, j] - x[:, j].mean()) @ (z - z.mean(axis=0))
            directions.append(u / max(np.linalg.norm(u), 1e-300))
        self.directions = np.array(directions).reshape(-1, z.shape[1])
        j, side = self.unknown.T
        self.reach[j, side] = x[chosen, j]
        return z[chosen]

    def take(self, s: np.ndarray, emulated: np.ndarray) -> None:
        """Take up scores (k, d) at the rows asked last, beside the emulated ones."""
        with np.errstate(all="ignore"):
            slope = (s * self.directions).sum(axis=1)
            error = ((emulated - s) * self.directions).sum(axis=1) ** 2
            error = error / np.maximum(LEAST_SLOPE**2, slope**2)
        self.errors[tuple(self.unknown.T)] = np.where(np.isfinite(error), error, 1.0)
