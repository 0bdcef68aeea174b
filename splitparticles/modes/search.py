r"""Search for other modes: climbs from scattered points, joined by the score between.

A score knows its mode and nothing of the next one.  So before particles multiply,
points are scattered about the known modes, from two to forty standard deviations
away, and about the user's start, as far as it is from the first mode (which may be a
narrow and poor one on the way to the bulk), and climb by steps of Barzilai and Borwein
(key ``BB88`` in docs/references.bib); where they converge, Newton's method
(`find_mode`) finds the mode and its curvature.  Batches follow until two in a row
bring no new mode.

A score does know how high one mode stands over another, along any path between them:

.. math:: \log p(b) - \log p(a) = \int_0^1 s(a + t(b - a)) \cdot (b - a)\, dt,

and with the curvatures the mass of each mode follows by Laplace's formula,
:math:`M_k \propto p(m_k) |\Sigma_k|^{1/2}`.  Where the path has no valley the two are
one mode.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.special import softmax

from .._linalg import row_dot
from ..coordinates.preconditioner import Preconditioner
from .climb import find_mode
from .trial import trial_score

CLIMBS, CLIMBS_FROM_START = 16, 4  # of a batch about a mode, and about the start

STEPS = 60  # of a climb, an evaluation each; Newton's cost ten times that

NEAREST, FARTHEST = 2.0, 40.0  # distances of the start points, in standard deviations

INSIDE, APART = 1.0, 2.0  # distances from a mode: in its basin, and of another mode

VALLEY = 0.1  # depth of log p along the path that makes two modes of one

LEAST_MASS = 1e-3  # below which a mode is left out

MOST_BATCHES, FRUITLESS = 8, 2  # in all; in a row without a new mode

NODES = np.polynomial.legendre.leggauss(4)


class Mode(NamedTuple):
    """A mode with the coordinates in which its curvature is one."""

    preconditioner: Preconditioner
    log_mass: float
    """Laplace's estimate, relative to the first mode."""

    @property
    def centre(self) -> np.ndarray:
        """Position of the mode, (d,)."""
        return self.preconditioner.centre

    def distances(self, x: np.ndarray) -> np.ndarray:
        """Distances of points (n, d), in its standard deviations, (n,)."""
        return np.linalg.norm(self.preconditioner.to_working(x), axis=1)


def find_modes(
    score: Callable,
    first: Preconditioner,
    start: np.ndarray,
    rng,
    *,
    single: bool = False,
) -> list[Mode]:
    """Modes of more than a thousandth of the mass, the first among them if it is one.

    Parameters
    ----------
    score : callable
    first : Preconditioner
        The mode that is known, with its curvature.
    start : ndarray, shape (d,)
        Where the climb to it began.
    rng : numpy.random.Generator
    single : bool
        The score is known in single precision.
    """
    score, search = trial_score(score), partial(_search, single=single)
    modes, searched, fruitless = [Mode(first, 0.0)], 0, 0
    if modes[0].distances(start[None])[0] > FARTHEST * np.sqrt(len(start)):
        search(score, modes, modes[0], _about_start(modes[0], start, rng))
    for _ in range(MOST_BATCHES):
        count = len(modes)
        # where no mode is new, once more about the first: a narrow one is hard to hit
        for mode in modes[searched:] or modes[:1]:
            search(score, modes, mode, _about(mode, rng))
        searched = count
        fruitless = fruitless + 1 if len(modes) == count else 0
        if fruitless == FRUITLESS:
            break
    masses = softmax([mode.log_mass for mode in modes])
    return [mode for mode, mass in zip(modes, masses, strict=True) if mass > LEAST_MASS]


def _about(mode, rng) -> np.ndarray:
    """Points scattered about a mode, in its standard deviations, (CLIMBS, d)."""
    d = len(mode.centre)
    outwards = rng.standard_normal((CLIMBS, d))
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    distance = NEAREST * (FARTHEST / NEAREST) ** rng.random((CLIMBS, 1))
    return distance * np.sqrt(d) * outwards


def _about_start(mode, start, rng) -> np.ndarray:
    """Points scattered about the start, as far as it is from the mode."""
    d = len(start)
    sd = np.linalg.norm(start - mode.centre) / np.sqrt(d)
    scattered = start + sd * rng.standard_normal((CLIMBS_FROM_START, d))
    return mode.preconditioner.to_working(scattered)


def _search(score, modes, mode, z, *, single) -> None:
    """Append the new modes that climbs from z (k, d), in a mode's coordinates, find."""
    z = _climbed(mode.preconditioner.score(score), z)
    away = np.linalg.norm(z, axis=1) > INSIDE
    for x in mode.preconditioner.to_user(z[away]):
        new = _new_mode(score, modes, x, single)
        if new is not None:
            modes.append(new)


def _climbed(score, z):
    """Points z (n, d) after gradient steps of Barzilai and Borwein's length.

    Those whose score is not finite, or that left for infinity, are dropped; those
    that have come near the origin, a mode already, climb no further.
    """
    s = score(z)
    infinity = 1e4 * max(FARTHEST, np.linalg.norm(z, axis=1).max(initial=0.0))
    step = np.full(len(z), np.inf)
    for _ in range(STEPS):
        kept = np.isfinite(s).all(axis=1) & (np.linalg.norm(z, axis=1) < infinity)
        z, s, step = z[kept], s[kept], step[kept]
        steepness, distance = np.linalg.norm(s, axis=1), np.linalg.norm(z, axis=1)
        moving = (steepness > 1e-2) & (distance > INSIDE)
        if not moving.any():
            break
        # no step is longer than half the way to the origin, and one
        longest = (1.0 + 0.5 * distance) / np.maximum(steepness, 1e-300)
        length = np.minimum(step, longest)[moving]
        moved = z[moving] + length[:, None] * s[moving]
        s_moved = score(moved)
        dz, ds = moved - z[moving], s_moved - s[moving]
        step[moving] = secant_lengths(dz, ds, length)
        z[moving], s[moving] = moved, s_moved
    return z


def secant_lengths(dz, ds, lengths) -> np.ndarray:
    """Lengths (n,) of the next steps of Barzilai and Borwein, after steps dz (n, d).

    The scores changed by ds.  Where log p is convex the secant has no minimum: twice
    the last lengths.
    """
    with np.errstate(all="ignore"):
        curvature = -row_dot(dz, ds)
        secant = row_dot(dz, dz) / curvature
    return np.where(curvature > 0.0, secant, 2.0 * lengths)


def _new_mode(score, modes, x, single) -> Mode | None:
    """Mode near a point where a climb converged, None when it is no new one."""

    def known(x, within=INSIDE):
        return min(mode.distances(x[None])[0] for mode in modes) < within

    if known(x, APART):
        return None
    laplace = find_mode(score, x, max_iter=20, known=known, single=single)
    change = laplace.preconditioner
    if not laplace.converged or known(change.centre, APART):
        return None
    # apart by the standard deviations of either: one of the two may be narrow
    new = Mode(change, 0.0)
    if any(new.distances(mode.centre[None])[0] < APART for mode in modes):
        return None
    nearest = min(modes, key=lambda mode: mode.distances(change.centre[None])[0])
    rise, valley = _along(score, nearest, change.centre)
    if not np.isfinite(rise) or valley < VALLEY:
        return None
    volumes = np.linalg.slogdet([change.matrix, nearest.preconditioner.matrix])[1]
    return Mode(change, nearest.log_mass + rise + volumes[0] - volumes[1])


def _along(score, mode, end):
    """Difference of log p from a mode to a point, and the depth of the valley between.

    Gauss's rule of four nodes on each of so many pieces that none is longer than half a
    standard deviation, as far as 200 go.
    """
    start, way = mode.centre, end - mode.centre
    pieces = int(np.clip(2 * np.ceil(mode.distances(end[None])[0]), 8, 200))
    nodes, weights = 0.5 * (NODES[0] + 1.0), 0.5 * NODES[1]
    t = (np.arange(pieces)[:, None] + nodes).ravel() / pieces
    slopes = (score(start + t[:, None] * way) @ way).reshape(pieces, -1)
    log_p = np.cumsum(slopes @ weights) / pieces
    return log_p[-1], min(0.0, log_p[-1]) - log_p.min()
