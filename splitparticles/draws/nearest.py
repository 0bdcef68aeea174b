"""Real draws in the place of particles: the nearest ones, each taken once.

The n nearest draws of each of n particles are enough to choose from: whatever the
others take, one of them is left.  They are found block by block, so draws may be more
than a memory holds; the choice is a minimal matching, by SciPy.
"""

from functools import partial

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching
from scipy.spatial import KDTree

from .draws import Draws


def nearest_draws(draws: Draws, change, positions) -> tuple[np.ndarray, np.ndarray]:
    """Rows (n,) and values (n, d) of distinct draws, that of particle i in place i.

    Parameters
    ----------
    draws : Draws
        In the coordinates of the positions.
    change : Preconditioner
        To the coordinates in which distances are meant.
    positions : ndarray, shape (n, d)

    Raises
    ------
    ValueError
        When there are fewer distinct draws than particles.
    """
    at, n = change.to_working(positions), len(positions)
    pool = None
    for block in draws.each(partial(_of_block, change, at)):
        if pool is not None:
            block = tuple(map(np.concatenate, zip(pool, block, strict=True)))
        pool = _nearest(change, at, *block)
    x, rows = pool
    if len(x) < n:
        raise _too_few(n)
    far, draw = _distances(change, at, x)
    particle = np.repeat(np.arange(n), draw.shape[1])
    # one is added to every edge: all matchings have n of them, and zero means no edge
    edges = (particle, draw.ravel())
    graph = coo_array((1.0 + far.ravel() ** 2, edges), shape=(n, len(x))).tocsr()
    try:
        taken = min_weight_full_bipartite_matching(graph)[1]
    except ValueError:
        raise _too_few(n) from None
    return rows[taken], x[taken]


def _too_few(n):
    return ValueError(
        f"there are fewer distinct draws than the {n} particles, one for each"
    )


def _of_block(change, at, x, p, first):
    return _nearest(change, at, x, first + np.arange(len(x)))


def _nearest(change, at, x, rows):
    """The distinct draws that are among the nearest ones of any particle."""
    x, first = np.unique(x, axis=0, return_index=True)
    near = np.unique(_distances(change, at, x)[1])
    return x[near], rows[first][near]


def _distances(change, at, x):
    """Distances and places of the draws nearest to each particle, (n, up to n)."""
    tree = KDTree(change.to_working(x))
    return tree.query(at, k=np.arange(1, min(len(at), len(x)) + 1))
