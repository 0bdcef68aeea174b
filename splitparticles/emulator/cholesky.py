r"""Cholesky factorisation in blocks of fixed order: same bits on any number of threads.

LAPACK's last digits depend on the number of its threads.  Here the matrix lies in
tiles of 64 x 64, those of the lower triangle one after another,

.. math:: T_{IJ}[k, i] = L[64 I + i, 64 J + k], \qquad J \le I,

and each tile is computed by the same sums wherever it is computed.  Block column J is
finished after those to its left: :math:`A_{IJ} - \sum_{K<J} L_{IK} L_{JK}^T`, times
:math:`L_{JJ}^{-T}`.  In place of a factor's diagonal tile stands its inverse, so that
all large work is one product of tiles, 64 numbers wide.

Right hand sides are rows, (r, n).  Unknowns are filled up to whole tiles by those of a
unit matrix.
"""

from typing import NamedTuple

import numpy as np

from .._compiled.compiler import compiled, helper
from .._compiled.llvm import join_the_loop, use_wide_vectors
from .._compiled.threads import in_row_blocks

TILE = 64

PRODUCT = TILE**3  # inner steps of a product of tiles, ten times faster than others

SMALLEST_PIVOT = 1e-14


@helper
def tile_index(row, column):
    """Place of tile (row, column), column <= row, among the lower triangle's."""
    return row * (row + 1) // 2 + column


@helper
def subtract_pair(c0, c1, tile, b0, b1):
    """``c -= sum_k tile[k] b[k]`` for two columns at a time, each of 64 numbers."""
    join_the_loop()
    for k in range(0, TILE, 4):
        b00, b01, b02, b03 = b0[k], b0[k + 1], b0[k + 2], b0[k + 3]
        b10, b11, b12, b13 = b1[k], b1[k + 1], b1[k + 2], b1[k + 3]
        for i in range(TILE):
            t0, t1, t2, t3 = tile[k, i], tile[k + 1, i], tile[k + 2, i], tile[k + 3, i]
            c0[i] -= t0 * b00 + t1 * b01 + t2 * b02 + t3 * b03
            c1[i] -= t0 * b10 + t1 * b11 + t2 * b12 + t3 * b13


@helper
def subtract_product(c, a, b):
    """``c -= a b'`` of three tiles."""
    join_the_loop()
    for j in range(0, TILE, 2):
        subtract_pair(c[j], c[j + 1], a, b[:, j], b[:, j + 1])


@helper
def factor_tile(t):
    """Cholesky factor of a tile in its place; the least pivot, the first below 0."""
    join_the_loop()
    least = np.inf
    for k in range(TILE):
        if not t[k, k] > 0.0:
            return t[k, k]
        least = min(least, t[k, k])
        root = np.sqrt(t[k, k])
        for i in range(k, TILE):
            t[k, i] /= root
        for j in range(k + 1, TILE):
            c = t[k, j]
            for i in range(j, TILE):
                t[j, i] -= c * t[k, i]
    return least


@helper
def move_row(v, out):
    """Move a row of a tile, its sign turned; zeros stay behind."""
    # element by element: what NumPy says of unequal shapes takes seconds to compile
    for k in range(TILE):
        out[k] = -v[k]
        v[k] = 0.0


@helper
def invert_tile(t, out):
    """Inverse of a lower triangular tile."""
    join_the_loop()
    for c in range(TILE):
        w = out[c]
        for k in range(TILE):
            w[k] = 1.0 if k == c else 0.0
        for k in range(c, TILE):
            w[k] /= t[k, k]
            for i in range(k + 1, TILE):
                w[i] -= w[k] * t[k, i]


@compiled
def _diagonal_loop(kernel, tiles, column, pivots, first, last):
    use_wide_vectors()
    for _ in range(first, last):
        J = column[0]
        t = tiles[tile_index(J, J)]
        for K in range(J):
            left = tiles[tile_index(J, K)]
            subtract_product(t, left, left)
        factor = np.empty((TILE, TILE))
        for k in range(TILE):
            for i in range(TILE):
                factor[k, i] = t[k, i]
        pivots[0] = factor_tile(factor)
        invert_tile(factor, t)


@compiled
def _column_loop(kernel, tiles, column, first, last):
    use_wide_vectors()
    J, negative = column[0], np.empty((TILE, TILE))
    for row in range(J + 1 + first, J + 1 + last):
        t = tiles[tile_index(row, J)]
        for K in range(J):
            subtract_product(t, tiles[tile_index(row, K)], tiles[tile_index(J, K)])
        for k in range(TILE):
            move_row(t[k], negative[k])
        subtract_product(t, negative, tiles[tile_index(J, J)])


@compiled
def _forward_loop(kernel, tiles, b, first, last):
    use_wide_vectors()
    negative = np.empty((2, TILE))
    for row in range(b.shape[1] // TILE):
        columns = slice(row * TILE, (row + 1) * TILE)
        for K in range(row):
            t, left = tiles[tile_index(row, K)], slice(K * TILE, (K + 1) * TILE)
            for r in range(2 * first, 2 * last, 2):
                subtract_pair(
                    b[r, columns], b[r + 1, columns], t, b[r, left], b[r + 1, left]
                )
        for r in range(2 * first, 2 * last, 2):
            c0, c1 = b[r, columns], b[r + 1, columns]
            move_row(c0, negative[0])
            move_row(c1, negative[1])
            subtract_pair(c0, c1, tiles[tile_index(row, row)], negative[0], negative[1])


@compiled
def _backward_loop(kernel, tiles, b, first, last):
    use_wide_vectors()
    out = np.empty(TILE)
    blocks = b.shape[1] // TILE
    for row in range(blocks - 1, -1, -1):
        for r in range(2 * first, 2 * last):
            c = b[r, row * TILE : (row + 1) * TILE]
            for K in range(row + 1, blocks):
                below = b[r, K * TILE : (K + 1) * TILE]
                t = tiles[tile_index(K, row)]
                for k in range(TILE):
                    total = 0.0
                    for i in range(TILE):
                        total += t[k, i] * below[i]
                    c[k] -= total
            inverse = tiles[tile_index(row, row)]
            for k in range(TILE):
                total = 0.0
                for i in range(TILE):
                    total += inverse[k, i] * c[i]
                out[k] = total
            for k in range(TILE):
                c[k] = out[k]


def tiles_for(n: int) -> np.ndarray:
    """Tiles of a matrix of n unknowns, all zero but the unit matrix that fills up."""
    blocks = -(-n // TILE)
    tiles = np.zeros((blocks * (blocks + 1) // 2, TILE, TILE))
    for k in range(n - (blocks - 1) * TILE, TILE):
        tiles[-1, k, k] = 1.0
    return tiles


class Factor(NamedTuple):
    """Cholesky factor of a matrix in tiles."""

    kernel: tuple  # of whatever class the loops were compiled for
    tiles: np.ndarray
    n: int

    def log_determinant(self) -> float:
        """Logarithm of the determinant of the matrix."""
        blocks = np.arange(-(-self.n // TILE))
        inverses = self.tiles[blocks * (blocks + 3) // 2]
        return -2.0 * float(np.log(np.einsum("Ikk->Ik", inverses)).sum())

    def half_solve(self, b: np.ndarray) -> np.ndarray:
        """Solutions of L x = b for the rows of b (r, n), as (even, filled)."""
        rows, columns = -(-len(b) // 2) * 2, -(-self.n // TILE) * TILE
        out = np.zeros((rows, columns))
        out[: len(b), : self.n] = b
        return self._run(_forward_loop, out)

    def solve(self, b: np.ndarray) -> np.ndarray:
        """Solutions of A x = b for the rows of b, (r, n)."""
        x = self._run(_backward_loop, self.half_solve(b))
        return x[: len(b), : self.n].copy()

    def _run(self, loop, out):
        pairs = len(out) // 2
        steps = len(self.tiles) * pairs * TILE**2 // 2
        in_row_blocks(loop, self.kernel, (self.tiles, out), pairs, steps, fewest_rows=4)
        return out


def factorised(kernel, tiles: np.ndarray, n: int) -> Factor:
    """Cholesky factor, which takes the place of the matrix in its tiles.

    Raises
    ------
    LinAlgError
        When the matrix is not positive definite to rounding.
    """
    blocks, pivots = -(-n // TILE), np.zeros(1)
    smallest = SMALLEST_PIVOT * tiles[0, 0, 0]
    for J in range(blocks):
        column = np.full(1, J)
        in_row_blocks(_diagonal_loop, kernel, (tiles, column, pivots), 1, 0)
        if not pivots[0] > smallest:
            raise np.linalg.LinAlgError("the matrix is not positive definite")
        below = blocks - J - 1
        steps = below * (J + 1) * PRODUCT // 8
        in_row_blocks(
            _column_loop, kernel, (tiles, column), below, steps, fewest_rows=1
        )
    return Factor(kernel, tiles, n)
