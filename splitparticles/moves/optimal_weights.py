r"""Optimal weights for given positions: a quadratic programme on the simplex.

A squared discrepancy is quadratic in the weights,

.. math:: F(w) = \tfrac12 w^T K w - b^T w + \text{const}, \qquad
          h(x_i) = (K w - b)_i,

with the kernel matrix K and the witness h, which gives b.  On the simplex it is solved
by non-negative least squares: with the Cholesky factor :math:`K + c\,11^T = R^T R`
(the constant c changes nothing where weights sum to one, and makes a conditionally
positive kernel positive),

.. math:: \min_{w \ge 0} |R w - R^{-T} b|^2 + \rho^2 (1^T w - 1)^2.
"""

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import nnls

from .._validation import as_instance, refuse_too_large
from ..objectives import Objective
from ..particles import ParticleSet

RIDGE = 1e-12  # of the kernel matrix, relative to its largest entry

PAIRS = 2**20  # numbers that copies of pairs of particles may hold at a time

MATRICES = 5  # as large as that of the kernel, that a solution takes

TO_ONE = 1e4  # weight rho of the condition that the weights sum to one


def optimal_weights(objective: Objective, particles: ParticleSet) -> ParticleSet:
    """Return the particles with the weights that minimise a squared discrepancy.

    Parameters
    ----------
    objective : Objective
        `MMD`, `KSD`, or a sum of such.
    particles : ParticleSet

    Returns
    -------
    ParticleSet
        The same positions.  Weights are not negative and sum to one; many may be zero.

    Raises
    ------
    TypeError
        When the objective is not a squared discrepancy.
    ValueError
        When the kernel matrix (n, n) and its factors outgrow the memory.

    Examples
    --------
    >>> import splitparticles as sp
    >>> F = sp.MMD(sp.Gaussian(1.0), [[0.0], [0.0], [0.0], [4.0]])
    >>> sp.optimal_weights(F, sp.ParticleSet([[0.0], [4.0]])).weights.round(6)
    array([0.75, 0.25])
    """
    as_instance(objective, Objective, "objective")
    n = len(as_instance(particles, ParticleSet, "particles"))
    refuse_too_large("particles", f"a kernel matrix of {n} particles", MATRICES, n, n)
    equal = particles.weighted(np.full(n, 1.0 / n))
    K = _kernel_matrix(objective, particles.positions)
    b = K @ equal.weights - objective.witness(equal)
    largest = np.abs(K).max() or 1.0
    # scaled to entries below one, so that c = 1 is enough
    K, b = K / largest + 1.0, b / largest + 1.0
    R, ridge = None, RIDGE
    while R is None:
        try:
            R = cholesky(K + ridge * np.eye(n))
        except np.linalg.LinAlgError:
            ridge *= 10.0
    target = solve_triangular(R, b, trans="T")
    rows = np.vstack([R, np.full((1, n), TO_ONE)])
    w = nnls(rows, np.append(target, TO_ONE))[0]
    return particles.weighted(w / w.sum())


def _kernel_matrix(objective, x) -> np.ndarray:
    """Kernel of all pairs of points, (n, n)."""
    n, d = x.shape
    K = np.zeros((n, n))
    rows = max(PAIRS // (n * d), 1)
    for first in range(0, n, rows):
        i, j = np.triu_indices(min(rows, n - first), 0, n - first)
        i, j = i + first, j + first
        pairs = objective.kernel_pairs(x[i], x[j])
        if pairs is None:
            raise TypeError(
                f"objective must be a squared discrepancy, got {objective!r}"
            )
        K[i, j] = K[j, i] = pairs
    return K
