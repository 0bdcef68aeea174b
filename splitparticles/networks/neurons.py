r"""Neurons as points: their coordinates, and their sums over blocks of inputs.

A neuron :math:`c\,\sigma(a^T x + b)` of k outputs and p inputs has the coordinates c
(k, none of them where output weights are masses), a (p) and b, and in a network of
several activations a last one, the number of its activation: its *kind*.
"""

from collections.abc import Sequence

import numpy as np

from .._compiled.compiler import has_profile, profile
from .network_sums import (
    correlations,
    hessian_products,
    in_blocks,
    network_outputs,
    neuron_sums,
    squares,
)

SCALES = 0.3, 10.0  # of random neurons: turns of the activation over the data's spread


class Neurons:
    """Coordinates of the neurons of one network, and their sums over its inputs."""

    arguments_decay = True  # not output weights alone

    def __init__(self, activation, n_outputs, n_inputs, masses):
        self.activations = checked_activations(activation)
        self.n_outputs, self.n_inputs, self.masses = n_outputs, n_inputs, masses
        self.n_weights = 0 if masses else n_outputs  # output weights among them
        self.has_kinds = len(self.activations) > 1
        self.dim = self.n_weights + n_inputs + 1 + self.has_kinds

    @property
    def labels(self) -> np.ndarray:
        """Mask of the kind, which never moves, (dim,)."""
        labels = np.zeros(self.dim, dtype=bool)
        labels[-1] = self.has_kinds
        return labels

    @property
    def decays(self) -> np.ndarray:
        """Mask of the coordinates that decay, (dim,)."""
        return ~self.labels

    # ------------------------------------------------------------- coordinates
    def split(self, x) -> tuple[np.ndarray, np.ndarray]:
        """Output weights (m, k), zero for masses, and coefficients theta (m, p + 1)."""
        k = self.n_weights
        c = x[:, :k] if k else np.zeros((len(x), 1))
        return c, np.ascontiguousarray(x[:, k : k + self.n_inputs + 1])

    def parts(self, x) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Output weights (m, k), coefficients (m, p + 1) and kinds (m,) of neurons."""
        if x.shape[1] != self.dim:
            raise ValueError(
                f"neurons of this network have {self.dim} coordinates, got {x.shape[1]}"
            )
        c, theta = self.split(x)
        return (c + 1.0 if self.masses else c), theta, self._kinds(x)

    def _kinds(self, x):
        if not self.has_kinds:
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

    def output_weights(self, x) -> np.ndarray:
        """Output weights (m, k) of neurons, one for masses."""
        return self.parts(x)[0]

    def arguments(self, x) -> np.ndarray:
        """Coefficients of neurons, (m, p + 1)."""
        return self.parts(x)[1]

    def joined(self, of_c, of_theta) -> np.ndarray:
        """Coordinates (m, dim) from their parts; kinds are zero."""
        kind = np.zeros((len(of_theta), int(self.has_kinds)))
        return np.hstack([of_c[:, : self.n_weights], of_theta, kind])

    def with_outputs(self, x, c) -> np.ndarray:
        """Neurons with other output weights; masses have none."""
        return np.hstack([c[:, : self.n_weights], x[:, self.n_weights :]])

    def scattered(self, inputs, many, rng) -> np.ndarray:
        """Random neurons (many, dim) whose argument is zero at one of the inputs."""
        spread = inputs.std(axis=0)
        # the spread of a constant is a rounding error
        spread = np.where(spread > 1e-8 * np.abs(inputs).max(axis=0), spread, 1.0)
        a = rng.standard_normal((many, self.n_inputs))
        a /= np.linalg.norm(a, axis=1, keepdims=True)
        low, high = np.log(SCALES)
        a *= np.exp(rng.uniform(low, high, size=(many, 1))) / spread
        zeros = inputs[rng.integers(len(inputs), size=many)]
        b = -(a * zeros).sum(axis=1, keepdims=True)
        x = self.joined(np.ones((many, self.n_outputs)), np.hstack([a, b]))
        if self.has_kinds:
            x[:, -1] = rng.integers(len(self.activations), size=many)
        return x

    # -------------------------------------------------------------------- sums
    def in_blocks(self, inputs) -> np.ndarray:
        """Inputs (N, p) in blocks, with a coordinate that is one for all of them."""
        return in_blocks(np.column_stack([inputs, np.ones(len(inputs))]))

    def outputs(self, x, weights, inputs) -> np.ndarray:
        """Outputs of weighted neurons at inputs in blocks, (B M, k)."""
        c, theta, kinds = self.parts(x)
        c = weights[:, None] * c
        of_kinds = [
            network_outputs(activation, inputs, theta[rows], c[rows])
            for activation, rows in self._of_each_kind(kinds)
        ]
        return np.sum(of_kinds, axis=0)

    def correlations(self, inputs, r, x, c) -> tuple:
        """Sums g (m, k) of r times neurons x, and G (m, p + 1) for output weights c."""
        _, theta, kinds = self.parts(x)
        return self._sums(correlations, inputs, r, kinds, theta, c)

    def squares(self, inputs, r, x, c) -> tuple:
        """The same of the squares of the activations."""
        _, theta, kinds = self.parts(x)
        return self._sums(squares, inputs, r, kinds, theta, c)

    def hessian_products(self, inputs, r, x, directions) -> tuple:
        """Derivatives of g and G along directions (m, dim)."""
        c, theta, kinds = self.parts(x)
        u, v = self.split(directions)
        return self._sums(hessian_products, inputs, r, kinds, theta, c, v, u)

    def _sums(self, loop, inputs, r, kinds, theta, c, *directions) -> tuple:
        """Sums of `neuron_sums`, by each neuron's activation."""
        of_c, of_theta = np.empty(c.shape), np.empty(theta.shape)
        for activation, rows in self._of_each_kind(kinds):
            arrays = (a[rows] for a in (theta, c, *directions))
            of_c[rows], of_theta[rows] = neuron_sums(
                loop, activation, inputs, r, *arrays
            )
        return of_c, of_theta

    def _of_each_kind(self, kinds):
        for number, activation in enumerate(self.activations):
            rows = np.flatnonzero(kinds == number)
            if len(rows):
                yield activation, rows


def checked_activations(activation) -> tuple:
    """One or several activations as a tuple, their fields as floats."""
    several = isinstance(activation, Sequence) and not isinstance(activation, str)
    kinds = activation if several and not has_profile(activation) else [activation]
    if not len(kinds):
        raise ValueError("activation must be one or several, got an empty sequence")
    for kind in kinds:
        if not has_profile(kind) or len(profile(kind, 0.5)) != 3:
            raise TypeError(
                "activation must be one of sp.activations, or a named tuple of your "
                f"own with a profile of three numbers, got {kind!r}"
            )
    return tuple(kind._make(map(float, kind)) for kind in kinds)
