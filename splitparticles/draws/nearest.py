"""Matching of particles to draws: the nearest ones, each taken once.

The n nearest draws of each of n particles are candidates enough: the other n - 1
particles leave one of them.  Candidates are found block by block, so draws may be more
than a memory holds; the choice is a minimum weight matching, by SciPy.
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
    z, n = change.to_working(positions), len(positions)
    x, rows = np.zeros((0, positions.shape[1])), np.zeros(0, dtype=int)
    for block_x, block_rows in draws.each(partial(_candidates_of_block, change, z)):
        x, rows = np.vstack([x, block_x]), np.append(rows, block_rows)
        x, rows = _candidates(change, z, x, rows)
    if len(x) < n:
        raise ValueError(
            f"there are fewer distinct draws than the {n} particles, one for each"
        )
    distances, draw = _nearest(change, z, x)
    particle = np.repeat(np.arange(n), draw.shape[1])
    # A weight of zero would be no edge; one added to each of n edges changes nothing.
    edges = (1.0 + distances.ravel() ** 2, (particle, draw.ravel()))
    graph = coo_array(edges, shape=(n, len(x))).tocsr()
    matched = min_weight_full_bipartite_matching(graph)[1]
    return rows[matched], x[matched]


def _candidates_of_block(change, z, x, p, first):
    return _candidates(change, z, x, first + np.arange(len(x)))


def _candidates(change, z, x, rows):
    """Distinct draws among the n nearest of any of n particles z, and their rows."""
    x, first = np.unique(x, axis=0, return_index=True)
    nearest = np.unique(_nearest(change, z, x)[1])
    return x[nearest], rows[first][nearest]


def _nearest(change, z, x):
    """Distances and rows of the draws nearest to each particle, (n, up to n)."""
    tree = KDTree(change.to_working(x))
    return tree.query(z, k=np.arange(1, min(len(z), len(x)) + 1))
