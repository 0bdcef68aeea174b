r"""Other modes: climbs from scattered points, and how much of the mass is where.

A score knows its mode and nothing of the next one.  So before particles multiply,
points are scattered about the known modes, from two to forty standard deviations
away, and about the user's start, as far as it is from the first mode (which may be a
narrow and poor one on the way to the bulk), and climb; where they come to rest,
Newton's method (`find_mode`) finds the mode and its curvature.  Batches follow until
two in a row bring no new mode.

A score does know how high one mode stands over another, along any path between them:

.. math:: \log p(b) - \log p(a) = \int_0^1 s(a + t(b - a)) \cdot (b - a)\, dt,

and with the curvatures the mass of each mode follows by Laplace's formula,
:math:`M_k \propto p(m_k) |\Sigma_k|^{1/2}`.  Where the path has no valley the two are
one mode.  With a log density the masses are measured instead, by importance sampling
from Student bells at the modes.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import softmax

from ..coordinates.preconditioner import Preconditioner
from ..scores.score import Score
from ..stop import LimitReached
from .climb import find_mode

CLIMBERS, STARTERS = 16, 4  # of a batch about a mode, and about the start

STEPS = 60  # of a climb, a row each; Newton's cost ten times that

NEAREST, FARTHEST = 2.0, 40.0  # distances of the start points, in standard deviations

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
        """Where it is, (d,)."""
        return self.preconditioner.centre

    def distances(self, x: np.ndarray) -> np.ndarray:
        """Distances of points (n, d), in its standard deviations, (n,)."""
        return np.linalg.norm(self.preconditioner.to_working(x), axis=1)


def find_modes(
    score: Score, first: Preconditioner, start: np.ndarray, rng
) -> list[Mode]:
    """Modes of more than a thousandth of the mass, the first among them if it is one.

    Parameters
    ----------
    score : Score
    first : Preconditioner
        The mode that is known, with its curvature.
    start : ndarray, shape (d,)
        Where the climb to it began.
    rng : numpy.random.Generator
    """
    score = _Bold(score)
    modes, searched, fruitless = [Mode(first, 0.0)], 0, 0
    if modes[0].distances(start[None])[0] > FARTHEST * np.sqrt(len(start)):
        _add_new(
            score, modes, _rests(score, modes[0], _about_start(modes[0], start, rng))
        )
    for _ in range(MOST_BATCHES):
        known = len(modes)
        # where no mode is new, once more about the first: a narrow one is hard to hit
        for mode in modes[searched:] or modes[:1]:
            _add_new(score, modes, _rests(score, mode, _about(mode, rng)))
        searched = known
        fruitless = fruitless + 1 if len(modes) == known else 0
        if fruitless == FRUITLESS:
            break
    masses = softmax([mode.log_mass for mode in modes])
    return [mode for mode, mass in zip(modes, masses, strict=True) if mass > LEAST_MASS]


class _Bold:
    """The score at points where the user may never have meant it to be asked.

    An exception there is no answer, not the end of the run.
    """

    def __init__(self, score):
        self.score = score

    def __call__(self, x):
        with np.errstate(all="ignore"):
            try:
                return self.score(x)
            except LimitReached:
                raise
            except Exception:
                if len(x) == 1:
                    return np.full(x.shape, np.nan)
        return np.vstack([self(row[None]) for row in x])


# ---------------------------------------------------------------------- climbs
def _about(mode, rng) -> np.ndarray:
    """Points scattered about a mode, in its standard deviations, (CLIMBERS, d)."""
    d = len(mode.centre)
    outwards = rng.standard_normal((CLIMBERS, d))
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    far = NEAREST * (FARTHEST / NEAREST) ** rng.random((CLIMBERS, 1))
    return far * np.sqrt(d) * outwards


def _about_start(mode, start, rng) -> np.ndarray:
    """Points scattered about the start, as far as it is from the mode."""
    d = len(start)
    spread = np.linalg.norm(start - mode.centre) / np.sqrt(d)
    scattered = start + spread * rng.standard_normal((STARTERS, d))
    return mode.preconditioner.to_working(scattered)


def _rests(score, mode, z) -> np.ndarray:
    """Where climbs from the points z come to rest, away from the mode, (k, d)."""
    z = _climbed(mode.preconditioner.score(score), z)
    away = np.linalg.norm(z, axis=1) > 1.0
    return mode.preconditioner.to_user(z[away])


def _add_new(score, modes, rests):
    for x in rests:
        found = _new_mode(score, modes, x)
        if found is not None:
            modes.append(found)


def _climbed(score, z):
    """Points z (n, d) after steps along their scores, of Barzilai and Borwein's length.

    Those whose score is not finite, or that left for infinity, are dropped; those
    that have come near the origin, which is known, climb no further.
    """
    s = score(z)
    far = 1e4 * max(FARTHEST, np.linalg.norm(z, axis=1).max(initial=0.0))
    step = np.full(len(z), np.inf)
    for _ in range(STEPS):
        size = np.linalg.norm(s, axis=1)
        alive = np.isfinite(size) & (np.linalg.norm(z, axis=1) < far)
        z, s, size, step = z[alive], s[alive], size[alive], step[alive]
        moving = (size > 1e-2) & (np.linalg.norm(z, axis=1) > 1.0)
        if not moving.any():
            break
        reach = 1.0 + 0.5 * np.linalg.norm(z, axis=1)
        length = np.minimum(step, reach / np.maximum(size, 1e-300))
        there = z[moving] + length[moving, None] * s[moving]
        new = score(there)
        dz, ds = there - z[moving], new - s[moving]
        with np.errstate(all="ignore"):
            curvature = -np.einsum("ik,ik->i", dz, ds)
            secant = np.einsum("ik,ik->i", dz, dz) / curvature
        step[moving] = np.where(curvature > 0, secant, 2.0 * length[moving])
        z[moving], s[moving] = there, new
    return z


def _new_mode(score, modes, x) -> Mode | None:
    """Mode that a rest belongs to, None when it is no new one."""

    def known(x, within=1.0):
        return min(mode.distances(x[None])[0] for mode in modes) < within

    if known(x, 2.0):
        return None
    found = find_mode(score, x, max_iter=20, known=known)
    if not found.converged:
        return None
    place = found.preconditioner
    own = Mode(place, 0.0)
    for mode in modes:
        if mode.distances(place.centre[None])[0] < 2.0:
            return None
        if own.distances(mode.centre[None])[0] < 2.0:
            return None
    near = min(modes, key=lambda mode: mode.distances(place.centre[None])[0])
    climb, valley = _along(score, near, place.centre)
    if not np.isfinite(climb) or valley < VALLEY:
        return None
    return Mode(place, near.log_mass + climb + _log_volume_ratio(place, near))


def _log_volume_ratio(place, other):
    volumes = [np.linalg.slogdet(p.matrix)[1] for p in (place, other.preconditioner)]
    return volumes[0] - volumes[1]


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
    height = np.cumsum(slopes @ weights) / pieces
    return height[-1], min(0.0, height[-1]) - height.min()
