r"""Sums over the inputs of a network, compiled.

With :math:`z_{ij} = \theta_j \cdot \tilde x_i`, :math:`\tilde x = (x, 1)`, and a slope
of the loss :math:`r_{ik}`,

.. math::
    f_{ik} = \sum_j c_{jk}\, \sigma(z_{ij}), \qquad
    g_{jk} = \sum_i r_{ik}\, \sigma(z_{ij}), \qquad
    G_j = \sum_i (r_i \cdot c_j)\, \sigma'(z_{ij})\, \tilde x_i,

and the products of second derivatives with directions.  No array has N x n entries:
inputs come in blocks, laid out for the vector units, and neurons pass by four at a
time, two coordinates at a time: what is loaded of an input serves four of them.
Outputs are shared among the threads by inputs, gradients by neurons, so no sum depends
on how many there are.

Inputs, outputs and slopes are laid out with one row a coordinate, (p + 1, N'), (k, N')
and (k, N'), where N' fills up N with zeros (`laid_out`, `with_ones`).
"""

import numpy as np

from .._compiled.blocks import BLOCK, scratch
from .._compiled.compiler import compiled, helper, profile
from .._compiled.llvm import join_the_loop, use_wide_vectors
from .._compiled.threads import in_row_blocks

NEURONS = 4  # at a time

UNIT = 32  # inputs that the vector units take at once, as LLVM unrolls its loops

STEPS_OF_AN_ACTIVATION = 40


def laid_out(rows: np.ndarray) -> np.ndarray:
    """Transpose rows (N, m), with columns of zeros to a multiple of the unit."""
    out = np.zeros((rows.shape[1], -(-len(rows) // UNIT) * UNIT))
    out[:, : len(rows)] = rows.T
    return out


def with_ones(x: np.ndarray) -> np.ndarray:
    """Inputs (N, p) laid out, with a coordinate that is one for all of them."""
    return laid_out(np.column_stack([x, np.ones(len(x))]))


def network_outputs(activation, x, theta, c) -> np.ndarray:
    """Outputs f (k, N') for inputs x (p + 1, N').

    Parameters
    ----------
    theta : ndarray, shape (n, p + 1)
    c : ndarray, shape (n, k)
    """
    f = np.zeros((c.shape[1], x.shape[1]))
    theta, c = _fours(theta), _fours(c)
    steps = _steps(x, theta, theta.shape[1] + c.shape[1])
    arrays = (x, theta, c, f)
    in_row_blocks(_outputs, activation, arrays, x.shape[1] // UNIT, steps)
    return f


def network_correlations(activation, x, r, theta, c) -> tuple[np.ndarray, np.ndarray]:
    """Sums g (n, k) and G (n, p + 1), for slopes r (k, N')."""
    n = len(theta)
    theta, c = _fours(theta), _fours(c)
    g, slope = np.zeros_like(c), np.zeros_like(theta)
    steps = _steps(x, theta, 2 * theta.shape[1] + 2 * c.shape[1])
    _by_neurons(_correlations, activation, (x, r, theta, c, g, slope), theta, steps)
    return g[:n], slope[:n]


def network_bending(activation, x, r, theta, c, u, v) -> tuple[np.ndarray, np.ndarray]:
    """Second derivatives of sums of ``r_i . c_j sigma(theta_j . x_i)``, times a step.

    Parameters
    ----------
    u, v : ndarray, shapes (n, k), (n, p + 1)
        The step, of c and of theta.

    Returns
    -------
    of_c, of_theta : ndarray, shapes (n, k), (n, p + 1)
    """
    n = len(theta)
    theta, c, u, v = (_fours(a) for a in (theta, c, u, v))
    of_c, of_theta = np.zeros_like(c), np.zeros_like(theta)
    steps = _steps(x, theta, 3 * theta.shape[1] + 3 * c.shape[1])
    arrays = (x, r, theta, c, u, v, of_c, of_theta)
    _by_neurons(_bending, activation, arrays, theta, steps)
    return of_c[:n], of_theta[:n]


def network_squares(activation, x, weight, theta) -> tuple[np.ndarray, np.ndarray]:
    """Sums of ``weight_i sigma^2`` (n,), and their gradients in theta (n, p + 1)."""
    n = len(theta)
    theta = _fours(theta)
    square, slope = np.zeros((len(theta), 1)), np.zeros_like(theta)
    steps = _steps(x, theta, 2 * theta.shape[1])
    _by_neurons(_squares, activation, (x, weight, theta, square, slope), theta, steps)
    return square[:n, 0], slope[:n]


def _by_neurons(loop, activation, arrays, theta, steps):
    units = len(theta) // NEURONS
    in_row_blocks(loop, activation, arrays, units, steps, fewest_rows=4)


def _fours(a):
    """Rows (n, m), with rows of zeros to a multiple of four."""
    n, m = a.shape
    out = np.zeros((-(-n // NEURONS) * NEURONS, m))
    out[:n] = a
    return out


def _steps(x, theta, sums):
    return x.shape[1] * len(theta) * (sums + STEPS_OF_AN_ACTIVATION)


@helper
def add_up(x, b, m, theta, j, z, first):
    """``z[first + a, i] = theta_(j + a) . x_(b + i)``: four neurons, m inputs."""
    join_the_loop()
    z0, z1, z2, z3 = z[first], z[first + 1], z[first + 2], z[first + 3]
    t, last = theta, len(x) - 1
    for q in range(0, last, 2):
        t0, t1, t2, t3 = t[j, q], t[j + 1, q], t[j + 2, q], t[j + 3, q]
        u0, u1, u2, u3 = (
            t[j, q + 1],
            t[j + 1, q + 1],
            t[j + 2, q + 1],
            t[j + 3, q + 1],
        )
        for i in range(m):
            xi, yi = x[q, b + i], x[q + 1, b + i]
            z0[i] = (z0[i] if q > 0 else 0.0) + t0 * xi + u0 * yi
            z1[i] = (z1[i] if q > 0 else 0.0) + t1 * xi + u1 * yi
            z2[i] = (z2[i] if q > 0 else 0.0) + t2 * xi + u2 * yi
            z3[i] = (z3[i] if q > 0 else 0.0) + t3 * xi + u3 * yi
    if last % 2 == 0:  # an odd number: one is left
        t0, t1, t2, t3 = t[j, last], t[j + 1, last], t[j + 2, last], t[j + 3, last]
        for i in range(m):
            xi = x[last, b + i]
            z0[i] = (z0[i] if last > 0 else 0.0) + t0 * xi
            z1[i] = (z1[i] if last > 0 else 0.0) + t1 * xi
            z2[i] = (z2[i] if last > 0 else 0.0) + t2 * xi
            z3[i] = (z3[i] if last > 0 else 0.0) + t3 * xi


@helper
def add_products(s, first, x, b, m, j, out):
    """``out[j + a, q] += sum_i s[first + a, i] x[q, b + i]`` for four neurons."""
    join_the_loop()
    s0, s1, s2, s3 = s[first], s[first + 1], s[first + 2], s[first + 3]
    last = len(x) - 1
    for q in range(0, last, 2):
        o0, o1, o2, o3 = 0.0, 0.0, 0.0, 0.0
        p0, p1, p2, p3 = 0.0, 0.0, 0.0, 0.0
        for i in range(m):
            xi, yi = x[q, b + i], x[q + 1, b + i]
            o0 += s0[i] * xi
            o1 += s1[i] * xi
            o2 += s2[i] * xi
            o3 += s3[i] * xi
            p0 += s0[i] * yi
            p1 += s1[i] * yi
            p2 += s2[i] * yi
            p3 += s3[i] * yi
        out[j, q] += o0
        out[j + 1, q] += o1
        out[j + 2, q] += o2
        out[j + 3, q] += o3
        out[j, q + 1] += p0
        out[j + 1, q + 1] += p1
        out[j + 2, q + 1] += p2
        out[j + 3, q + 1] += p3
    if last % 2 == 0:
        o0, o1, o2, o3 = 0.0, 0.0, 0.0, 0.0
        for i in range(m):
            xi = x[last, b + i]
            o0 += s0[i] * xi
            o1 += s1[i] * xi
            o2 += s2[i] * xi
            o3 += s3[i] * xi
        out[j, last] += o0
        out[j + 1, last] += o1
        out[j + 2, last] += o2
        out[j + 3, last] += o3


@compiled
def _outputs(activation, x, theta, c, f, first, last):
    use_wide_vectors()
    z = scratch(4)
    for b in range(UNIT * first, UNIT * last, BLOCK):
        m = min(BLOCK, UNIT * last - b)
        for j in range(0, len(theta), NEURONS):
            add_up(x, b, m, theta, j, z, 0)
            for a in range(NEURONS):
                za = z[a]
                for i in range(m):
                    za[i] = profile(activation, za[i])[0]
            for k in range(len(f)):
                c0, c1, c2, c3 = c[j, k], c[j + 1, k], c[j + 2, k], c[j + 3, k]
                for i in range(m):
                    some = c0 * z[0, i] + c1 * z[1, i]
                    f[k, b + i] += some + c2 * z[2, i] + c3 * z[3, i]


@compiled
def _correlations(activation, x, r, theta, c, g, slope, first, last):
    use_wide_vectors()
    z = scratch(8)  # arguments and then values; slopes of the loss and then of both
    for b in range(0, x.shape[1], BLOCK):
        m = min(BLOCK, x.shape[1] - b)
        for j in range(NEURONS * first, NEURONS * last, NEURONS):
            add_up(x, b, m, theta, j, z, 0)
            add_up(r, b, m, c, j, z, 4)
            for a in range(NEURONS):
                za, ta = z[a], z[4 + a]
                for i in range(m):
                    value, change, _ = profile(activation, za[i])
                    za[i] = value
                    ta[i] *= change
            add_products(z, 0, r, b, m, j, g)
            add_products(z, 4, x, b, m, j, slope)


@compiled
def _bending(activation, x, r, theta, c, u, v, of_c, of_theta, first, last):
    use_wide_vectors()
    z = scratch(16)  # arguments, along the step, slopes of the loss, and of its step
    for b in range(0, x.shape[1], BLOCK):
        m = min(BLOCK, x.shape[1] - b)
        for j in range(NEURONS * first, NEURONS * last, NEURONS):
            add_up(x, b, m, theta, j, z, 0)
            add_up(x, b, m, v, j, z, 4)
            add_up(r, b, m, c, j, z, 8)
            add_up(r, b, m, u, j, z, 12)
            for a in range(NEURONS):
                za, along, ta, ua = z[a], z[4 + a], z[8 + a], z[12 + a]
                for i in range(m):
                    _, change, bend = profile(activation, za[i])
                    ta[i] = ta[i] * bend * along[i] + ua[i] * change
                    along[i] *= change
            add_products(z, 4, r, b, m, j, of_c)
            add_products(z, 8, x, b, m, j, of_theta)


@compiled
def _squares(activation, x, weight, theta, square, slope, first, last):
    use_wide_vectors()
    z = scratch(8)
    for b in range(0, x.shape[1], BLOCK):
        m = min(BLOCK, x.shape[1] - b)
        for j in range(NEURONS * first, NEURONS * last, NEURONS):
            add_up(x, b, m, theta, j, z, 0)
            for a in range(NEURONS):
                za, ta = z[a], z[4 + a]
                for i in range(m):
                    value, change, _ = profile(activation, za[i])
                    za[i] = value * value
                    ta[i] = 2.0 * weight[0, b + i] * value * change
            add_products(z, 0, weight, b, m, j, square)
            add_products(z, 4, x, b, m, j, slope)
