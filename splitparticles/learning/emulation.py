"""Emulation of a density: an emulator for each of its modes, and draws of them all."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import softmax

from ..coordinates.change import ChangeOfVariables
from ..emulator import r_hat
from ..modes.gaussian_fit import gaussian_fit
from .climb import Site, climb
from .evidence import normalised
from .lockstep import Ledger, OutOfRows, together
from .part import Part
from .rounds import Learned, learn
from .scouts import other_modes

LEAVES = 0.01  # fraction of proposals stopped by the wall that is too much

LARGEST_R_HAT = 1.1  # of 96 chains of a hundred states

FEWEST_CHAINS = 8  # that are judged, where others leave the basin


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
        draws = [part.draws(count, rng) for part, count in pairs if count]
        return rng.permutation(np.vstack(draws))


def emulate(
    ledger: Ledger, start: np.ndarray, log_density, rng, *, explores: bool = True
) -> Emulation:
    """Emulation of the density around the mode that a climb from `start` leads to.

    With `explores`, around all others that are found from there too.
    """
    (first,) = together(ledger, [climb(start, rng)])
    modes, heights, change = [first.end], np.zeros(1), None
    if first.converged and explores:
        modes, heights = other_modes(ledger, first.end, log_density, rng)
    elif not first.converged:
        change = _settled(ledger, first.heaviest, rng)
    insides = _basins(modes)
    searches = []
    x, s = ledger.x, ledger.s
    for mode, inside in zip(modes, insides, strict=True):
        own = slice(None) if inside is None else inside(x)
        frame = mode.coordinates() if change is None else change
        searches.append(
            learn(
                frame,
                x[own],
                s[own],
                rng.spawn(1)[0],
                inside=inside,
                covered=ledger.seen,
            )
        )
    learned = together(ledger, searches)
    parts = [
        Part(one.fit, inside) for one, inside in zip(learned, insides, strict=True)
    ]
    doubts = _doubts(learned, parts, rng)
    if len(parts) > 1:
        parts, known = _weighed(parts, modes, heights, rng)
        if not known:
            doubts.append("the masses of the modes are not known")
    error = max(one.errors[0] for one in learned)
    return Emulation(parts, error, doubts)


def _settled(ledger: Ledger, site: Site, rng) -> ChangeOfVariables:
    """Coordinates of the nearest normal, from a site that is no mode."""
    try:
        return gaussian_fit(ledger.evaluate, site.coordinates(), rng)
    except OutOfRows:
        return site.coordinates()


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


def _weighed(parts, modes, heights, rng) -> tuple[list[Part], bool]:
    """Parts with their masses, by the density's heights at the modes; whether known."""
    volumes = [
        normalised(part, rng).log_integral - part.log_density(mode.x[None])[0]
        for part, mode in zip(parts, modes, strict=True)
    ]
    masses = softmax(heights + volumes)
    known = bool(np.isfinite(masses).all())
    if not known:
        masses = np.full(len(parts), 1.0 / len(parts))
    return with_masses(parts, masses), known


def with_masses(parts: list[Part], masses: np.ndarray) -> list[Part]:
    """Return the same parts with other masses (K,), here divided by their sum."""
    pairs = zip(parts, masses / masses.sum(), strict=True)
    return [replace(part, mass=float(mass)) for part, mass in pairs]


def _in_basin(part: Part, states):
    """Chains (k, c, d) that never leave the basin of a mode; all, if there are few."""
    x = part.fit.change.to_user(states.reshape(-1, states.shape[2]))
    stay = part.holds(x).reshape(states.shape[:2]).all(axis=0)
    return states[:, stay] if np.count_nonzero(stay) > FEWEST_CHAINS else states


def _doubts(learned: list[Learned], parts: list[Part], rng) -> list[str]:
    """Reasons not to trust what was learned."""
    doubts = []
    for one, part in zip(learned, parts, strict=True):
        if not one.passed:
            errors = ", ".join(f"{error:.2g}" for error in one.errors)
            doubts.append(
                "the emulator does not predict the score: relative errors of fresh "
                f"rows {errors}, at powers 1, 1/2 and 1/4 of the density"
            )
            continue
        run = part.fit.chains(rng, steps=200, warmup=60)
        if run.stopped > LEAVES:
            doubts.append(
                "draws of the emulator leave the region that is known "
                f"({100 * run.stopped:.2g} % of the proposals)"
            )
        worst = float(np.max(r_hat(_in_basin(part, run.positions))))
        if worst > LARGEST_R_HAT:
            doubts.append(f"the chains on the emulator do not mix (R-hat {worst:.2f})")
    return doubts
