"""Lessons of an emulator: the rows of a score that can be believed, and how far.

Far rows whose score is huge would ruin a fit that has to be good where the mass is.
There only the direction of a score is believed, with noise; a row without a score says
no more than that the density falls towards it.
"""

from typing import NamedTuple

import numpy as np

from ..coordinates.change import ChangeOfVariables
from ..emulator import Emulator, fit

CAP = 6.0  # |s| over the root of d beyond which only its direction is believed

BULK = 3.0  # |s| over the root of d of rows that choose the length scale

FARTHEST = 8.0  # |z| over the root of d

SPREAD = 2.0  # |z| over the root of d from which rows need not lie as dense

TWIN = 0.05  # distance over the root of d of rows that tell the same

CAPPED_NOISE, FAR_NOISE = 0.1, 1e-4  # of a capped score, and of one beyond 2 roots of d

DENSE_ROWS, DENSE_DIM = 2500, 12  # unknowns of a fit, up to so many coordinates

MOST_ROWS = 700  # in more coordinates


class Lessons(NamedTuple):
    """Rows, scores and noise in working coordinates; rows of the bulk come first."""

    z: np.ndarray
    s: np.ndarray
    noise: np.ndarray
    n_bulk: int


def most_rows(d: int) -> int:
    """Rows of a fit in d coordinates."""
    return DENSE_ROWS // d if d <= DENSE_DIM else MOST_ROWS


def lessons(change: ChangeOfVariables, x: np.ndarray, s: np.ndarray) -> Lessons:
    """Lessons from all rows x (N, d) and scores s, the newest counting before older."""
    root = x.shape[1] ** 0.5
    with np.errstate(all="ignore"):
        z = change.to_working(x)
        s = change.pulled(z, s)
        radius = np.linalg.norm(z, axis=1) / root
        inwards = -2.0 * CAP * z / np.maximum(radius, 1e-9)[:, None]
        s = np.where(np.isfinite(s).all(axis=1, keepdims=True), s, inwards)
        size = np.linalg.norm(s, axis=1) / root
    kept = np.flatnonzero((radius < FARTHEST) & np.isfinite(size))[::-1]
    kept = kept[_without_twins(z[kept], TWIN * root)]
    limit = most_rows(x.shape[1])
    if len(kept) > limit:
        kept = kept[_covering(z[kept] / (1.0 + radius[kept, None] / SPREAD), limit)]
    kept = kept[np.argsort(size[kept] > BULK, kind="stable")]
    z, s, size = z[kept], s[kept], size[kept]
    s = s * np.minimum(1.0, CAP / np.maximum(size, 1e-9))[:, None]
    noise = CAPPED_NOISE * (1.0 - CAP / np.maximum(size, CAP)) ** 2
    noise = noise + FAR_NOISE * np.clip(size - 2.0, 0.0, 2.0) ** 2
    return Lessons(z, s, noise, max(2, int((size <= BULK).sum())))


def _without_twins(z, distance):
    """Rows that are no nearer than a distance to one before them."""
    chosen: list[int] = []
    for i in range(len(z)):
        away = z[chosen] - z[i]
        if not chosen or (away * away).sum(axis=1).min() >= distance**2:
            chosen.append(i)
    return chosen


def _covering(z, count):
    """Rows, in order, each of which is farthest from those chosen before it."""
    chosen = [int(np.argmin((z * z).sum(axis=1)))]
    gaps = np.full(len(z), np.inf)
    for _ in range(count - 1):
        gaps = np.minimum(gaps, ((z - z[chosen[-1]]) ** 2).sum(axis=1))
        chosen.append(int(np.argmax(gaps)))
    return np.sort(chosen)


def fitted(
    change: ChangeOfVariables,
    x: np.ndarray,
    s: np.ndarray,
    *,
    near: Emulator | None = None,
    by_bulk: bool = True,
    variation: np.ndarray | None = None,
) -> Emulator:
    """Emulator of all lessons, its hyperparameters chosen by those of the bulk."""
    taught = lessons(change, x, s)
    return fit(
        taught.z,
        taught.s,
        noise=taught.noise,
        variation=variation,
        bulk=taught.n_bulk if by_bulk else None,
        near=near,
    )
