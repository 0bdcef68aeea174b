"""Loops of the Stein sums; their formulas stand in `splitparticles.kernels.stein_sums`.

Each takes a row at a time and its partners in blocks.  The products of a row with all
partners of a block come first, each in a buffer; then the profile, which turns those
buffers into the coefficients of z, delta and s; then the sums of these, coordinate by
coordinate.
"""

from .._compiled.blocks import (
    BLOCK,
    add_products,
    load,
    load_weights,
    scratch,
    squared_distances,
)
from .._compiled.compiler import compiled, helper, profile
from .._compiled.llvm import join_the_loop, use_wide_vectors


@helper
def stein(f, f1, f2, u, ss, dz, d):
    """Formula of the Stein kernel; with higher derivatives and d, of its slopes."""
    return f * ss + 2.0 * f1 * (dz - d) - 4.0 * f2 * u


@helper
def pair_products(x, sx, i, y, sy, m, u, ss, dz):
    """``|z|^2``, ``sx.sy`` and ``delta.z`` for the m partners of a block."""
    join_the_loop()
    for k in range(0, len(y), 2):
        x0, x1, sx0, sx1 = x[i, k], x[i, k + 1], sx[i, k], sx[i, k + 1]
        for j in range(m):
            z0, z1, s0, s1 = x0 - y[k, j], x1 - y[k + 1, j], sy[k, j], sy[k + 1, j]
            u[j] = (u[j] if k > 0 else 0.0) + z0 * z0 + z1 * z1
            ss[j] = (ss[j] if k > 0 else 0.0) + sx0 * s0 + sx1 * s1
            dz[j] = (dz[j] if k > 0 else 0.0) + (s0 - sx0) * z0 + (s1 - sx1) * z1


@compiled
def sum_loop(kernel, x, sx, y, sy, v, h, first, last):
    use_wide_vectors()
    even, d = x.shape[1], y.shape[1]
    buffers = scratch(4 + 2 * even)
    u, ss, dz, vs = buffers[0], buffers[1], buffers[2], buffers[3]
    ys, sys = buffers[4 : 4 + even], buffers[4 + even :]
    for first_partner in range(0, len(y), BLOCK):
        m = load(y, first_partner, ys)
        load(sy, first_partner, sys)
        load_weights(v, first_partner, vs)
        for i in range(first, last):
            pair_products(x, sx, i, ys, sys, m, u, ss, dz)
            total = 0.0
            for j in range(m):
                phi, phi1, phi2, _, _ = profile(kernel, u[j])
                total += vs[j] * stein(phi, phi1, phi2, u[j], ss[j], dz[j], d)
            h[i] += total


@compiled
def field_loop(kernel, x, y, sy, v, field, first, last):
    use_wide_vectors()
    even = x.shape[1]
    buffers = scratch(3 + 2 * even)
    p, p1, vs, ys, sys = (
        buffers[0],
        buffers[1],
        buffers[2],
        buffers[3 : 3 + even],
        buffers[3 + even :],
    )
    for first_partner in range(0, len(y), BLOCK):
        m = load(y, first_partner, ys)
        load(sy, first_partner, sys)
        load_weights(v, first_partner, vs)
        for i in range(first, last):
            squared_distances(x, i, ys, m, p)
            for j in range(m):
                phi, phi1, _, _, _ = profile(kernel, p[j])
                p[j] = vs[j] * phi
                p1[j] = 2.0 * vs[j] * phi1
            for k in range(0, even, 2):
                x0, x1 = x[i, k], x[i, k + 1]
                field0, field1 = 0.0, 0.0
                for j in range(m):
                    field0 += p[j] * sys[k, j] - p1[j] * (x0 - ys[k, j])
                    field1 += p[j] * sys[k + 1, j] - p1[j] * (x1 - ys[k + 1, j])
                field[i, k] += field0
                field[i, k + 1] += field1


@compiled
def gradient_loop(kernel, x, sx, y, sy, v, h, g, field, first, last):
    use_wide_vectors()
    even, d = x.shape[1], y.shape[1]
    buffers = scratch(4 + 2 * even)
    u, ss, dz, vs = buffers[0], buffers[1], buffers[2], buffers[3]
    ys, sys = buffers[4 : 4 + even], buffers[4 + even :]
    for first_partner in range(0, len(y), BLOCK):
        m = load(y, first_partner, ys)
        load(sy, first_partner, sys)
        load_weights(v, first_partner, vs)
        for i in range(first, last):
            pair_products(x, sx, i, ys, sys, m, u, ss, dz)
            total = 0.0
            for j in range(m):
                w = vs[j]
                phi, phi1, phi2, phi3, _ = profile(kernel, u[j])
                total += w * stein(phi, phi1, phi2, u[j], ss[j], dz[j], d)
                c = stein(phi1, phi2, phi3, u[j], ss[j], dz[j], d + 2.0)
                u[j] = 2.0 * w * c  # the buffers turn into the three coefficients
                ss[j] = w * phi
                dz[j] = 2.0 * w * phi1
            h[i] += total
            _add_gradient(x, sx, i, ys, sys, m, u, ss, dz, g, field)


@helper
def _add_gradient(x, sx, i, y, sy, m, c, p, p1, g, field):
    """``g += sum c z + p1 delta`` and ``field += sum p s - p1 z`` over a block."""
    join_the_loop()
    for k in range(0, len(y), 2):
        x0, x1, sx0, sx1 = x[i, k], x[i, k + 1], sx[i, k], sx[i, k + 1]
        g0, g1, field0, field1 = 0.0, 0.0, 0.0, 0.0
        for j in range(m):
            z0, z1, s0, s1 = x0 - y[k, j], x1 - y[k + 1, j], sy[k, j], sy[k + 1, j]
            g0 += c[j] * z0 + p1[j] * (s0 - sx0)
            g1 += c[j] * z1 + p1[j] * (s1 - sx1)
            field0 += p[j] * s0 - p1[j] * z0
            field1 += p[j] * s1 - p1[j] * z1
        g[i, k] += g0
        g[i, k + 1] += g1
        field[i, k] += field0
        field[i, k + 1] += field1


@compiled
def hessian_loop(kernel, x, sx, y, sy, v, half, U, first, last):
    # H = sum of q z' + z q' and U = sum of r z', and multiples of I, with
    # q = v (e z / 2 + 4 phi'' delta) and r = v (2 phi' s - 4 phi'' z)
    use_wide_vectors()
    even, d = x.shape[1], y.shape[1]
    buffers = scratch(6 + 5 * even)
    u, ss, dz, vs, p1, p2 = (
        buffers[0],
        buffers[1],
        buffers[2],
        buffers[3],
        buffers[4],
        buffers[5],
    )
    rows = buffers[6:].reshape(5, even, BLOCK)
    ys, sys, z, q, r = rows[0], rows[1], rows[2], rows[3], rows[4]
    for first_partner in range(0, len(y), BLOCK):
        m = load(y, first_partner, ys)
        load(sy, first_partner, sys)
        load_weights(v, first_partner, vs)
        for i in range(first, last):
            pair_products(x, sx, i, ys, sys, m, u, ss, dz)
            c_sum, p1_sum = 0.0, 0.0
            for j in range(m):
                w = vs[j]
                _, phi1, phi2, phi3, phi4 = profile(kernel, u[j])
                c = stein(phi1, phi2, phi3, u[j], ss[j], dz[j], d + 2.0)
                e = stein(phi2, phi3, phi4, u[j], ss[j], dz[j], d + 4.0)
                c_sum += w * c
                p1_sum += 2.0 * w * phi1
                u[j] = 2.0 * w * e
                p1[j] = 2.0 * w * phi1
                p2[j] = 4.0 * w * phi2
            # q and r are stored, so that two of their sums share each number loaded
            for k in range(even):
                x_k, sx_k = x[i, k], sx[i, k]
                for j in range(m):
                    z[k, j] = x_k - ys[k, j]
                    q[k, j] = u[j] * z[k, j] + p2[j] * (sys[k, j] - sx_k)
                    r[k, j] = p1[j] * sys[k, j] - p2[j] * z[k, j]
                half[i, k, k] += c_sum
                U[i, k, k] -= p1_sum
            add_products(q, z, m, False, half, i)
            add_products(r, z, m, False, U, i)


@compiled
def hessian_product_loop(kernel, x, sx, y, sy, v, p, Hp, Up, Utp, first, last):
    use_wide_vectors()
    even, d = x.shape[1], y.shape[1]
    buffers = scratch(6 + 2 * even)
    u, ss, dz, zp, sp, vs = (
        buffers[0],
        buffers[1],
        buffers[2],
        buffers[3],
        buffers[4],
        buffers[5],
    )
    ys, sys = buffers[6 : 6 + even], buffers[6 + even :]
    for first_partner in range(0, len(y), BLOCK):
        m = load(y, first_partner, ys)
        load(sy, first_partner, sys)
        load_weights(v, first_partner, vs)
        for i in range(first, last):
            sx_p = 0.0
            for k in range(even):
                sx_p += sx[i, k] * p[i, k]
            pair_products(x, sx, i, ys, sys, m, u, ss, dz)
            _direction_products(x, p, i, ys, sys, m, zp, sp)
            c_sum, p1_sum = 0.0, 0.0
            for j in range(m):
                w = vs[j]
                _, phi1, phi2, phi3, phi4 = profile(kernel, u[j])
                c = stein(phi1, phi2, phi3, u[j], ss[j], dz[j], d + 2.0)
                e = stein(phi2, phi3, phi4, u[j], ss[j], dz[j], d + 4.0)
                c_sum += 2.0 * w * c
                p1_sum += 2.0 * w * phi1
                f1, f2 = 2.0 * w * phi1, 4.0 * w * phi2
                u[j] = 4.0 * w * e * zp[j] + f2 * (sp[j] - sx_p)  # z in Hp
                dz[j] = f2 * zp[j]  # delta in Hp, minus z in Up
                ss[j] = f1 * zp[j]  # s in Up
                sp[j] = f1 * sp[j] - f2 * zp[j]  # z in U'p
            for k in range(even):
                Hp[i, k] += c_sum * p[i, k]
                Up[i, k] -= p1_sum * p[i, k]
                Utp[i, k] -= p1_sum * p[i, k]
            for k in range(even):
                hp, up, utp = 0.0, 0.0, 0.0
                x_k, sx_k = x[i, k], sx[i, k]
                for j in range(m):
                    z, s = x_k - ys[k, j], sys[k, j]
                    hp += u[j] * z + dz[j] * (s - sx_k)
                    up += ss[j] * s - dz[j] * z
                    utp += sp[j] * z
                Hp[i, k] += hp
                Up[i, k] += up
                Utp[i, k] += utp


@helper
def _direction_products(x, p, i, y, sy, m, zp, sp):
    """``z.p`` and ``sy.p`` for a block of partners."""
    join_the_loop()
    zp[:m] = 0.0
    sp[:m] = 0.0
    for k in range(0, len(y), 2):
        x0, x1, p0, p1 = x[i, k], x[i, k + 1], p[i, k], p[i, k + 1]
        for j in range(m):
            zp[j] += p0 * (x0 - y[k, j]) + p1 * (x1 - y[k + 1, j])
            sp[j] += p0 * sy[k, j] + p1 * sy[k + 1, j]


@compiled
def pairs_loop(kernel, x, sx, y, sy, out, first, last):
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
        out[i] = stein(phi, phi1, phi2, u, ss, dz, d)
