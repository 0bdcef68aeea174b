r"""Fit of partially non-centred coordinates to scores and curvatures of particles.

Across a coordinate :math:`t = \tau \cdot z` that scales the others, the curvature is
about

.. math:: -\nabla^2 \log p \approx B + A e^{-\kappa t},

the part that t leaves alone and the part that it scales.

1. Given tau and kappa, A and B are linear least squares, each particle's curvature
   relative to its size.
2. Kappa, of either sign, minimises the residual of 1.
3. Tau begins where the size of the curvature grows, or where the curvature changes
   most with z, and is turned by Gauss-Newton steps; the start that ends with the least
   residual counts.
4. In a basis across tau in which A + B is the identity and A is diagonal, its diagonal
   is q, the fractions of `NonCentred`.  A Gaussian's score is
   :math:`s_k = -P_k (y_k - m_k)`: the means are linear least squares, of it and of its
   slope in t, with a ridge.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar

from .change import Composed
from .noncentred import NonCentred, decay, mean_basis, precisions
from .preconditioner import Preconditioner
from .score_sample import ScoreSample, sizes, whitening_matrix

RATES = (0.02, 4.0)  # of the exponential, times the standard deviation of t

REFINEMENTS = 6

RIDGE = 0.02  # of a step of tau


def fit_noncentred(sample: ScoreSample) -> Composed:
    """Curved coordinates for a whitened sample; raises as `whitening_matrix` does."""
    fits = [_turned(sample, tau) for tau in _directions(sample)]
    fit = min(fits, key=lambda fit: fit.residual)
    across = np.linalg.qr(np.column_stack([fit.tau, np.eye(len(fit.tau))]))[0][:, 1:]
    A, B = across.T @ fit.A @ across, across.T @ fit.B @ across
    L = whitening_matrix(A + B)
    fraction, turn = np.linalg.eigh(L.T @ A @ L)
    fraction = np.clip(fraction, 0.0, 1.0)  # or P would change its sign with t
    matrix = np.column_stack([fit.tau, across @ L @ turn])
    linear = Preconditioner(sample.w @ sample.z, matrix)
    means = _means(sample.through(linear), fit.rate, fraction)
    return Composed(linear, NonCentred(fit.rate, fraction, means))


class _Fit(NamedTuple):
    """Curvatures across tau as B + A exp(-rate t)."""

    residual: float
    """Squared, of that of no fit at all."""
    tau: np.ndarray
    rate: float
    A: np.ndarray
    B: np.ndarray


def _directions(sample) -> Iterator[np.ndarray]:
    """Unit vectors along which the curvature may scale."""
    z, d = sample.z - sample.w @ sample.z, sample.z.shape[1]
    weighted = sample.w[:, None] * z
    covariance = z.T @ weighted
    ridge = 0.1 * np.trace(covariance) / d * np.eye(d)
    # where it scales by exp(-rate tau.z), the logarithm of its size is linear in z
    log_size = np.log(sizes(sample.J))
    growth = weighted.T @ (log_size - sample.w @ log_size)
    # covariances of z with the curvature: the directions in which they are largest
    slope = np.tensordot(weighted.T, sample.J, axes=1)
    turn = np.linalg.eigh(np.einsum("acd,bcd->ab", slope, slope))[1]
    for tau in (np.linalg.solve(covariance + ridge, growth), turn[:, -1], turn[:, -2]):
        if np.linalg.norm(tau) > 0.0:
            yield tau / np.linalg.norm(tau)


def _curvatures_across(sample, tau):
    """Curvatures across tau, (n, d, d), and weights that undo their sizes."""
    across = np.eye(len(tau)) - np.outer(tau, tau)
    H = -across @ sample.J @ across
    weights = sample.w / sizes(H) ** 2
    return H, weights / weights.sum()


def _fitted(sample, tau) -> _Fit:
    """Steps 1 and 2: the best rate, A and B along tau."""
    H, w = _curvatures_across(sample, tau)
    t = (sample.z - sample.w @ sample.z) @ tau
    sd = np.sqrt(sample.w @ t**2)
    total = w @ np.einsum("nij,nij->n", H, H)

    def at(rate):
        phi = decay(rate, t)
        deviation = phi - w @ phi
        A = np.tensordot(w * deviation, H, axes=1) / max(w @ deviation**2, 1e-300)
        B = np.tensordot(w, H, axes=1) - A * (w @ phi)
        error = H - B - A * phi[:, None, None]
        residual = w @ np.einsum("nij,nij->n", error, error) / total
        return _Fit(residual, tau, rate, A, B)

    low, high = np.array(RATES) / sd
    minima = [
        minimize_scalar(
            lambda rate: at(rate).residual,
            bounds=bounds,
            method="bounded",
            options={"xatol": 1e-3 / sd},
        )
        for bounds in ((low, high), (-high, -low))
    ]
    return at(min(minima, key=lambda minimum: minimum.fun).x)


def _turned(sample, tau) -> _Fit:
    """Step 3: Gauss-Newton in tau on ``A.(H - B) / A.A = exp(-rate tau.z)``."""
    fit, d = _fitted(sample, tau), len(tau)
    z = sample.z - sample.w @ sample.z
    X = np.column_stack([z, np.ones(len(z))])
    for _ in range(REFINEMENTS):
        H, w = _curvatures_across(sample, fit.tau)
        phi = decay(fit.rate, z @ fit.tau)
        size = max(np.vdot(fit.A, fit.A), 1e-300)
        observed = np.einsum("ij,nij->n", fit.A, H - fit.B) / size
        # d phi = -phi d(rate tau.z): errors relative to phi, of weights phi^2, are
        # linear in the step
        w = w * phi**2 / (w @ phi**2)
        C = X.T @ (w[:, None] * X)
        ridge = RIDGE * np.trace(C) / len(C) * np.eye(len(C))
        step = np.linalg.solve(C + ridge, X.T @ (w * (1.0 - observed / phi)))[:d]
        residual = fit.residual
        for length in (1.0, 0.5, 0.25):
            turned = fit.rate * fit.tau + length * step
            trial = _fitted(sample, turned / np.linalg.norm(turned))
            if trial.residual < residual:
                fit = trial
                break
        if fit.residual > 0.98 * residual:
            break
    return fit


def _means(sample, rate, fraction):
    """Step 4: coefficients of the means, (4, d - 1), one coordinate at a time."""
    t, y, s = sample.z[:, 0], sample.z[:, 1:], sample.s[:, 1:]
    P, dP = precisions(rate, fraction, t)
    basis, slopes = mean_basis(P, dP, t)
    # s + P y = P m and its slope in t; errors of a score are of the size of P^(1/2)
    root = np.sqrt(sample.w)[:, None] / np.sqrt(P)
    values, changes = root * (s + P * y), root * (sample.J[:, 0, 1:] + dP * y)
    sides = np.vstack([values, changes])
    designs = np.concatenate(
        [root * P * basis, root * (P * slopes + dP * basis)], axis=1
    )
    columns = [_ridge(designs[:, :, k].T, sides[:, k]) for k in range(len(fraction))]
    return np.column_stack(columns)


def _ridge(X, y):
    """Ridge regression whose ridge is the variance of its own residual."""
    C, ridge = X.T @ X, 1e-8
    for _ in range(10):
        inverse = np.linalg.inv(C + ridge * np.eye(len(C)))
        coefficients = inverse @ (X.T @ y)
        freedom = max(len(y) - np.trace(inverse @ C), 1.0)
        ridge = np.sum((y - X @ coefficients) ** 2) / freedom + 1e-10
    return coefficients
