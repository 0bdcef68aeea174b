"""Emulation of a density: an emulator for each of its modes, and draws of them all."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp, softmax

from ..coordinates.preconditioner import Preconditioner
from ..emulator import r_hat
from ..modes.gaussian_fit import gaussian_fit
from .climb import Site, climb
from .lockstep import Ledger, together
from .rounds import CHAINS, Fit, Learned, learn
from .scouts import other_modes

LEAVES = 0.01  # fraction of proposals stopped by the wall that is too much

LARGEST_R_HAT = 1.1  # of 96 chains of a hundred states

PROPOSALS = 8000  # of the importance sampling of a mode's mass


@dataclass(frozen=True, eq=False)
class Part:
    """One mode's emulator and mass."""

    fit: Fit
    mass: float
    inside: Callable | None
    """(m, d) -> (m,), the points that belong to the mode; None for all."""


@dataclass(frozen=True, eq=False)
class Emulation:
    """What was learned of a density."""

    parts: list[Part]
    error: float
    """Mean relative error of fresh rows, the worst over the modes."""
    doubts: list[str]
    """Reasons not to trust it."""

    def draws(self, m: int, rng) -> np.ndarray:
        """Draws (m, d) in the user's coordinates, the modes by their masses."""
        counts = rng.multinomial(m, [part.mass for part in self.parts])
        pairs = zip(self.parts, counts, strict=True)
        draws = [_draws(part, count, rng) for part, count in pairs if count]
        return rng.permutation(np.vstack(draws))


def _draws(part: Part, count: int, rng) -> np.ndarray:
    """Draws of one mode, (count, d)."""
    rows: list[np.ndarray] = []
    total = 0
    while total < count:
        steps = 2 * max(16, -(-count // CHAINS))
        run = part.fit.chains(rng, steps=steps, warmup=60)
        x = part.fit.change.to_user(run.positions.reshape(-1, run.positions.shape[2]))
        own = np.ones(len(x), dtype=bool) if part.inside is None else part.inside(x)
        x = x[own] if own.any() else x  # none is where a mode's mass is not known
        rows.append(rng.permutation(x))
        total += len(x)
    return np.vstack(rows)[:count]


def emulate(ledger: Ledger, start: np.ndarray, log_density, rng) -> Emulation:
    """Emulation of the density around the modes that a climb from `start` leads to."""
    (first,) = together(ledger, [climb(start, rng)])
    modes, heights, change = [first.end], np.zeros(1), None
    if first.converged:
        modes, heights = other_modes(ledger, first.end, log_density, rng)
    else:
        change = gaussian_fit(ledger.evaluate, first.heaviest.coordinates(), rng)
    insides = _basins(modes)
    searches = []
    x, s = ledger.x, ledger.s
    for mode, inside in zip(modes, insides, strict=True):
        own = slice(None) if inside is None else inside(x)
        frame = mode.coordinates() if change is None else change
        searches.append(learn(frame, x[own], s[own], rng.spawn(1)[0], inside=inside))
    learned = together(ledger, searches)
    doubts = _doubts(learned, rng)
    masses = np.ones(1)
    if len(modes) > 1:
        volumes = [
            _log_volume(one.fit, mode.x, inside, rng)
            for one, mode, inside in zip(learned, modes, insides, strict=True)
        ]
        masses = softmax(heights + volumes)
        if not np.isfinite(masses).all():
            doubts.append("the masses of the modes are not known")
            masses = np.full(len(modes), 1.0 / len(modes))
    parts = [
        Part(one.fit, float(mass), inside)
        for one, mass, inside in zip(learned, masses, insides, strict=True)
    ]
    error = max(one.errors[0] for one in learned)
    return Emulation(parts, error, doubts)


def _basins(modes: list[Site]) -> list:
    """Indicators of the points (m, d) that belong to each mode, by its normal."""
    if len(modes) == 1:
        return [None]
    volumes = [2.0 * np.linalg.slogdet(mode.A)[1] for mode in modes]

    def nearest(x):
        parts = zip(modes, volumes, strict=True)
        costs = [mode.distances(x) ** 2 + volume for mode, volume in parts]
        return np.argmin(costs, axis=0)

    return [lambda x, k=k: nearest(x) == k for k in range(len(modes))]


def _log_volume(fit: Fit, centre, inside, rng) -> float:
    """Log integral of the emulated density in a basin, over the density at its mode.

    NaN where the chains hardly come there.
    """
    d = len(centre)
    z = fit.chains(rng, steps=60).positions.reshape(-1, d)
    z = z[inside(fit.change.to_user(z))]
    if len(z) <= 2 * d:
        return np.nan
    mean, L = z.mean(axis=0), np.linalg.cholesky(1.2 * np.atleast_2d(np.cov(z.T)))
    xi = rng.standard_normal((PROPOSALS, d))
    y = mean + xi @ L.T
    x = fit.change.to_user(y)
    log_proposal = -0.5 * (xi * xi).sum(axis=1) - np.log(np.diag(L)).sum()
    log_proposal -= 0.5 * d * np.log(2.0 * np.pi)
    log_weights = fit.emulator.log_density(y) - log_proposal
    log_integral = logsumexp(log_weights[inside(x)]) - np.log(PROPOSALS)
    at_centre = fit.emulator.log_density(fit.change.to_working(centre[None]))[0]
    return float(log_integral - at_centre) + _log_volume_of(fit.change, centre)


def _log_volume_of(change, centre) -> float:
    """Log determinant of a change's Jacobian at a point x (d,)."""
    if isinstance(change, Preconditioner):
        return float(np.linalg.slogdet(change.matrix)[1])
    z, d = change.to_working(centre[None]), len(centre)
    step = 1e-5 * np.eye(d)
    slopes = (change.to_user(z + step) - change.to_user(z - step)) / 2e-5
    return float(np.linalg.slogdet(slopes)[1])


def _doubts(learned: list[Learned], rng) -> list[str]:
    """Reasons not to trust what was learned."""
    doubts = []
    for one in learned:
        if not one.passed:
            errors = ", ".join(f"{error:.2g}" for error in one.errors)
            doubts.append(
                "the emulator does not predict the score: relative errors of fresh "
                f"rows {errors}, at powers 1, 1/2 and 1/4 of the density"
            )
            continue
        run = one.fit.chains(rng, steps=200, warmup=60)
        if run.stopped > LEAVES:
            doubts.append(
                "draws of the emulator leave the region that is known "
                f"({100 * run.stopped:.2g} % of the proposals)"
            )
        worst = float(np.max(r_hat(run.positions)))
        if worst > LARGEST_R_HAT:
            doubts.append(f"the chains on the emulator do not mix (R-hat {worst:.2f})")
    return doubts
