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
    embedding: type[SampleEmbedding] = SampleEmbedding,
) -> Objective:
    """Half the energy distance for n particles, and a little of that in moments."""
    energy = embedding(_energy(moments, n), z, moments)
    return MMD(energy.kernel, energy) + _of_moments(moments, energy.dim)


def _energy(moments, n) -> Energy:
    sd = float(np.sqrt(np.diag(moments.cov)).mean()) or 1.0  # one where none varies
    return Energy(ROUNDING * sd * n ** (-1.0 / len(moments.mean)))


def _of_moments(moments, d) -> Objective:
    """MMD of `Quadratic` to the moments of the first d coordinates."""
    law = MomentEmbedding(moments.mean[:d], moments.cov[:d, :d])
    return QUADRATIC * MMD(Quadratic(), law)


class Pilot:
    """Random subset of the draws, on which n particles grow, and two more to judge."""

    def __init__(self, z: Draws, moments: Moments, n: int, embedding, rng):
        self.z, self.moments, self.embedding = z, moments, embedding
        if z.weights is None:
            rows = rng.choice(moments.n, 2 * PILOT, replace=False)
        else:
            rows = rng.choice(moments.n, 2 * PILOT, p=z.weights)
        subset = Draws(z.taken(np.sort(rows))[rng.permutation(len(rows))])
        array, kernel = subset.in_memory()[0], _energy(moments, n)
        pilot, *self.judges = (
            embedding(kernel, part.with_answers(z.answers), part.moments())
            for part in map(Draws, np.split(array, [PILOT, PILOT + PILOT // 2]))
        )
        self.objective = MMD(kernel, pilot) + _of_moments(moments, pilot.dim)

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
        return MMD(kernel, embedding) + _of_moments(self.moments, embedding.dim)
