r"""A mode and the curvature there, from the score alone: where `sample` starts.

Newton's method on the score, without a log density to compare: from the working
coordinates :math:`x = m + L z`,

1. the Hessian of log p at m by central differences of the score, 2d rows in one
   batch, :math:`H = -U \Lambda U^T` in z;
2. the coordinates are turned and scaled so that the curvature becomes one in size,
   :math:`L \leftarrow L U |\Lambda|^{-1/2}`.  There the step s(0) is a Newton step
   where log p is concave and still climbs where it is not;
3. along it, the slope :math:`p \cdot s(tp)` of log p is followed to where it is small
   or has changed its sign.

The steps do not change under a linear change of coordinates, so neither a condition
number of 1e12 nor a start a thousand standard deviations away makes it slow.  The
mode is a first guess at the target's centre, not a fact: a singular or lonely mode is
reported, and whoever uses the coordinates has to check them.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..coordinates.preconditioner import Preconditioner

DIFFERENCE = 1e-4  # in working coordinates, where the curvature is about one

FLATTEST = 1e-10  # curvature, as a share of the largest, below which none is believed


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
) -> Laplace:
    """Climb to a mode from `start` (d,) and find the coordinates that suit it.

    The climb is given up, as one that did not converge, where ``known(x)`` says of a
    point (d,) on its way that there is nothing new to be found.

    Raises
    ------
    ValueError
        When the score is not finite at the start.
    """
    here = Preconditioner(start, np.eye(len(start)))
    s = score(here.centre[None])[0]
    if not np.isfinite(s).all():
        raise ValueError(f"the score is not finite at the start {start}: {s}")
    with np.errstate(over="ignore", invalid="ignore"):  # a score may lead anywhere
        found = _climb_to_mode(score, here, max_iter, known)
    if found.converged:
        return found
    return Laplace(here, False, f"{found.message}; they are those of the start")


def _climb_to_mode(score, here, max_iter, known) -> Laplace:
    flat = False
    for _ in range(max_iter):
        scaled = _scaled(score, here)
        if scaled is None:
            return Laplace(here, False, "the score is not finite beside the mode")
        L, curvature = scaled
        size = np.abs(curvature)
        settled = size.max() < 1.5 * size.min()
        flat = curvature.min() <= 0.0
        try:
            here = Preconditioner(here.centre, L)
        except ValueError:
            return Laplace(here, False, "the curvature is singular")
        newton = score(here.centre[None])[0] @ L
        if np.linalg.norm(newton) < 1e-6 and settled:
            words = "the curvature at the mode is not that of a maximum"
            return Laplace(here, not flat, words if flat else "a mode was found")
        step = _step(score, here, newton)
        if step is None:
            if np.linalg.norm(newton) < 1e-3 and settled and not flat:
                return Laplace(here, True, "a mode was found")
            return Laplace(here, False, "no step along the score climbs any further")
        there = here.to_user(step[None])[0]
        if not np.isfinite(there).all():
            return Laplace(here, False, "the score leads to infinity")
        if known(there):
            return Laplace(here, False, "the way leads to what is known")
        here = Preconditioner(there, L)
    return Laplace(here, False, f"no mode was found in {max_iter} Newton steps")


def _scaled(score, here):
    """New L, and the curvatures of -log p along its columns in the old scale."""
    d = len(here.centre)
    probes = DIFFERENCE * np.vstack([np.eye(d), -np.eye(d)])
    values = score(here.to_user(probes)) @ here.matrix
    hessian = (values[:d] - values[d:]) / (2.0 * DIFFERENCE)
    if not np.isfinite(hessian).all():
        return None
    curvature, turn = np.linalg.eigh(-0.5 * (hessian + hessian.T))
    size = np.abs(curvature)
    size = np.maximum(size, max(FLATTEST * size.max(), 1e-300))
    return here.matrix @ (turn / np.sqrt(size)), curvature


def _step(score, here, direction):
    """Point z along the direction where the slope of log p has become small."""
    slope = float(direction @ direction)
    if slope == 0.0:
        return None
    low, high, t = 0.0, np.inf, 1.0
    for _ in range(40):
        z = t * direction
        s = score(here.to_user(z[None]))[0] @ here.matrix
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
