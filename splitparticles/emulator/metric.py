r"""Metric of an emulator: along which directions the curvature varies.

With C the mean of what third derivatives say,

.. math:: C_{kl} = E \sum_{ab} \partial_{kab} \log p\; \partial_{lab} \log p,

the metric is :math:`M \propto C^e`: where e is not 0 the length scale is longer along
directions in which the curvature hardly varies, as in automatic relevance determination
(keys ``M94`` and ``N96`` in docs/references.bib).
"""

import numpy as np

from ..targets.target import Target

PAIRS = 256  # of directions at random, that estimate C

LEAST = 0.05  # of the largest eigenvalue of a metric


def metric_of(variation: np.ndarray, exponent: float) -> tuple[np.ndarray, np.ndarray]:
    """Metric M = D U^T (d, d) for C^exponent, of mean square 1, and D (d,)."""
    values, U = np.linalg.eigh(variation)
    largest = values[-1] if values[-1] > 0.0 else 1.0
    D = np.maximum(np.maximum(values / largest, 0.0) ** exponent, LEAST)
    D = D / np.sqrt(np.mean(D * D))
    return D[:, None] * U.T, D


def curvature_variation(target: Target, z: np.ndarray, rng) -> np.ndarray:
    """The matrix C (d, d), its mean taken over points z (m, d)."""
    z = z[rng.integers(len(z), size=PAIRS)]
    u, v = rng.standard_normal((2, *z.shape))
    third = target.score_curvature(z, u, v)
    return np.einsum("ik,il->kl", third, third) / PAIRS
