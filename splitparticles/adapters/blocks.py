"""Named arrays as one row of numbers."""

from collections.abc import Mapping
from math import prod

import numpy as np
from numpy.typing import ArrayLike

from .._validation import as_floats, refuse_nonfinite


class Blocks:
    """Shapes of named arrays that lie side by side in a row of numbers.

    Parameters
    ----------
    shapes : mapping of str to tuple of int
    """

    def __init__(self, shapes: Mapping[str, tuple]):
        self.shapes = dict(shapes)

    @property
    def names(self) -> list[str]:
        """Names of the numbers, such as ``tau`` and ``theta[0,1]``."""
        names = []
        for name, shape in self.shapes.items():
            for index in np.ndindex(*shape):
                names.append(f"{name}[{','.join(map(str, index))}]" if shape else name)
        return names

    def split(self, x) -> list:
        """Arrays (..., *shape) of x (..., d), an array of any library."""
        parts, start = [], 0
        for shape in self.shapes.values():
            stop = start + prod(shape)
            parts.append(x[..., start:stop].reshape((*x.shape[:-1], *shape)))
            start = stop
        return parts

    def joined(self, arrays, n: int) -> np.ndarray:
        """Arrays (n, *shape), or (*shape) for all rows, side by side: (n, d)."""
        pairs = zip(arrays, self.shapes.values(), strict=True)
        rows = [np.broadcast_to(a, (n, *shape)).reshape(n, -1) for a, shape in pairs]
        return np.concatenate(rows, axis=1, dtype=float)


def start_blocks(arrays: Mapping[str, ArrayLike]) -> tuple[Blocks, np.ndarray]:
    """Blocks of the arrays of a start, and their numbers (d,), finite."""
    parts = {k: as_floats(v, f"x0 ({k})", "of any shape") for k, v in arrays.items()}
    x0 = np.concatenate([np.zeros(0), *(part.ravel() for part in parts.values())])
    if x0.size == 0:
        raise ValueError(f"x0 must hold at least one number, got {arrays}")
    refuse_nonfinite(x0, "x0")
    return Blocks({name: part.shape for name, part in parts.items()}), x0
