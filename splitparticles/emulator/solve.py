r"""Coefficients of the rows: one linear system of n d unknowns.

Dense by Cholesky up to some thousands.  Beyond, conjugate gradients: a product with the
matrix is a gradient of the process at its rows, O(n^2 d) without the matrix, and the
preconditioner is its part :math:`(B + \mathrm{noise}) \otimes I`, :math:`B_{ij} = -2
\varphi'(u_{ij})`, of n unknowns (source: keys ``EDLBW18`` and ``RGH21`` in
docs/references.bib).
"""

from collections.abc import Iterable

import numpy as np

from .._linalg import row_dot
from . import gradient_process as process
from .cholesky import Factor

DENSE = 4000  # unknowns

TOLERANCE, MAX_ITERATIONS = 1e-3, 200


def coefficients(
    kernel, x, y, noise, levels: Iterable[float], start: np.ndarray
) -> tuple[np.ndarray, float, Factor | None]:
    """Coefficients (n, d) of the rows x at the first noise level that can be solved.

    Returns that level, too, and the factor where there is one.  `start` (n, d) is
    where conjugate gradients begin.

    Raises
    ------
    LinAlgError
        When no level can be: rows lie too close for their noise.
    """
    for level in levels:
        if x.size > DENSE:
            start, solved = by_conjugate_gradients(kernel, x, y, noise + level, start)
            if solved:
                return start, level, None
            continue
        try:
            factor = process.factor(kernel, x, noise + level)
        except np.linalg.LinAlgError:
            continue
        return factor.solve(y.reshape(1, -1)).reshape(x.shape), level, factor
    raise np.linalg.LinAlgError(
        f"no emulator has these {len(x)} rows: some lie too close for their noise"
    )


def by_conjugate_gradients(kernel, x, y, noise, a) -> tuple[np.ndarray, bool]:
    """Coefficients (n, d) by preconditioned conjugate gradients from a; whether so."""
    inner = process.coordinate_factor(kernel, x, noise)
    ridge = (process.gradient_scale(kernel) * noise)[:, None]

    def product(a):
        return process.value_and_gradient(kernel, x, x, a)[1] + ridge * a

    r = y - product(a)
    wanted = TOLERANCE**2 * total(y, y)
    p, rh = np.zeros_like(r), 1.0
    for _ in range(MAX_ITERATIONS):
        if total(r, r) <= wanted:
            return a, True
        h = inner.solve(r.T).T
        before, rh = rh, total(r, h)
        p = h + rh / before * p
        image = product(p)
        step = rh / total(p, image)
        a = a + step * p
        r = r - step * image
    return a, False


def total(a: np.ndarray, b: np.ndarray) -> float:
    """Sum of products, without BLAS, whose order depends on its threads."""
    return float(row_dot(a, b).sum())
