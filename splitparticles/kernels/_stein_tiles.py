r"""Stein sums and gradients in many dimensions: products by BLAS, in tiles.

Nearly all the work is in products of matrices then.  The loops of one pass keep up
with BLAS to d = 500; at d = 1000, where none of their blocks fits the caches, they take
1.6 times as long, at 2000 twice.  Rows and partners come in tiles.  For each tile
:math:`x \cdot y`, :math:`s_x \cdot s_y` and the two mixed products give

.. math:: |z|^2 = |x|^2 + |y|^2 - 2 x \cdot y, \qquad
          \delta \cdot z = s_y \cdot x - s_y \cdot y - s_x \cdot x + s_x \cdot y,

a loop turns them into the coefficients of z, delta and s
(`splitparticles.kernels.stein_sums`), and with those as matrices the sums are products
again.
"""

import numpy as np

from .._compiled.compiler import compiled, profile
from .._compiled.llvm import use_wide_vectors
from .._compiled.threads import in_row_blocks
from .._linalg import row_dot
from ._stein_loops import stein

WORTH_IT = 800  # coordinates, from which on BLAS is faster: with one thread, measured

TILE = 512  # rows, and partners, at a time

STEPS_OF_A_PAIR = 20


def gradient_in_tiles(kernel, x, sx, y, sy, v):
    """``h`` (m,), ``g`` (m, d) and the field (m, d)."""
    # |x|^2 + |y|^2 - 2 x.y cancels least about the centre of the partners
    centre = y.mean(axis=0)
    x, y = x - centre, y - centre
    yy, sy_y = row_dot(y, y), row_dot(sy, y)
    both = np.hstack([y, sy])
    d = x.shape[1]
    h, g, field = np.zeros(len(x)), np.zeros(x.shape), np.zeros(x.shape)
    for a in range(0, len(x), TILE):
        i = slice(a, a + TILE)
        xx, sx_x = row_dot(x[i], x[i]), row_dot(sx[i], x[i])
        for b in range(0, len(y), TILE):
            j = slice(b, b + TILE)
            u = xx[:, None] + yy[j] - 2.0 * (x[i] @ y[j].T)
            ss = sx[i] @ sy[j].T
            dz = x[i] @ sy[j].T + sx[i] @ y[j].T - sy_y[j] - sx_x[:, None]
            arrays = (u, ss, dz, y[j], v[j], h[i])
            steps = STEPS_OF_A_PAIR * u.size
            in_row_blocks(coefficients_loop, kernel, arrays, len(u), steps)
            c, p, p1 = u, ss, dz
            by_slope = p1 @ both[j]
            slope = p1.sum(axis=1)[:, None]
            g[i] += c.sum(axis=1)[:, None] * x[i] - c @ y[j]
            g[i] += by_slope[:, d:] - slope * sx[i]
            field[i] += p @ sy[j] - slope * x[i] + by_slope[:, :d]
    return h, g, field


@compiled
def coefficients_loop(kernel, u, ss, dz, y, v, h, first, last):
    use_wide_vectors()
    d = y.shape[1]
    for i in range(first, last):
        total = 0.0
        for j in range(len(v)):
            w, uj = v[j], u[i, j]
            uj = 0.0 if uj < 0.0 else uj  # in this form, NaN stays NaN
            phi, phi1, phi2, phi3, _ = profile(kernel, uj)
            total += w * stein(phi, phi1, phi2, uj, ss[i, j], dz[i, j], d)
            c = stein(phi1, phi2, phi3, uj, ss[i, j], dz[i, j], d + 2.0)
            u[i, j] = 2.0 * w * c
            ss[i, j] = w * phi
            dz[i, j] = 2.0 * w * phi1
        h[i] += total
