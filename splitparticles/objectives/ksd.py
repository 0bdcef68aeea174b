r"""Kernel Stein discrepancy: how far particles are from a target known by its score.

.. math:: F(\mu) = \tfrac12 \mathrm{KSD}^2
          = \tfrac12 \sum_{ij} w_i w_j\, k_p(x_i, x_j)

with the Langevin Stein kernel of `splitparticles.kernels.stein_sums` (keys ``LLJ16``,
``CSG16``, ``GM17`` in docs/references.bib); descending it is KSD descent (key
``K21``).  Its witness is the Stein operator on the field u, with zero mean under the
target, whatever the particles.

The discrepancy is blind to the masses of modes that lie apart: within each of them the
score is the same whatever its share.
"""

from collections.abc import Callable

import numpy as np

from .._compiled.compiler import has_profile, profile
from .._validation import as_callable
from ..kernels.polynomial import Linear, Quadratic
from ..kernels.radial import checked_kernel, is_conditional
from ..kernels.stein_sums import (
    stein_field,
    stein_pairs,
    stein_sum,
    stein_sum_gradient,
    stein_sum_hessian,
    stein_sum_hessian_product,
)
from ..scores.counted import CountedScore
from ..scores.derivatives import ScoreDerivatives
from .discrepancy import Discrepancy
from .objective import FirstVariation, points


class KSD(Discrepancy):
    r"""Half the squared kernel Stein discrepancy to a score.

    Parameters
    ----------
    kernel : kernel tuple, or list of (factor, kernel tuple)
        Radial and smooth (`Gaussian`, `InverseMultiquadric`, ...), or one that pins
        moments, `Linear` or `Quadratic`; a list stands for the weighted sum.
    score : callable
        (n, d) -> (n, d), gradient of the log density.
    score_product : callable, optional
        (x, v) -> Hessian of the log density at x_i times v_i; central differences of
        the score when left out.
    score_curvature : callable, optional
        (x, u, v) -> third derivative of the log density at x_i along u_i and v_i, for
        exact splitting matrices; differences when left out.

    Raises
    ------
    TypeError
        When the kernel or the score is not one.
    ValueError
        When the kernel is not smooth enough at distance zero (`Matern52`).

    Examples
    --------
    One particle at the mode of N(0, 1); with a Gaussian kernel of bandwidth 1 the
    splitting matrix is ``-2 - (2 + d) = -5`` times the weight: it wants to split.

    >>> import splitparticles as sp
    >>> F = sp.KSD(sp.Gaussian(1.0), lambda x: -x)
    >>> F.splitting_matrices(sp.ParticleSet([[0.0]])).round(6)
    array([[[-5.]]])
    """

    insertion_descends = True  # the witness has zero mean under the target

    def __init__(
        self,
        kernel: tuple | list[tuple[float, tuple]],
        score: Callable,
        score_product: Callable | None = None,
        *,
        score_curvature: Callable | None = None,
    ):
        given = score_product is not None or score_curvature is not None
        if given or not isinstance(score, ScoreDerivatives):
            counted = CountedScore(score, score_product)
            if score_curvature is not None:
                as_callable(score_curvature, "score_curvature", "(x, u, v) -> (n, d)")
            score = ScoreDerivatives(counted, counted.product, score_curvature)
        self.score = score
        kernels = kernel if isinstance(kernel, list) else [(1.0, kernel)]
        self.kernels = [(float(factor), _smooth(one)) for factor, one in kernels]

    def joined(self, other, factor):
        """KSD of the sum of the kernels, where the other is one of the same score."""
        if not isinstance(other, KSD) or not self.score.agrees(other.score):
            return None
        more = [(factor * c, kernel) for c, kernel in other.kernels]
        return KSD([*self.kernels, *more], self.score)

    @property
    def score_rows(self):
        """Rows passed to the score so far."""
        counted = self.score.score  # the front doors count in the user's coordinates
        return counted.rows if isinstance(counted, CountedScore) else 0

    def _stein(self, sums, particles, at, *more):
        """Return the sums, over the kernels, at the points `at`."""
        y, sy = particles.positions, self.score(particles.positions)
        x = points(particles, at)
        sx = sy if at is None else self.score(x)
        parts = []
        for c, kernel in self.kernels:
            part = sums(kernel, x, sx, y, sy, particles.weights, *more)
            part = part if isinstance(part, tuple) else (part,)
            parts.append(part if c == 1.0 else [c * array for array in part])
        totals = [sum(more, first) for first, *more in zip(*parts, strict=True)]
        return totals[0] if len(totals) == 1 else tuple(totals)

    def _field(self, particles):
        """Stein field at the particles, (n, d)."""
        x, w = particles.positions, particles.weights
        sx = self.score(x)
        return sum(c * stein_field(kernel, x, x, sx, w) for c, kernel in self.kernels)

    def value(self, particles):
        """Half the squared KSD."""
        return 0.5 * float(particles.weights @ self.witness(particles))

    def witness(self, particles, at=None):
        """Stein operator on the Stein field of the particles, (m,)."""
        return self._stein(stein_sum, particles, at)

    def witness_gradient(self, particles, at=None):
        """Gradient of the witness: ``g + J u``, (m, d)."""
        _, g, field = self._stein(stein_sum_gradient, particles, at)
        return g + self.score.product(points(particles, at), field)

    def first_variation(self, particles):
        """Value, witness and gradient in one pass: n rows and n products."""
        h, g, field = self._stein(stein_sum_gradient, particles, None)
        slope = g + self.score.product(particles.positions, field)
        return FirstVariation(0.5 * float(particles.weights @ h), h, slope)

    def witness_hessian_product(self, particles, directions):
        """``H v + J U v + U' J v + D2s[u, v]``, (n, d)."""
        x = particles.positions
        Hv, Uv, _ = self._stein(stein_sum_hessian_product, particles, None, directions)
        field = self._field(particles)
        # U' (J v) needs the product first, so U' is applied to a second direction
        Jv = self.score.product(x, directions)
        _, _, Ut_Jv = self._stein(stein_sum_hessian_product, particles, None, Jv)
        third = self.score.curvature(x, field, directions)
        return Hv + self.score.product(x, Uv) + Ut_Jv + third

    def witness_hessian(self, particles):
        """``H + J U + U' J + D2s[u]``, all directions in one batch, (n, d, d)."""
        x = particles.positions
        H, U = self._stein(stein_sum_hessian, particles, None)
        field = self._field(particles)
        J = self.score.jacobians(x)
        hessian = H + 2.0 * J @ U + self.score.jacobian_slope(x, field)
        return 0.5 * (hessian + hessian.swapaxes(1, 2))

    def kernel_pairs(self, x, y):
        """Stein kernel ``k_p(x_i, y_i)``, (m,)."""
        sx, sy = self.score(x), self.score(y)
        return sum(c * stein_pairs(kernel, x, sx, y, sy) for c, kernel in self.kernels)


def _smooth(kernel):
    """Refuse a kernel whose derivatives are not finite at distance zero."""
    if isinstance(kernel, (Linear, Quadratic)):
        return kernel
    if not has_profile(kernel):
        raise TypeError(
            "kernel must be Linear, Quadratic or a kernel tuple with a profile, "
            f"got {kernel!r}"
        )
    kernel = checked_kernel(kernel)
    if is_conditional(kernel):
        raise ValueError(
            f"KSD needs a positive definite kernel; {kernel} is one only against "
            "weights that sum to zero: it is fit for MMD only"
        )
    at_zero = profile(kernel, 0.0)
    if not np.isfinite(at_zero).all():
        raise ValueError(
            "KSD needs a kernel whose profile has four finite derivatives at u = 0; "
            f"{kernel} has {tuple(map(float, at_zero))}: it is fit for MMD only"
        )
    return kernel
