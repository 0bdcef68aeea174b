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
from .rows import Hyperparameters, Rows

DENSE = 4000  # unknowns

TOLERANCE, MAX_ITERATIONS = 1e-3, 100  # of the residual, relative

USABLE = 0.02  # relative residual after so many, beyond which more noise is tried


def coefficients(
    rows: Rows, chosen: Hyperparameters, levels: list[float], near
) -> tuple[np.ndarray, Hyperparameters, Factor | None]:
    """Coefficients (n, d) of rows at the first noise level that can be solved.

    Returns the hyperparameters of that level, too, and the factor where there is one.
    Conjugate gradients begin at the coefficients of the emulator `near`, if one is
    given.

    Raises
    ------
    LinAlgError
        When no level can be: rows lie too close for their noise.
    """
    n, d = rows.x.shape
    kernel, start = chosen.kernel(d), None
    for level in levels:
        chosen = chosen._replace(level=level)
        M, x, y, noise = rows.stretched(chosen)
        if n * d > DENSE:
            start = warm_start(near, kernel, M, rows.x) if start is None else start
            start, solved = by_conjugate_gradients(kernel, x, y, noise, start)
            if solved:
                return start, chosen, None
            continue
        try:
            factor = process.factor(kernel, x, noise)
        except np.linalg.LinAlgError:
            continue
        a = factor.solve(y.reshape(1, -1)).reshape(n, d)
        if np.isfinite(a).all():
            return a, chosen, factor
    raise np.linalg.LinAlgError(
        f"no emulator has these {n} rows: some lie too close for their noise"
    )


def warm_start(near, kernel, metric, x) -> np.ndarray:
    """Coefficients (n, d) that rows of x have in an emulator of the same covariance."""
    a = np.zeros_like(x)
    if near is None or near.kernel != kernel or near.power != 1.0:
        return a
    if np.array_equal(near.metric, metric):
        rows = {row.tobytes(): j for j, row in enumerate(near.positions)}
        for i, row in enumerate(x):
            j = rows.get(row.tobytes())
            if j is not None:
                a[i] = near.coefficients[j]
    return a


def by_conjugate_gradients(kernel, x, y, noise, a) -> tuple[np.ndarray, bool]:
    """Coefficients (n, d) by preconditioned conjugate gradients from a; whether so."""
    inner = process.coordinate_factor(kernel, x, noise.mean(axis=1))
    ridge = process.gradient_scale(kernel) * noise

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
    return a, total(r, r) <= USABLE**2 * total(y, y)


def total(a: np.ndarray, b: np.ndarray) -> float:
    """Sum of products, without BLAS, whose order depends on its threads."""
    return float(row_dot(a, b).sum())
