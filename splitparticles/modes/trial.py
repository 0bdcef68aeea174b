"""Score at trial points, where the user may never have meant it to be evaluated."""

from collections.abc import Callable

import numpy as np


def trial_score(score: Callable) -> Callable:
    """Score that is NaN in the rows where the user's function fails numerically.

    Any other exception is a fault, of the function or of its machine, and propagates.
    """

    def evaluate(x):
        with np.errstate(all="ignore"):
            try:
                return score(x)
            except (ArithmeticError, np.linalg.LinAlgError):
                if len(x) == 1:
                    return np.full(x.shape, np.nan)
        return np.vstack([evaluate(row[None]) for row in x])

    return evaluate
