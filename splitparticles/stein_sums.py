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
from .kernels import Linear


@helper
def pair_products(x, sx, y, sy, m, u, ss, dz):
    """``|z|^2``, ``sx.sy`` and ``delta.z`` for a block of partners."""
    use_wide_vectors()
    u[:m] = 0.0
    ss[:m] = 0.0
    dz[:m] = 0.0
    for k in range(len(x)):
        x_k, sx_k, y_k, sy_k = x[k], sx[k], y[k], sy[k]
        for j in range(m):
            z, s = x_k - y_k[j], sy_k[j]
            u[j] += z * z
            ss[j] += sx_k * s
            dz[j] += (s - sx_k) * z


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
    arrays = (x, sx, *in_blocks(y, sy, v), len(y), h)
    in_row_blocks(_sum, kernel, arrays, len(x), pair_steps(x, y, 2))
    return h


@compiled
def _sum(kernel, x, sx, ys, sys, vs, n, h, first, last):
    use_wide_vectors()
    blocks, d, size = ys.shape
    near = scratch(3, size)
    u, ss, dz = near[0], near[1], near[2]
    for b in range(blocks):
        y, sy, v, m = ys[b], sys[b], vs[b], min(size, n - b * size)
        for i in range(first, last):
            pair_products(x[i], sx[i], y, sy, m, u, ss, dz)
            total = 0.0
            for j in range(m):
                phi, phi1, phi2, _, _ = profile(kernel, u[j])
                pair = phi * ss[j] + 2.0 * phi1 * (dz[j] - d) - 4.0 * phi2 * u[j]
                total += v[j] * pair
            h[i] += total


@singledispatch
def stein_sum_gradient(kernel, x, sx, y, sy, v):
    """``h`` (m,), ``g`` (m, d) and the Stein field ``u`` (m, d), in one pass."""
    _refuse(kernel)
    h, g, field = np.zeros(len(x)), np.zeros(x.shape), np.zeros(x.shape)
    arrays = (x, sx, *in_blocks(y, sy, v), len(y), h, g, field)
    in_row_blocks(_sum_gradient, kernel, arrays, len(x), pair_steps(x, y, 4))
    return h, g, field


@compiled
def _sum_gradient(kernel, x, sx, ys, sys, vs, n, h, g, field, first, last):
    use_wide_vectors()
    blocks, d, size = ys.shape
    near = scratch(3, size)
    u, ss, dz = near[0], near[1], near[2]
    for b in range(blocks):
        y, sy, v, m = ys[b], sys[b], vs[b], min(size, n - b * size)
        for i in range(first, last):
            pair_products(x[i], sx[i], y, sy, m, u, ss, dz)
            total = 0.0
            for j in range(m):
                w = v[j]
                phi, phi1, phi2, phi3, _ = profile(kernel, u[j])
                pair = phi * ss[j] + 2.0 * phi1 * (dz[j] - d) - 4.0 * phi2 * u[j]
                total += w * pair
                c = phi1 * ss[j] + 2.0 * phi2 * (dz[j] - d - 2.0) - 4.0 * phi3 * u[j]
                u[j] = 2.0 * w * c  # the buffers turn into the three coefficients
                ss[j] = w * phi
                dz[j] = 2.0 * w * phi1
            h[i] += total
            for k in range(d):
                g_k, field_k = 0.0, 0.0
                x_k, sx_k, y_k, sy_k = x[i, k], sx[i, k], y[k], sy[k]
                for j in range(m):
                    z, s = x_k - y_k[j], sy_k[j]
                    g_k += u[j] * z + dz[j] * (s - sx_k)
                    field_k += ss[j] * s - dz[j] * z
                g[i, k] += g_k
                field[i, k] += field_k


@singledispatch
def stein_sum_hessian(kernel, x, sx, y, sy, v):
    """``H`` and the field's Jacobian ``U``, each (m, d, d)."""
    _refuse(kernel)
    m, d = x.shape
    H, U = np.zeros((m, d, d)), np.zeros((m, d, d))
    arrays = (x, sx, *in_blocks(y, sy, v), len(y), H, U)
    in_row_blocks(_hessian, kernel, arrays, m, pair_steps(x, y, 3 + 4 * d))
    return H, U


@compiled
def _hessian(kernel, x, sx, ys, sys, vs, n, H, U, first, last):
    use_wide_vectors()
    blocks, d, size = ys.shape
    near = scratch(5, size)
    u, ss, dz, p1, p2 = near[0], near[1], near[2], near[3], near[4]
    for b in range(blocks):
        y, sy, v, m = ys[b], sys[b], vs[b], min(size, n - b * size)
        for i in range(first, last):
            pair_products(x[i], sx[i], y, sy, m, u, ss, dz)
            c_sum, p1_sum = 0.0, 0.0
            for j in range(m):
                w = v[j]
                _, phi1, phi2, phi3, phi4 = profile(kernel, u[j])
                c = phi1 * ss[j] + 2.0 * phi2 * (dz[j] - d - 2.0) - 4.0 * phi3 * u[j]
                e = phi2 * ss[j] + 2.0 * phi3 * (dz[j] - d - 4.0) - 4.0 * phi4 * u[j]
                c_sum += 2.0 * w * c
                p1_sum += 2.0 * w * phi1
                u[j] = 4.0 * w * e
                p1[j] = 2.0 * w * phi1
                p2[j] = 4.0 * w * phi2
            for k in range(d):
                x_k, sx_k, y_k, sy_k = x[i, k], sx[i, k], y[k], sy[k]
                for a in range(d):
                    x_a, sx_a, y_a, sy_a = x[i, a], sx[i, a], y[a], sy[a]
                    h, jacobian = 0.0, 0.0
                    for j in range(m):
                        z, za, s, sa = x_k - y_k[j], x_a - y_a[j], sy_k[j], sy_a[j]
                        mixed = z * (sa - sx_a) + (s - sx_k) * za
                        h += u[j] * z * za + p2[j] * mixed
                        jacobian += (p1[j] * s - p2[j] * z) * za
                    H[i, k, a] += h
                    U[i, k, a] += jacobian
                H[i, k, k] += c_sum
                U[i, k, k] -= p1_sum


@singledispatch
def stein_sum_hessian_product(kernel, x, sx, y, sy, v, p):
    """Products ``H p``, ``U p`` and ``U' p``, each (m, d), one direction a row."""
    _refuse(kernel)
    Hp, Up, Utp = np.zeros(x.shape), np.zeros(x.shape), np.zeros(x.shape)
    arrays = (x, sx, *in_blocks(y, sy, v), len(y), p, Hp, Up, Utp)
    in_row_blocks(_hessian_product, kernel, arrays, len(x), pair_steps(x, y, 6))
    return Hp, Up, Utp


@compiled
def _hessian_product(kernel, x, sx, ys, sys, vs, n, p, Hp, Up, Utp, first, last):
    use_wide_vectors()
    blocks, d, size = ys.shape
    near = scratch(5, size)
    u, ss, dz, zp, sp = near[0], near[1], near[2], near[3], near[4]
    for b in range(blocks):
        y, sy, v, m = ys[b], sys[b], vs[b], min(size, n - b * size)
        for i in range(first, last):
            sx_p = 0.0
            for k in range(d):
                sx_p += sx[i, k] * p[i, k]
            pair_products(x[i], sx[i], y, sy, m, u, ss, dz)
            zp[:m] = 0.0
            sp[:m] = 0.0
            for k in range(d):
                x_k, y_k, sy_k, p_k = x[i, k], y[k], sy[k], p[i, k]
                for j in range(m):
                    zp[j] += (x_k - y_k[j]) * p_k
                    sp[j] += sy_k[j] * p_k
            c_sum, p1_sum = 0.0, 0.0
            for j in range(m):
                w = v[j]
                _, phi1, phi2, phi3, phi4 = profile(kernel, u[j])
                c = phi1 * ss[j] + 2.0 * phi2 * (dz[j] - d - 2.0) - 4.0 * phi3 * u[j]
                e = phi2 * ss[j] + 2.0 * phi3 * (dz[j] - d - 4.0) - 4.0 * phi4 * u[j]
                c_sum += 2.0 * w * c
                p1_sum += 2.0 * w * phi1
                f1, f2 = 2.0 * w * phi1, 4.0 * w * phi2
                u[j] = 4.0 * w * e * zp[j] + f2 * (sp[j] - sx_p)  # z in Hp
                dz[j] = f2 * zp[j]  # delta in Hp, minus z in Up
                ss[j] = f1 * zp[j]  # s in Up
                sp[j] = f1 * sp[j] - f2 * zp[j]  # z in U'p
            for k in range(d):
                hp, up, utp = c_sum * p[i, k], -p1_sum * p[i, k], -p1_sum * p[i, k]
                x_k, sx_k, y_k, sy_k = x[i, k], sx[i, k], y[k], sy[k]
                for j in range(m):
                    z, s = x_k - y_k[j], sy_k[j]
                    hp += u[j] * z + dz[j] * (s - sx_k)
                    up += ss[j] * s - dz[j] * z
                    utp += sp[j] * z
                Hp[i, k] += hp
                Up[i, k] += up
                Utp[i, k] += utp


@singledispatch
def stein_pairs(kernel, x, sx, y, sy):
    """``k_p(x_i, y_i)`` row by row, shape (m,)."""
    _refuse(kernel)
    out = np.empty(len(x))
    in_row_blocks(_pairs, kernel, (x, sx, y, sy, out), len(x), x.size)
    return out


@compiled
def _pairs(kernel, x, sx, y, sy, out, first, last):
    use_wide_vectors()
    d = x.shape[1]
    for i in range(first, last):
        u, ss, dz = 0.0, 0.0, 0.0
        for k in range(d):
            z = x[i, k] - y[i, k]
            u += z * z
            ss += sx[i, k] * sy[i, k]
            dz += (sy[i, k] - sx[i, k]) * z
        phi, phi1, phi2, _, _ = profile(kernel, u)
        out[i] = phi * ss + 2.0 * phi1 * (dz - d) - 4.0 * phi2 * u


# ------------------------------------------------------------------- linear
# k = 1 + <x, y>, so u(x) = m1 + U x with m1 = sum v s and U = sum v (s y' + I)
def _moments(y, sy, v):
    return v @ sy, (v[:, None] * sy).T @ y + v.sum() * np.eye(y.shape[1])


@stein_sum.register
def _(kernel: Linear, x, sx, y, sy, v):
    m1, U = _moments(y, sy, v)
    return np.einsum("ik,ik->i", sx, m1 + x @ U.T) + np.trace(U)


@stein_sum_gradient.register
def _(kernel: Linear, x, sx, y, sy, v):
    m1, U = _moments(y, sy, v)
    field = m1 + x @ U.T
    return np.einsum("ik,ik->i", sx, field) + np.trace(U), sx @ U, field


@stein_sum_hessian.register
def _(kernel: Linear, x, sx, y, sy, v):
    U = np.repeat(_moments(y, sy, v)[1][None], len(x), axis=0)
    return np.zeros_like(U), U


@stein_sum_hessian_product.register
def _(kernel: Linear, x, sx, y, sy, v, p):
    U = _moments(y, sy, v)[1]
    return np.zeros_like(p), p @ U.T, p @ U


@stein_pairs.register
def _(kernel: Linear, x, sx, y, sy):
    dot = np.einsum("ik,ik->i", x, y)
    mixed = np.einsum("ik,ik->i", sx, x) + np.einsum("ik,ik->i", sy, y)
    return np.einsum("ik,ik->i", sx, sy) * (1.0 + dot) + mixed + x.shape[1]
