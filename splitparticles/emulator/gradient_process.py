r"""Sums over the gradients of a Gaussian process: its mean and all derivatives.

Let f be a Gaussian process of radial covariance :math:`\varphi(|x - y|^2)`, known by
its gradients at rows :math:`y_j`.  With :math:`z = x - y_j` and coefficients
:math:`a_j` (source: key ``R03`` in docs/references.bib)

.. math::
    f &= \sum_j -2 \varphi'\, z \cdot a_j \\
    \nabla f &= \sum_j [-2 \varphi'\, a_j - 4 \varphi'' (z \cdot a_j)\, z],

up to a constant, and further derivatives along v, and along v and w, are

.. math::
    D^2 f\, v &= \sum_j -4 \varphi'' [(z \cdot v)\, a + (a \cdot v)\, z
                 + (z \cdot a)\, v] - 8 \varphi''' (z \cdot v)(z \cdot a)\, z \\
    D^3 f [v, w] &= \sum_j -4 \varphi'' [(v \cdot w)\, a + (a \cdot v)\, w
                 + (a \cdot w)\, v] \\
        &\quad - 8 \varphi''' [(z \cdot v)(z \cdot w)\, a + (z \cdot w)(z \cdot a)\, v
                 + (z \cdot v)(z \cdot a)\, w] \\
        &\quad - 8 \varphi''' [(v \cdot w)(z \cdot a) + (z \cdot v)(a \cdot w)
                 + (z \cdot w)(a \cdot v)]\, z
        - 16 \varphi'''' (z \cdot v)(z \cdot w)(z \cdot a)\, z.

The gradient at the rows themselves is the product of the coefficients with the
covariance matrix of all gradients, which is nowhere stored.

Shapes: x (m, d), y and a (n, d).  Arrays in, arrays out.
"""

import numpy as np

from .._compiled.blocks import evened
from .._compiled.compiler import profile
from .._compiled.threads import in_row_blocks, pair_steps
from ._loops import (
    covariance_loop,
    curvature_loop,
    product_loop,
    same_coordinate_loop,
    score_loop,
    tiles_loop,
)
from .cholesky import Factor, factorised, tiles_for


def value_and_gradient(kernel, x, y, a):
    """``f`` (m,) and its gradient (m, d), in one pass."""
    d, x = x.shape[1], evened(x)
    f, g = np.zeros(len(x)), np.zeros(x.shape)
    in_row_blocks(score_loop, kernel, (x, y, a, f, g), len(x), pair_steps(x, y, 2))
    return f, g[:, :d]


def hessian_product(kernel, x, y, a, v):
    """Hessian of f at x_i times v_i, (m, d)."""
    d, x = x.shape[1], evened(x)
    out = np.zeros(x.shape)
    arrays = (x, y, a, evened(v), out)
    in_row_blocks(product_loop, kernel, arrays, len(x), pair_steps(x, y, 3))
    return out[:, :d]


def third_product(kernel, x, y, a, v, w):
    """Third derivatives of f at x_i along v_i and w_i, (m, d)."""
    d, x = x.shape[1], evened(x)
    out = np.zeros(x.shape)
    arrays = (x, y, a, evened(v), evened(w), out)
    in_row_blocks(curvature_loop, kernel, arrays, len(x), pair_steps(x, y, 4))
    return out[:, :d]


def covariance(kernel, x, y):
    """Covariance of the gradients at x and at y, (m d, n d)."""
    out = np.zeros((x.size, y.size))
    steps = pair_steps(x, y, x.shape[1])
    in_row_blocks(covariance_loop, kernel, (x, y, out), len(x), steps, fewest_rows=1)
    return out


def factor(kernel, x, noise) -> Factor:
    """Cholesky factor of the covariance matrix of all gradients at x, with noise.

    `noise` (n, d) is relative to the prior variance of a coordinate of the gradient.
    """
    tiles = tiles_for(x.size)
    steps = pair_steps(x, x, 4 * x.shape[1])
    in_row_blocks(tiles_loop, kernel, (x, noise, tiles), len(x), steps)
    return factorised(kernel, tiles, x.size)


def coordinate_factor(kernel, x, noise) -> Factor:
    r"""Cholesky factor of :math:`-2 \varphi'(u_{ij})` with noise (n,), n unknowns."""
    tiles = tiles_for(len(x))
    steps = pair_steps(x, x, 1)
    in_row_blocks(same_coordinate_loop, kernel, (x, noise, tiles), len(x), steps)
    return factorised(kernel, tiles, len(x))


def gradient_scale(kernel) -> float:
    r"""Prior variance :math:`-2 \varphi'(0)` of a coordinate of the gradient."""
    return -2.0 * profile(kernel, 0.0)[1]
