r"""Sums over the inputs of a network, compiled.

With :math:`z_{ij} = \theta_j \cdot \tilde x_i`, :math:`\tilde x = (x, 1)`, and a slope
of the loss :math:`r_{ik}`,

.. math::
    f_{ik} = \sum_j c_{jk}\, \sigma(z_{ij}), \qquad
    g_{jk} = \sum_i r_{ik}\, \sigma(z_{ij}), \qquad
    G_j = \sum_i (r_i \cdot c_j)\, \sigma'(z_{ij})\, \tilde x_i,

and the products of second derivatives with directions.  No array has N x n entries:
neurons come in blocks, laid out for the vector units, and inputs pass by four at a
time, so that what is loaded of a neuron serves four of them.  Outputs are shared among
the threads by inputs, gradients by neurons, so no sum depends on how many there are.
"""

import numpy as np

from ._blocks import BLOCK, LINE, join_the_loop, scratch, use_wide_vectors
from ._compile import compiled, helper, profile
from ._threads import in_row_blocks

ROWS = 4  # inputs at a time
STEPS_OF_AN_ACTIVATION = 40


def padded_inputs(x: np.ndarray) -> np.ndarray:
    """Inputs (N, p) with a column of ones, and rows of zeros to a multiple of four."""
    many, p = x.shape
    out = np.zeros((_filled(many, ROWS), p + 1))
    out[:many, :p], out[:many, p] = x, 1.0
    return out


def network_outputs(activation, x, theta, c) -> np.ndarray:
    """Outputs f (N', k) for padded inputs x (N', p + 1).

    Parameters
    ----------
    theta : ndarray, shape (n, p + 1)
    c : ndarray, shape (n, k)
    """
    f = np.zeros((len(x), c.shape[1]))
    theta, c = _columns(theta), _columns(c)
    arrays = (x, theta, c, f)
    steps = _steps(x, theta, len(theta) + len(c))
    in_row_blocks(_outputs, activation, arrays, len(x) // ROWS, steps)
    return f


def network_correlations(activation, x, r, theta, c) -> tuple[np.ndarray, np.ndarray]:
    """Sums g (n, k) and G (n, p + 1), for slopes r (N', k)."""
    n = len(theta)
    theta, c = _columns(theta), _columns(c)
    g, slope = np.zeros_like(c), np.zeros_like(theta)
    arrays = (x, r, theta, c, g, slope)
    steps = _steps(x, theta, 2 * len(theta) + 2 * len(c))
    units = theta.shape[1] // LINE
    in_row_blocks(_correlations, activation, arrays, units, steps)
    return g.T[:n], slope.T[:n]


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
    theta, c, u, v = (_columns(a) for a in (theta, c, u, v))
    of_c, of_theta = np.zeros_like(c), np.zeros_like(theta)
    arrays = (x, r, theta, c, u, v, of_c, of_theta)
    steps = _steps(x, theta, 3 * len(theta) + 3 * len(c))
    units = theta.shape[1] // LINE
    in_row_blocks(_bending, activation, arrays, units, steps)
    return of_c.T[:n], of_theta.T[:n]


def network_squares(activation, x, weight, theta) -> tuple[np.ndarray, np.ndarray]:
    """Sums of ``weight sigma^2`` (n,), and their gradients in theta (n, p + 1)."""
    n = len(theta)
    theta = _columns(theta)
    square, slope = np.zeros((1, theta.shape[1])), np.zeros_like(theta)
    arrays = (x, weight, theta, square, slope)
    steps = _steps(x, theta, 2 * len(theta))
    units = theta.shape[1] // LINE
    in_row_blocks(_squares, activation, arrays, units, steps)
    return square[0, :n], slope.T[:n]


def _filled(many, unit):
    return -(-many // unit) * unit


def _columns(a):
    """Transpose (n, m), with columns of zeros to a whole number of cache lines."""
    out = np.zeros((a.shape[1], _filled(len(a), LINE)))
    out[:, : len(a)] = a.T
    return out


def _steps(x, theta, sums):
    return len(x) * theta.shape[1] * (sums + STEPS_OF_AN_ACTIVATION)


@helper
def add_arguments(x, i, theta, b, m, z):
    """``z[r, j] = theta_(b + j) . x_(i + r)`` for four inputs and m neurons."""
    join_the_loop()
    for q in range(len(theta)):
        x0, x1, x2, x3 = x[i, q], x[i + 1, q], x[i + 2, q], x[i + 3, q]
        for j in range(m):
            t = theta[q, b + j]
            z[0, j] = (z[0, j] if q > 0 else 0.0) + x0 * t
            z[1, j] = (z[1, j] if q > 0 else 0.0) + x1 * t
            z[2, j] = (z[2, j] if q > 0 else 0.0) + x2 * t
            z[3, j] = (z[3, j] if q > 0 else 0.0) + x3 * t


@helper
def add_weighted(s, first, x, i, b, m, out):
    """``out[q, b + j] += sum_r s[first + r, j] x[i + r, q]`` over four inputs."""
    join_the_loop()
    for q in range(len(out)):
        x0, x1, x2, x3 = x[i, q], x[i + 1, q], x[i + 2, q], x[i + 3, q]
        for j in range(m):
            out[q, b + j] += (
                s[first, j] * x0
                + s[first + 1, j] * x1
                + s[first + 2, j] * x2
                + s[first + 3, j] * x3
            )


@compiled
def _outputs(activation, x, theta, c, f, first, last):
    use_wide_vectors()
    z = scratch(4)
    for b in range(0, theta.shape[1], BLOCK):
        m = min(BLOCK, theta.shape[1] - b)
        for i in range(ROWS * first, ROWS * last, ROWS):
            add_arguments(x, i, theta, b, m, z)
            for r in range(ROWS):
                for j in range(m):
                    z[r, j] = profile(activation, z[r, j])[0]
            for k in range(len(c)):
                f0, f1, f2, f3 = 0.0, 0.0, 0.0, 0.0
                for j in range(m):
                    cj = c[k, b + j]
                    f0 += cj * z[0, j]
                    f1 += cj * z[1, j]
                    f2 += cj * z[2, j]
                    f3 += cj * z[3, j]
                f[i, k] += f0
                f[i + 1, k] += f1
                f[i + 2, k] += f2
                f[i + 3, k] += f3


@compiled
def _correlations(activation, x, r, theta, c, g, slope, first, last):
    use_wide_vectors()
    z = scratch(12)  # arguments and then values, slopes, and slopes of the loss
    for b in range(LINE * first, LINE * last, BLOCK):
        m = min(BLOCK, LINE * last - b)
        for i in range(0, len(x), ROWS):
            add_arguments(x, i, theta, b, m, z)
            add_weighted_slopes(r, i, c, b, m, z)
            for a in range(ROWS):
                for j in range(m):
                    value, change, _ = profile(activation, z[a, j])
                    z[a, j] = value
                    z[4 + a, j] = z[8 + a, j] * change
            add_weighted(z, 0, r, i, b, m, g)
            add_weighted(z, 4, x, i, b, m, slope)


@helper
def add_weighted_slopes(r, i, c, b, m, z):
    """``z[8 + a, j] = r_(i + a) . c_(b + j)`` for four inputs and m neurons."""
    join_the_loop()
    for k in range(len(c)):
        r0, r1, r2, r3 = r[i, k], r[i + 1, k], r[i + 2, k], r[i + 3, k]
        for j in range(m):
            cj = c[k, b + j]
            z[8, j] = (z[8, j] if k > 0 else 0.0) + r0 * cj
            z[9, j] = (z[9, j] if k > 0 else 0.0) + r1 * cj
            z[10, j] = (z[10, j] if k > 0 else 0.0) + r2 * cj
            z[11, j] = (z[11, j] if k > 0 else 0.0) + r3 * cj


@compiled
def _bending(activation, x, r, theta, c, u, v, of_c, of_theta, first, last):
    use_wide_vectors()
    z, y = scratch(12), scratch(12)  # of the neurons, and of the step
    for b in range(LINE * first, LINE * last, BLOCK):
        m = min(BLOCK, LINE * last - b)
        for i in range(0, len(x), ROWS):
            add_arguments(x, i, theta, b, m, z)
            add_arguments(x, i, v, b, m, y)
            add_weighted_slopes(r, i, c, b, m, z)
            add_weighted_slopes(r, i, u, b, m, y)
            for a in range(ROWS):
                for j in range(m):
                    _, change, bend = profile(activation, z[a, j])
                    along = y[a, j]
                    y[4 + a, j] = z[8 + a, j] * bend * along + y[8 + a, j] * change
                    z[4 + a, j] = change * along
            add_weighted(z, 4, r, i, b, m, of_c)
            add_weighted(y, 4, x, i, b, m, of_theta)


@compiled
def _squares(activation, x, weight, theta, square, slope, first, last):
    use_wide_vectors()
    z = scratch(8)
    for b in range(LINE * first, LINE * last, BLOCK):
        m = min(BLOCK, LINE * last - b)
        for i in range(0, len(x), ROWS):
            add_arguments(x, i, theta, b, m, z)
            for a in range(ROWS):
                w = weight[i + a, 0]
                for j in range(m):
                    value, change, _ = profile(activation, z[a, j])
                    z[a, j] = value * value
                    z[4 + a, j] = 2.0 * w * value * change
            add_weighted(z, 0, weight, i, b, m, square)
            add_weighted(z, 4, x, i, b, m, slope)
