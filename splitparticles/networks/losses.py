r"""Losses: convex functions of a network's outputs.

The objective of a network is :math:`F = E[\Phi(f(x), y)]`.  The witness needs the slope
:math:`\Phi'` of the loss, and the size of a new neuron its curvature :math:`\Phi''`.  A
loss of your own is an object with the four methods of `Squared`.
"""

from typing import Protocol, runtime_checkable

import numpy as np
from scipy.special import expit, log_softmax, softmax

from .._validation import as_floats, as_positions, refuse_nonfinite

__all__ = ["Logistic", "Loss", "Softmax", "Squared"]


@runtime_checkable
class Loss(Protocol):
    """Methods of a loss."""

    def targets(self, outputs) -> np.ndarray:
        """Outputs to learn y, as a checked array (N, k)."""

    def value(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Loss of each row, (N,)."""

    def slope(self, f: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Derivative in the outputs f (N, k), (N, k)."""

    def curvature(self, f: np.ndarray, y: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Second derivative along v (N, k), (N, k)."""


class Squared:
    r"""Half the squared distance, :math:`\Phi = \tfrac12 |f - y|^2`."""

    def targets(self, outputs) -> np.ndarray:
        """Numbers (N,) or rows of numbers (N, k)."""
        array = as_floats(outputs, "outputs", "of shape (N,) or (N, k)")
        return as_positions(array[:, None] if array.ndim == 1 else array, "outputs")

    def value(self, f, y):
        """Half squared distances, (N,)."""
        return 0.5 * ((f - y) ** 2).sum(axis=1)

    def slope(self, f, y):
        """``f - y``."""
        return f - y

    def curvature(self, f, y, v):
        """Identity."""
        return v


class Logistic:
    r"""Two classes, :math:`\Phi = \log(1 + e^f) - y f` for y in {0, 1}."""

    def targets(self, outputs) -> np.ndarray:
        """Zeros and ones (N,)."""
        y = _as_classes(outputs)
        wrong = y[(y != 0.0) & (y != 1.0)]
        if len(wrong):
            raise ValueError(
                f"outputs must be 0 or 1 for a logistic loss, got {wrong[0]}"
            )
        return y[:, None]

    def value(self, f, y):
        """Negative log likelihoods, (N,)."""
        return (np.logaddexp(0.0, f) - y * f)[:, 0]

    def slope(self, f, y):
        """``expit(f) - y``."""
        return expit(f) - y

    def curvature(self, f, y, v):
        """``p (1 - p) v``."""
        p = expit(f)
        return p * (1.0 - p) * v


class Softmax:
    r"""Several classes, :math:`\Phi = \log \sum_k e^{f_k} - f_y`.

    One output a class; labels are whole numbers from 0.
    """

    def targets(self, outputs) -> np.ndarray:
        """Rows (N, k) with a one in the column of the label, of labels (N,)."""
        y = _as_classes(outputs)
        refuse_nonfinite(y, "outputs")
        wrong = y[(y != np.rint(y)) | (y < 0.0)]
        if len(wrong):
            raise ValueError(f"outputs must be whole numbers from 0, got {wrong[0]}")
        return np.eye(int(y.max()) + 1)[y.astype(int)]

    def value(self, f, y):
        """Negative log likelihoods, (N,)."""
        return -(y * log_softmax(f, axis=1)).sum(axis=1)

    def slope(self, f, y):
        """``softmax(f) - y``."""
        return softmax(f, axis=1) - y

    def curvature(self, f, y, v):
        """``p v - p (p . v)``."""
        p = softmax(f, axis=1)
        return p * (v - (p * v).sum(axis=1, keepdims=True))


def _as_classes(outputs):
    """Outputs (N,) as numbers, N >= 1."""
    y = as_floats(outputs, "outputs", "of shape (N,)")
    if y.ndim != 1 or len(y) == 0:
        raise ValueError(f"outputs must have shape (N,), N >= 1, got {y.shape}")
    return y
