"""What `sample` and `compress` share: their options, and where they work.

Both move particles in working coordinates and hand them out in the user's.
"""

from dataclasses import is_dataclass, replace

from .._validation import as_callable
from ..growth import OrElse, SteepestSplit
from ..growth.equal_weights import Equalised
from ..moves import LBFGS


def chosen_moves(move, weights):
    """The move of early rounds and that of the last one."""
    if not (isinstance(weights, str) and weights in ("equal", "optimal")):
        raise ValueError(f'weights must be "equal" or "optimal", got {weights!r}')
    free = weights == "optimal"
    if is_dataclass(move) and hasattr(move, "weights"):
        return replace(move, weights=free), None
    if move is not None:  # one of the user's own, who knows what it does to weights
        return as_callable(move, "move", "(objective, particles)"), None
    return (
        LBFGS(max_iter=8, tol=1e-3, weights=free),
        LBFGS(max_iter=32, tol=1e-6, weights=free),
    )


def chosen_growth(growth, weights, *, otherwise=None):
    """Return the user's growth or the default one, kept to equal weights if wanted.

    The default is to split, or else whatever else there is.
    """
    if growth is None:
        growth = SteepestSplit(everyone=True)
        growth = growth if otherwise is None else OrElse(growth, otherwise)
    growth = as_callable(growth, "growth", "(objective, particles, limit, rng)")
    return growth if weights == "optimal" else Equalised(growth)
