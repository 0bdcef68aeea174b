r"""Where `sample` works: coordinates and objective for a target known by its score.

Working coordinates come first: a mode, and the curvature there (`find_mode`).  A
mode may be far from the bulk, so they are checked as particles multiply: where the
mean curvature over the particles, :math:`\bar J = -\tfrac1n \sum_i \nabla
s(x_i)`, an estimate of the Fisher information :math:`E_p[-\nabla^2 \log p]`, is no
longer about the identity, the coordinates become those in which it is.  Its inverse
is the covariance when the target is Gaussian.

The default objective is half the squared Stein discrepancy of two kernels together,

.. math:: \mathrm{KSD}^2_{\mathrm{IMQ}} + \tfrac15 \mathrm{KSD}^2_{\mathrm{linear}},

the inverse multiquadric of a bandwidth that grows as the distances in d dimensions
do, and the linear one, which keeps mean and covariance right where few particles
would be too narrow.  Once there are particles enough to bear its :math:`d^3` demands
a little of the quadratic one joins them, for skewness and tails.
"""

import numpy as np

from ._validate import as_callable
from .front_door import WorkingCoordinates
from .kernels import InverseMultiquadric, Linear, Quadratic
from .loop import Changed
from .objectives import KSD, Objective
from .preconditioning import Preconditioner
from .score import Score

BANDWIDTH = 1.4  # of the radial kernel, times the root of the dimension
LINEAR = 0.2  # weight of the linear kernel
QUADRATIC = 0.02  # weight of the quadratic one
PARTICLES_TO_BEND = 2  # a coordinate, from which on the quadratic kernel counts
CURVATURE_RATIO = 2.0  # by which a mean curvature may differ from one
LARGEST_CHANGE = 10.0  # by which one estimate may widen a coordinate's variance


class ScoreCoordinates(WorkingCoordinates):
    """Working coordinates of a score, mended as the particles see more of it.

    Parameters
    ----------
    change : Preconditioner
    counted : Score
        The user's score, in the user's coordinates.
    build : callable or None
        (score, score_product) -> Objective; the default objective for None.
    adapts : bool
        Whether the coordinates may change.
    bends : bool
        Whether the quadratic kernel counts.
    """

    def __init__(
        self, change, counted, build, adapts, names=None, warnings=(), bends=False
    ):
        super().__init__(change, names, warnings)
        self.counted, self.build, self.adapts = counted, build, adapts
        self.adapted_at, self.bends = 0, bends
        known = counted.has_product
        product = change.product(counted.product) if known else None
        self.working = Score(change.score(counted), product, sided=True)

    def objective(self) -> Objective:
        """Return the objective in working coordinates."""
        if self.build is not None:
            build = as_callable(self.build, "objective", "(score, score_product)")
            known = self.counted.has_product
            return build(self.working, self.working.product if known else None)
        radial = InverseMultiquadric(BANDWIDTH * np.sqrt(len(self.change.centre)))
        found = KSD(radial, self.working) + LINEAR * KSD(Linear(), self.working)
        if self.bends:
            found = found + QUADRATIC * KSD(Quadratic(), self.working)
        return found

    def facts(self):
        """Fields of the `Result`."""
        return {**super().facts(), "n_score_evals": self.counted.rows}

    def adapted(self, particles):
        """Coordinates that suit the particles better, and the objective there."""
        n, d = particles.positions.shape
        if not self.adapts or n < max(2, 2 * self.adapted_at):
            return None
        better = self._whitened(particles)
        bends = self.build is None and n >= PARTICLES_TO_BEND * d
        if better is None and bends == self.bends:
            return None
        old = self.change
        if better is None:
            centre = old.to_user(particles.mean()[None])[0]
            better = Preconditioner(centre, old.matrix)
        place = ScoreCoordinates(
            better, self.counted, self.build, True, self.names, self.warnings, bends
        )
        place.adapted_at = n
        there = better.to_working(old.to_user(particles.positions))
        return Changed(place, place.objective(), particles.moved_to(there))

    def _whitened(self, particles):
        """Coordinates in which the mean curvature over the particles is one."""
        curvature = self._mean_curvature(particles)
        if not np.isfinite(curvature).all():
            return None
        values, turn = np.linalg.eigh(curvature)
        if 1.0 / CURVATURE_RATIO < values[0] and values[-1] < CURVATURE_RATIO:
            return None
        scale = np.maximum(values, 1.0 / LARGEST_CHANGE) ** -0.5
        centre = self.change.to_user(particles.mean()[None])[0]
        try:
            return Preconditioner(centre, self.change.matrix @ (turn * scale))
        except ValueError:  # a singular mode: the particles are off to infinity
            return None

    def _mean_curvature(self, particles):
        """Weighted mean of minus the score's Jacobian over the particles, (d, d)."""
        J = self.working.jacobians(particles.positions)
        mean = -np.tensordot(particles.weights / particles.weights.sum(), J, axes=1)
        return 0.5 * (mean + mean.T)
