r"""Constrained parameters: maps between z in all of R^dim and x in a set.

Particles move freely, so a target with a constraint is sampled in coordinates without
one, where its density is :math:`\log p(x(z)) + \log |\det \partial x / \partial z|`.
Formulas hold for :math:`|z| \le 700`, beyond which exponentials stay about the same.
Points lie strictly inside the set, however close to its edge rounding takes them.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, log_expit

from ._validation import (
    as_callable,
    as_count,
    as_floats,
    as_positions,
    refuse_nonfinite,
)

EPS = np.finfo(float).eps

FAR = 700.0  # exp(-FAR) and exp(FAR) are normal numbers, with room for a factor


class Transform:
    r"""A smooth bijection from z in R^dim to x in a subset of R^size, row by row.

    Its methods raise TypeError or ValueError for an array that is not of its shape,
    real and finite.  A subclass sets `dim` and `size` and writes the formulas:
    ``_at(z)`` returns x, the log Jacobian, its gradient and the function
    :math:`g \mapsto (\partial x / \partial z)^T g`; ``_to_real(x, name)`` the inverse.

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

    def target(self, log_density, score=None, *, vectorized=True):
        """Return the density in z, a `TransformedTarget`; all is explained there."""
        return TransformedTarget(self, log_density, score, vectorized=vectorized)


class Real(Transform):
    """No constraint: :math:`x = z`; TypeError or ValueError if `size` is no count.

    >>> Real(2).to_user([[1.0, -2.0]])
    array([[ 1., -2.]])
    """

    def __init__(self, size: int = 1):
        self.dim = self.size = as_count(size, "size")

    def _at(self, z):
        return z, np.zeros(len(z)), np.zeros_like(z), np.copy

    def _to_real(self, x, name):
        return x


class Positive(Transform):
    r"""Above a bound: :math:`x = a + e^z`, of log Jacobian :math:`\sum_k z_k`.

    TypeError or ValueError unless a, `lower`, is a finite number or (size,) of them.

    >>> Positive(2, lower=1.0).to_user([[0.0, -800.0]])
    array([[2., 1.]])
    """

    def __init__(self, size: int = 1, lower: ArrayLike = 0.0):
        self.dim = self.size = as_count(size, "size")
        self.lower = _bound(lower, "lower", self.size)

    def _at(self, z):
        above = np.exp(z.clip(-FAR, FAR))
        x = np.maximum(self.lower + above, np.nextafter(self.lower, np.inf))
        return x, z.sum(axis=1), np.ones_like(z), lambda g: above * g

    def _to_real(self, x, name):
        _refuse_outside(x, name, x > self.lower, f"above {self.lower}")
        return np.log(x - self.lower)


class Bounded(Transform):
    r"""Between bounds: :math:`x = a + (b - a) \sigma(z)`, the logistic :math:`\sigma`.

    The log Jacobian is :math:`\sum_k \log((b - a)_k\, \sigma(z_k)\, \sigma(-z_k))`.
    TypeError or ValueError unless `low` is below `high`, both finite numbers or (size,)
    of them; `size` is the number given when left out.

    >>> Bounded([0.0, -1.0], [10.0, 1.0]).to_user([[0.0, 800.0]])
    array([[5., 1.]])
    """

    def __init__(self, low: ArrayLike, high: ArrayLike, size: int | None = None):
        size = max(np.size(low), np.size(high)) if size is None else size
        self.dim = self.size = size = as_count(size, "size")
        self.low, self.high = _bound(low, "low", size), _bound(high, "high", size)
        half = self.high / 2 - self.low / 2  # the width itself may overflow
        if not ((half > 0) & (half < np.finfo(float).max / 2)).all():
            raise ValueError(f"low must be below high, got {self.low} and {self.high}")

    def _at(self, z):
        low, high, width = self.low, self.high, self.high - self.low
        share, rest = expit(np.clip([z, -z], -FAR, FAR))
        x = np.where(z < 0, low + width * share, high - width * rest)
        x = x.clip(np.nextafter(low, high), np.nextafter(high, low))
        logs = np.log(width) + log_expit(z) + log_expit(-z)
        slope = width * share * rest
        return x, logs.sum(axis=1), rest - share, lambda g: slope * g

    def _to_real(self, x, name):
        inside = (x > self.low) & (x < self.high)
        _refuse_outside(x, name, inside, f"between {self.low} and {self.high}")
        return np.log(x - self.low) - np.log(self.high - x)


class Simplex(Transform):
    r"""Positive numbers of sum 1, by breaking a stick: dim = size - 1.

    Piece k of K takes the share :math:`f_k = \sigma(z_k - \log(K - k))` of the stick
    that is left, :math:`x_k = f_k \prod_{j<k} (1 - f_j)`, so z = 0 breaks it evenly.
    :math:`\sum_k \log f_k + (K - k) \log(1 - f_k)` is the log Jacobian of the first
    K - 1.  Raises TypeError or ValueError unless `size` is a whole number above one.

    >>> Simplex(4).to_user([[0.0, 0.0, 0.0]]).round(12)
    array([[0.25, 0.25, 0.25, 0.25]])
    """

    def __init__(self, size: int):
        self.size, self.dim = as_count(size, "size", 2), size - 1
        self._left = np.arange(self.dim, 0.0, -1.0)  # K - k

    def _at(self, z):
        t = z - np.log(self._left)
        (share, rest), (log_share, log_rest) = expit([t, -t]), log_expit([t, -t])
        log_x = np.pad(log_share, ((0, 0), (0, 1)))
        log_x[:, 1:] += log_rest.cumsum(axis=1)
        x = np.exp(log_x.clip(-FAR))

        def pull(g):
            tails = (g * x)[:, :0:-1].cumsum(axis=1)[:, ::-1]
            return rest * (g * x)[:, :-1] - share * tails

        logs = log_share + self._left * log_rest
        return x, logs.sum(axis=1), rest - self._left * share, pull

    def _to_real(self, x, name):
        whole = np.abs(x.sum(axis=1, keepdims=True) - 1) <= 1e-8
        _refuse_outside(x, name, (x > 0) & whole, "positive, of sum 1 within 1e-8")
        rest = x[:, :0:-1].cumsum(axis=1)[:, ::-1] / self._left
        return np.log(x[:, :-1]) - np.log(rest)


class Ordered(Real):
    r"""Increasing numbers: :math:`x_1 = z_1`, :math:`x_k = x_{k-1} + e^{z_k}`.

    Log Jacobian :math:`\sum_{k>1} z_k`; TypeError or ValueError if `size` is no count.

    >>> Ordered(3).to_user([[5.0, 0.0, 0.0]])
    array([[5., 6., 7.]])
    """

    def _at(self, z):
        x, slope, gradient = z.copy(), np.exp(z.clip(-FAR, FAR)), np.ones_like(z)
        slope[:, 0], gradient[:, 0] = 1.0, 0.0
        for k in range(1, self.size):
            last = x[:, k - 1]
            x[:, k] = np.maximum(last + slope[:, k], np.nextafter(last, np.inf))
        logs = z[:, 1:].sum(axis=1)
        return x, logs, gradient, lambda g: slope * g[:, ::-1].cumsum(axis=1)[:, ::-1]

    def _to_real(self, x, name):
        gaps = np.diff(x, axis=1)
        _refuse_outside(x, name, gaps > 0, "increasing")
        return np.hstack([x[:, :1], np.log(gaps)])


class Joint(Transform):
    """Transforms side by side; TypeError unless one or more are given.

    >>> Joint(Real(), Positive()).to_user([[0.0, 0.0]])
    array([[0., 1.]])
    """

    def __init__(self, *transforms: Transform):
        if not (transforms and all(isinstance(t, Transform) for t in transforms)):
            raise TypeError(f"transforms must be some Transforms, got {transforms}")
        self.transforms = transforms
        self.dim = sum(part.dim for part in transforms)
        self.size = sum(part.size for part in transforms)

    def _split(self, a, count):
        ends = np.cumsum([getattr(part, count) for part in self.transforms])
        return zip(self.transforms, np.split(a, ends[:-1], axis=1), strict=True)

    def _at(self, z):
        images = [part._at(columns) for part, columns in self._split(z, "dim")]
        x, logs, gradients, pulls = zip(*images, strict=True)

        def pull(g):
            parts = zip(pulls, self._split(g, "size"), strict=True)
            return np.hstack([part(columns) for part, (_, columns) in parts])

        return np.hstack(x), np.sum(logs, axis=0), np.hstack(gradients), pull

    def _to_real(self, x, name):
        name, parts = name + " of transforms[%d]", enumerate(self._split(x, "size"))
        return np.hstack([part._to_real(c, name % k) for k, (part, c) in parts])


class TransformedTarget:
    r"""A density of x seen from z: :math:`\log p(x(z)) + \log |\partial x/\partial z|`.

    Made by `Transform.target` of `log_density`, (n, size) -> (n,), up to a constant,
    and its gradient `score`, (n, size) -> (n, size), of points (size,) if `vectorized`
    is false; raises TypeError or ValueError where these or z, (n, dim), are not so.
    Without a score, the log density f of z is differenced, 2 dim n rows in one batch,
    at steps :math:`h = \epsilon^{1/3} + \epsilon^{1/2} |z|`, up to errors of about
    :math:`h^2 f^{(3)} / 6 + \epsilon f / h`: 1e-10 if f and its scale are of order one.

    >>> gamma = Positive().target(lambda x: np.sum(2 * np.log(x) - 2 * x, axis=1))
    >>> gamma.dim, gamma.log_density([[0.0]]), gamma.score([[0.0]]).round(8)  # 3 - 2 x
    (1, array([-2.]), array([[1.]]))
    """

    def __init__(self, transform, log_density, score=None, *, vectorized=True):
        self.transform, self.dim, self.vectorized = transform, transform.dim, vectorized
        self._log_p = as_callable(log_density, "log_density", "(n, size) -> (n,)")
        if score is not None:
            as_callable(score, "score", "(n, size) -> (n, size)")
        self._score = score

    def log_density(self, z: ArrayLike) -> np.ndarray:
        """Log density of z (n, dim), up to the same constant: (n,)."""
        x, logs, _, _ = self.transform._at(as_positions(z, "z", self.dim))
        return self._ask(self._log_p, "log_density", x, x.shape[:1]) + logs

    @np.errstate(over="ignore", invalid="ignore")
    def score(self, z: ArrayLike) -> np.ndarray:
        """Gradient of `log_density`, (n, dim); not finite in rows where p's is not."""
        z = as_positions(z, "z", self.dim)
        if self._score is not None:
            x, _, gradient, pull = self.transform._at(z)
            return pull(self._ask(self._score, "score", x, x.shape)) + gradient
        steps = (EPS ** (1 / 3) + EPS**0.5 * np.abs(z))[:, None] * np.eye(self.dim)
        ends = z[:, None] + np.stack([steps, -steps])  # (2, n, axis, dim)
        up, down = self.log_density(ends.reshape(-1, self.dim)).reshape(ends.shape[:3])
        return (up - down) / np.einsum("ijj->ij", ends[0] - ends[1])

    def _ask(self, function, name, x, shape):
        x = x.copy()  # the function may write to it
        answer = function(x) if self.vectorized else [function(row) for row in x]
        answer = as_floats(answer, f"the return value of {name}", f"of shape {shape}")
        if answer.shape != shape:
            raise ValueError(f"{name} must return shape {shape}, got {answer.shape}")
        return answer


def _bound(value, name, size):
    """Read-only (size,) from one finite number or one for each coordinate."""
    array = as_floats(value, name, f"of shape {(size,)}, or one number")
    if array.shape not in ((), (size,)):
        raise ValueError(f"{name} must have shape () or {(size,)}, got {array.shape}")
    array = np.full(size, array)
    refuse_nonfinite(array, name)
    array.flags.writeable = False
    return array


def _refuse_outside(x, name, inside, wanted):
    """Raise a ValueError that shows the first row of x not all `inside`."""
    if not inside.all():
        row = int(np.argmin(inside.all(axis=1)))
        raise ValueError(f"{name} must be {wanted}, got row {row}: {x[row]}")
