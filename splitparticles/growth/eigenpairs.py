r"""Least eigenpairs of all splitting matrices at once, from products alone.

A splitting matrix has d^2 entries, a product :math:`S_i v_i` has d.  Two ways to the
least eigenvalue of every particle from products, each of O(n d) memory:

* the fast-splitting paper descends the Rayleigh quotient
  :math:`R(v) = v^T S v / v^T v` by its gradient :math:`S v - R(v) v` (key ``WLLLS19``
  in docs/references.bib);
* the locally optimal conjugate gradient method (LOBPCG, key ``K01``) minimises R
  over the span of v, its residual and the direction it came from: the same one product
  a step, and far fewer steps.

A quotient is never below the eigenvalue, and its residual tells how near:
:math:`|R - \lambda| \le |S v - R v|` for some eigenvalue of S.
"""

from typing import NamedTuple

import numpy as np

from ..objectives.objective import Objective
from ..particles import ParticleSet


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
    v = _directions(objective, (n, d), rng)
    Sv = objective.splitting_product(particles, v)
    p: np.ndarray | None = None  # direction of the last step, and its image
    Sp: np.ndarray | None = None
    for products in range(1, max_products + 1):
        quotient = np.einsum("nd,nd->n", v, Sv)
        r = Sv - quotient[:, None] * v
        size = np.linalg.norm(r, axis=1)
        scale = np.abs(quotient).max()
        if products == max_products or d == 1 or not (size > tol * scale).any():
            break
        r = _unit(r)
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
    length = np.linalg.norm(p, axis=1, keepdims=True)
    length = np.where(length > 0.0, length, 1.0)
    return v, Sv, p / length, Sp / length


def rayleigh_descent(
    objective: Objective,
    particles: ParticleSet,
    rng,
    *,
    tol: float = 1e-2,
    max_products: int = 1000,
) -> Eigenpairs:
    """The same by gradient descent of the Rayleigh quotient, as published.

    The step is one over the largest curvature of S met so far, the longest at which
    the quotient cannot rise.
    """
    v = _directions(objective, particles.positions.shape, rng)
    largest = np.zeros(len(v))
    for products in range(1, max_products + 1):
        Sv = objective.splitting_product(particles, v)
        quotient = np.einsum("nd,nd->n", v, Sv)
        r = Sv - quotient[:, None] * v
        size = np.linalg.norm(r, axis=1)
        largest = np.maximum(largest, np.linalg.norm(Sv, axis=1) + np.abs(quotient))
        if not (size > tol * np.abs(quotient).max()).any():
            break
        if products < max_products:
            v = _unit(v - r / np.where(largest > 0.0, largest, 1.0)[:, None])
    return Eigenpairs(quotient, v, size, products)


def _directions(objective, shape, rng):
    """Random unit vectors over the coordinates that may move; products stay there."""
    v = rng.standard_normal(shape)
    if objective.labels is not None:
        v[:, objective.labels] = 0.0
    return _unit(v)


def _unit(v):
    length = np.linalg.norm(v, axis=1, keepdims=True)
    return v / np.where(length > 0.0, length, 1.0)
