r"""Curved coordinates fitted to scores and curvatures that are known.

Across a coordinate :math:`t = \tau \cdot z` that scales the others, the curvature is
about

.. math:: -\nabla^2 \log p \approx B + A e^{-\kappa t},

the part that t leaves alone and the part that it scales.  B and A are least squares,
each particle's relative to the size of its curvature; kappa minimises what they leave;
tau begins where the size of the curvature grows, or where it changes most with z, and
follows from Gauss-Newton steps.  A basis in which A is diagonal and A + B the identity
gives the shares q of `Scaled`.  A Gaussian's score is :math:`s_k = -P_k (y_k - m_k)`,
so the means are least squares again, of it and of its slope in t, with a ridge of the
size of what is left over.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar

from .noncentred import Composed, Scaled, decay, mean_basis, precisions, pulled_product
from .preconditioner import Preconditioner

NARROWEST = 1e-3  # least curvature to be believed, of the largest

RATES = (0.02, 4.0)  # of the exponential, times the standard deviation of t

REFINEMENTS = 6

RIDGE = 0.02  # of a step of tau


class Cloud(NamedTuple):
    """Particles with scores, symmetric Jacobians of the score, and weights."""

    z: np.ndarray
    s: np.ndarray
    J: np.ndarray
    w: np.ndarray

    def through(self, change):
        """Return the cloud in the coordinates of a change."""
        z = change.to_working(self.z)

        def product(dx):
            return np.einsum("nab,nb->na", self.J, dx)

        axes = [np.broadcast_to(axis, z.shape) for axis in np.eye(z.shape[1])]
        J = [pulled_product(change, z, axis, self.s, product) for axis in axes]
        J = np.stack(J, axis=1)
        J = 0.5 * (J + J.swapaxes(1, 2))
        return Cloud(z, change.pulled(z, self.s), J, self.w)

    def curvature(self):
        """Mean curvature, (d, d)."""
        return -np.tensordot(self.w, self.J, axes=1)

    def levelled(self):
        """Coordinates in which the mean of the curvatures, each by its size, is one.

        Raises a ValueError where it is not positive in any direction.
        """
        weights = self.w / _sizes(self.J)
        mean = -np.tensordot(weights / weights.sum(), self.J, axes=1)
        values, turn = np.linalg.eigh(mean)
        if not values[-1] > 0.0:
            raise ValueError("the particles see no curvature of a maximum")
        values = np.maximum(values, NARROWEST * values[-1])
        return Preconditioner(self.w @ self.z, turn / np.sqrt(values))

    def spread(self):
        """How much the curvature varies, in levelled coordinates."""
        L = self.levelled().matrix
        off = L.T @ self.J @ L + np.eye(len(L))
        return float(self.w @ np.einsum("nab,nab->n", off, off))


def straightened(cloud: Cloud) -> Composed | None:
    """Curved coordinates for a levelled cloud; None where none can be found."""
    found = [_refined(cloud, tau) for tau in _directions(cloud)]
    best = min(found, key=lambda fit: fit.left)
    Q = np.linalg.qr(np.column_stack([best.tau, np.eye(len(best.tau))]))[0]
    Q = Q[:, 1 : len(best.tau)]
    A, B = Q.T @ best.A @ Q, Q.T @ best.B @ Q
    values, turn = np.linalg.eigh(A + B)
    if not values[-1] > 0.0:
        return None
    G = turn / np.sqrt(np.maximum(values, NARROWEST * values[-1]))
    share, turn = np.linalg.eigh(G.T @ A @ G)
    share = np.clip(share, 0.0, 1.0)
    matrix = np.column_stack([best.tau, Q @ G @ turn])
    linear = Preconditioner(cloud.w @ cloud.z, matrix)
    means = _means(cloud.through(linear), best.rate, share)
    return Composed(linear, Scaled(best.rate, share, means))


class _Fit(NamedTuple):
    """Curvatures across tau as B + A exp(-rate t)."""

    left: float
    tau: np.ndarray
    rate: float
    A: np.ndarray
    B: np.ndarray


def _sizes(J):
    """Norms of matrices (n, d, d), each at least a trifle of the largest."""
    size = np.linalg.norm(J, axis=(1, 2))
    return np.maximum(size, max(1e-12 * size.max(), 1e-100))


def _directions(cloud):
    """Unit vectors along which the curvature may scale."""
    z, d = cloud.z - cloud.w @ cloud.z, cloud.z.shape[1]
    weighted = cloud.w[:, None] * z
    size = np.log(_sizes(cloud.J))
    spread = z.T @ weighted
    ridge = 0.1 * np.trace(spread) / d * np.eye(d)
    grows = np.linalg.solve(spread + ridge, weighted.T @ (size - cloud.w @ size))
    slope = np.tensordot(weighted.T, cloud.J, axes=1)
    turn = np.linalg.eigh(np.einsum("acd,bcd->ab", slope, slope))[1]
    for tau in (grows, turn[:, -1], turn[:, -2]):
        if np.linalg.norm(tau) > 0.0:
            yield tau / np.linalg.norm(tau)


def _relative(cloud, tau):
    """Curvatures across tau, (n, d, d), and weights that undo their sizes."""
    across = np.eye(len(tau)) - np.outer(tau, tau)
    H = -across @ cloud.J @ across
    weights = cloud.w / _sizes(H) ** 2
    return H, weights / weights.sum()


def _profiled(cloud, tau) -> _Fit:
    """Best rate along tau."""
    H, w = _relative(cloud, tau)
    t = (cloud.z - cloud.w @ cloud.z) @ tau
    sd = np.sqrt(cloud.w @ t**2)
    scale = w @ np.einsum("nij,nij->n", H, H)

    def fit(rate):
        phi = decay(rate, t)
        away = phi - w @ phi
        A = np.tensordot(w * away, H, axes=1) / max(w @ away**2, 1e-300)
        B = np.tensordot(w, H, axes=1) - A * (w @ phi)
        rest = H - B - A * phi[:, None, None]
        left = w @ np.einsum("nij,nij->n", rest, rest) / scale
        return _Fit(left, tau, rate, A, B)

    low, high = np.array(RATES) / sd
    tries = [
        minimize_scalar(
            lambda rate: fit(rate).left,
            bounds=bounds,
            method="bounded",
            options={"xatol": 1e-3 / sd},
        )
        for bounds in ((low, high), (-high, -low))
    ]
    return fit(min(tries, key=lambda found: found.fun).x)


def _refined(cloud, tau) -> _Fit:
    """Turn tau by Gauss-Newton steps on ``A.(H - B) / A.A = exp(-rate tau.z)``."""
    best, d = _profiled(cloud, tau), len(tau)
    z = cloud.z - cloud.w @ cloud.z
    X = np.column_stack([z, np.ones(len(z))])
    for _ in range(REFINEMENTS):
        H, w = _relative(cloud, best.tau)
        phi = decay(best.rate, z @ best.tau)
        size = max(np.vdot(best.A, best.A), 1e-300)
        seen = np.einsum("ij,nij->n", best.A, H - best.B) / size
        w = w * phi**2 / (w @ phi**2)
        C = X.T @ (w[:, None] * X)
        ridge = RIDGE * np.trace(C) / len(C) * np.eye(len(C))
        step = np.linalg.solve(C + ridge, X.T @ (w * (1.0 - seen / phi)))[:d]
        before = best
        for length in (1.0, 0.5, 0.25):
            turned = best.rate * best.tau + length * step
            found = _profiled(cloud, turned / np.linalg.norm(turned))
            if found.left < best.left:
                best = found
                break
        if best.left > 0.98 * before.left:
            break
    return best


def _means(cloud, rate, share):
    """Coefficients of the means, (4, d - 1), a coordinate at a time."""
    t, y, s = cloud.z[:, 0], cloud.z[:, 1:], cloud.s[:, 1:]
    P, dP = precisions(rate, share, t)
    basis, slopes = mean_basis(P, dP, t)
    root = np.sqrt(cloud.w)[:, None]
    values = root * (s + P * y) / np.sqrt(P)
    changes = root * (cloud.J[:, 0, 1:] + dP * y) / np.sqrt(P)
    sides = np.vstack([values, changes])
    by_value = root * basis * np.sqrt(P)
    by_change = root * (P * slopes + dP * basis) / np.sqrt(P)
    designs = np.concatenate([by_value, by_change], axis=1)
    columns = [_ridge(designs[:, :, k].T, sides[:, k]) for k in range(len(share))]
    return np.column_stack(columns)


def _ridge(X, y):
    """Least squares with a ridge that becomes the variance of what is left."""
    C, ridge = X.T @ X, 1e-8
    for _ in range(10):
        inverse = np.linalg.inv(C + ridge * np.eye(len(C)))
        found = inverse @ (X.T @ y)
        free = max(len(y) - np.trace(inverse @ C), 1.0)
        ridge = np.sum((y - X @ found) ** 2) / free + 1e-10
    return found
