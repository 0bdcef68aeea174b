"""Energy distance and second moments, to draws of any size: objective of `compress`."""

import numpy as np

from ..draws.draws import Draws, Moments
from ..kernels.kernel_sums import kernel_sum
from ..kernels.polynomial import Quadratic
from ..kernels.radial import Energy
from .mean_embedding import MomentEmbedding, SampleEmbedding
from .mmd import MMD
from .objective import Objective

ROUNDING = 0.25  # of the kernel's tip, in distances at which n particles tile a cube

QUADRATIC = 0.02  # weight of the quadratic kernel

PILOT = 2**14  # draws on which particles grow


def energy_objective(
    z: Draws,
    moments: Moments,
    n: int,
    sd: np.ndarray | None = None,
    embedding: type[SampleEmbedding] = SampleEmbedding,
) -> Objective:
    """Half the energy distance for n particles, and a little of that in moments.

    `sd` (d,) is what counts as a standard deviation where far draws decide the real
    one; then moments hardly count.
    """
    energy = embedding(_energy(moments, n, sd), z, moments)
    return MMD(energy.kernel, energy) + _of_moments(moments, sd, energy.dim)


def _energy(moments, n, sd) -> Energy:
    sd = np.sqrt(np.diag(moments.cov)) if sd is None else sd
    sd = float(sd.mean()) or 1.0  # one where none varies
    return Energy(ROUNDING * sd * n ** (-1.0 / len(moments.mean)))


def _of_moments(moments, sd, d) -> Objective:
    """MMD of `Quadratic` to the moments of the first d coordinates."""
    mean, covariance = moments.mean[:d], moments.cov[:d, :d]
    real, excess = np.sqrt(np.diag(covariance)), 1.0
    if sd is not None:
        excess = float((real / np.where(sd[:d] > 0.0, sd[:d], 1.0)).max())
    term = MMD(Quadratic(), MomentEmbedding(mean, covariance))
    return QUADRATIC / max(excess, 1.0) ** 4 * term


class Pilot:
    """Random subset of the draws, on which n particles grow, and two more to judge."""

    def __init__(self, z: Draws, moments: Moments, n: int, sd, embedding, rng):
        self.z, self.moments, self.sd, self.embedding = z, moments, sd, embedding
        if z.weights is None:
            rows = rng.choice(moments.n, 2 * PILOT, replace=False)
        else:
            rows = rng.choice(moments.n, 2 * PILOT, p=z.weights)
        subset = Draws(z.taken(np.sort(rows))[rng.permutation(len(rows))])
        array, kernel = subset.in_memory()[0], _energy(moments, n, sd)
        pilot, *self.judges = (
            embedding(kernel, part, part.moments())
            for part in map(Draws, np.split(array, [PILOT, PILOT + PILOT // 2]))
        )
        self.objective = MMD(kernel, pilot) + _of_moments(moments, sd, pilot.dim)

    def objective_of_all(self, particles) -> Objective:
        r"""Return the objective to all draws.

        The double integral of the kernel over N draws, too many for N^2 terms, follows
        from the distance of particles x to the means of two halves a, b of other draws,
        :math:`E\langle m_x - m_a, m_x - m_b \rangle = |m_x - m_p|^2`.
        """
        x, w = particles.positions, particles.probabilities
        a, b = self.judges
        kernel = a.kernel
        self_term = w @ kernel_sum(kernel, x, x, w)
        squared = self_term - w @ (a.value(x) + b.value(x)) + a.product(b)
        embedding = self.embedding(kernel, self.z, self.moments)
        norm = max(squared, 0.0) - self_term + 2.0 * w @ embedding.value(x)
        embedding = self.embedding(kernel, self.z, self.moments, float(norm))
        return MMD(kernel, embedding) + _of_moments(
            self.moments, self.sd, embedding.dim
        )
