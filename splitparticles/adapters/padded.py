"""Batches of few sizes, for compilers that compile each shape anew."""

import numpy as np


def padded(x: np.ndarray) -> np.ndarray:
    """Rows of x, the last one repeated until their number is a power of two."""
    more = (1 << (len(x) - 1).bit_length()) - len(x)
    return np.concatenate([x, np.repeat(x[-1:], more, axis=0)])
