"""Objective of `compress`: energy distance and second moments, to draws of any size."""

import numpy as np

from ..draws.draws import Draws, Moments
from ..kernels.kernel_sums import kernel_sum
from ..kernels.polynomial import Quadratic
from ..kernels.radial import Energy
from ..objectives import MMD, Objective
from ..objectives.mean_embedding import SampleEmbedding

ROUNDING = 0.25  # of the kernel's tip, in distances at which n particles tile a cube

QUADRATIC = 0.02  # weight of the quadratic kernel

PILOT = 2**14  # draws on which particles grow


# ------------------------------------------------------------------ objectives
def _default_objective(z: Draws, seen: Moments, n: int) -> Objective:
    """Half the energy distance, and a little of that in moments."""
    energy = SampleEmbedding(_energy(seen, n), z, seen)
    return MMD(energy.kernel, energy) + QUADRATIC * _of_moments(seen)


def _energy(seen, n) -> Energy:
    spread = float(np.sqrt(np.diag(seen.cov)).mean()) or 1.0  # one where none varies
    return Energy(ROUNDING * spread * n ** (-1.0 / len(seen.mean)))


def _of_moments(seen) -> MMD:
    """MMD of `Quadratic`, to 2d points that have the moments of the draws."""
    values, turn = np.linalg.eigh(seen.cov)
    spread = turn * np.sqrt(np.maximum(values, 0.0) * len(values))
    return MMD(Quadratic(), np.vstack([seen.mean + spread.T, seen.mean - spread.T]))


class _Pilot:
    """Draws taken at random, on which particles grow; and others, which judge."""

    def __init__(self, z: Draws, seen: Moments, n: int, rng):
        self.z, self.seen = z, seen
        if z.weights is None:
            rows = rng.choice(seen.n, 2 * PILOT, replace=False)
        else:
            rows = rng.choice(seen.n, 2 * PILOT, p=z.weights)
        kept = Draws(z.taken(np.sort(rows))[rng.permutation(len(rows))])
        array, kernel = kept.in_memory()[0], _energy(seen, n)
        taken, *self.others = (
            SampleEmbedding(kernel, some, some.moments())
            for some in map(Draws, np.split(array, [PILOT, PILOT + PILOT // 2]))
        )
        self.objective = MMD(kernel, taken) + QUADRATIC * _of_moments(seen)

    def objective_of_all(self, particles) -> Objective:
        r"""Return the objective to all draws.

        The double integral of the kernel over N draws, too many for N^2 terms, follows
        from what particles x are away from the means of two halves of other draws,
        :math:`E\langle m_x - m_a, m_x - m_b \rangle = |m_x - m_p|^2`.
        """
        x, w = particles.positions, particles.weights / particles.weights.sum()
        one, other = self.others
        kernel = one.kernel
        own = w @ kernel_sum(kernel, x, x, w)
        squared = own - w @ (one.value(x) + other.value(x)) + one.product(other)
        whole = SampleEmbedding(kernel, self.z, self.seen)
        norm = max(squared, 0.0) - own + 2.0 * w @ whole.value(x)
        whole = SampleEmbedding(kernel, self.z, self.seen, float(norm))
        return MMD(kernel, whole) + QUADRATIC * _of_moments(self.seen)
