"""First variation of an objective at its particles."""

from typing import NamedTuple

import numpy as np


class FirstVariation(NamedTuple):
    """Value, witness and its gradient, from one pass over the particles."""

    value: float
    """F."""
    witness: np.ndarray
    """h at the particles, (n,)."""
    witness_gradient: np.ndarray
    """grad h at the particles, (n, d)."""
