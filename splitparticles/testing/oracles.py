"""Plain NumPy: all pairs at once, as the formulas are written."""

import numpy as np

import splitparticles as sp
from splitparticles._compiled.compiler import profile

RADIAL = [
    sp.Gaussian(1.3),
    sp.InverseMultiquadric(1.2),
    sp.InverseMultiquadric(0.9, -0.8),
    sp.RationalQuadratic(1.1, 0.7),
    sp.Matern52(1.4),
]
SMOOTH = RADIAL[:4]
DIMENSIONS = [1, 2, 5, 20]


def profiles(kernel, u):
    """Phi and its derivatives for an array of squared distances, (5, *u.shape)."""
    values = [profile(kernel, float(value)) for value in u.ravel()]
    return np.array(values).T.reshape(5, *u.shape)


def kernel_matrix(kernel, x, y):
    """k(x_i, y_j), (m, n)."""
    if isinstance(kernel, sp.Quadratic):
        return 0.5 * (1.0 + x @ y.T) ** 2
    return profiles(kernel, ((x[:, None] - y[None]) ** 2).sum(axis=2))[0]


def stein_matrix(kernel, x, sx, y, sy):
    """k_p(x_i, y_j) by its definition, (m, n)."""
    d = x.shape[1]
    products = sx @ sy.T
    if isinstance(kernel, sp.Linear):
        mixed = (sx * x).sum(axis=1)[:, None] + (sy * y).sum(axis=1)[None]
        return products * (1.0 + x @ y.T) + mixed + d
    if isinstance(kernel, sp.Quadratic):
        dot = x @ y.T
        mixed = (sx * x).sum(axis=1)[:, None] + (sy * y).sum(axis=1)[None] + d
        return 0.5 * products * (1.0 + dot) ** 2 + (1.0 + dot) * mixed + dot
    z = x[:, None] - y[None]
    u = (z**2).sum(axis=2)
    phi, phi1, phi2, _, _ = profiles(kernel, u)
    grad_x = 2.0 * phi1[..., None] * z  # and grad_y is its negative
    return (
        phi * products
        + np.einsum("ik,ijk->ij", sx, -grad_x)
        + np.einsum("jk,ijk->ij", sy, grad_x)
        - 2.0 * d * phi1
        - 4.0 * phi2 * u
    )


def gradient_covariance(kernel, x, y):
    """Covariance of the gradients at x and y of a process, (m d, n d)."""
    d = x.shape[1]
    z = x[:, None] - y[None]
    _, phi1, phi2, _, _ = profiles(kernel, (z**2).sum(axis=2))
    blocks = -4.0 * phi2[..., None, None] * z[..., :, None] * z[..., None, :]
    blocks -= 2.0 * phi1[..., None, None] * np.eye(d)
    return blocks.transpose(0, 2, 1, 3).reshape(x.size, y.size)


def stretched_covariance(kernel, M, x, y):
    """Covariance of the gradients at x and y of a process of M z, (m d, n d)."""
    K = gradient_covariance(kernel, x @ M.T, y @ M.T)
    blocks = np.kron(np.eye(len(x)), M.T), np.kron(np.eye(len(y)), M)
    return blocks[0] @ K @ blocks[1]


def differences(f, x, step=1e-5):
    """Central differences of f at the rows of x: f's shape with (d,) appended."""
    columns = [
        (f(x + step * e) - f(x - step * e)) / (2.0 * step) for e in np.eye(x.shape[1])
    ]
    return np.stack(columns, axis=-1)


def close(found, wanted, rtol=1e-7):
    """Compare with the size of the largest entry, as a whole."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert found.shape == wanted.shape
    size = np.abs(wanted).max(initial=1e-300)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=rtol * size)
