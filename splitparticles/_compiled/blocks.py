"""Blocks of partners in transposed buffers, for the vector units.

A sum over partners goes through them in blocks.  Each is transposed into a buffer that
stays in the cache while all rows pass by, so that the innermost loop, over the partners
of a block, reads neighbours in memory::

    for first_partner in range(0, len(y), BLOCK):
        m = load(y, first_partner, ys)
        for i in range(first, last):
            for k in range(0, len(ys), 2):
                for j in range(m):
                    ...  # x[i, k], ys[k, j] and x[i, k + 1], ys[k + 1, j]

Coordinates go two at a time, which halves the traffic between the vector units and the
buffers.  Where d is odd, a coordinate of zeros is added (`evened`).
"""

import numpy as np

from .compiler import helper
from .llvm import BLOCK, LINE, join_the_loop, rows_of_a_block


def evened(x: np.ndarray) -> np.ndarray:
    """Rows x (n, d), with one more column of zeros where d is odd."""
    n, d = x.shape
    if d % 2 == 0:
        return x
    out = np.zeros((n, d + 1))
    out[:, :d] = x
    return out


@helper
def scratch(rows):
    """Buffers for one block of partners, with a margin on either side.

    LLVM guards a vectorised loop by the distance between its arrays and falls back on
    a plain one, which sums in another order, where they are near: without the margins
    the last bits would depend on where the memory happened to come from.
    """
    return rows_of_a_block(np.empty((rows + 2) * BLOCK + LINE))[1:-1]


@helper
def load(y, first, out):
    """Block of partners ``y[first:]`` (n, d), transposed: `out` (d or d + 1, BLOCK).

    Returns the number of partners, filled up to whole cache lines with copies of the
    last one, so that vectors leave no remainder.  A copy is finite where that one is,
    and its weight is zero (`load_weights`).
    """
    n, d = y.shape
    m = min(BLOCK, n - first)
    filled = -(-m // LINE) * LINE
    for k in range(d):
        for j in range(m):
            out[k, j] = y[first + j, k]
        for j in range(m, filled):
            out[k, j] = y[n - 1, k]
    for k in range(d, len(out)):
        for j in range(filled):
            out[k, j] = 0.0
    return filled


@helper
def load_weights(v, first, out):
    """Weights ``v[first:]`` of a block in `out` (BLOCK,), zeros behind them."""
    m = min(BLOCK, len(v) - first)
    for j in range(m):
        out[j] = v[first + j]
    for j in range(m, BLOCK):
        out[j] = 0.0


@helper
def squared_distances(x, i, y, m, u):
    """``u[j] = |x_i - y_j|^2`` for the m partners of one block."""
    join_the_loop()
    for k in range(0, len(y), 2):
        x0, x1 = x[i, k], x[i, k + 1]
        for j in range(m):
            z0, z1 = x0 - y[k, j], x1 - y[k + 1, j]
            partial = u[j] if k > 0 else 0.0
            u[j] = partial + z0 * z0 + z1 * z1


@helper
def add_products(p, q, m, lower, out, i):
    """``out[i, k, a] += sum_j p[k, j] q[a, j]``; of `lower`, those with a <= k."""
    join_the_loop()
    # four sums at a time: each number that is loaded serves two of them
    for k in range(0, len(p), 2):
        for a in range(0, k + 2 if lower else len(q), 2):
            out00, out01, out10, out11 = 0.0, 0.0, 0.0, 0.0
            for j in range(m):
                out00 += p[k, j] * q[a, j]
                out01 += p[k, j] * q[a + 1, j]
                out10 += p[k + 1, j] * q[a, j]
                out11 += p[k + 1, j] * q[a + 1, j]
            out[i, k, a] += out00
            out[i, k, a + 1] += out01
            out[i, k + 1, a] += out10
            out[i, k + 1, a + 1] += out11
