"""Score and log density at trial points, where they may never have been meant to go."""

from collections.abc import Callable

import numpy as np


def trial_score(score: Callable) -> Callable:
    """Score that is NaN in the rows where the user's function fails numerically.

    Any other exception is a fault, of the function or of its machine, and propagates.
    """
    return _survived(score, lambda x: np.full(x.shape, np.nan))


def trial_log_density(log_density: Callable) -> Callable:
    """Log density that is NaN in the rows where the user's function fails so."""
    return _survived(log_density, lambda x: np.full(len(x), np.nan))


def _survived(function, blank):
    def evaluate(x):
        with np.errstate(all="ignore"):
            try:
                return function(x)
            except (ArithmeticError, np.linalg.LinAlgError):
                if len(x) == 1:
                    return blank(x)
        return np.concatenate([evaluate(row[None]) for row in x])

    return evaluate
