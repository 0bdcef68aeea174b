r"""Neurons as points: which coordinates mean what.

A neuron :math:`c\,\sigma(a^T x + b)` of k outputs and p inputs has the coordinates c
(k, none of them where output weights are masses), a (p) and b; and, in a network of
several activations, one more that says which it has.
"""

from collections.abc import Sequence

import numpy as np

from .._compiled.compiler import has_profile, profile

SCALES = 0.3, 10.0  # of random neurons: turns of the activation over the data's spread


class Neurons:
    """Coordinates of the neurons of one network."""

    def __init__(self, activation, n_outputs, n_inputs, masses):
        self.activations = checked_activations(activation)
        self.n_outputs, self.n_inputs, self.masses = n_outputs, n_inputs, masses

    @property
    def several(self) -> bool:
        """Whether a coordinate says which activation a neuron has."""
        return len(self.activations) > 1

    @property
    def dim(self) -> int:
        """Coordinates of a neuron."""
        return self._n_own + self.n_inputs + 1 + self.several

    @property
    def _n_own(self):
        return 0 if self.masses else self.n_outputs

    @property
    def labels(self) -> np.ndarray:
        """Which coordinates never move, (dim,)."""
        labels = np.zeros(self.dim, dtype=bool)
        labels[-1] = self.several
        return labels

    def split(self, x) -> tuple[np.ndarray, np.ndarray]:
        """Output weights (m, k) and arguments' coefficients (m, p + 1) in rows."""
        k, p = self._n_own, self.n_inputs
        c = np.zeros((len(x), 1)) if self.masses else x[:, :k]
        return c, np.ascontiguousarray(x[:, k : k + p + 1])

    def parts(self, x) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Output weights (m, k), coefficients (m, p + 1) and kinds (m,) of neurons."""
        if x.shape[1] != self.dim:
            raise ValueError(
                f"neurons of this network have {self.dim} coordinates, got {x.shape[1]}"
            )
        c, theta = self.split(x)
        return (c + 1.0 if self.masses else c), theta, self._kinds(x)

    def _kinds(self, x):
        if not self.several:
            return np.zeros(len(x), dtype=int)
        kinds = np.rint(x[:, -1]).astype(int)
        wrong = (kinds < 0) | (kinds >= len(self.activations))
        if wrong.any():
            i = int(np.argmax(wrong))
            raise ValueError(
                f"the last coordinate of a neuron says which of "
                f"{len(self.activations)} activations it has, got {x[i, -1]} of "
                f"neuron {i} at {x[i]}"
            )
        return kinds

    def joined(self, of_c, of_theta) -> np.ndarray:
        """Coordinates (m, dim) from their parts; labels are zero."""
        out = np.zeros((len(of_theta), self.dim))
        k = self._n_own
        if k:
            out[:, :k] = of_c
        out[:, k : k + of_theta.shape[1]] = of_theta
        return out

    def with_outputs(self, x, c) -> np.ndarray:
        """Neurons with other output weights, which masses do not have."""
        x = x.copy()
        if not self.masses:
            x[:, : self.n_outputs] = c
        return x

    def of_each_kind(self, kinds):
        """Activations with the rows that have them."""
        for number, activation in enumerate(self.activations):
            rows = np.flatnonzero(kinds == number)
            if len(rows):
                yield activation, rows

    def scattered(self, inputs, many, rng) -> np.ndarray:
        """Random neurons whose argument is zero at one of the inputs."""
        spread = inputs.std(axis=0)
        # that of a constant is what rounding makes of zero
        spread = np.where(spread > 1e-8 * np.abs(inputs).max(axis=0), spread, 1.0)
        a = rng.standard_normal((many, self.n_inputs))
        a /= np.linalg.norm(a, axis=1, keepdims=True)
        low, high = np.log(SCALES)
        a *= np.exp(rng.uniform(low, high, size=(many, 1))) / spread
        at = inputs[rng.integers(len(inputs), size=many)]
        b = -(a * at).sum(axis=1, keepdims=True)
        found = self.joined(np.ones((many, 1)), np.hstack([a, b]))
        if self.several:
            found[:, -1] = rng.integers(len(self.activations), size=many)
        return found


def checked_activations(activation) -> tuple:
    """Return one or several activations, their fields as floats."""
    one = hasattr(activation, "_fields") or not isinstance(activation, Sequence)
    kinds = [activation] if one or isinstance(activation, str) else activation
    if not len(kinds):
        raise ValueError("activation must be one or several, got an empty sequence")
    for kind in kinds:
        if not has_profile(kind) or len(profile(kind, 0.5)) != 3:
            raise TypeError(
                "activation must be one of sp.activations, or a named tuple of your "
                f"own with a profile of three numbers, got {kind!r}"
            )
    return tuple(kind._make(map(float, kind)) for kind in kinds)
