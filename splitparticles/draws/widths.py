"""Widths of draws by quantiles, which no few far rows decide.

The width of a coordinate is half the distance between its 16 and 84 % quantiles, the
standard deviation of a normal law.  Where these are the same number, as in columns of
few values, it comes from quantiles farther out.
"""

from functools import partial
from typing import NamedTuple

import numpy as np

from .draws import Draws

ROWS, NUMBERS = 2**15, 2**22  # that quantiles are taken of, at most

LEVELS = (0.8413, 1.0), (0.9772, 2.0), (0.99865, 3.0)  # and their normal quantiles

FAR = 8.0  # widths from the median; a normal law has no rows there

FARTHER = 3.0  # times that of the farthest row that a particle can stand for

WIDE = 10.0  # widths that a standard deviation has where far rows decide it

GAP, FEWEST_BEYOND = 3.0, 8  # ratio of distances with nothing between, and rows beyond


class Widths(NamedTuple):
    """Medians and widths of the coordinates of draws."""

    centre: np.ndarray
    width: np.ndarray
    """Zero where a column is constant but for a few rows in a thousand."""
    reach: np.ndarray
    """Distances of some rows in widths, the largest of the coordinates', increasing."""
    share: np.ndarray
    """Of the mass that is not farther."""
    gaps: dict[int, np.ndarray]
    """Ends of the gaps that part groups of rows, (g, 2), of coordinates with any."""

    @classmethod
    def of(cls, draws: Draws, n: int) -> "Widths":
        """Widths of n draws."""
        few = min(n, ROWS, max(NUMBERS // len(draws.first), 1000))
        rows = np.unique(np.linspace(0, n - 1, few).astype(int))
        x = draws.taken(rows)
        p = None if draws.weights is None else draws.weights[rows]
        if p is not None and not p.any():  # the weight is on rows between
            p = None

        def quantiles(*levels):
            return np.quantile(x, levels, axis=0, weights=p, method="inverted_cdf")

        (centre,), width = quantiles(0.5), np.zeros(x.shape[1])
        for level, sds in LEVELS:
            low, high = quantiles(1.0 - level, level)
            wider = 0.5 * (high / sds - low / sds)  # halves, for the gap may overflow
            rounding = 1e-14 * np.maximum(np.abs(low), np.abs(high))
            width = np.where((width == 0.0) & (wider > rounding), wider, width)
        far = distances(centre, width, x)
        order = np.argsort(far, kind="stable")
        p = np.full(len(x), 1.0 / len(x)) if p is None else p / p.sum()
        share = np.cumsum(p[order])
        gaps = {
            k: ends
            for k, side in enumerate(zip(centre, width, x.T, strict=True))
            if len(ends := _gaps(*side))
        }
        return cls(centre, width, far[order], share, gaps)

    def bound(self, mass: float) -> float:
        """Distance in widths beyond which rows are far, and have less than this mass.

        It is some times the distance that all but this mass do not pass.
        """
        last = int(np.searchsorted(self.share, 1.0 - mass))
        return max(FAR, FARTHER * float(self.reach[min(last, len(self.reach) - 1)]))

    def decided(self, sd: np.ndarray) -> np.ndarray:
        """Whether far rows decide standard deviations (d,)."""
        return (self.width > 0.0) & ~(sd <= WIDE * self.width)


def _gaps(centre, width, x):
    """Ends of gaps beyond which some rows lie apart: groups, and no heavy tail."""
    if width == 0.0:
        return np.zeros((0, 2))
    ends = []
    for sign in (-1.0, 1.0):
        r = np.sort(sign * (x - centre) / width)
        r = r[r > 1.0]
        apart = np.flatnonzero(r[1:] > GAP * r[:-1])
        apart = apart[apart < len(r) - FEWEST_BEYOND]
        ends += [sorted(centre + sign * width * r[k : k + 2]) for k in apart]
    return np.array(sorted(ends)).reshape(-1, 2)


def distances(centre, width, x):
    """Largest distance of the coordinates of rows x from their medians, in widths."""
    known = width > 0.0
    if not known.any():
        return np.zeros(len(x))
    with np.errstate(over="ignore"):
        return np.abs((x[:, known] - centre[known]) / width[known]).max(axis=1)


def far_rows(draws: Draws, widths: Widths, bound: float) -> np.ndarray:
    """Whether each of the draws is beyond a bound, (N,)."""
    near = partial(_far_of_block, widths.centre, widths.width, bound)
    return np.concatenate(list(draws.each(near)))


def _far_of_block(centre, width, bound, x, p, first):
    return distances(centre, width, x) > bound
