r"""Sums over the inputs of a network, compiled.

With :math:`z_{ij} = \theta_j \cdot \tilde x_i`, :math:`\tilde x = (x, 1)`, and a slope
of the loss :math:`r_{ik}`,

.. math::
    f_{ik} = \sum_j c_{jk}\, \sigma(z_{ij}), \qquad
    g_{jk} = \sum_i r_{ik}\, \sigma(z_{ij}), \qquad
    G_j = \sum_i (r_i \cdot c_j)\, \sigma'(z_{ij})\, \tilde x_i,

and the products of second derivatives with directions.  All are products of matrices
with an activation between them.  No array has N x n entries: a product takes a block of
at most 256 inputs and a panel of four neurons, which stay in the cache.  The threads
share f by blocks, and g and G by panels, so no sum depends on how many there are.
"""

import numpy as np

from .._compiled.blocks import BLOCK, add_products, scratch
from .._compiled.compiler import compiled, helper, profile
from .._compiled.llvm import join_the_loop, use_wide_vectors
from .._compiled.threads import in_row_blocks

NEURONS = 4  # of a panel

UNIT = 32  # inputs that the vector units take at once, as LLVM unrolls its loops

STEPS_OF_AN_ACTIVATION = 40


def in_blocks(rows: np.ndarray) -> np.ndarray:
    """Rows (N, m) in blocks (B, m', M), transposed; zeros fill B M rows, m' even."""
    blocks = -(-len(rows) // BLOCK)
    size = UNIT * -(-len(rows) // (UNIT * blocks))
    return np.array(_parts(rows, blocks, size).swapaxes(1, 2), order="C")


def _panels(rows):
    """Rows (n, m) of neurons in panels (n / 4, 4, m')."""
    return _parts(rows, -(-len(rows) // NEURONS), NEURONS)


def _parts(rows, many, size):
    """Rows (N, m) in parts (many, size, m') of one size, filled up with zeros."""
    n, m = rows.shape
    out = np.zeros((many * size, m + m % 2))
    out[:n, :m] = rows
    return out.reshape(many, size, -1)


def network_outputs(activation, x, theta, c) -> np.ndarray:
    """Outputs f (B M, k) for inputs x in blocks, theta (n, p + 1) and c (n, k)."""
    panels = _panels(theta), _panels(c)
    f = np.zeros((len(x), panels[1].shape[2], x.shape[2]))
    arrays = x, panels[0], panels[1].swapaxes(1, 2), f
    steps = _steps(x, panels)
    in_row_blocks(_outputs, activation, arrays, len(x), steps, fewest_rows=1)
    return f.swapaxes(1, 2).reshape(-1, f.shape[1])[:, : c.shape[1]]


def neuron_sums(loop, activation, x, r, theta, c, *directions) -> tuple:
    """Two sums over the inputs for each neuron, of the shapes of c and theta.

    Parameters
    ----------
    loop : `correlations`, `hessian_products` or `squares`
    x, r : ndarray
        Inputs with a coordinate that is one, and slopes of the loss, in blocks.
    theta, c, directions : ndarray, shapes (n, p + 1), (n, k), ...
    """
    panels = [_panels(rows) for rows in (theta, c, *directions)]
    sums = [np.zeros_like(panels[1]), np.zeros_like(panels[0])]
    arrays, steps = (x, r, *panels, *sums), _steps(x, panels + sums)
    in_row_blocks(loop, activation, arrays, len(sums[0]), steps, fewest_rows=4)
    of_c, of_theta = (s.reshape(-1, s.shape[2])[: len(theta)] for s in sums)
    return of_c[:, : c.shape[1]], of_theta[:, : theta.shape[1]]


def _steps(x, panels):
    pairs = len(x) * x.shape[2] * len(panels[0]) * NEURONS
    return pairs * (sum(a.shape[2] for a in panels) + STEPS_OF_AN_ACTIVATION)


@helper
def add_product(t, x, m, z):
    """``z[k, i] += sum_q t[k, q] x[q, i]`` for m inputs."""
    join_the_loop()
    # two by two: each number that is loaded serves two sums
    for k in range(0, len(t), 2):
        for q in range(0, len(x), 2):
            t00, t01, t10, t11 = t[k, q], t[k, q + 1], t[k + 1, q], t[k + 1, q + 1]
            for i in range(m):
                z[k, i] += t00 * x[q, i] + t01 * x[q + 1, i]
                z[k + 1, i] += t10 * x[q, i] + t11 * x[q + 1, i]


@compiled
def _outputs(activation, x, theta, c, f, first, last):
    use_wide_vectors()
    z, m = scratch(NEURONS), x.shape[2]
    for b in range(first, last):
        for j in range(len(theta)):
            z[:] = 0.0
            add_product(theta[j], x[b], m, z)
            for a in range(NEURONS):
                for i in range(m):
                    z[a, i] = profile(activation, z[a, i])[0]
            add_product(c[j], z, m, f[b])


@compiled
def correlations(activation, x, r, theta, c, g, slope, first, last):
    """Sums g and G for panels of neurons."""
    use_wide_vectors()
    z, m = scratch(2 * NEURONS), x.shape[2]
    s, t = z[:NEURONS], z[NEURONS:]
    for b in range(len(x)):
        for j in range(first, last):
            z[:] = 0.0
            add_product(theta[j], x[b], m, s)
            add_product(c[j], r[b], m, t)
            for a in range(NEURONS):
                for i in range(m):
                    value, change, _ = profile(activation, s[a, i])[:3]
                    s[a, i] = value
                    t[a, i] *= change
            add_products(s, r[b], m, False, g, j)
            add_products(t, x[b], m, False, slope, j)


@compiled
def hessian_products(activation, x, r, theta, c, v, u, of_c, of_theta, first, last):
    """Derivatives of g and G along v, a step of theta, and u, one of c."""
    use_wide_vectors()
    z, m = scratch(4 * NEURONS), x.shape[2]
    s, t = z[:NEURONS], z[NEURONS : 2 * NEURONS]
    ds, dt = z[2 * NEURONS : 3 * NEURONS], z[3 * NEURONS :]
    for b in range(len(x)):
        for j in range(first, last):
            z[:] = 0.0
            add_product(theta[j], x[b], m, s)
            add_product(c[j], r[b], m, t)
            add_product(v[j], x[b], m, ds)
            add_product(u[j], r[b], m, dt)
            for a in range(NEURONS):
                for i in range(m):
                    _, change, curvature = profile(activation, s[a, i])[:3]
                    t[a, i] = t[a, i] * curvature * ds[a, i] + dt[a, i] * change
                    ds[a, i] *= change
            add_products(ds, r[b], m, False, of_c, j)
            add_products(t, x[b], m, False, of_theta, j)


@compiled
def squares(activation, x, r, theta, c, g, slope, first, last):
    r"""Sums g and G of :math:`\sigma^2` in place of :math:`\sigma`."""
    use_wide_vectors()
    z, m = scratch(2 * NEURONS), x.shape[2]
    s, t = z[:NEURONS], z[NEURONS:]
    for b in range(len(x)):
        for j in range(first, last):
            z[:] = 0.0
            add_product(theta[j], x[b], m, s)
            add_product(c[j], r[b], m, t)
            for a in range(NEURONS):
                for i in range(m):
                    value, change, _ = profile(activation, s[a, i])[:3]
                    s[a, i] = value * value
                    t[a, i] *= 2.0 * value * change
            add_products(s, r[b], m, False, g, j)
            add_products(t, x[b], m, False, slope, j)
