r"""Transforms onto positive, bounded, ordered numbers and the simplex, and products."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, log_expit

from .._validation import as_floats, as_rows, refuse_nonfinite
from .transform import Transform

FAR = 700.0  # exp(-FAR) and exp(FAR) are normal numbers, with room for a factor


class Real(Transform):
    """No constraint: :math:`x = z`.

    >>> Real(2).to_user([[1.0, -2.0]])
    array([[ 1., -2.]])
    """

    def __init__(self, size: int = 1):
        self.dim = self.size = as_rows(size, "size")

    def _at(self, z):
        return z, np.zeros(len(z)), np.zeros_like(z), np.copy

    def _to_real(self, x, name):
        return x


class Positive(Transform):
    r"""Above a bound: :math:`x = a + e^z`, of log Jacobian :math:`\sum_k z_k`.

    The bound a, `lower`, is a finite number or (size,) of them.

    >>> Positive(2, lower=1.0).to_user([[0.0, -800.0]])
    array([[2., 1.]])
    """

    def __init__(self, size: int = 1, lower: ArrayLike = 0.0):
        self.dim = self.size = as_rows(size, "size")
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
    `low` is below `high`, both finite numbers or (size,) of them; `size` is their
    number when left out.

    >>> Bounded([0.0, -1.0], [10.0, 1.0]).to_user([[0.0, 800.0]])
    array([[5., 1.]])
    """

    def __init__(self, low: ArrayLike, high: ArrayLike, size: int | None = None):
        size = max(np.size(low), np.size(high)) if size is None else size
        self.dim = self.size = size = as_rows(size, "size")
        self.low, self.high = _bound(low, "low", size), _bound(high, "high", size)
        half = self.high / 2 - self.low / 2  # the width itself may overflow
        if not ((half > 0) & (half < np.finfo(float).max / 2)).all():
            raise ValueError(f"low must be below high, got {self.low} and {self.high}")

    def _at(self, z):
        low, high, width = self.low, self.high, self.high - self.low
        fraction, rest = expit(np.clip([z, -z], -FAR, FAR))
        # Measured from the nearer bound, where rounding is finer.
        x = np.where(z < 0, low + width * fraction, high - width * rest)
        x = x.clip(np.nextafter(low, high), np.nextafter(high, low))
        logs = np.log(width) + log_expit(z) + log_expit(-z)
        slope = width * fraction * rest
        return x, logs.sum(axis=1), rest - fraction, lambda g: slope * g

    def _to_real(self, x, name):
        inside = (x > self.low) & (x < self.high)
        _refuse_outside(x, name, inside, f"between {self.low} and {self.high}")
        return np.log(x - self.low) - np.log(self.high - x)


class Simplex(Transform):
    r"""Positive numbers of sum 1, by breaking a stick: dim = size - 1.

    Piece k of K takes the fraction :math:`f_k = \sigma(z_k - \log(K - k))` of the stick
    that is left, :math:`x_k = f_k \prod_{j<k} (1 - f_j)`, so z = 0 breaks it evenly.
    :math:`\sum_k \log f_k + (K - k) \log(1 - f_k)` is the log Jacobian of the first
    K - 1.

    >>> Simplex(4).to_user([[0.0, 0.0, 0.0]]).round(12)
    array([[0.25, 0.25, 0.25, 0.25]])
    """

    def __init__(self, size: int):
        self.size, self.dim = as_rows(size, "size", least=2), size - 1
        self._left = np.arange(self.dim, 0.0, -1.0)  # K - k

    def _at(self, z):
        t = z - np.log(self._left)
        (fraction, rest), (log_fraction, log_rest) = expit([t, -t]), log_expit([t, -t])
        log_x = np.pad(log_fraction, ((0, 0), (0, 1)))
        log_x[:, 1:] += log_rest.cumsum(axis=1)
        x = np.exp(log_x.clip(-FAR))

        def pull(g):
            tails = (g * x)[:, :0:-1].cumsum(axis=1)[:, ::-1]
            return rest * (g * x)[:, :-1] - fraction * tails

        logs = log_fraction + self._left * log_rest
        return x, logs.sum(axis=1), rest - self._left * fraction, pull

    def _to_real(self, x, name):
        inside = (x > 0) & (np.abs(x.sum(axis=1, keepdims=True) - 1) <= 1e-8)
        _refuse_outside(x, name, inside, "positive, of sum 1 within 1e-8")
        rest = x[:, :0:-1].cumsum(axis=1)[:, ::-1] / self._left
        return np.log(x[:, :-1]) - np.log(rest)


class Ordered(Real):
    r"""Increasing numbers: :math:`x_1 = z_1`, :math:`x_k = x_{k-1} + e^{z_k}`.

    The log Jacobian is :math:`\sum_{k>1} z_k`.

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
    """Transforms of blocks of coordinates, side by side.

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
