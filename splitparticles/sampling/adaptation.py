r"""Where `sample` works: coordinates and objective for a target known by its score.

Working coordinates come first: a mode, and the curvature there (`find_mode`).  A
mode may be far from the bulk, so they are checked as particles multiply: where the
mean curvature over the particles, :math:`\bar J = -\tfrac1n \sum_i \nabla
s(x_i)`, an estimate of the Fisher information :math:`E_p[-\nabla^2 \log p]`, is no
longer about the identity, the coordinates become those in which it is.  Its inverse
is the covariance when the target is Gaussian.  Where the curvature varies from
particle to particle, and curved coordinates
(`splitparticles.coordinates.noncentred`) leave less than a tenth of that, they are
taken up, and fitted anew as the particles spread in them.

The default objective is half the squared Stein discrepancy of two kernels together,

.. math:: \mathrm{KSD}^2_{\mathrm{IMQ}} + \tfrac15 \mathrm{KSD}^2_{\mathrm{linear}},

the inverse multiquadric of a bandwidth that grows as the distances in d dimensions
do, and the linear one, which keeps mean and covariance right where few particles
would be too narrow.  Once there are particles enough to bear its :math:`d^3` demands
a little of the quadratic one joins them, for skewness and tails.
"""

import numpy as np

from .._validation import as_callable
from ..coordinates.change import Composed
from ..coordinates.fit_noncentred import fit_noncentred
from ..coordinates.preconditioner import Preconditioner
from ..coordinates.score_sample import ScoreSample
from ..descent.frame import Changed, WorkingCoordinates
from ..kernels.polynomial import Linear, Quadratic
from ..kernels.radial import InverseMultiquadric
from ..moves import LBFGS, NotFinite
from ..objectives import KSD, Objective
from ..scores.identities import DISPERSION, DRIFT, dispersion, drift
from ..scores.score import Score
from .polish import STUCK, fraction_of_iid

BANDWIDTH = 1.4  # of the radial kernel, times the root of the dimension

LINEAR = 0.2  # weight of the linear kernel

QUADRATIC = 0.02  # weight of the quadratic one

PARTICLES_TO_BEND = 2  # a coordinate, from which on the quadratic kernel counts

CURVATURE_RATIO = 2.0  # by which a mean curvature may differ from one

LARGEST_CHANGE = 10.0  # by which one estimate may widen a coordinate's variance

PARTICLES_TO_CURVE = 8  # in all, from which on coordinates may be curved

LEAST_SPREAD = 0.05  # of curvature, a coordinate, that is worth it

STRAIGHTER = 0.1  # spread of curvature in curved coordinates, of that in linear ones

FEWEST_TO_DOUBT = 16  # particles that must be below STUCK
MOST_SCATTERS = 2  # tries of a run to start anew from afar

WIDE, STEPS_DOWN = 3.0, 30  # standard deviations of such a start, and its steps
STEPS_ON = 8  # of particles that may only need more

REPEATS = 3  # fits of curved coordinates at one number of particles


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
    curves : bool
        Whether the coordinates may be curved.
    """

    def __init__(
        self,
        change,
        counted,
        build,
        adapts,
        names=None,
        warnings=(),
        bends=False,
        curves=True,
    ):
        super().__init__(change, names, warnings)
        self.counted, self.build, self.adapts = counted, build, adapts
        self.adapted_at, self.fits = 0, 0
        self.before, self.scatters = np.inf, MOST_SCATTERS
        self.bends, self.curves = bends, curves
        known = counted.has_product
        product = change.product(counted.product, counted) if known else None
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

    def doubts(self, particles):
        """What the particles' own scores say against them, where they are known."""
        z, s = particles.positions, self.working.remembered(particles.positions)
        if s is None or len(z) <= z.shape[1] or self.build is not None:
            return []
        w, found = particles.weights / particles.weights.sum(), []
        if (mean := drift(w, s)) > DRIFT:
            found.append(f"the mean score is not zero but {mean:.2g} in some direction")
        if (ratio := dispersion(w, z, s)) > DISPERSION:
            found.append(
                "the particles are not as wide as their scores say, by a factor of "
                f"{ratio:.3g} in some direction; take {2 * len(z)} or more"
            )
        share = self.share(particles)
        if len(z) >= max(FEWEST_TO_DOUBT, 2 * z.shape[1]) and share > STUCK:
            found.append(
                f"the discrepancy is {share:.2g} of what as many independent draws "
                f"would have, more than the {STUCK:g} that particles well at rest reach"
            )
        return found

    def adapted(self, particles, rng):
        """Coordinates that suit the particles better, and the objective there."""
        better = self._fitted(particles, rng)
        return better or self._unstuck(particles, rng)

    def _unstuck(self, particles, rng):
        """Restart from a wide normal cloud if it reaches less than half of F.

        Tried when adding particles no longer helps, nor do more steps: the density
        may have a shoulder that the witness does not see.
        """
        n, d = particles.positions.shape
        before, self.before = self.before, self.share(particles)
        stuck = max(STUCK, before) < self.before and n >= max(FEWEST_TO_DOUBT, 2 * d)
        if not self.adapts or not self.curves or not stuck or self.scatters == 0:
            return None
        self.scatters -= 1
        objective = self.objective()
        now = objective.value(particles)
        try:
            rested = LBFGS(max_iter=STEPS_ON)(objective, particles)
            if rested.value < 0.9 * now:
                return Changed(self, objective, rested.particles)
            z = particles.mean() + particles.std() * WIDE * _scattered(n, d, rng)
            found = LBFGS(max_iter=STEPS_DOWN)(objective, particles.moved_to(z))
        except NotFinite:
            return None
        if not found.value < 0.5 * now:
            return None
        return Changed(self, objective, found.particles)

    def share(self, particles) -> float:
        """Squared discrepancy as a fraction of that of as many independent draws.

        NaN for an objective of the user's own.
        """
        if self.build is not None:
            return np.nan
        objective = self.objective()
        return fraction_of_iid(objective, particles, objective.value(particles))

    def _fitted(self, particles, rng):
        n, d = particles.positions.shape
        again = 0 < self.fits < REPEATS
        if not self.adapts or n < 2 or not (again or n >= 2 * self.adapted_at):
            return None
        bends = self.build is None and n >= PARTICLES_TO_BEND * d
        better, fitted = self._better(particles, bends)
        if better is None:
            self.fits = 0
            return None
        place = self._moved_on(better, n, bends)
        if fitted:
            place.fits = self.fits + 1 if n == self.adapted_at else 1
        if fitted and self.fits == 0:
            there = _scattered(n, d, rng)
        else:
            there = better.to_working(self.change.to_user(particles.positions))
        return Changed(place, place.objective(), particles.moved_to(there))

    def _moved_on(self, change, n, bends):
        """The same target in other coordinates, taken up at n particles."""
        place = ScoreCoordinates(
            change,
            self.counted,
            self.build,
            True,
            self.names,
            self.warnings,
            bends,
            self.curves,
        )
        place.adapted_at, place.scatters = n, self.scatters
        return place

    def _better(self, particles, bends):
        """Better coordinates, None to stay, and whether they were curved anew."""
        linear, inner = self.change.factors()
        flat = self._seen_flat(particles, linear, inner)
        if not np.isfinite(flat.J).all():
            return None, False
        here = flat
        if inner is not None:
            here = flat.through(inner)
            self.working.learn_jacobians(particles.positions, here.J)
        if not np.isfinite(here.J).all():
            return None, False
        n, d = here.z.shape
        if self.curves and d > 1 and n >= PARTICLES_TO_CURVE:
            curve = _straightened(flat, here)
            if curve is not None:
                change = Composed(linear, curve)
                return _whitened(change, flat.through(curve)), True
        if not _is_white(here):
            return _whitened(self.change, here), False
        if bends != self.bends:
            shift = Preconditioner(here.w @ here.z, np.eye(d))
            return self.change.then(shift), False
        return None, False

    def _seen_flat(self, particles, linear, inner):
        """Return the particles in the linear part of the coordinates."""
        score, z = self.working, particles.positions
        if inner is not None:
            z = inner.to_user(z)
            product = linear.product(self.counted.product, self.counted)
            known = self.counted.has_product
            score = Score(
                linear.score(self.counted), product if known else None, sided=True
            )
        s, J = score(z), score.jacobians(z)
        w = particles.weights / particles.weights.sum()
        return ScoreSample(z, s, 0.5 * (J + J.swapaxes(1, 2)), w)


def _scattered(n, d, rng):
    """Draws of a standard normal, in no clumps; of mean zero and unit variances.

    Particles that have just been straightened lie in the clumps they had split in.
    """
    z = rng.standard_normal((n, d))
    z -= z.mean(axis=0)
    return z / z.std(axis=0)


def _is_white(cloud):
    """Whether the mean curvature is about one."""
    values = np.linalg.eigvalsh(cloud.mean_curvature())
    return 1.0 / CURVATURE_RATIO < values[0] and values[-1] < CURVATURE_RATIO


def _whitened(change, cloud):
    """Coordinates after a change in which the mean curvature of the cloud is one."""
    values, turn = np.linalg.eigh(cloud.mean_curvature())
    scale = np.maximum(values, 1.0 / LARGEST_CHANGE) ** -0.5
    try:
        inner = Preconditioner(cloud.w @ cloud.z, turn * scale)
        return change.then(inner)
    except ValueError:  # a singular mode: the particles are off to infinity
        return None


def _straightened(flat, here):
    """Curved coordinates for particles seen in linear ones, where they are worth it.

    They have to leave less of the curvature's variation than a share of what linear
    coordinates do, and less than the present ones, in which the particles are `here`.
    """
    try:
        spread = here.variation()
        if spread < LEAST_SPREAD * flat.z.shape[1]:
            return None
        level = flat.whitening()
        levelled = flat.through(level)
        curve = fit_noncentred(levelled)
        curve = Composed(level.then(curve.outer), curve.inner)
        after = flat.through(curve).variation()
    except ValueError:  # a singular mode, or none: the particles are off to infinity
        return None
    return curve if after < min(STRAIGHTER * levelled.variation(), spread) else None
