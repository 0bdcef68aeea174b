"""Posterior of a logistic regression, and the Challenger data."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, log_expit

from .._linalg import LOG_2PI, row_dot
from .target import Array, Target, real_array, real_number

# The 23 flights before the Challenger's last: joint temperature, any distress.
# fmt: off
CHALLENGER_FAHRENHEIT = (66, 70, 69, 68, 67, 72, 73, 70, 57, 63, 70, 78, 67, 53, 67,
                         75, 70, 81, 76, 79, 75, 76, 58)

CHALLENGER_DISTRESS = (0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1,
                       0, 1)

# fmt: on


class LogisticRegression(Target):
    r"""The posterior of a logistic regression, up to the log evidence.

    For features :math:`F` (N, p), labels :math:`y_i \in \{0, 1\}` and a prior
    :math:`N(0, \tau^2 I)` on the coefficients :math:`x`, with d = p,

    .. math:: \log p(x) = \sum_i \log \operatorname{expit}\{(2y_i - 1)\, F_i x\}
              + \log N(x; 0, \tau^2 I) + \text{constant}.

    Parameters
    ----------
    features : array_like, shape (N, p)
        Used as given: an intercept is a column of ones.
    labels : array_like, shape (N,)
    prior_sd : float
        The prior standard deviation :math:`\tau > 0`.

    Examples
    --------
    >>> LogisticRegression([[1.0], [1.0]], [0, 1], 2.0).score([[0.0]]).tolist()
    [[0.0]]
    """

    def __init__(self, features: ArrayLike, labels: ArrayLike, prior_sd: float = 10.0):
        self.features = real_array("features", features)
        self.labels = real_array("labels", labels)
        self.prior_sd = real_number("prior_sd", prior_sd)
        shape = self.features.shape
        if len(shape) != 2 or 0 in shape:
            raise ValueError(f"features must have shape (N, p), got {shape}")
        if self.labels.shape != shape[:1]:
            raise ValueError(
                f"labels must have shape {shape[:1]}, got {self.labels.shape}"
            )
        if not np.isin(self.labels, (0, 1)).all():
            raise ValueError(f"labels must be 0 or 1, got {np.unique(self.labels)}")
        self.dim = shape[1]

    @classmethod
    def challenger(cls, prior_sd: float = 10.0) -> "LogisticRegression":
        """Return the space-shuttle O-ring posterior (intercept, temperature), d = 2.

        Any thermal distress of the O-rings on 23 flights, against the joint
        temperature, standardised.  Source: key `DFH89` in docs/references.bib.

        Examples
        --------
        >>> LogisticRegression.challenger().features.shape
        (23, 2)
        """
        heat = np.array(CHALLENGER_FAHRENHEIT, dtype=float)
        heat = (heat - heat.mean()) / heat.std()
        features = np.column_stack([np.ones_like(heat), heat])
        return cls(features, CHALLENGER_DISTRESS, prior_sd)

    def _log_density(self, x: Array) -> Array:
        fit = log_expit((x @ self.features.T) * (2 * self.labels - 1)).sum(axis=1)
        prior = -0.5 * row_dot(x, x) / self.prior_sd**2
        return fit + prior - self.dim * (0.5 * LOG_2PI + np.log(self.prior_sd))

    def _score(self, x: Array) -> Array:
        residuals = self.labels - expit(x @ self.features.T)
        return residuals @ self.features - x / self.prior_sd**2

    def _score_product(self, x: Array, v: Array) -> Array:
        logits = x @ self.features.T
        slope = expit(logits) * expit(-logits)
        pull = (slope * (v @ self.features.T)) @ self.features
        return -pull - v / self.prior_sd**2

    def _score_curvature(self, x: Array, u: Array, v: Array) -> Array:
        chance = expit(x @ self.features.T)
        third = chance * (1 - chance) * (1 - 2 * chance)
        both = (u @ self.features.T) * (v @ self.features.T)
        return -(third * both) @ self.features
