r"""Evidence of an emulator's length scale, metric and noise.

The scale of f is profiled out, so with K the covariance of all gradients in the n d
coordinates M z for sigma 1, noise included, and y what the prior leaves of the scores
there, the log evidence is, but for a constant,

.. math:: -\tfrac{n d}{2} \log (y^T K^{-1} y) - \tfrac12 \log \det K - n \log \det M.

It is climbed on a grid of lengths, noise levels and exponents of the metric, from one
node to its neighbours, on some of the rows.
"""

from functools import cache

import numpy as np

from . import gradient_process as process
from .rows import Hyperparameters, Rows

EVIDENCE, FEWEST_ROWS = 800, 20  # unknowns, and rows in many coordinates

TINY = 1e-300  # of the misfit, which is 0 where the prior is the truth


def most_evident(rows: Rows, grid: tuple, start: tuple[float, ...]) -> Hyperparameters:
    """Hyperparameters of the largest evidence near the start of the climb.

    `grid` holds the values of each that may be chosen.
    """
    rows = rows.some(max(EVIDENCE // rows.x.shape[1], FEWEST_ROWS))

    @cache
    def evidence(node):
        if not all(0 <= i < len(axis) for i, axis in zip(node, grid, strict=True)):
            return -np.inf
        return log_evidence(rows, at(node))

    def at(node):
        return Hyperparameters(*(axis[i] for i, axis in zip(node, grid, strict=True)))

    node = tuple(
        int(np.abs(np.log(np.add(axis, 1e-9)) - np.log(value + 1e-9)).argmin())
        for axis, value in zip(grid, start, strict=True)
    )
    steps = [step for row in np.eye(len(node), dtype=int) for step in (row, -row)]
    while True:
        beside = [tuple(np.add(node, step).tolist()) for step in steps]
        highest = max(beside, key=evidence)
        if evidence(highest) == -np.inf or evidence(highest) <= evidence(node):
            return at(node)
        node = highest


def log_evidence(rows: Rows, chosen: Hyperparameters) -> float:
    """Log evidence but for a constant, sigma profiled out; -inf where none."""
    M, x, y, noise = rows.stretched(chosen)
    try:
        factor = process.factor(chosen.kernel(x.shape[1]), x, noise)
    except np.linalg.LinAlgError:
        return -np.inf
    half = factor.half_solve(y.reshape(1, -1))[0]
    misfit = max(float((half * half).sum()), TINY)
    evidence = -0.5 * (y.size * np.log(misfit) + factor.log_determinant())
    evidence -= len(x) * np.linalg.slogdet(M)[1]
    return evidence if np.isfinite(evidence) else -np.inf
