r"""How well chains have mixed: rank-normalised split R-hat and effective size.

Each chain is cut in halves, whose values are turned into normal scores of their ranks
(source: key ``VGSCB21`` in docs/references.bib).  With W the mean variance within the
halves, B / n that of their means, :math:`\mathrm{var}^+ = \frac{n - 1}{n} W +
\frac{B}{n}` and :math:`\rho_t` the autocorrelations,

.. math::
    \hat R = \sqrt{\mathrm{var}^+ / W}, \qquad
    \mathrm{ESS} = \frac{m n}{-1 + 2 \sum_t (\rho_{2t} + \rho_{2t + 1})},

the sum over pairs while these are positive, none larger than the one before.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from .._validation import as_floats, refuse_nonfinite

FEWEST_STATES = 4


def r_hat(states: ArrayLike) -> np.ndarray:
    """Split R-hat of each coordinate, the larger of location's and scale's, (d,).

    Parameters
    ----------
    states : array_like, shape (k, c, d)
        States of c chains, `splitparticles.emulator.Chains.positions`.

    Raises
    ------
    TypeError, ValueError
        When the states are not finite, or fewer than four a chain.
    """
    x = _halves(states)
    folded = np.abs(x - np.median(x, axis=(0, 1)))
    return np.maximum(_ratio(_normal_scores(x)), _ratio(_normal_scores(folded)))


def effective_size(states: ArrayLike) -> np.ndarray:
    """Effective number of independent draws for the bulk, by coordinate, (d,).

    `states` and errors as for `r_hat`.
    """
    x = _normal_scores(_halves(states))
    n, m, _ = x.shape
    within, both = _variances(x)
    padded = np.fft.rfft(x - x.mean(axis=0), 2 * n, axis=0)
    covariances = np.fft.irfft(np.abs(padded) ** 2, axis=0)[:n].mean(axis=1) / n
    moving = both > 0.0
    both = np.where(moving, both, 1.0)
    correlations = 1.0 - (within - covariances * n / (n - 1.0)) / both
    correlations[0] = 1.0
    pairs = correlations[: n // 2 * 2].reshape(n // 2, 2, -1).sum(axis=1)
    pairs = np.minimum.accumulate(pairs, axis=0)
    positive = np.logical_and.accumulate(pairs > 0.0, axis=0)
    length = -1.0 + 2.0 * np.where(positive, pairs, 0.0).sum(axis=0)
    # antithetic chains are worth more than independent draws, within reason
    length = np.maximum(length, 1.0 / np.log10(max(m * n, 10)))
    return np.where(moving, m * n / length, np.nan)


def _halves(states):
    """First and second halves of all chains side by side, (k // 2, 2 c, d)."""
    x = as_floats(states, "states", "of shape (k, c, d)")
    if x.ndim != 3 or len(x) < FEWEST_STATES or 0 in x.shape:
        raise ValueError(
            f"states must have shape (k, c, d) with k >= {FEWEST_STATES}, got {x.shape}"
        )
    refuse_nonfinite(x, "states")
    half = len(x) // 2
    return np.concatenate([x[:half], x[-half:]], axis=1)


def _normal_scores(x):
    """Normal scores of the ranks among all values of a coordinate."""
    columns = x.reshape(-1, x.shape[2]).T
    ranks = np.array([_ranks(column) for column in columns]).T.reshape(x.shape)
    return ndtri((ranks - 0.375) / (x[..., 0].size + 0.25))


def _ranks(values):
    """Ranks from 1, the mean one for values that are equal."""
    # scipy.stats has them, and would double the time of an import
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - 0.5 * (counts - 1.0))[inverse]


def _variances(x):
    """Mean variance within chains, and the estimate that adds that of their means."""
    n = len(x)
    within = x.var(axis=0, ddof=1).mean(axis=0)
    return within, within * (n - 1.0) / n + x.mean(axis=0).var(axis=0, ddof=1)


def _ratio(x):
    """R-hat of values as they are; NaN where nothing moves."""
    within, both = _variances(x)
    out = np.full_like(within, np.nan)
    return np.sqrt(np.divide(both, within, out=out, where=within > 0.0))
