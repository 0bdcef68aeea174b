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
    n = len(positions)
    near = partial(_nearest_of_block, change, change.to_working(positions))
    x = far = rows = None
    for block in draws.each(near):
        if rows is None:
            x, far, rows = block
            continue
        x, far, rows = (
            np.concatenate([a, b], axis=1)
            for a, b in zip((x, far, rows), block, strict=True)
        )
        best = np.argsort(far, axis=1, kind="stable")[:, :n]
        far, rows = (np.take_along_axis(a, best, axis=1) for a in (far, rows))
        x = np.take_along_axis(x, best[:, :, None], axis=1)
    values, first, draw = np.unique(
        x.reshape(-1, x.shape[2]), axis=0, return_index=True, return_inverse=True
    )
    particle = np.repeat(np.arange(n), rows.shape[1])
    edges, kept = np.unique(
        np.column_stack([particle, draw.ravel()]), axis=0, return_index=True
    )
    # one is added to every edge: all matchings have n of them, and zero means no edge
    weights = 1.0 + far.ravel()[kept] ** 2
    graph = coo_array((weights, edges.T), shape=(n, len(values))).tocsr()
    try:
        taken = min_weight_full_bipartite_matching(graph)[1]
    except ValueError:
        raise ValueError(
            f"there are too few distinct draws near the {n} particles to give each "
            "one of its own"
        ) from None
    return rows.ravel()[first[taken]], values[taken]


def _nearest_of_block(change, at, x, p, first):
    """Up to n draws nearest to each particle: values, distances and rows."""
    tree = KDTree(change.to_working(x))
    far, rows = tree.query(at, k=np.arange(1, min(len(at), len(x)) + 1))
    return x[rows], far, first + rows
