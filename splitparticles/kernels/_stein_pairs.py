r"""Value and gradient of a Stein discrepancy with each pair of particles met once.

Among the particles themselves everything that a pair needs but the sign of z and
delta serves both of its ends: with the symmetric coefficients :math:`v_i v_j c_{ij}`
in place of :math:`v_j c_{ij}` row i gets :math:`c z + 2\varphi' \delta` and row j
minus that; each row is divided by its own weight in the end.  A third less work than
`splitparticles._stein_loops` takes, for buffers that the columns of a block add up
in, from some hundreds of particles on.

Rows come in *tiles*, each about the same number of pairs.  A tile adds to an array of
its own, and the arrays are added in their order: the same bits whatever thread came
first.
"""

import numpy as np

from .._compiled.blocks import (
    BLOCK,
    LINE,
    join_the_loop,
    load,
    load_weights,
    scratch,
    use_wide_vectors,
)
from .._compiled.compiler import compiled, helper, profile
from ._stein_loops import pair_products, stein

WORTH_IT = 256  # particles, from which on a pair met once saves more than it costs

SMALLEST_WEIGHT = 1e-100  # by which a row can still be divided

PARTICLES_OF_A_TILE = 250  # or more, where there are two to eight of them

LARGEST = 1_000_000  # numbers in the arrays of all tiles, where two do not take more


def meets_pairs_once(v: np.ndarray) -> bool:
    """Whether these loops are the ones to take for particles of weights v."""
    return len(v) >= WORTH_IT and np.abs(v).min() > SMALLEST_WEIGHT


def tile_edges(n: int, width: int) -> np.ndarray:
    """First rows of the tiles, and n; `width` numbers a row."""
    fitting = max(2, LARGEST // (n * width))
    tiles = int(np.clip(n // PARTICLES_OF_A_TILE, 2, min(8, fitting)))
    shares = np.arange(tiles + 1) / tiles
    return np.rint(n * (1.0 - np.sqrt(1.0 - shares))).astype(np.int64)


@compiled
def pairs_once_loop(kernel, x, sx, y, sy, v, edges, out, first, last):
    # out[tile, i] holds h, g and the field of row i, times its weight
    use_wide_vectors()
    n, even = x.shape
    d = y.shape[1]
    near = scratch(8 + 4 * even)
    vs, h = near[0], near[1]
    u, ss, dz = near[2:4], near[4:6], near[6:8]  # of two rows at a time
    ys, sys = near[8 : 8 + even], near[8 + even : 8 + 2 * even]
    g, field = near[8 + 2 * even : 8 + 3 * even], near[8 + 3 * even :]
    for tile in range(first, last):
        for start in range(edges[tile], n, BLOCK):
            m = load(y, start, ys)
            load(sy, start, sys)
            load_weights(v, start, vs)
            h[:], g[:], field[:] = 0.0, 0.0, 0.0
            end = min(edges[tile + 1], start + BLOCK)
            for i in range(edges[tile], end, 2):
                low = max(0, i - start)
                low -= low % LINE
                for r in range(2):
                    row = min(i + r, end - 1)
                    own_weight = v[row] if i + r < end else 0.0
                    if row >= start:  # half of the pair of a particle with itself
                        vs[row - start] *= 0.5
                    pair_products(x, sx, row, ys, sys, low, m, u[r], ss[r], dz[r])
                    total = 0.0
                    for j in range(np.uintp(low), np.uintp(m)):
                        w = own_weight * vs[j]
                        phi, phi1, phi2, phi3, _ = profile(kernel, u[r, j])
                        uj, ssj, dzj = u[r, j], ss[r, j], dz[r, j]
                        pair = w * stein(phi, phi1, phi2, uj, ssj, dzj, d)
                        total += pair
                        h[j] += pair
                        c = stein(phi1, phi2, phi3, uj, ssj, dzj, d + 2.0)
                        u[r, j] = 2.0 * w * c
                        ss[r, j] = w * phi
                        dz[r, j] = 2.0 * w * phi1
                    out[tile, row, 0] += total
                    if row >= start:  # its pairs are all met
                        vs[row - start] = 0.0
                rows = i, min(i + 1, end - 1)
                _add_to_both(
                    x, sx, rows, ys, sys, low, m, u, ss, dz, g, field, out[tile]
                )
            _add_columns(out[tile], start, h, g, field)


@helper
def _add_to_both(x, sx, rows, y, sy, low, m, c, p, p1, g, field, out):
    """Add what two rows and the partners of a block give each other."""
    join_the_loop()
    a, b = rows
    even = len(y)
    for k in range(even):
        xa, xb, sa, sb = x[a, k], x[b, k], sx[a, k], sx[b, k]
        ga, gb, fa, fb = 0.0, 0.0, 0.0, 0.0
        for j in range(np.uintp(low), np.uintp(m)):
            za, zb, s = xa - y[k, j], xb - y[k, j], sy[k, j]
            pull_a = c[0, j] * za + p1[0, j] * (s - sa)
            pull_b = c[1, j] * zb + p1[1, j] * (s - sb)
            push_a, push_b = p1[0, j] * za, p1[1, j] * zb
            ga += pull_a
            gb += pull_b
            g[k, j] -= pull_a + pull_b
            fa += p[0, j] * s - push_a
            fb += p[1, j] * s - push_b
            field[k, j] += p[0, j] * sa + p[1, j] * sb + (push_a + push_b)
        out[a, 1 + k] += ga
        out[b, 1 + k] += gb
        out[a, 1 + even + k] += fa
        out[b, 1 + even + k] += fb


@helper
def _add_columns(out, start, h, g, field):
    """Add what the partners of a block got."""
    even = len(g)
    for j in range(min(BLOCK, len(out) - start)):
        out[start + j, 0] += h[j]
        for k in range(even):
            out[start + j, 1 + k] += g[k, j]
            out[start + j, 1 + even + k] += field[k, j]
