r"""Weighted sums of the Langevin Stein kernel, with derivatives.

For a target of score s, a base kernel k and partners :math:`y_j` of weight
:math:`v_j`, the Stein field is

.. math:: u(x) = \sum_j v_j \, [k(x, y_j)\, s(y_j) + \nabla_y k(x, y_j)],

and the sum is the Stein operator on it, :math:`h(x) = s(x) \cdot u(x) +
\mathrm{div}\, u(x)`, that is :math:`\sum_j v_j k_p(x, y_j)`.  With J the Jacobian of
the score (the Hessian of log p, symmetric) and U that of u,

.. math::
    \nabla h = g + J u, \qquad
    \nabla^2 h = H + J U + U^T J + \sum_a u_a \nabla^2 s_a,

where g and H hold the score at x fixed.  The sums below return g, H, u and U, which
need the score alone; the caller, who knows J, adds the rest.

For a radial kernel, with :math:`z = x - y`, :math:`\delta = s(y) - s(x)`,

.. math::
    k_p &= \varphi\, s_x \cdot s_y + 2\varphi' \delta \cdot z - 2d\varphi'
           - 4\varphi'' |z|^2 \\
    g &= \sum v\,(c\, z + 2\varphi' \delta), \qquad
    u = \sum v\,(\varphi\, s_y - 2\varphi' z) \\
    c &= 2[\varphi' s_x \cdot s_y + 2\varphi''(\delta \cdot z - d - 2)
           - 4\varphi''' |z|^2] \\
    H &= \sum v\,[c I + e\, z z^T + 4\varphi'' (z \delta^T + \delta z^T)] \\
    e &= 4[\varphi'' s_x \cdot s_y + 2\varphi'''(\delta \cdot z - d - 4)
           - 4\varphi'''' |z|^2] \\
    U &= \sum v\,[2\varphi' (s_y z^T - I) - 4\varphi'' z z^T].

Shapes: x and its scores sx (m, d), y and sy (n, d), v (n,).  Arrays in, arrays out.
The polynomial kernels register their own sums (`splitparticles.kernels.polynomial`).
"""

from functools import singledispatch

import numpy as np

from .._compiled.blocks import evened
from .._compiled.threads import in_row_blocks, pair_steps
from . import _stein_tiles
from ._stein_loops import (
    field_loop,
    gradient_loop,
    hessian_loop,
    hessian_product_loop,
    pairs_loop,
    sum_loop,
)


@singledispatch
def stein_sum(kernel, x, sx, y, sy, v):
    """``h(x_i)``, shape (m,)."""
    h = np.zeros(len(x))
    arrays = (evened(x), evened(sx), y, sy, v, h)
    in_row_blocks(sum_loop, kernel, arrays, len(x), pair_steps(x, y, 2))
    return h


@singledispatch
def stein_sum_gradient(kernel, x, sx, y, sy, v):
    """``h`` (m,), ``g`` (m, d) and the Stein field ``u`` (m, d), in one pass."""
    if x.shape[1] >= _stein_tiles.WORTH_IT:
        return _stein_tiles.gradient_in_tiles(kernel, x, sx, y, sy, v)
    d, x = x.shape[1], evened(x)
    h, g, field = np.zeros(len(x)), np.zeros(x.shape), np.zeros(x.shape)
    arrays = (x, evened(sx), y, sy, v, h, g, field)
    in_row_blocks(gradient_loop, kernel, arrays, len(x), pair_steps(x, y, 4))
    return h, g[:, :d], field[:, :d]


@singledispatch
def stein_field(kernel, x, y, sy, v):
    """Stein field ``u(x_i)`` alone, (m, d): the direction of SVGD."""
    d, x = x.shape[1], evened(x)
    field = np.zeros(x.shape)
    arrays = (x, y, sy, v, field)
    in_row_blocks(field_loop, kernel, arrays, len(x), pair_steps(x, y, 2))
    return field[:, :d]


@singledispatch
def stein_sum_hessian(kernel, x, sx, y, sy, v):
    """``H`` and the field's Jacobian ``U``, each (m, d, d)."""
    d, x = x.shape[1], evened(x)
    half, U = np.zeros((*x.shape, x.shape[1])), np.zeros((*x.shape, x.shape[1]))
    arrays = (x, evened(sx), y, sy, v, half, U)
    in_row_blocks(hessian_loop, kernel, arrays, len(x), pair_steps(x, y, 3 + 2 * d))
    half, U = half[:, :d, :d], U[:, :d, :d]
    return half + half.swapaxes(1, 2), U


@singledispatch
def stein_sum_hessian_product(kernel, x, sx, y, sy, v, p):
    """Products ``H p``, ``U p`` and ``U' p``, each (m, d), one direction a row."""
    d, x = x.shape[1], evened(x)
    Hp, Up, Utp = np.zeros(x.shape), np.zeros(x.shape), np.zeros(x.shape)
    arrays = (x, evened(sx), y, sy, v, evened(p), Hp, Up, Utp)
    in_row_blocks(hessian_product_loop, kernel, arrays, len(x), pair_steps(x, y, 6))
    return Hp[:, :d], Up[:, :d], Utp[:, :d]


@singledispatch
def stein_pairs(kernel, x, sx, y, sy):
    """``k_p(x_i, y_i)`` row by row, shape (m,)."""
    out = np.empty(len(x))
    in_row_blocks(pairs_loop, kernel, (x, sx, y, sy, out), len(x), x.size)
    return out
