r"""Weighted kernel sums, with derivatives.

For partners :math:`y_j` of weight :math:`v_j` (any sign) and a kernel k,

.. math:: h(x) = \sum_j v_j \, k(x, y_j).

With :math:`z = x - y`, :math:`u = |z|^2` and a radial kernel :math:`\varphi(u)`,

.. math:: \nabla_x k = 2\varphi' z, \qquad
          \nabla_x^2 k = 2\varphi' I + 4\varphi'' z z^T.

Shapes: x (m, d), y (n, d), v (n,), directions p (m, d).  Arrays in, arrays out; no
(m, n) array is ever made.  Each loop takes one row x_i at a time and its partners
in blocks (`in_blocks`), so that the innermost loop runs over neighbours in memory.

A kernel that is not radial registers its own sums with these functions (the
dot-product ones below do).
"""

from functools import singledispatch

import numpy as np

from ._compile import (
    compiled,
    has_profile,
    helper,
    in_blocks,
    profile,
    scratch,
    use_wide_vectors,
)
from ._threads import in_row_blocks, pair_steps
from .kernels import Quadratic


@helper
def squared_distances(x, y, m, u):
    """``u[j] = |x - y_j|^2`` for the m partners of one block."""
    use_wide_vectors()
    u[:m] = 0.0
    for k in range(len(x)):
        x_k, y_k = x[k], y[k]
        for j in range(m):
            z = x_k - y_k[j]
            u[j] += z * z


# ------------------------------------------------------------------- radial
def _refuse(kernel, sums: str) -> None:
    if not has_profile(kernel):
        raise TypeError(
            f"kernel must be a kernel tuple with {sums}, got {kernel!r}; a radial one "
            "of your own needs a profile (profile_of)"
        )


@singledispatch
def kernel_sum(kernel, x, y, v):
    """``h(x_i)``, shape (m,)."""
    _refuse(kernel, "kernel sums")
    h = np.zeros(len(x))
    in_row_blocks(
        _sum, kernel, (x, *in_blocks(y, v), len(y), h), len(x), pair_steps(x, y, 1)
    )
    return h


@compiled
def _sum(kernel, x, ys, vs, n, h, first, last):
    use_wide_vectors()
    blocks, d, size = ys.shape
    u = scratch(1, size)[0]
    for b in range(blocks):
        y, v, m = ys[b], vs[b], min(size, n - b * size)
        for i in range(first, last):
            squared_distances(x[i], y, m, u)
            total = 0.0
            for j in range(m):
                phi, _, _, _, _ = profile(kernel, u[j])
                total += v[j] * phi
            h[i] += total


@singledispatch
def kernel_sum_gradient(kernel, x, y, v):
    """``h(x_i)``, shape (m,), and ``grad h(x_i)``, shape (m, d), in one pass."""
    _refuse(kernel, "kernel sums")
    h, g = np.zeros(len(x)), np.zeros(x.shape)
    arrays = (x, *in_blocks(y, v), len(y), h, g)
    in_row_blocks(_sum_gradient, kernel, arrays, len(x), pair_steps(x, y, 2))
    return h, g


@compiled
def _sum_gradient(kernel, x, ys, vs, n, h, g, first, last):
    use_wide_vectors()
    blocks, d, size = ys.shape
    near = scratch(2, size)
    u, c = near[0], near[1]
    for b in range(blocks):
        y, v, m = ys[b], vs[b], min(size, n - b * size)
        for i in range(first, last):
            squared_distances(x[i], y, m, u)
            total = 0.0
            for j in range(m):
                phi, phi1, _, _, _ = profile(kernel, u[j])
                total += v[j] * phi
                c[j] = 2.0 * v[j] * phi1
            h[i] += total
            for k in range(d):
                total, x_k, y_k = 0.0, x[i, k], y[k]
                for j in range(m):
                    total += c[j] * (x_k - y_k[j])
                g[i, k] += total


@singledispatch
def kernel_sum_hessian_product(kernel, x, y, v, p):
    """``hess h(x_i) p_i``, shape (m, d)."""
    _refuse(kernel, "kernel sums")
    out = np.zeros(x.shape)
    arrays = (x, *in_blocks(y, v), len(y), p, out)
    in_row_blocks(_hessian_product, kernel, arrays, len(x), pair_steps(x, y, 3))
    return out


@compiled
def _hessian_product(kernel, x, ys, vs, n, p, out, first, last):
    use_wide_vectors()
    blocks, d, size = ys.shape
    near = scratch(2, size)
    u, zp = near[0], near[1]
    for b in range(blocks):
        y, v, m = ys[b], vs[b], min(size, n - b * size)
        for i in range(first, last):
            squared_distances(x[i], y, m, u)
            zp[:m] = 0.0
            for k in range(d):
                x_k, y_k, p_k = x[i, k], y[k], p[i, k]
                for j in range(m):
                    zp[j] += (x_k - y_k[j]) * p_k
            along = 0.0
            for j in range(m):
                _, phi1, phi2, _, _ = profile(kernel, u[j])
                along += 2.0 * v[j] * phi1
                zp[j] *= 4.0 * v[j] * phi2
            for k in range(d):
                total, x_k, y_k = along * p[i, k], x[i, k], y[k]
                for j in range(m):
                    total += zp[j] * (x_k - y_k[j])
                out[i, k] += total


@singledispatch
def kernel_sum_hessian(kernel, x, y, v):
    """``hess h(x_i)``, shape (m, d, d)."""
    _refuse(kernel, "kernel sums")
    m, d = x.shape
    out = np.zeros((m, d, d))
    steps = pair_steps(x, y, 2 + d // 2)
    in_row_blocks(_hessian, kernel, (x, *in_blocks(y, v), len(y), out), m, steps)
    return out


@compiled
def _hessian(kernel, x, ys, vs, n, out, first, last):
    use_wide_vectors()
    blocks, d, size = ys.shape
    near = scratch(3 + d, size)
    u, c, cz, z = near[0], near[1], near[2], near[3:]
    for b in range(blocks):
        y, v, m = ys[b], vs[b], min(size, n - b * size)
        for i in range(first, last):
            squared_distances(x[i], y, m, u)
            along = 0.0
            for j in range(m):
                _, phi1, phi2, _, _ = profile(kernel, u[j])
                along += 2.0 * v[j] * phi1
                c[j] = 4.0 * v[j] * phi2
            for k in range(d):
                x_k, y_k, z_k = x[i, k], y[k], z[k]
                for j in range(m):
                    z_k[j] = x_k - y_k[j]
                    cz[j] = c[j] * z_k[j]
                for a in range(k + 1):
                    total, z_a = 0.0, z[a]
                    for j in range(m):
                        total += cz[j] * z_a[j]
                    out[i, k, a] += total
                out[i, k, k] += along
    for i in range(first, last):
        for k in range(d):
            for a in range(k):
                out[i, a, k] = out[i, k, a]


@singledispatch
def kernel_pairs(kernel, x, y):
    """``k(x_i, y_i)`` row by row, shape (m,)."""
    _refuse(kernel, "kernel sums")
    out = np.empty(len(x))
    in_row_blocks(_pairs, kernel, (x, y, out), len(x), x.size)
    return out


@compiled
def _pairs(kernel, x, y, out, first, last):
    use_wide_vectors()
    for i in range(first, last):
        u = 0.0
        for k in range(x.shape[1]):
            u += (x[i, k] - y[i, k]) ** 2
        phi, _, _, _, _ = profile(kernel, u)
        out[i] = phi


# ---------------------------------------------------------------- quadratic
# k = (1 + <x, y>)^2 / 2, so h(x) = (v0 + 2 <x, m> + <x, M x>) / 2 with the moments
# v0 = sum v, m = sum v y, M = sum v y y'
def _moments(y, v):
    return v.sum(), v @ y, (v[:, None] * y).T @ y


@kernel_sum.register
def _(kernel: Quadratic, x, y, v):
    v0, mean, second = _moments(y, v)
    return 0.5 * v0 + x @ mean + 0.5 * np.einsum("ik,ik->i", x @ second, x)


@kernel_sum_gradient.register
def _(kernel: Quadratic, x, y, v):
    v0, mean, second = _moments(y, v)
    turned = x @ second
    return 0.5 * v0 + x @ mean + 0.5 * np.einsum("ik,ik->i", turned, x), mean + turned


@kernel_sum_hessian_product.register
def _(kernel: Quadratic, x, y, v, p):
    return p @ _moments(y, v)[2]


@kernel_sum_hessian.register
def _(kernel: Quadratic, x, y, v):
    return np.repeat(_moments(y, v)[2][None], len(x), axis=0)


@kernel_pairs.register
def _(kernel: Quadratic, x, y):
    return 0.5 * (1.0 + np.einsum("ik,ik->i", x, y)) ** 2
