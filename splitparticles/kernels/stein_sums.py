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
need the score alone; whoever knows J adds the rest.

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
"""

from functools import singledispatch

import numpy as np

from .._compiled.blocks import evened
from .._compiled.compiler import has_profile
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
from .polynomial import Linear, Quadratic


def _refuse(kernel) -> None:
    if not has_profile(kernel):
        raise TypeError(
            f"kernel must be a kernel tuple with Stein sums, got {kernel!r}; a radial "
            "one of your own needs a profile (profile_of)"
        )


# ------------------------------------------------------------------- radial
@singledispatch
def stein_sum(kernel, x, sx, y, sy, v):
    """``h(x_i)``, shape (m,)."""
    _refuse(kernel)
    h = np.zeros(len(x))
    arrays = (evened(x), evened(sx), y, sy, v, h)
    in_row_blocks(sum_loop, kernel, arrays, len(x), pair_steps(x, y, 2))
    return h


@singledispatch
def stein_sum_gradient(kernel, x, sx, y, sy, v):
    """``h`` (m,), ``g`` (m, d) and the Stein field ``u`` (m, d), in one pass."""
    _refuse(kernel)
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
    _refuse(kernel)
    d, x = x.shape[1], evened(x)
    field = np.zeros(x.shape)
    arrays = (x, y, sy, v, field)
    in_row_blocks(field_loop, kernel, arrays, len(x), pair_steps(x, y, 2))
    return field[:, :d]


@singledispatch
def stein_sum_hessian(kernel, x, sx, y, sy, v):
    """``H`` and the field's Jacobian ``U``, each (m, d, d)."""
    _refuse(kernel)
    d, x = x.shape[1], evened(x)
    half, U = np.zeros((*x.shape, x.shape[1])), np.zeros((*x.shape, x.shape[1]))
    arrays = (x, evened(sx), y, sy, v, half, U)
    in_row_blocks(hessian_loop, kernel, arrays, len(x), pair_steps(x, y, 3 + 2 * d))
    half, U = half[:, :d, :d], U[:, :d, :d]
    return half + half.swapaxes(1, 2), U


@singledispatch
def stein_sum_hessian_product(kernel, x, sx, y, sy, v, p):
    """Products ``H p``, ``U p`` and ``U' p``, each (m, d), one direction a row."""
    _refuse(kernel)
    d, x = x.shape[1], evened(x)
    Hp, Up, Utp = np.zeros(x.shape), np.zeros(x.shape), np.zeros(x.shape)
    arrays = (x, evened(sx), y, sy, v, evened(p), Hp, Up, Utp)
    in_row_blocks(hessian_product_loop, kernel, arrays, len(x), pair_steps(x, y, 6))
    return Hp[:, :d], Up[:, :d], Utp[:, :d]


@singledispatch
def stein_pairs(kernel, x, sx, y, sy):
    """``k_p(x_i, y_i)`` row by row, shape (m,)."""
    _refuse(kernel)
    out = np.empty(len(x))
    in_row_blocks(pairs_loop, kernel, (x, sx, y, sy, out), len(x), x.size)
    return out


# ------------------------------------------------------------------- linear
# k = 1 + <x, y>, so u(x) = m1 + U x with m1 = sum v s and U = sum v (s y' + I)
def _linear_moments(y, sy, v):
    return v @ sy, (v[:, None] * sy).T @ y + v.sum() * np.eye(y.shape[1])


@stein_sum.register
def _(kernel: Linear, x, sx, y, sy, v):
    m1, U = _linear_moments(y, sy, v)
    return np.einsum("ik,ik->i", sx, m1 + x @ U.T) + np.trace(U)


@stein_sum_gradient.register
def _(kernel: Linear, x, sx, y, sy, v):
    m1, U = _linear_moments(y, sy, v)
    field = m1 + x @ U.T
    return np.einsum("ik,ik->i", sx, field) + np.trace(U), sx @ U, field


@stein_field.register
def _(kernel: Linear, x, y, sy, v):
    m1, U = _linear_moments(y, sy, v)
    return m1 + x @ U.T


@stein_sum_hessian.register
def _(kernel: Linear, x, sx, y, sy, v):
    U = np.repeat(_linear_moments(y, sy, v)[1][None], len(x), axis=0)
    return np.zeros_like(U), U


@stein_sum_hessian_product.register
def _(kernel: Linear, x, sx, y, sy, v, p):
    U = _linear_moments(y, sy, v)[1]
    return np.zeros_like(p), p @ U.T, p @ U


@stein_pairs.register
def _(kernel: Linear, x, sx, y, sy):
    dot = np.einsum("ik,ik->i", x, y)
    mixed = np.einsum("ik,ik->i", sx, x) + np.einsum("ik,ik->i", sy, y)
    return np.einsum("ik,ik->i", sx, sy) * (1.0 + dot) + mixed + x.shape[1]


# ---------------------------------------------------------------- quadratic
# k = (1 + <x, y>)^2 / 2, so u(x) = m1 / 2 + M x + (x' T x) / 2 + (v0 + <m, x>) x with
# m1 = sum v s, M = sum v s y', T = sum v s y y' (of three indices), m = sum v y
class _QuadraticField:
    """The field's moments, O(n d^3), and what follows of them."""

    def __init__(self, y, sy, v):
        self.d, self.v0, self.mean = y.shape[1], v.sum(), v @ y
        weighted = v[:, None] * sy
        self.m1, self.M = weighted.sum(axis=0), weighted.T @ y
        self.T = np.einsum("jc,ja,jb->cab", weighted, y, y, optimize=True)
        self.slope = np.einsum("ccb->b", self.T) + (self.d + 1) * self.mean

    def __call__(self, x):
        bent = 0.5 * np.einsum("cab,ia,ib->ic", self.T, x, x, optimize=True)
        return 0.5 * self.m1 + x @ self.M.T + bent + self._growth(x)[:, None] * x

    def _growth(self, x):
        return self.v0 + x @ self.mean

    def divergence(self, x):
        return np.trace(self.M) + self.d * self.v0 + x @ self.slope

    def jacobian(self, x):
        outer = x[:, :, None] * self.mean
        straight = self._growth(x)[:, None, None] * np.eye(self.d)
        bent = np.einsum("cab,ib->ica", self.T, x, optimize=True)
        return self.M + bent + outer + straight


@stein_sum.register
def _(kernel: Quadratic, x, sx, y, sy, v):
    field = _QuadraticField(y, sy, v)
    return np.einsum("ik,ik->i", sx, field(x)) + field.divergence(x)


@stein_sum_gradient.register
def _(kernel: Quadratic, x, sx, y, sy, v):
    field = _QuadraticField(y, sy, v)
    u = field(x)
    h = np.einsum("ik,ik->i", sx, u) + field.divergence(x)
    return h, np.einsum("ica,ic->ia", field.jacobian(x), sx) + field.slope, u


@stein_field.register
def _(kernel: Quadratic, x, y, sy, v):
    return _QuadraticField(y, sy, v)(x)


@stein_sum_hessian.register
def _(kernel: Quadratic, x, sx, y, sy, v):
    field = _QuadraticField(y, sy, v)
    outer = sx[:, :, None] * field.mean
    bent = np.einsum("ic,cab->iab", sx, field.T, optimize=True)
    return bent + outer + outer.swapaxes(1, 2), field.jacobian(x)


@stein_sum_hessian_product.register
def _(kernel: Quadratic, x, sx, y, sy, v, p):
    H, U = stein_sum_hessian(kernel, x, sx, y, sy, v)
    straight, turned = (np.einsum("iab,ib->ia", A, p) for A in (H, U))
    return straight, turned, np.einsum("iba,ib->ia", U, p)


@stein_pairs.register
def _(kernel: Quadratic, x, sx, y, sy):
    dot = np.einsum("ik,ik->i", x, y)
    mixed = np.einsum("ik,ik->i", sx, x) + np.einsum("ik,ik->i", sy, y)
    both = np.einsum("ik,ik->i", sx, sy)
    straight = 0.5 * (1.0 + dot) ** 2 * both + dot
    return straight + (1.0 + dot) * (mixed + x.shape[1])
