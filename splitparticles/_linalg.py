"""Small array arithmetic that every room shares."""

import numpy as np

LOG_2PI = float(np.log(2.0 * np.pi))


def row_dot(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    r"""Dot products :math:`x_i \cdot y_i` of the rows of two arrays (..., n, d)."""
    return np.einsum("...ik,...ik->...i", x, y)


def lengths_and_directions(v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lengths (n, 1) and unit vectors (n, d) of rows; a zero row stays zero."""
    length = np.linalg.norm(v, axis=1, keepdims=True)
    return length, np.divide(v, length, out=np.zeros_like(v), where=length > 0)


def ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Quotients a / b, zero where b is zero."""
    return np.divide(
        a, b, out=np.zeros(np.broadcast_shapes(a.shape, b.shape)), where=b != 0
    )
