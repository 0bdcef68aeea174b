r"""Eigenpairs of splitting matrices: of the matrices, or from products alone.

A splitting matrix has d^2 entries, a product :math:`S_i v_i` has d.  The locally
optimal conjugate gradient method (LOBPCG, key ``K01`` in docs/references.bib) finds the
least eigenvalues of all particles from products, in O(n d) memory: each step minimises
the Rayleigh quotient :math:`R(v) = v^T S v / v^T v` over the span of v, its residual
and the last step.  (Fast splitting, key ``WLLLS19``, descends R by its gradient, which
takes many more products.)

A quotient is never below the eigenvalue, and its residual bounds the error:
:math:`|R - \lambda| \le |S v - R v|` for some eigenvalue of S.
"""

from typing import NamedTuple

import numpy as np

from .._linalg import lengths_and_directions, ratio, row_dot
from ..objectives.objective import Objective
from ..particles import ParticleSet

EQUAL = 1e-4  # relative difference of eigenvalues that is none: what differences leave


class Eigenpairs(NamedTuple):
    """Least eigenvalues, their vectors, and the residuals of both."""

    values: np.ndarray
    """Rayleigh quotients, (n,)."""
    vectors: np.ndarray
    """Unit vectors, (n, d)."""
    residuals: np.ndarray
    """Norms of ``S v - R v``, (n,)."""
    products: int
    """Products with all matrices that were needed."""


def splitting_spectra(
    objective: Objective, particles: ParticleSet
) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues (n, k), ascending, and vectors (n, d, k) of all splitting matrices.

    The k coordinates that may move; eigenvalues are nan where a matrix is not finite.
    """
    matrices = objective.splitting_matrices(particles)
    finite = np.isfinite(matrices).all(axis=(1, 2))
    labels = np.zeros(particles.dim, dtype=bool)
    if objective.labels is not None:
        labels = objective.labels
    free = np.flatnonzero(~labels)
    matrices = np.where(finite[:, None, None], matrices[:, free[:, None], free], 0.0)
    values, inner = np.linalg.eigh(matrices)
    vectors = np.zeros((len(matrices), len(labels), len(free)))
    vectors[:, free] = inner
    return np.where(finite[:, None], values, np.nan), vectors


def steepest_directions(
    values: np.ndarray, vectors: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    r"""Curvatures (n,) and steepest directions (n, d).

    The eigenvector of the least eigenvalue; where several are equal, a random unit
    vector of their eigenspace.  About a symmetric mode its basis would be the same for
    all particles, which then never leave the subspace of the first few splits.
    """
    least = values[:, :1]
    equal = values <= least + EQUAL * np.abs(least)
    several = equal.sum(axis=1) > 1
    directions = vectors[:, :, 0].copy()
    if several.any():
        c = rng.standard_normal((several.sum(), values.shape[1])) * equal[several]
        _, c = lengths_and_directions(c)
        directions[several] = np.einsum("ndk,nk->nd", vectors[several], c)
    return values[:, 0], directions


def least_eigenpairs(
    objective: Objective,
    particles: ParticleSet,
    rng,
    *,
    tol: float = 1e-2,
    max_products: int = 50,
) -> Eigenpairs:
    """Least eigenpairs by LOBPCG, of all particles at once.

    Parameters
    ----------
    tol : float
        Residuals that may be left, as a share of the largest quotient in size.
    max_products : int
        Products with all matrices at most.
    """
    n, d = particles.positions.shape
    v = random_directions(objective, (n, d), rng)
    Sv = objective.splitting_product(particles, v)
    p: np.ndarray | None = None  # direction of the last step, and its image
    Sp: np.ndarray | None = None
    for products in range(1, max_products + 1):
        quotient = row_dot(v, Sv)
        r = Sv - quotient[:, None] * v
        size = np.linalg.norm(r, axis=1)
        scale = np.abs(quotient).max()
        if products == max_products or d == 1 or not (size > tol * scale).any():
            break
        r = ratio(r, size[:, None])
        Sr = objective.splitting_product(particles, r)
        basis, image = [v, r], [Sv, Sr]
        if p is not None and Sp is not None:
            basis, image = [*basis, p], [*image, Sp]
        v, Sv, p, Sp = _ritz(np.stack(basis, axis=2), np.stack(image, axis=2))
    return Eigenpairs(quotient, v, size, products)


def _ritz(B, SB):
    """Minimise the quotient over the span of the columns of B (n, d, k).

    Returns the minimiser, the direction to it from the first column, and their images.
    """
    Q, R = np.linalg.qr(B)
    # columns that lie in the span of those before them count no more
    diagonal = np.abs(np.einsum("nkk->nk", R))
    kept = diagonal > 1e-8 * diagonal.max(axis=1, keepdims=True)
    safe = np.where(kept[:, None, :], R, np.eye(R.shape[1]))
    SQ = np.swapaxes(
        np.linalg.solve(np.swapaxes(safe, 1, 2), np.swapaxes(SB, 1, 2)), 1, 2
    )
    Q, SQ = Q * kept[:, None, :], SQ * kept[:, None, :]
    G = np.swapaxes(Q, 1, 2) @ SQ
    G = 0.5 * (G + np.swapaxes(G, 1, 2))
    top = 1.0 + 2.0 * np.abs(G).sum(axis=(1, 2))
    G = G + np.einsum("nk,n,kl->nkl", ~kept, top, np.eye(G.shape[1]))
    c = np.linalg.eigh(G)[1][:, :, 0]
    v, Sv = np.einsum("ndk,nk->nd", Q, c), np.einsum("ndk,nk->nd", SQ, c)
    c = c * (np.arange(c.shape[1]) > 0)
    p, Sp = np.einsum("ndk,nk->nd", Q, c), np.einsum("ndk,nk->nd", SQ, c)
    length, p = lengths_and_directions(p)
    return v, Sv, p, ratio(Sp, length)


def random_directions(objective: Objective, shape: tuple[int, int], rng) -> np.ndarray:
    """Random unit vectors (n, d) over the coordinates that may move."""
    v = rng.standard_normal(shape)
    if objective.labels is not None:
        v[:, objective.labels] = 0.0
    return lengths_and_directions(v)[1]
