r"""Constrained parameters: maps between z in all of R^dim and x in a set.

Particles move freely, so a target with a constraint is sampled in coordinates without
one, where its density is :math:`\log p(x(z)) + \log |\det \partial x / \partial z|`.
Formulas hold for :math:`|z| \le 700`; farther out exponentials stay about as they are
there.  Points lie strictly inside the set, however close rounding takes them.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, log_expit

from ._validate import as_callable, as_count, as_floats, as_positions, refuse_nonfinite

LEAST, MOST = -708.0, 700.0  # exponents whose exp is a normal number, with room above
SUM_SLACK = 1e-8  # by which the sum of a point of the simplex may miss one
FLOAT = np.finfo(float)


class Transform:
    r"""A smooth bijection from z in R^dim to x in a subset of R^size, row by row.

    Its methods raise TypeError or ValueError for an array that is not of its shape,
    real and finite.  A subclass sets `dim` and `size` and writes the formulas:
    ``_at(z)`` returns x, the log Jacobian, its gradient and the function
    :math:`g \mapsto (\partial x / \partial z)^T g`; ``_to_real(x, name)`` the inverse.

    >>> change, z = Joint(Positive(), Simplex(3)), [[0.0, 0.0, 0.0]]
    >>> change.dim, change.size, change.to_user(z).round(3).tolist()
    (3, 4, [[1.0, 0.333, 0.333, 0.333]])
    >>> bool(abs(change.to_real(change.to_user(z)) - z).max() < 1e-15)
    True
    >>> change.log_jacobian(z).round(3)  # log of 1 times 2/9 times 1/6
    array([-3.296])
    >>> change.log_jacobian_gradient([[0.0, 0.0, 9.0]]).round(3) + 0.0
    array([[ 1.,  0., -1.]])
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
        r"""Gradients in z, :math:`(\partial x / \partial z)^T g`, of gradients g in x.

        Shapes: z (n, dim), g (n, size), result (n, dim), in O(n size) operations.
        """
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

    `lower` is a, a number or (size,).  Raises TypeError or ValueError for a `size` that
    is no count, and a bound that is not finite or not of that shape.

    >>> Positive(2, lower=1.0).to_user([[0.0, -800.0]])
    array([[2., 1.]])
    """

    def __init__(self, size: int = 1, lower: ArrayLike = 0.0):
        self.dim = self.size = as_count(size, "size")
        self.lower = _bound(lower, "lower", self.size)

    def _at(self, z):
        above = _exp(z)
        x = np.maximum(self.lower + above, np.nextafter(self.lower, np.inf))
        return x, z.sum(axis=1), np.ones_like(z), lambda g: above * g

    def _to_real(self, x, name):
        _refuse_outside(x, name, x > self.lower, f"above {self.lower}")
        return np.log(x - self.lower)


class Bounded(Transform):
    r"""Between bounds: :math:`x = a + (b - a) \sigma(z)`, the logistic :math:`\sigma`.

    The log Jacobian is :math:`\sum_k \log((b - a)_k\, \sigma(z_k)\, \sigma(-z_k))`.
    `low` and `high` are numbers or (size,); `size` is their length when left out.
    Raises TypeError or ValueError if they are not so, or `low` is not below `high`.

    >>> Bounded([0.0, -1.0], [10.0, 1.0]).to_user([[0.0, 800.0]])
    array([[5., 1.]])
    """

    def __init__(self, low: ArrayLike, high: ArrayLike, size: int | None = None):
        if size is None:
            size = max(np.size(low), np.size(high))
        self.dim = self.size = as_count(size, "size")
        self.low = _bound(low, "low", self.size)
        self.high = _bound(high, "high", self.size)
        half = self.high / 2 - self.low / 2  # the width itself may overflow
        if not ((half > 0) & (half < FLOAT.max / 2)).all():
            raise ValueError(f"low must be below high, got {self.low} and {self.high}")

    def _at(self, z):
        low, high, width = self.low, self.high, self.high - self.low
        share, rest = expit(np.clip([z, -z], -MOST, MOST))
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
        self.size = as_count(size, "size", 2)
        self.dim = self.size - 1
        self._left = np.arange(self.dim, 0.0, -1.0)  # K - k

    def _at(self, z):
        t = z - np.log(self._left)
        share, rest = expit([t, -t])
        log_share, log_rest = log_expit([t, -t])
        log_x = np.zeros((len(z), self.size))
        log_x[:, 1:] = np.cumsum(log_rest, axis=1)
        log_x[:, :-1] += log_share
        x = _exp(log_x)

        def pull(g):
            gx = g * x
            return rest * gx[:, :-1] - share * _sums_from_behind(gx[:, 1:])

        logs = log_share + self._left * log_rest
        return x, logs.sum(axis=1), rest - self._left * share, pull

    def _to_real(self, x, name):
        misses = np.abs(x.sum(axis=1, keepdims=True) - 1) > SUM_SLACK
        _refuse_outside(x, name, (x > 0) & ~misses, "positive and of sum 1")
        return np.log(x[:, :-1]) - np.log(_sums_from_behind(x[:, 1:]) / self._left)


class Ordered(Real):
    r"""Increasing numbers: :math:`x_1 = z_1`, :math:`x_k = x_{k-1} + e^{z_k}`.

    Of log Jacobian :math:`\sum_{k>1} z_k`; TypeError or ValueError if `size` is no count.

    >>> Ordered(3).to_user([[5.0, 0.0, 0.0]])
    array([[5., 6., 7.]])
    """

    def _at(self, z):
        x, slope, gradient = z.copy(), _exp(z), np.ones_like(z)
        slope[:, 0], gradient[:, 0] = 1.0, 0.0
        for k in range(1, self.size):
            last = x[:, k - 1]
            x[:, k] = np.maximum(last + slope[:, k], np.nextafter(last, np.inf))
        logs = z[:, 1:].sum(axis=1)
        return x, logs, gradient, lambda g: slope * _sums_from_behind(g)

    def _to_real(self, x, name):
        gaps = np.diff(x, axis=1)
        _refuse_outside(x, name, gaps > 0, "increasing")
        return np.hstack([x[:, :1], np.log(gaps)])


class Joint(Transform):
    """Transforms side by side; TypeError unless all are, ValueError if there is none.

    >>> Joint(Real(), Positive()).to_user([[0.0, 0.0]])
    array([[0., 1.]])
    """

    def __init__(self, *transforms: Transform):
        for k, part in enumerate(transforms):
            if not isinstance(part, Transform):
                raise TypeError(f"transforms[{k}] must be a Transform, got {part!r}")
        as_count(len(transforms), "the number of transforms")
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
            pairs = zip(pulls, self._split(g, "size"), strict=True)
            return np.hstack([f(columns) for f, (_, columns) in pairs])

        return np.hstack(x), np.sum(logs, axis=0), np.hstack(gradients), pull

    def _to_real(self, x, name):
        z = []
        for k, (part, columns) in enumerate(self._split(x, "size")):
            z.append(part._to_real(columns, f"{name} of transforms[{k}]"))
        return np.hstack(z)


class TransformedTarget:
    r"""A density of x seen from z: :math:`\log p(x(z)) + \log |\partial x/\partial z|`.

    `log_density`, (n, size) -> (n,), is :math:`\log p` on the set up to a constant, and
    `score`, (n, size) -> (n, size), its partial derivatives in all coordinates; both
    take one point (size,) if `vectorized` is false.  Without a score,
    :math:`f(z) = \log p(x(z))` is differenced, 2 dim n rows in one batch, at steps
    :math:`h = \epsilon^{1/3} + \epsilon^{1/2} |z|`: errors are about
    :math:`h^2 |f^{(3)}| / 6 + \epsilon |f| / h`, or 1e-10 where f and its scale are one.

    Raises TypeError or ValueError for arguments that are not these, and when called, if
    z is not (n, dim), real and finite or a function's answer not real and of its shape.

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

    def score(self, z: ArrayLike) -> np.ndarray:
        """Gradient of `log_density`, (n, dim); NaN in rows where a function's is."""
        z = as_positions(z, "z", self.dim)
        x, _, gradient, pull = self.transform._at(z)
        with np.errstate(over="ignore", invalid="ignore"):
            if self._score is None:
                return self._differences(z) + gradient
            return pull(self._ask(self._score, "score", x, x.shape)) + gradient

    def _differences(self, z):
        steps = FLOAT.eps ** (1 / 3) + FLOAT.eps**0.5 * np.abs(z)
        steps = steps[:, None] * np.eye(self.dim)
        ends = z[:, None] + np.stack([steps, -steps])  # (2, n, axis, dim)
        x = self.transform._at(ends.reshape(-1, self.dim))[0]
        values = self._ask(self._log_p, "log_density", x, x.shape[:1])
        up, down = values.reshape(ends.shape[:3])
        return (up - down) / np.einsum("ijj->ij", ends[0] - ends[1])

    def _ask(self, function, name, x, shape):
        x = x.copy()  # the function may write to it
        answer = function(x) if self.vectorized else [function(row) for row in x]
        answer = as_floats(answer, f"the return value of {name}", f"of shape {shape}")
        if answer.shape != shape:
            wanted = f"{name} must return shape {shape} for x of shape {x.shape}"
            raise ValueError(f"{wanted}, got {answer.shape}")
        return answer


def _exp(z):
    return np.exp(np.clip(z, LEAST, MOST))


def _sums_from_behind(a):
    return np.cumsum(a[:, ::-1], axis=1)[:, ::-1]


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
