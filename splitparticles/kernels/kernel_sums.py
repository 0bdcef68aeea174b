r"""Weighted kernel sums, with derivatives.

For partners :math:`y_j` of weight :math:`v_j` (any sign) and a kernel k,

.. math:: h(x) = \sum_j v_j \, k(x, y_j).

With :math:`z = x - y`, :math:`u = |z|^2` and a radial kernel :math:`\varphi(u)`,

.. math:: \nabla_x k = 2\varphi' z, \qquad
          \nabla_x^2 k = 2\varphi' I + 4\varphi'' z z^T.

Shapes: x (m, d), y (n, d), v (n,), directions p (m, d).  Arrays in, arrays out; no
(m, n) array is ever made: each loop takes one row x_i at a time and its partners in
blocks (`splitparticles._compiled.blocks`).

These are the sums of radial kernels; a kernel that is not radial registers its own
with these functions (`splitparticles.kernels.polynomial`).
"""

from functools import singledispatch

import numpy as np

from .._compiled.blocks import (
    BLOCK,
    add_products,
    evened,
    load,
    load_weights,
    scratch,
    squared_distances,
)
from .._compiled.compiler import compiled, helper, profile
from .._compiled.llvm import join_the_loop, use_wide_vectors
from .._compiled.threads import in_row_blocks, pair_steps


@singledispatch
def kernel_sum(kernel, x, y, v):
    """``h(x_i)``, shape (m,)."""
    h = np.zeros(len(x))
    in_row_blocks(_sum, kernel, (evened(x), y, v, h), len(x), pair_steps(x, y, 1))
    return h


@compiled
def _sum(kernel, x, y, v, h, first, last):
    use_wide_vectors()
    buffers = scratch(2 + x.shape[1])
    u, vs, ys = buffers[0], buffers[1], buffers[2:]
    for first_partner in range(0, len(y), BLOCK):
        m = load(y, first_partner, ys)
        load_weights(v, first_partner, vs)
        for i in range(first, last):
            squared_distances(x, i, ys, m, u)
            total = 0.0
            for j in range(m):
                phi, _, _, _, _ = profile(kernel, u[j])
                total += vs[j] * phi
            h[i] += total


@singledispatch
def kernel_sum_gradient(kernel, x, y, v):
    """``h(x_i)``, shape (m,), and ``grad h(x_i)``, shape (m, d), in one pass."""
    d, x = x.shape[1], evened(x)
    h, g = np.zeros(len(x)), np.zeros(x.shape)
    in_row_blocks(_sum_gradient, kernel, (x, y, v, h, g), len(x), pair_steps(x, y, 2))
    return h, g[:, :d]


@compiled
def _sum_gradient(kernel, x, y, v, h, g, first, last):
    use_wide_vectors()
    buffers = scratch(3 + x.shape[1])
    u, c, vs, ys = buffers[0], buffers[1], buffers[2], buffers[3:]
    for first_partner in range(0, len(y), BLOCK):
        m = load(y, first_partner, ys)
        load_weights(v, first_partner, vs)
        for i in range(first, last):
            squared_distances(x, i, ys, m, u)
            total = 0.0
            for j in range(m):
                phi, phi1, _, _, _ = profile(kernel, u[j])
                total += vs[j] * phi
                c[j] = 2.0 * vs[j] * phi1
            h[i] += total
            add_differences(x, i, ys, m, c, g)


@helper
def add_differences(x, i, y, m, c, out):
    """``out_i += sum_j c_j (x_i - y_j)`` over the m partners of one block."""
    join_the_loop()
    for k in range(0, len(y), 2):
        x0, x1 = x[i, k], x[i, k + 1]
        out0, out1 = 0.0, 0.0
        for j in range(m):
            out0 += c[j] * (x0 - y[k, j])
            out1 += c[j] * (x1 - y[k + 1, j])
        out[i, k] += out0
        out[i, k + 1] += out1


@singledispatch
def kernel_sum_hessian_product(kernel, x, y, v, p):
    """``hess h(x_i) p_i``, shape (m, d)."""
    d, x = x.shape[1], evened(x)
    out = np.zeros(x.shape)
    arrays = (x, y, v, evened(p), out)
    in_row_blocks(_hessian_product, kernel, arrays, len(x), pair_steps(x, y, 3))
    return out[:, :d]


@compiled
def _hessian_product(kernel, x, y, v, p, out, first, last):
    use_wide_vectors()
    buffers = scratch(3 + x.shape[1])
    u, zp, vs, ys = buffers[0], buffers[1], buffers[2], buffers[3:]
    for first_partner in range(0, len(y), BLOCK):
        m = load(y, first_partner, ys)
        load_weights(v, first_partner, vs)
        for i in range(first, last):
            distances_and_products(x, p, i, ys, m, u, zp)
            along = 0.0
            for j in range(m):
                _, phi1, phi2, _, _ = profile(kernel, u[j])
                along += 2.0 * vs[j] * phi1
                zp[j] *= 4.0 * vs[j] * phi2
            for k in range(x.shape[1]):
                out[i, k] += along * p[i, k]
            add_differences(x, i, ys, m, zp, out)


@helper
def distances_and_products(x, p, i, y, m, u, zp):
    """``|z|^2`` and ``z.p`` for the m partners of one block."""
    join_the_loop()
    for k in range(0, len(y), 2):
        x0, x1, p0, p1 = x[i, k], x[i, k + 1], p[i, k], p[i, k + 1]
        for j in range(m):
            z0, z1 = x0 - y[k, j], x1 - y[k + 1, j]
            partial = u[j] if k > 0 else 0.0
            u[j] = partial + z0 * z0 + z1 * z1
            partial = zp[j] if k > 0 else 0.0
            zp[j] = partial + p0 * z0 + p1 * z1


@singledispatch
def kernel_sum_hessian(kernel, x, y, v):
    """``hess h(x_i)``, shape (m, d, d)."""
    d, x = x.shape[1], evened(x)
    out = np.zeros((*x.shape, x.shape[1]))
    steps = pair_steps(x, y, 2 + d // 2)
    in_row_blocks(_hessian, kernel, (x, y, v, out), len(x), steps)
    return out[:, :d, :d]


@compiled
def _hessian(kernel, x, y, v, out, first, last):
    use_wide_vectors()
    d = x.shape[1]
    buffers = scratch(3 + 3 * d)
    u, c, vs, ys = buffers[0], buffers[1], buffers[2], buffers[3 : 3 + d]
    z, cz = buffers[3 + d : 3 + 2 * d], buffers[3 + 2 * d :]
    for first_partner in range(0, len(y), BLOCK):
        m = load(y, first_partner, ys)
        load_weights(v, first_partner, vs)
        for i in range(first, last):
            squared_distances(x, i, ys, m, u)
            along = 0.0
            for j in range(m):
                _, phi1, phi2, _, _ = profile(kernel, u[j])
                along += 2.0 * vs[j] * phi1
                c[j] = 4.0 * vs[j] * phi2
            for k in range(d):
                x_k = x[i, k]
                for j in range(m):
                    z[k, j] = x_k - ys[k, j]
                    cz[k, j] = c[j] * z[k, j]
                out[i, k, k] += along
            add_products(cz, z, m, True, out, i)
    for i in range(first, last):
        for k in range(d):
            for a in range(k):
                out[i, a, k] = out[i, k, a]


@singledispatch
def kernel_pairs(kernel, x, y):
    """``k(x_i, y_i)`` row by row, shape (m,)."""
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
