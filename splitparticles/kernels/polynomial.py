r"""Linear and quadratic kernels, and their sums through moments.

A polynomial kernel :math:`k(x, y) = f(t)`, :math:`t = \langle x, y \rangle`, is no
measure of closeness: it pins moments.  Under KSD `Linear` pins mean and covariance by
Stein's identity and `Quadratic` the next moments too; under MMD `Quadratic` matches
mean and covariance outright.  The sums need no pair of particles, only moments of them:
O(n d^2), and O(n d^3) for `Quadratic` under KSD.

The Stein sums (`splitparticles.kernels.stein_sums`) are the same for both, given the
Stein field u with its derivatives:

.. math:: h = s \cdot u + \mathrm{div}\, u, \qquad
          g = U^T s + \nabla \mathrm{div}\, u, \qquad
          H = \sum_a s_a \nabla^2 u_a.
"""

from typing import NamedTuple

import numpy as np

from .._linalg import row_dot
from .kernel_sums import (
    kernel_pairs,
    kernel_sum,
    kernel_sum_gradient,
    kernel_sum_hessian,
    kernel_sum_hessian_product,
)
from .stein_sums import (
    stein_field,
    stein_pairs,
    stein_sum,
    stein_sum_gradient,
    stein_sum_hessian,
    stein_sum_hessian_product,
)


class Linear(NamedTuple):
    r"""Linear kernel, :math:`k(x, y) = 1 + \langle x, y \rangle`, for KSD.

    Its Stein discrepancy is :math:`|\sum_j w_j s_j|^2 + |I + \sum_j w_j s_j x_j^T|^2`:
    it is zero when the particles satisfy the Stein identities that fix a Gaussian's
    mean and covariance.  Added to a radial KSD it cures the narrowness of few
    particles.  It has no parameter; scale the objective.

    Examples
    --------
    >>> import splitparticles as sp
    >>> score = lambda x: -x
    >>> round(sp.ksd([[-1.0], [1.0]], score, kernel=sp.Linear()), 12)
    0.0
    """


class Quadratic(NamedTuple):
    r"""Quadratic kernel, :math:`k(x, y) = (1 + \langle x, y \rangle)^2 / 2`.

    Its MMD is :math:`|\Delta m|^2 + |\Delta M|^2/2`, the differences in mean and in
    second moment: zero when both agree.  Its KSD asks for Stein's identity with all
    vector fields that are quadratic in x: beside mean and covariance it sees
    :math:`E[s_c x_a x_b]`, hence skewness and the weight of tails, at O(n d^3).  It
    has no parameter; scale the objective.

    Examples
    --------
    >>> import splitparticles as sp
    >>> draws = [[-1.5], [-0.5], [0.5], [1.5]]
    >>> sp.mmd([[-1.25**0.5], [1.25**0.5]], draws, kernel=sp.Quadratic()) < 1e-7
    True
    """


# -------------------------------------------------------------------- the fields
class LinearField:
    """Stein field ``m + U x`` of `Linear`: m = sum v s, U = sum v (s y' + I)."""

    def __init__(self, y, sy, v):
        self.m = v @ sy
        self.U = (v[:, None] * sy).T @ y + v.sum() * np.eye(y.shape[1])
        self.slope = np.zeros(y.shape[1])

    @staticmethod
    def derivatives(t):
        """Kernel as a function of ``t = <x, y>``, and its two derivatives."""
        return 1.0 + t, 1.0, 0.0

    def __call__(self, x):
        """Field u, (m, d)."""
        return self.m + x @ self.U.T

    def divergence(self, x):
        """Divergence of u, the same everywhere; its gradient is `slope`."""
        return np.trace(self.U)

    def jacobian(self, x):
        """Jacobian U of u, (m, d, d)."""
        return np.repeat(self.U[None], len(x), axis=0)

    def product(self, x, p):
        """``U p``, (m, d)."""
        return p @ self.U.T

    def transposed_product(self, x, p):
        """``U' p``, (m, d)."""
        return p @ self.U

    def hessian(self, s):
        """``sum_a s_a hess u_a``, (m, d, d)."""
        return np.zeros((*s.shape, s.shape[1]))

    def hessian_product(self, s, p):
        """``sum_a s_a hess u_a p``, (m, d)."""
        return np.zeros_like(p)


class QuadraticField:
    r"""Stein field of `Quadratic`.

    .. math:: u(x) = m / 2 + M x + T(x, x) / 2 + (v_0 + \langle b, x \rangle)\, x

    with m = sum v s, M = sum v s y', T = sum v s y y' (three indices), v0 = sum v and
    b = sum v y.
    """

    def __init__(self, y, sy, v):
        weighted = v[:, None] * sy
        self.d, self.v0, self.b = y.shape[1], v.sum(), v @ y
        self.m, self.M = weighted.sum(axis=0), weighted.T @ y
        self.T = np.stack([(column[:, None] * y).T @ y for column in weighted.T])
        self.slope = np.einsum("aab->b", self.T) + (self.d + 1) * self.b

    @staticmethod
    def derivatives(t):
        """Kernel as a function of ``t = <x, y>``, and its two derivatives."""
        return 0.5 * (1.0 + t) ** 2, 1.0 + t, 1.0

    def factor(self, x):
        """Factor ``v0 + <b, x>`` of the last term, (m, 1)."""
        return (self.v0 + x @ self.b)[:, None]

    def __call__(self, x):
        """Field u, (m, d)."""
        curvature = 0.5 * contracted(self.T, x, x)
        return 0.5 * self.m + x @ self.M.T + curvature + self.factor(x) * x

    def divergence(self, x):
        """Divergence of u, (m,); its gradient is `slope`, (d,)."""
        return np.trace(self.M) + self.d * self.v0 + x @ self.slope

    def jacobian(self, x):
        """Jacobian U of u, (m, d, d)."""
        curvature = np.tensordot(x, self.T, axes=(1, 2))
        diagonal = self.factor(x)[:, :, None] * np.eye(self.d)
        return self.M + curvature + x[:, :, None] * self.b + diagonal

    def product(self, x, p):
        """``U p``, (m, d)."""
        curvature = contracted(self.T, x, p)
        return p @ self.M.T + curvature + (p @ self.b)[:, None] * x + self.factor(x) * p

    def transposed_product(self, x, p):
        """``U' p``, (m, d)."""
        curvature = contracted(self.T.swapaxes(0, 1), p, x)
        outer = row_dot(x, p)[:, None] * self.b
        return p @ self.M + curvature + outer + self.factor(x) * p

    def hessian(self, s):
        """``sum_a s_a hess u_a``, (m, d, d)."""
        outer = s[:, :, None] * self.b
        return np.tensordot(s, self.T, axes=1) + outer + outer.swapaxes(1, 2)

    def hessian_product(self, s, p):
        """``sum_a s_a hess u_a p``, (m, d)."""
        curvature = contracted(self.T.swapaxes(0, 1), s, p)
        return curvature + s * (p @ self.b)[:, None] + row_dot(s, p)[:, None] * self.b


def contracted(T, x, p):
    """``sum_bc T[a, b, c] x_b p_c`` of each row, (m, d), without an (m, d, d) array."""
    return np.stack([row_dot(x @ matrix, p) for matrix in T], axis=1)


# ---------------------------------------------------------------- the Stein sums
FIELDS = {Linear: LinearField, Quadratic: QuadraticField}


def for_both(sums):
    """Decorator that registers a function for the sums of both kernels."""

    def register(function):
        for kernel_class in FIELDS:
            sums.register(kernel_class, function)
        return function

    return register


@for_both(stein_sum)
def polynomial_stein_sum(kernel, x, sx, y, sy, v):
    """``h(x_i)``, shape (m,)."""
    u = FIELDS[type(kernel)](y, sy, v)
    return row_dot(sx, u(x)) + u.divergence(x)


@for_both(stein_sum_gradient)
def polynomial_stein_sum_gradient(kernel, x, sx, y, sy, v):
    """``h`` (m,), ``g`` (m, d) and the field (m, d)."""
    u = FIELDS[type(kernel)](y, sy, v)
    field = u(x)
    h = row_dot(sx, field) + u.divergence(x)
    return h, u.transposed_product(x, sx) + u.slope, field


@for_both(stein_field)
def polynomial_stein_field(kernel, x, y, sy, v):
    """Stein field ``u(x_i)``, (m, d)."""
    return FIELDS[type(kernel)](y, sy, v)(x)


@for_both(stein_sum_hessian)
def polynomial_stein_sum_hessian(kernel, x, sx, y, sy, v):
    """``H`` and the field's Jacobian, each (m, d, d)."""
    u = FIELDS[type(kernel)](y, sy, v)
    return u.hessian(sx), u.jacobian(x)


@for_both(stein_sum_hessian_product)
def polynomial_stein_sum_hessian_product(kernel, x, sx, y, sy, v, p):
    """Products ``H p``, ``U p`` and ``U' p``, each (m, d)."""
    u = FIELDS[type(kernel)](y, sy, v)
    return u.hessian_product(sx, p), u.product(x, p), u.transposed_product(x, p)


@for_both(stein_pairs)
def polynomial_stein_pairs(kernel, x, sx, y, sy):
    """``k_p(x_i, y_i)`` row by row, shape (m,)."""
    t = row_dot(x, y)
    f, f1, f2 = FIELDS[type(kernel)].derivatives(t)
    mixed = row_dot(sx, x) + row_dot(sy, y) + x.shape[1]
    return f * row_dot(sx, sy) + f1 * mixed + f2 * t


# ------------------------------------------------- the kernel sums of `Quadratic`
# h(x) = v0 / 2 + <b, x> + <x, M x> / 2 with v0 = sum v, b = sum v y, M = sum v y y'
def second_moment(y, v):
    """``sum_j v_j y_j y_j'``, (d, d)."""
    return (v[:, None] * y).T @ y


@kernel_sum.register(Quadratic)
def quadratic_sum(kernel, x, y, v):
    """``h(x_i)``, shape (m,)."""
    return quadratic_sum_gradient(kernel, x, y, v)[0]


@kernel_sum_gradient.register(Quadratic)
def quadratic_sum_gradient(kernel, x, y, v):
    """``h(x_i)``, shape (m,), and ``b + M x_i``, shape (m, d)."""
    b, Mx = v @ y, x @ second_moment(y, v)
    return 0.5 * v.sum() + x @ b + 0.5 * row_dot(Mx, x), b + Mx


@kernel_sum_hessian_product.register(Quadratic)
def quadratic_sum_hessian_product(kernel, x, y, v, p):
    """``M p_i``, shape (m, d)."""
    return p @ second_moment(y, v)


@kernel_sum_hessian.register(Quadratic)
def quadratic_sum_hessian(kernel, x, y, v):
    """``M`` for each row, shape (m, d, d)."""
    return np.repeat(second_moment(y, v)[None], len(x), axis=0)


@kernel_pairs.register(Quadratic)
def quadratic_pairs(kernel, x, y):
    """``k(x_i, y_i)`` row by row, shape (m,)."""
    return QuadraticField.derivatives(row_dot(x, y))[0]
