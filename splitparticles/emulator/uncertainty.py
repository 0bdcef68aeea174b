r"""Posterior variance of the gradient of a process known by noisy gradients.

With the Cholesky factor L of the rows' covariance and :math:`k_x` the covariances of
one coordinate of the gradient at x with them, the variance is :math:`-2 \varphi'(0) -
|L^{-1} k_x|^2`.  Where there are too many rows for a factor, the nearest ones to each
point give a bound: more knowledge never widens a normal.
"""

import numpy as np

from . import gradient_process as process

NEAREST = 1000  # unknowns of the nearest rows

COVARIANCES = 4_000_000  # numbers at a time


def gradient_variance(kernel, metric, y, noise, factor, x) -> np.ndarray:
    """Variance of each coordinate of the gradient at x (m, d), for sigma 1, (m, d).

    The process is one of M x, M the `metric` (d, d), known at rows M y with noise
    (n, d).
    """
    mx, my = (np.einsum("ij,kj->ik", points, metric) for points in (x, y))
    if factor is None:
        parts = [_given_nearest(kernel, metric, my, noise, point) for point in mx]
        return np.vstack(parts)
    chunk = max(1, COVARIANCES // (y.size * x.shape[1]))
    return np.vstack(
        [
            _given_all(kernel, metric, my, factor, mx[i : i + chunk])
            for i in range(0, len(x), chunk)
        ]
    )


def _given_all(kernel, metric, my, factor, mx):
    """Variances (m, d) given all rows."""
    C = process.covariance(kernel, mx, my).reshape(*mx.shape, -1)
    C = np.einsum("mjn,jk->mkn", C, metric).reshape(mx.size, -1)
    half = factor.half_solve(C)[: mx.size]
    known = np.einsum("ij,ij->i", half, half).reshape(mx.shape)
    prior = process.gradient_scale(kernel) * np.einsum("jk,jk->k", metric, metric)
    # rounding, where a noiseless row lies at x itself
    return np.maximum(prior - known, 0.0)


def _given_nearest(kernel, metric, my, noise, point):
    """Variances (1, d) given the nearest rows."""
    far = ((my - point) ** 2).sum(axis=1)
    nearest = np.argsort(far, kind="stable")[: max(1, NEAREST // len(point))]
    factor = process.factor(kernel, my[nearest], noise[nearest])
    return _given_all(kernel, metric, my[nearest], factor, point[None])
