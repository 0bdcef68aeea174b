"""Start of a run of `sample`: working coordinates, particles, and doubts.

One start point is where the climb to a mode begins; the mode is where the splitting
does.  Where there are several modes, it begins at all of them, with their masses for
weights, which splits pass on and no move of positions changes: a Stein discrepancy
is blind to them (`splitparticles.modes.search`).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..coordinates.change import ChangeOfVariables
from ..coordinates.choose import chosen_preconditioner
from ..modes.climb import find_mode
from ..modes.gaussian_fit import gaussian_fit
from ..modes.masses import laplace_masses, measured_masses
from ..modes.search import find_modes
from ..particles import ParticleSet
from ..scores.counted import CountedScore
from .doubts import fall_from_start

PAIRS = 2  # a coordinate, of a start that is scattered

LARGEST_FALL = 5.0  # in log density, a coordinate, that a search for modes may bring

LARGEST_PARETO = 0.7  # shape of the importance weights' tail, above which to warn


class Start(NamedTuple):
    """Where particles begin to multiply."""

    change: ChangeOfVariables
    particles: ParticleSet
    """In the user's coordinates."""
    several: bool = False
    """Whether the weights are the masses of several modes."""
    doubts: tuple[str, ...] = ()
    """Reasons not to trust what begins there."""
    notes: tuple[str, ...] = ()
    """What a reader should know, though it may well be right."""
    hints: tuple[str, ...] = ()
    """What may be why, where a result is doubted."""


def is_found(preconditioner) -> bool:
    """Whether an option asks for working coordinates from a mode."""
    return isinstance(preconditioner, str) and preconditioner in ("auto", "diagonal")


def find_start(
    score: CountedScore,
    cloud: np.ndarray,
    *,
    explores: bool,
    log_density: Callable | None,
    **options,
) -> Start:
    """Start from a cloud (n0, d); from modes where that is one point.

    With `explores`, other modes are looked for, and from a lone one the coordinates
    move on to where most of the mass is; not so where the log density says that this
    has led far down from the user's own start.
    """
    options |= {"log_density": log_density}
    start = _found(score, cloud, explores=explores, **options)
    if explores and log_density is not None:
        reached = start.particles.positions
        fall = fall_from_start(log_density, start.change, reached, cloud)
        if fall > LARGEST_FALL * cloud.shape[1]:
            return _found(score, cloud, explores=False, **options)
    return start


def _found(
    score, cloud, *, preconditioner, explores, log_density, n_particles, rng
) -> Start:
    centre, d = cloud.mean(axis=0), cloud.shape[1]
    if not is_found(preconditioner):
        change = chosen_preconditioner(preconditioner, centre, np.eye(d))
        return Start(change, ParticleSet(cloud))
    single = score.is_single
    mode = find_mode(score, centre, single=single)
    hints = () if mode.converged else (f"working coordinates: {mode.message}",)
    if len(cloud) > 1:
        change = _scaled_as(preconditioner, mode.preconditioner)
        return Start(change, ParticleSet(cloud), hints=hints)
    change = mode.preconditioner
    if explores and mode.converged:
        modes = find_modes(score, change, centre, rng, single=single)
        change = max(modes, key=lambda mode: mode.log_mass).preconditioner
        if len(modes) > 1:
            return _at_modes(
                _scaled_as(preconditioner, change), modes, log_density, rng
            )
    if explores and preconditioner == "auto":
        settled = gaussian_fit(score, change, rng)
        if settled is not change:
            many = min(PAIRS * d, n_particles // 4)
            particles = _surrounded(score, settled, max(many, 1), n_particles, rng)
            return Start(settled, particles, hints=hints)
    change = _scaled_as(preconditioner, change)
    return Start(change, ParticleSet(change.centre[None]), hints=hints)


def _scaled_as(preconditioner, change):
    """Coordinates of a mode, or with "diagonal" the scales of these alone."""
    if preconditioner == "auto":
        return change
    covariance = change.matrix @ change.matrix.T
    return chosen_preconditioner("diagonal", change.centre, covariance)


def _at_modes(change, modes, log_density, rng) -> Start:
    """Start from the modes, weighted by their masses."""
    centres = [mode.centre for mode in modes]
    if log_density is None:
        masses = laplace_masses(modes).masses
        note = (
            f"the particles fall in {_groups(masses)}: their masses are Laplace's "
            "estimate from the score along the lines between them; give log_density to "
            "have them measured"
        )
        return Start(change, ParticleSet(centres, masses), True, notes=(note,))
    masses, effective, pareto_k = measured_masses(modes, log_density, rng)
    doubt = (
        f"the particles fall in {_groups(masses)}: the importance weights that "
        f"measured their masses have a heavy tail (Pareto k {pareto_k:.2f}, effective "
        f"draws {effective:.0f})"
    )
    doubts = () if pareto_k <= LARGEST_PARETO else (doubt,)
    return Start(change, ParticleSet(centres, masses), True, doubts)


def _groups(masses) -> str:
    listed = ", ".join(f"{mass:.3f}" for mass in masses)
    return f"{len(masses)} groups of masses {listed}"


def _surrounded(score, change, pairs, most, rng) -> ParticleSet:
    """Points around a centre that is not a mode.

    A lone particle would go wherever the slope leads, to the side of a funnel; and
    on a saddle nowhere.
    """
    z = rng.standard_normal((pairs, len(change.centre)))
    x = change.to_user(np.vstack([z, -z]))
    x = x[np.isfinite(score(x)).all(axis=1)][:most]
    return ParticleSet(x if len(x) > 1 else change.centre[None])
