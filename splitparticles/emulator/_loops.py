"""Loops of the emulator; formulas: `splitparticles.emulator.gradient_process`."""

from .._compiled.blocks import BLOCK, load, scratch
from .._compiled.compiler import compiled, helper, profile
from .._compiled.llvm import join_the_loop, use_wide_vectors
from .cholesky import TILE, tile_index


@helper
def load_coefficients(a, first, out):
    """Coefficients ``a[first:]`` (n, d) of a block, transposed, zeros behind them."""
    m = load(a, first, out)
    for k in range(len(out)):
        for j in range(min(BLOCK, len(a) - first), m):
            out[k, j] = 0.0


@helper
def dot_products(x, i, y, a, m, u, za):
    """``|z|^2`` and ``z.a`` for the m partners of a block, z = x_i - y_j."""
    join_the_loop()
    for k in range(0, len(y), 2):
        x0, x1 = x[i, k], x[i, k + 1]
        for j in range(m):
            z0, z1 = x0 - y[k, j], x1 - y[k + 1, j]
            u[j] = (u[j] if k > 0 else 0.0) + z0 * z0 + z1 * z1
            za[j] = (za[j] if k > 0 else 0.0) + z0 * a[k, j] + z1 * a[k + 1, j]


@helper
def direction_products(v, i, x, y, a, m, zv, av):
    """``z.v`` and ``a.v`` for the m partners of a block."""
    join_the_loop()
    for k in range(0, len(y), 2):
        x0, x1, v0, v1 = x[i, k], x[i, k + 1], v[i, k], v[i, k + 1]
        for j in range(m):
            z0, z1 = x0 - y[k, j], x1 - y[k + 1, j]
            zv[j] = (zv[j] if k > 0 else 0.0) + z0 * v0 + z1 * v1
            av[j] = (av[j] if k > 0 else 0.0) + a[k, j] * v0 + a[k + 1, j] * v1


@helper
def add_sums(x, i, y, a, m, of_z, of_a, out):
    """``out[i] += sum_j of_z z + of_a a`` over a block."""
    join_the_loop()
    for k in range(0, len(y), 2):
        x0, x1 = x[i, k], x[i, k + 1]
        out0, out1 = 0.0, 0.0
        for j in range(m):
            out0 += of_z[j] * (x0 - y[k, j]) + of_a[j] * a[k, j]
            out1 += of_z[j] * (x1 - y[k + 1, j]) + of_a[j] * a[k + 1, j]
        out[i, k] += out0
        out[i, k + 1] += out1


@helper
def add_value_and_gradient(kernel, phi, x, y, a, f, g, buffers, first, last):
    """Add f and its gradient for rows of x, the profile `phi` handed on by a loop."""
    join_the_loop()
    even = x.shape[1]
    u, za, ys, coefficients = (
        buffers[0],
        buffers[1],
        buffers[2 : 2 + even],
        buffers[2 + even :],
    )
    for first_partner in range(0, len(y), BLOCK):
        m = load(y, first_partner, ys)
        load_coefficients(a, first_partner, coefficients)
        for i in range(first, last):
            dot_products(x, i, ys, coefficients, m, u, za)
            total = 0.0
            for j in range(m):
                _, phi1, phi2, _, _ = phi(kernel, u[j])
                total -= 2.0 * phi1 * za[j]
                za[j] = -4.0 * phi2 * za[j]  # the buffers turn into coefficients
                u[j] = -2.0 * phi1
            f[i] += total
            add_sums(x, i, ys, coefficients, m, za, u, g)


@compiled
def score_loop(kernel, x, y, a, f, g, first, last):
    use_wide_vectors()
    buffers = scratch(2 + 2 * x.shape[1])
    add_value_and_gradient(kernel, profile, x, y, a, f, g, buffers, first, last)


@compiled
def product_loop(kernel, x, y, a, v, out, first, last):
    use_wide_vectors()
    even = x.shape[1]
    buffers = scratch(4 + 2 * even)
    u, za, zv, av = buffers[0], buffers[1], buffers[2], buffers[3]
    ys, coefficients = buffers[4 : 4 + even], buffers[4 + even :]
    for first_partner in range(0, len(y), BLOCK):
        m = load(y, first_partner, ys)
        load_coefficients(a, first_partner, coefficients)
        for i in range(first, last):
            dot_products(x, i, ys, coefficients, m, u, za)
            direction_products(v, i, x, ys, coefficients, m, zv, av)
            of_v = 0.0
            for j in range(m):
                _, _, phi2, phi3, _ = profile(kernel, u[j])
                of_v -= 4.0 * phi2 * za[j]
                za[j] = -8.0 * phi3 * zv[j] * za[j] - 4.0 * phi2 * av[j]
                u[j] = -4.0 * phi2 * zv[j]
            for k in range(even):
                out[i, k] += of_v * v[i, k]
            add_sums(x, i, ys, coefficients, m, za, u, out)


@compiled
def curvature_loop(kernel, x, y, a, v, w, out, first, last):
    use_wide_vectors()
    even = x.shape[1]
    buffers = scratch(6 + 2 * even)
    u, za, zv, av = buffers[0], buffers[1], buffers[2], buffers[3]
    zw, aw = buffers[4], buffers[5]
    ys, coefficients = buffers[6 : 6 + even], buffers[6 + even :]
    for first_partner in range(0, len(y), BLOCK):
        m = load(y, first_partner, ys)
        load_coefficients(a, first_partner, coefficients)
        for i in range(first, last):
            vw = 0.0
            for k in range(even):
                vw += v[i, k] * w[i, k]
            dot_products(x, i, ys, coefficients, m, u, za)
            direction_products(v, i, x, ys, coefficients, m, zv, av)
            direction_products(w, i, x, ys, coefficients, m, zw, aw)
            of_v, of_w = 0.0, 0.0
            for j in range(m):
                _, _, phi2, phi3, phi4 = profile(kernel, u[j])
                of_v -= 8.0 * phi3 * zw[j] * za[j] + 4.0 * phi2 * aw[j]
                of_w -= 8.0 * phi3 * zv[j] * za[j] + 4.0 * phi2 * av[j]
                mixed = vw * za[j] + zv[j] * aw[j] + zw[j] * av[j]
                product = zv[j] * zw[j]
                za[j] = -16.0 * phi4 * product * za[j] - 8.0 * phi3 * mixed
                u[j] = -8.0 * phi3 * product - 4.0 * phi2 * vw
            for k in range(even):
                out[i, k] += of_v * v[i, k] + of_w * w[i, k]
            add_sums(x, i, ys, coefficients, m, za, u, out)


@compiled
def covariance_loop(kernel, x, y, out, first, last):
    # rows (i, k) of the covariance of the gradients at x and at y, in rows of their own
    use_wide_vectors()
    d = x.shape[1]
    for i in range(first, last):
        for j in range(len(y)):
            u = 0.0
            for k in range(d):
                u += (x[i, k] - y[j, k]) ** 2
            _, phi1, phi2, _, _ = profile(kernel, u)
            for k in range(d):
                c = -4.0 * phi2 * (x[i, k] - y[j, k])
                for a in range(d):
                    out[i * d + k, j * d + a] = c * (x[i, a] - y[j, a])
                out[i * d + k, j * d + k] -= 2.0 * phi1


@compiled
def tiles_loop(kernel, x, noise, tiles, first, last):
    # the lower triangle of the same at x and x, in the tiles of a Cholesky factor
    use_wide_vectors()
    d = x.shape[1]
    for i in range(first, last):
        for j in range(i + 1):
            u = 0.0
            for k in range(d):
                u += (x[i, k] - x[j, k]) ** 2
            _, phi1, phi2, _, _ = profile(kernel, u)
            for a in range(d):
                same = -2.0 * phi1
                if i == j:
                    same *= 1.0 + noise[i, a]
                column = j * d + a
                J, k = column // TILE, column % TILE
                c = -4.0 * phi2 * (x[i, a] - x[j, a])
                for b in range(a if i == j else 0, d):
                    row = i * d + b
                    value = c * (x[i, b] - x[j, b])
                    if a == b:
                        value += same
                    tiles[tile_index(row // TILE, J), k, row % TILE] = value


@compiled
def same_coordinate_loop(kernel, x, noise, tiles, first, last):
    # the matrix of -2 phi' alone, of n unknowns: one coordinate without the others
    use_wide_vectors()
    d = x.shape[1]
    for i in range(first, last):
        for j in range(i + 1):
            u = 0.0
            for k in range(d):
                u += (x[i, k] - x[j, k]) ** 2
            _, phi1, _, _, _ = profile(kernel, u)
            value = -2.0 * phi1
            if i == j:
                value *= 1.0 + noise[i]
            tiles[tile_index(i // TILE, j // TILE), j % TILE, i % TILE] = value
