"""Generator of a ``random_state``, as scikit-learn has it."""

import numpy as np

from .._validation import as_rng


def generator_of(random_state) -> np.random.Generator:
    """Generator of None, a seed or a ``numpy.random.RandomState``."""
    if isinstance(random_state, np.random.RandomState):
        random_state = random_state.randint(2**31)
    return as_rng(random_state, "random_state")
