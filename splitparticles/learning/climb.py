r"""Climb to a mode in few calls: saddle-free Newton with trial steps side by side.

As `splitparticles.modes.climb`, with the absolute Hessian (key ``DPGCGB14`` in
docs/references.bib) and no log density to compare, but made for batches:

1. the Hessian at x by forward differences, d rows beside x in one call; it whitens the
   coordinates, :math:`A^T |H| A = I`, and is kept as long as it predicts the next score
   within 30 %;
2. four lengths of the step in one call; the farthest counts up to which the slopes
   along the step are about those of a quadratic and the scores do not explode;
3. on a saddle the step goes along all directions of negative curvature, with random
   signs;
4. the climb ends where :math:`|s|^2 < d / 10` in whitened coordinates and the curvature
   is that of a maximum, or gives up where the normals that fit on the way lose mass: a
   funnel has no mode.
"""

from typing import NamedTuple

import numpy as np

from ..coordinates.preconditioner import Preconditioner
from .lockstep import OutOfRows

STEP = 1e-3  # of forward differences, in whitened coordinates

NEAR = 0.1  # of d: |s|^2 of a mode, which later rows will correct

TRIALS = np.array([1 / 16, 1 / 4, 1.0, 4.0])  # of a step, in one call

PREDICTED = 0.3  # relative error of the next score up to which a Hessian is kept

BACK = 64  # by which steps are shortened where no trial is good

CLOSE = 4.0  # |s|^2 / d of a point whose normal is about the target's

LOST = 3.0  # log mass lost to the best normal, where a climb gives up

MOST = 100  # calls


class Site(NamedTuple):
    """A point of a climb, with the normal that fits there."""

    x: np.ndarray
    A: np.ndarray
    """Whitens the absolute curvature, (d, d)."""
    decrement: float
    """Squared norm of the whitened score over d."""
    height: float
    """Log density over that of the start, along the climb."""
    s: np.ndarray
    J: np.ndarray
    """Jacobian of the score, (d, d), where it was last evaluated."""

    @property
    def log_mass(self) -> float:
        """Log mass of the normal that fits here, but for a constant."""
        return self.height + float(np.linalg.slogdet(self.A)[1])

    def coordinates(self) -> Preconditioner:
        """Coordinates in which the normal here is a standard one."""
        return Preconditioner(self.x, self.A)

    def distances(self, x: np.ndarray) -> np.ndarray:
        """Whitened distances of points (m, d), (m,)."""
        return np.linalg.norm(np.linalg.solve(self.A, (x - self.x).T), axis=0)


class Climb(NamedTuple):
    """Outcome of a climb."""

    sites: list[Site]
    converged: bool

    @property
    def end(self) -> Site:
        """The mode, where it converged."""
        return self.sites[-1]

    @property
    def heaviest(self) -> Site:
        """Site of the largest mass, by its own curvature, on the way to no mode."""
        fresh = {id(site.J): site for site in reversed(self.sites)}  # their first ones
        return max(fresh.values(), key=lambda site: site.log_mass)


def climb(start: np.ndarray, rng):
    """Search (see `lockstep`) that returns a `Climb` from `start` (d,)."""
    ascent = _Ascent(start, rng)
    try:
        while ascent.calls < MOST:
            if not (yield from ascent.curvature()):
                break
            if (yield from ascent.steps()):
                return Climb(ascent.sites, True)
            if ascent.loses_mass():
                break
    except OutOfRows:
        pass
    if not ascent.sites:
        d = len(start)
        nowhere = Site(start, np.eye(d), np.inf, 0.0, np.zeros(d), -np.eye(d))
        ascent.sites.append(nowhere)
    return Climb(ascent.sites, False)


class _Ascent:
    """State of a climb."""

    def __init__(self, start, rng):
        self.x, self.rng, d = start, rng, len(start)
        self.s, self.A, self.J = np.zeros(d), np.eye(d), -np.eye(d)
        self.signs, self.difference = np.ones(d), 0.1 * STEP
        self.height, self.trust, self.calls = 0.0, 1.0, 0
        self.sites: list[Site] = []

    def curvature(self):
        """Whiten by the Hessian here; whether it is finite."""
        self.calls += 1
        s = yield np.vstack([self.x, self.x + self.difference * self.A.T])
        if not np.isfinite(s).all():
            return False
        self.s = s[0]
        J = self.A.T @ ((s[1:] - s[0]).T / self.difference)
        J = 0.5 * (J + J.T)
        if not np.abs(J).max() > 0.0:
            J = -np.eye(len(J))
        inverse = np.linalg.inv(self.A)
        self.J = inverse.T @ J @ inverse
        self.A, self.signs = _whitening(self.A, -J)
        self.difference = STEP
        return True

    def steps(self):
        """Steps while the Hessian predicts the scores; whether they end at a mode."""
        d = len(self.x)
        while True:
            g = self.s @ self.A
            square = float(g @ g)
            site = Site(self.x, self.A, square / d, self.height, self.s, self.J)
            self.sites.append(site)
            critical = square < NEAR * d
            if critical and (self.signs > 0).all():
                return True
            step = g
            if critical:  # a saddle
                random = self.rng.choice([-1.0, 1.0], d)
                step = g + np.where(self.signs <= 0, random, 0.0)
            self.calls += 1
            if self.calls > MOST or not 0.0 < step @ step < np.inf:
                raise OutOfRows
            t = self.trust * TRIALS
            x = self.x + t[:, None] * (self.A @ step)
            s = yield x
            k, gain = _farthest(t, g, s @ self.A, step)
            if k is None:
                self.trust /= BACK
                if self.trust < 1e-12:
                    raise OutOfRows
                continue
            self.trust = min(1.0, 4.0 * t[k])
            self.x, self.s, self.height = x[k], s[k], self.height + gain
            error = self.s @ self.A - (g - t[k] * self.signs * step)
            if error @ error > PREDICTED**2 * max(square, NEAR * d):
                return False

    def loses_mass(self) -> bool:
        """Whether the normals on the way lose mass: it goes down a funnel's neck."""
        close = [site for site in self.sites if site.decrement < CLOSE]
        if len(close) < 6 or close[-1] is not self.sites[-1]:
            return False
        masses = [site.log_mass for site in close]
        return max(masses[-4:]) < max(masses) - LOST


def _whitening(A, H):
    """Coordinates whitened by |H|, H being the curvature in A, and its signs."""
    scale = np.abs(np.diag(H))
    scale = np.maximum(scale, 1e-12 * np.abs(H).max() + 1e-290) ** -0.5
    values, turn = np.linalg.eigh(scale[:, None] * H * scale)
    size = np.maximum(np.abs(values), 1e-9 * np.abs(values).max())
    return A @ (scale[:, None] * turn / np.sqrt(size)), np.sign(values)


def _farthest(t, g, s, step):
    """Farthest trial to accept, or None, and the gain in log density up to it.

    With steps t (k,), the whitened score g (d,) before, and s (k, d) at the trials.
    """
    slope, slopes = float(g @ step), s @ step
    largest = 2.0 * np.linalg.norm(g) + len(g) ** 0.5
    accepted, gain, total, before = None, 0.0, 0.0, (0.0, slope)
    for k in range(len(t)):
        if not np.isfinite(slopes[k]) or np.linalg.norm(s[k]) > largest:
            break
        total += 0.5 * (t[k] - before[0]) * (slopes[k] + before[1])
        before = t[k], slopes[k]
        if slopes[k] < 0.0 and abs(slopes[k] - (1.0 - t[k]) * slope) > 0.5 * slope:
            break
        if total > gain or (accepted is None and slopes[k] >= 0.0):
            accepted, gain = k, total
        if slopes[k] < 0.0:
            break
    return accepted, gain
