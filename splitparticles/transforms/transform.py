r"""Interface of a transform, and the density of a target in its coordinates."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from .._validation import as_callable, as_flag, as_floats, as_instance, as_positions

EPS = np.finfo(float).eps


class Transform:
    r"""A smooth bijection from z in R^dim to x in a subset of R^size, row by row.

    Its methods raise TypeError or ValueError for an array that is not of its shape,
    real and finite.  A subclass sets `dim` and `size` and writes the formulas:
    ``_at(z)`` returns x, the log Jacobian, its gradient and the function
    :math:`g \mapsto (\partial x / \partial z)^T g`; ``_to_real(x, name)`` the inverse.

    >>> from splitparticles.transforms import Joint, Positive, Simplex
    >>> change, z = Joint(Positive(), Simplex(3)), [[0.0, 0.0, 0.0]]
    >>> change.to_user(z).round(3)
    array([[1.   , 0.333, 0.333, 0.333]])
    >>> change.to_real([[1.0, 0.5, 0.25, 0.25]]).round(3)
    array([[0.   , 0.693, 0.   ]])
    >>> change.log_jacobian(z).round(3), change.log_jacobian_gradient(z).round(3)
    (array([-3.296]), array([[1., 0., 0.]]))
    >>> change.pull(z, [[5.0, 1.0, 0.0, 0.0]]).round(3)
    array([[5.   , 0.222, 0.   ]])
    """

    dim: int
    size: int
    _at: Callable[..., tuple[np.ndarray, np.ndarray, np.ndarray, Callable]]
    _to_real: Callable[..., np.ndarray]

    def to_user(self, z: ArrayLike) -> np.ndarray:
        """Points x(z) inside the set: z (n, dim), result (n, size)."""
        return self._at(as_positions(z, "z", self.dim))[0]

    def to_real(self, x: ArrayLike) -> np.ndarray:
        """Inverse of `to_user`, (n, size) to (n, dim); ValueError outside the set."""
        return self._to_real(as_positions(x, "x", self.size), "x")

    def log_jacobian(self, z: ArrayLike) -> np.ndarray:
        r"""Return :math:`\log |\det \partial x / \partial z|`: z (n, dim) to (n,)."""
        return self._at(as_positions(z, "z", self.dim))[1]

    def log_jacobian_gradient(self, z: ArrayLike) -> np.ndarray:
        """Gradient of `log_jacobian` in z, (n, dim)."""
        return self._at(as_positions(z, "z", self.dim))[2]

    def pull(self, z: ArrayLike, g: ArrayLike) -> np.ndarray:
        r"""Gradients :math:`(\partial x / \partial z)^T g`: z (n, dim), g (n, size)."""
        z, g = as_positions(z, "z", self.dim), as_positions(g, "g", self.size)
        if len(g) != len(z):
            raise ValueError(f"g must have {len(z)} rows like z, got {len(g)}")
        return self._at(z)[3](g)

    def target(
        self,
        log_density: Callable,
        score: Callable | None = None,
        *,
        vectorized: bool = True,
    ) -> "TransformedTarget":
        """Return the density in z; see `TransformedTarget`."""
        return TransformedTarget(self, log_density, score, vectorized=vectorized)


class TransformedTarget:
    r"""A density of x seen from z: :math:`\log p(x(z)) + \log |\partial x/\partial z|`.

    Made by `Transform.target` of `log_density`, (n, size) -> (n,), up to a constant,
    and its gradient `score`, (n, size) -> (n, size), of points (size,) if `vectorized`
    is false.
    Without a score, the log density f of z is differenced, 2 dim n rows in one batch,
    at steps :math:`h = \epsilon^{1/3} + \epsilon^{1/2} |z|`, up to errors of about
    :math:`h^2 f^{(3)} / 6 + \epsilon f / h`: 1e-10 if f and its scale are of order one.

    >>> from splitparticles.transforms import Positive
    >>> gamma = Positive().target(lambda x: np.sum(2 * np.log(x) - 2 * x, axis=1))
    >>> gamma.dim, gamma.log_density([[0.0]]), gamma.score([[0.0]]).round(8)  # 3 - 2 x
    (1, array([-2.]), array([[1.]]))

    It is a model: `sample` takes it, and answers in x.
    """

    def __init__(
        self,
        transform: Transform,
        log_density: Callable,
        score: Callable | None = None,
        *,
        vectorized: bool = True,
    ):
        self.transform = as_instance(transform, Transform, "transform")
        self.dim, self.vectorized = transform.dim, as_flag(vectorized, "vectorized")
        self._log_p = as_callable(log_density, "log_density", "(n, size) -> (n,)")
        if score is not None:
            as_callable(score, "score", "(n, size) -> (n, size)")
        self._score = score

    def to_user(self, z: ArrayLike) -> np.ndarray:
        """Points x(z): z (n, dim), result (n, size)."""
        return self.transform.to_user(z)

    def log_density(self, z: ArrayLike) -> np.ndarray:
        """Log density of z (n, dim), up to the same constant: (n,)."""
        x, logs, _, _ = self.transform._at(as_positions(z, "z", self.dim))
        return self._evaluated(self._log_p, "log_density", x, x.shape[:1]) + logs

    @np.errstate(over="ignore", invalid="ignore")
    def score(self, z: ArrayLike) -> np.ndarray:
        """Gradient of `log_density`, (n, dim); not finite in rows where p's is not."""
        z = as_positions(z, "z", self.dim)
        if self._score is not None:
            x, _, gradient, pull = self.transform._at(z)
            return pull(self._evaluated(self._score, "score", x, x.shape)) + gradient
        steps = (EPS ** (1 / 3) + EPS**0.5 * np.abs(z))[:, None] * np.eye(self.dim)
        ends = z[:, None] + np.stack([steps, -steps])  # (2, n, axis, dim)
        up, down = self.log_density(ends.reshape(-1, self.dim)).reshape(ends.shape[:3])
        return (up - down) / np.einsum("ijj->ij", ends[0] - ends[1])

    def _evaluated(self, function, name, x, shape):
        x = x.copy()  # the function may write to it
        values = function(x) if self.vectorized else [function(row) for row in x]
        values = as_floats(values, f"the return value of {name}", f"of shape {shape}")
        if values.shape != shape:
            raise ValueError(f"{name} must return shape {shape}, got {values.shape}")
        return values
