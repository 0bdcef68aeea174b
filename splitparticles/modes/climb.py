r"""Saddle-free Newton method: a mode and its curvature, from the score alone.

Newton's method with the absolute Hessian (key ``DPGCGB14`` in docs/references.bib) and
no log density to compare: from the working coordinates :math:`x = m + L z`,

1. the Hessian of log p at m by central differences of the score, 2d rows in one
   batch, :math:`H = -U \Lambda U^T` in z;
2. the coordinates are turned and scaled so that the curvature becomes one in size,
   :math:`L \leftarrow L U |\Lambda|^{-1/2}`.  There the step s(0) is a Newton step
   where log p is concave and still climbs where it is not;
3. along it, the slope :math:`p \cdot s(tp)` of log p is followed to where it is small
   or has changed its sign;
4. where the score vanishes and the curvature is not that of a maximum, the step goes
   along the directions of negative curvature.

The steps do not change under a linear change of coordinates, so neither a condition
number of 1e12 nor a start a thousand standard deviations away makes it slow.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..coordinates.preconditioner import Preconditioner
from ..scores.derivatives import SINGLE
from .trial import trial_score

DIFFERENCE = 1e-4  # in working coordinates, where the curvature is about one

FLATTEST = 1e-10  # curvature, of the largest, below which none is believed

CRITICAL, SMALL = 1e-6, 1e-3  # norms of a score that vanishes, or only by differences


class Laplace(NamedTuple):
    """A mode, with coordinates in which the curvature there is one."""

    preconditioner: Preconditioner
    converged: bool
    """Whether the score vanishes there and the curvature is that of a maximum."""
    message: str


def find_mode(
    score: Callable,
    start: np.ndarray,
    *,
    max_iter: int = 60,
    known: Callable = lambda x: False,
    single: bool = False,
) -> Laplace:
    """Mode that a climb from `start` (d,) reaches, and its curvature.

    ``known(x) -> bool`` stops the climb early (not converged), such as inside a mode
    already found.  With `single`, differences and tolerances suit a score in single
    precision.  Raises a ValueError when the score is not finite at the start.
    """
    change = Preconditioner(start, np.eye(len(start)))
    s = score(change.centre[None])[0]
    if not np.isfinite(s).all():
        raise ValueError(f"the score is not finite at the start {start}: {s}")
    with np.errstate(over="ignore", invalid="ignore"):  # a score may lead anywhere
        laplace = _climb(
            trial_score(score), change, max_iter, known, SINGLE if single else 1.0
        )
    if laplace.converged:
        return laplace
    return Laplace(change, False, f"{laplace.message}; they are those of the start")


def _climb(score, change, max_iter, known, longer) -> Laplace:
    critical, small = longer * CRITICAL, longer * SMALL
    for _ in range(max_iter):
        curvature, turn = _curvature(score, change, longer * DIFFERENCE)
        if curvature is None:
            return Laplace(change, False, "the score is not finite beside the mode")
        size = np.abs(curvature)
        scaled = size.max() < 1.5 * size.min()
        maximum = scaled and curvature.min() > 0.0
        size = np.maximum(size, max(FLATTEST * size.max(), 1e-300))
        try:
            L = change.matrix @ (turn / np.sqrt(size))
            change = Preconditioner(change.centre, L)
        except ValueError:
            return Laplace(change, False, "the curvature is singular")
        newton = score(change.centre[None])[0] @ L
        steepness = np.linalg.norm(newton)
        if steepness < critical and maximum:
            return Laplace(change, True, "a mode was found")
        if steepness < critical and not scaled:
            continue  # a curvature is known well only once it is one in size
        if steepness < critical:
            z = _off_saddle(score, change, curvature)
        else:
            z = _line_search(score, change, newton)
        if z is None:
            if steepness < small and maximum:
                return Laplace(change, True, "a mode was found")
            return Laplace(change, False, "no step along the score climbs any further")
        x = change.to_user(z[None])[0]
        if not np.isfinite(x).all():
            return Laplace(change, False, "the score leads to infinity")
        if known(x):
            return Laplace(change, False, "the climb leads to a mode that is known")
        change = Preconditioner(x, L)
    return Laplace(change, False, f"no mode was found in {max_iter} Newton steps")


def _curvature(score, change, step):
    """Curvatures of -log p in working coordinates, and their directions; or None."""
    d = len(change.centre)
    probes = step * np.vstack([np.eye(d), -np.eye(d)])
    values = score(change.to_user(probes)) @ change.matrix
    hessian = (values[:d] - values[d:]) / (2.0 * step)
    if not np.isfinite(hessian).all():
        return None, None
    return np.linalg.eigh(-0.5 * (hessian + hessian.T))


def _off_saddle(score, change, curvature):
    """Point z along all directions of negative curvature where log p still rises."""
    # along one of them alone the climb would follow a symmetry into the next saddle
    z = (curvature < 0.0) / np.sqrt(np.count_nonzero(curvature < 0.0))
    for _ in range(10):
        if score(change.to_user(z[None]))[0] @ change.matrix @ z > 0.0:
            return z
        z = 0.5 * z
    return None


def _line_search(score, change, direction):
    """Point z along the direction where the slope of log p has become small."""
    slope = float(direction @ direction)
    low, high, t = 0.0, np.inf, 1.0
    for _ in range(40):
        z = t * direction
        s = score(change.to_user(z[None]))[0] @ change.matrix
        rate = float(s @ direction) if np.isfinite(s).all() else -np.inf
        if abs(rate) <= 0.5 * slope:
            return z
        if rate > 0.0:
            low = t
            if high == np.inf and t >= 1e6:
                return z
        else:
            high = t
        t = 4.0 * t if high == np.inf else 0.5 * (low + high)
    return low * direction if low > 0.0 else None
