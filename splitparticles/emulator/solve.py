r"""Coefficients of the rows: one linear system of n d unknowns.

Dense by Cholesky up to some thousands.  Beyond, conjugate gradients: a product with the
matrix is a gradient of the process at its rows, O(n^2 d) without the matrix, and the
preconditioner is its part :math:`(B + \mathrm{noise}) \otimes I`, :math:`B_{ij} = -2
\varphi'(u_{ij})`, of n unknowns (source: keys ``EDLBW18`` and ``RGH21`` in
docs/references.bib).
"""

import numpy as np

from .._linalg import row_dot
from . import gradient_process as process
from .cholesky import Factor

DENSE = 4000  # unknowns

TOLERANCE, MAX_ITERATIONS = 1e-6, 500


def coefficients(
    kernel, x, residual, noise, start=None
) -> tuple[np.ndarray, Factor | None]:
    """Coefficients (n, d) of the rows x, and the factor where there is one."""
    if x.size <= DENSE:
        factor = process.factor(kernel, x, noise)
        solved = factor.solve(residual.reshape(1, -1)).reshape(x.shape)
        return solved, factor
    return by_conjugate_gradients(kernel, x, residual, noise, start), None


def by_conjugate_gradients(kernel, x, residual, noise, start=None) -> np.ndarray:
    """Coefficients (n, d) by preconditioned conjugate gradients.

    Raises
    ------
    LinAlgError
        When they do not converge.
    """
    inner = process.coordinate_factor(kernel, x, noise)
    ridge = (process.gradient_scale(kernel) * noise)[:, None]

    def product(a):
        return process.value_and_gradient(kernel, x, x, a)[1] + ridge * a

    a = np.zeros_like(residual) if start is None else start.copy()
    r = residual - product(a) if a.any() else residual.copy()
    wanted = TOLERANCE**2 * total(residual, residual)
    p, rh = np.zeros_like(r), 1.0
    for _ in range(MAX_ITERATIONS):
        if total(r, r) <= wanted:
            return a
        h = inner.solve(np.ascontiguousarray(r.T)).T
        before, rh = rh, total(r, h)
        p = h + rh / before * p
        image = product(p)
        step = rh / total(p, image)
        a = a + step * p
        r = r - step * image
    raise np.linalg.LinAlgError(
        f"conjugate gradients did not converge in {MAX_ITERATIONS} iterations"
    )


def total(a: np.ndarray, b: np.ndarray) -> float:
    """Sum of products, in an order that no number of threads changes."""
    return float(row_dot(a, b).sum())
