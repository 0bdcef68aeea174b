"""Where a run of `sample` starts: coordinates, particles, and what they tell.

One start point is where the climb to a mode begins; the mode is where the splitting
does.  Where there are several modes, it begins at all of them, with their masses for
weights, which splits pass on and no move of positions changes: a Stein discrepancy
could not see them (`splitparticles.modes.search`).
"""

import numpy as np

from ..coordinates.choose import chosen_preconditioner
from ..descent.loop import Descent
from ..growth.equal_weights import Equalised
from ..modes.climb import find_mode
from ..modes.gaussian_fit import gaussian_fit
from ..modes.masses import laplace_masses, measured_masses
from ..modes.search import find_modes
from ..particles import ParticleSet
from .adaptation import ScoreCoordinates
from .tempering import tempered

PAIRS = 2  # a coordinate, of a start that is scattered

LARGEST_PARETO = 0.7  # shape of the importance weights' tail, above which to warn


class Plan:
    """What `sample` has found out before its particles multiply.

    Parameters
    ----------
    counted : Score
    cloud : ndarray, shape (n0, d)
        The user's start.
    preconditioner, objective, names
        As the user gave them.
    """

    def __init__(self, counted, cloud, preconditioner, objective, names):
        self.counted, self.cloud, self.build = counted, cloud, objective
        self.kind, self.names = preconditioner, names
        self.warnings: list[str] = []
        self.start = ParticleSet(cloud)
        self.mode = None
        self.several = False
        centre = cloud.mean(axis=0)
        if isinstance(preconditioner, str) and preconditioner in ("auto", "diagonal"):
            self.mode = find_mode(counted, centre)
            self._take_up(self.mode.preconditioner)
            if not self.mode.converged:
                self.warnings.append(f"working coordinates: {self.mode.message}")
        else:
            identity = np.eye(len(centre))
            self.change = chosen_preconditioner(preconditioner, centre, identity)

    def _take_up(self, change):
        """Coordinates of a mode, and the mode for a start where one point was given."""
        if self.kind == "diagonal":
            covariance = change.matrix @ change.matrix.T
            change = chosen_preconditioner("diagonal", change.centre, covariance)
        self.change = change
        if len(self.cloud) == 1:
            self.start = ParticleSet(change.centre[None])

    def count(self, n_particles):
        """Warn of fewer particles than it takes to be wide in every direction."""
        self.n_particles, d = n_particles, self.cloud.shape[1]
        if n_particles <= d:
            self.warnings.append(
                f"{n_particles} particles cannot span {d} coordinates: they are too "
                f"narrow in some directions; take {2 * d} or more"
            )

    def explore(self, log_density, rng):
        """Look for other modes, and start from all that have mass."""
        if self.mode is None or not self.mode.converged or len(self.cloud) > 1:
            return
        modes = find_modes(
            self.counted, self.mode.preconditioner, self.cloud.mean(axis=0), rng
        )
        heaviest = max(modes, key=lambda mode: mode.log_mass)
        self._take_up(heaviest.preconditioner)
        if len(modes) == 1:
            return
        if log_density is None:
            found = laplace_masses(modes)
            self._warn(
                "their masses are Laplace's estimate from the score along the lines "
                "between them; give log_density to have them measured",
                found,
            )
        else:
            found = measured_masses(modes, log_density, rng)
            if found.pareto_k > LARGEST_PARETO:
                self._warn(
                    "the importance weights that measured their masses have a heavy "
                    f"tail (Pareto k {found.pareto_k:.2f}, effective draws "
                    f"{found.effective:.0f})",
                    found,
                )
        self.several = True
        centres = np.array([mode.centre for mode in modes])
        self.start = ParticleSet(centres, found.masses)

    def settle(self, rng):
        """Move on from a lone mode to where most of the mass is."""
        if not self._adapts() or len(self.cloud) > 1 or self.several:
            return
        mode = self.change
        self._take_up(gaussian_fit(self.counted, mode, rng))
        if self.change is not mode:
            self._surround(rng)

    def _surround(self, rng):
        """Start from points around the centre, where it is not a mode.

        A lone particle would go wherever the slope leads, to the side of a funnel; and
        on a saddle nowhere.
        """
        d = len(self.change.centre)
        pairs = max(min(PAIRS * d, self.n_particles // 4), 1)
        z = rng.standard_normal((pairs, d))
        x = self.change.to_user(np.vstack([z, -z]))
        x = x[np.isfinite(self.counted(x)).all(axis=1)][: self.n_particles]
        if len(x) > 1:
            self.start = ParticleSet(x)

    def _warn(self, why, found):
        masses = ", ".join(f"{mass:.3f}" for mass in found.masses)
        groups = f"{len(found.masses)} groups of masses {masses}"
        self.warnings.append(f"the particles fall in {groups}: {why}")

    def temper(self, schedule, growth, options):
        """Start from a cloud that was cooled to the last temperature but one."""
        centre, identity = self.cloud.mean(axis=0), np.eye(self.cloud.shape[1])
        self.change = chosen_preconditioner("none", centre, identity)
        self.start = ParticleSet(self.cloud)
        for beta in schedule[:-1]:
            score = tempered(self.counted, beta, self.cloud)
            place = ScoreCoordinates(self.change, score, self.build, self._adapts())
            there = self.change.to_working(self.start.positions)
            run = Descent(
                place.objective(),
                self.start.moved_to(there),
                coordinates=place,
                growth=self.growth(growth),
                **{**options, "final_move": None, "tol": None},
            )
            for _ in run.rounds():
                pass
            self.change = run.coordinates.change
            self.start = run.coordinates.to_user(run.particles)

    def _adapts(self):
        return isinstance(self.kind, str) and self.kind == "auto"

    def growth(self, growth):
        """Return the growth, that leaves the masses of modes alone where there are."""
        unequal = self.several and isinstance(growth, Equalised)
        return growth.growth if unequal else growth

    def place(self):
        """Return the coordinates to start in."""
        return ScoreCoordinates(
            self.change,
            self.counted,
            self.build,
            self._adapts(),
            self.names,
            self.warnings,
            curves=not self.several,
        )
