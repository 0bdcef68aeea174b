r"""Radial kernels: each a named tuple of parameters, and one profile.

A *radial* kernel is :math:`k(x, y) = \varphi(u)`, :math:`u = |x - y|^2`.  Its class
holds the parameters, its profile returns :math:`\varphi` and four derivatives in
:math:`u`; every sum, gradient and splitting matrix in this package follows from
those five numbers, so a kernel of your own is one tuple and one function
(`splitparticles.profile_of`).

Kernels add by adding objectives: ``KSD(k1, score) + 0.1 * KSD(k2, score)``.
"""

import math
import numbers
from typing import Any, NamedTuple

from .._compiled.compiler import has_profile, profile, profile_of
from .._validation import as_negative, as_positive, with_checked_fields


@with_checked_fields(bandwidth=as_positive)
class Gaussian(NamedTuple):
    r"""Gaussian kernel, :math:`\varphi(u) = \exp(-u / 2\ell^2)`.

    Parameters
    ----------
    bandwidth : float
        The length :math:`\ell`, in units of the positions.

    Examples
    --------
    >>> import splitparticles as sp
    >>> round(sp.mmd([[0.0]], [[2.0]], kernel=sp.Gaussian(2.0)), 6)
    0.887096
    """

    bandwidth: float = 1.0


@profile_of(Gaussian)
def gaussian_profile(kernel, u):
    """Exponential of ``-u / (2 bandwidth^2)``."""
    a = -0.5 / kernel.bandwidth**2
    phi = math.exp(a * u)
    return phi, a * phi, a**2 * phi, a**3 * phi, a**4 * phi


@with_checked_fields(bandwidth=as_positive, exponent=as_negative)
class InverseMultiquadric(NamedTuple):
    r"""Inverse multiquadric, :math:`\varphi(u) = (1 + u/\ell^2)^\beta`.

    Its slow tails let a Stein discrepancy see particles that are far away: with
    :math:`\beta \in (-1, 0)` KSD controls weak convergence (Source: key ``GM17`` in
    docs/references.bib).

    Parameters
    ----------
    bandwidth : float
        The length :math:`\ell`, in units of the positions.
    exponent : float
        The power :math:`\beta < 0`; -1/2 has the fastest loops.

    Examples
    --------
    >>> import splitparticles as sp
    >>> round(sp.mmd([[0.0]], [[2.0]], kernel=sp.InverseMultiquadric(2.0)), 6)
    0.765367
    """

    bandwidth: float = 1.0
    exponent: float = -0.5

    def in_loops(self) -> tuple:
        """Kernel for the loops: at -1/2 one root, which vectorises, not a power."""
        return InverseRoot(self.bandwidth) if self.exponent == -0.5 else self


@profile_of(InverseMultiquadric)
def inverse_multiquadric_profile(kernel, u):
    """Power of ``1 + u / bandwidth^2``."""
    a = 1.0 / kernel.bandwidth**2
    b = kernel.exponent
    over = 1.0 / (1.0 + a * u)
    phi = over**-b
    phi1 = a * b * phi * over
    phi2 = a * (b - 1.0) * phi1 * over
    phi3 = a * (b - 2.0) * phi2 * over
    return phi, phi1, phi2, phi3, a * (b - 3.0) * phi3 * over


class InverseRoot(NamedTuple):
    """Inverse multiquadric of exponent -1/2, for the loops."""

    bandwidth: float = 1.0


@profile_of(InverseRoot)
def inverse_root_profile(kernel, u):
    """Inverse root of ``1 + u / bandwidth^2``."""
    a = 1.0 / kernel.bandwidth**2
    over = 1.0 / (1.0 + a * u)
    phi = math.sqrt(over)
    phi1 = -0.5 * a * phi * over
    phi2 = -1.5 * a * phi1 * over
    phi3 = -2.5 * a * phi2 * over
    return phi, phi1, phi2, phi3, -3.5 * a * phi3 * over


@with_checked_fields(bandwidth=as_positive, alpha=as_positive)
class RationalQuadratic(NamedTuple):
    r"""Rational quadratic, :math:`\varphi(u) = (1 + u / 2\alpha\ell^2)^{-\alpha}`.

    A mixture of Gaussian kernels over all bandwidths; :math:`\alpha \to \infty` is
    the Gaussian one.

    Parameters
    ----------
    bandwidth : float
        The length :math:`\ell`, in units of the positions.
    alpha : float
        Positive; small values mix in wider Gaussians.

    Examples
    --------
    >>> import splitparticles as sp
    >>> round(sp.mmd([[0.0]], [[2.0]], kernel=sp.RationalQuadratic(2.0)), 6)
    0.816497
    """

    bandwidth: float = 1.0
    alpha: float = 1.0

    def in_loops(self):
        """Kernel whose profile the loops use: without a power where alpha is 1."""
        return Reciprocal(self.bandwidth) if self.alpha == 1.0 else self


class Reciprocal(NamedTuple):
    """Rational quadratic of alpha 1, for the loops."""

    bandwidth: float = 1.0


@profile_of(Reciprocal)
def reciprocal_profile(kernel, u):
    """Reciprocal of ``1 + u / (2 bandwidth^2)``."""
    a = 0.5 / kernel.bandwidth**2
    phi = 1.0 / (1.0 + a * u)
    phi1 = -a * phi * phi
    phi2 = -2.0 * a * phi1 * phi
    phi3 = -3.0 * a * phi2 * phi
    return phi, phi1, phi2, phi3, -4.0 * a * phi3 * phi


@profile_of(RationalQuadratic)
def rational_quadratic_profile(kernel, u):
    """Power of ``1 + u / (2 alpha bandwidth^2)``."""
    b = -kernel.alpha
    a = 0.5 / (kernel.alpha * kernel.bandwidth**2)
    over = 1.0 / (1.0 + a * u)
    phi = over**-b
    phi1 = a * b * phi * over
    phi2 = a * (b - 1.0) * phi1 * over
    phi3 = a * (b - 2.0) * phi2 * over
    return phi, phi1, phi2, phi3, a * (b - 3.0) * phi3 * over


@with_checked_fields(bandwidth=as_positive)
class Matern52(NamedTuple):
    r"""Matern kernel of smoothness 5/2, :math:`(1 + s + s^2/3) e^{-s}`.

    Here :math:`s = \sqrt{5u}/\ell`.  Twice differentiable, so fit for MMD; its third
    derivative in u diverges at u = 0, so KSD refuses it.

    Parameters
    ----------
    bandwidth : float
        The length :math:`\ell`, in units of the positions.

    Examples
    --------
    >>> import splitparticles as sp
    >>> round(sp.mmd([[0.0]], [[2.0]], kernel=sp.Matern52(2.0)), 6)
    0.975711
    """

    bandwidth: float = 1.0


@profile_of(Matern52)
def matern52_profile(kernel, u):
    """Matern 5/2; the third and fourth derivatives are infinite at u = 0."""
    a = 5.0 / kernel.bandwidth**2
    s = math.sqrt(a * u)
    decay = math.exp(-s)
    phi = (1.0 + s + s * s / 3.0) * decay
    phi1 = -a * (1.0 + s) * decay / 6.0
    phi2 = a * a * decay / 12.0
    if s > 0.0:
        phi3 = -0.5 * a * phi2 / s
        return phi, phi1, phi2, phi3, 0.25 * a * a * phi2 * (s + 1.0) / s**3
    return phi, phi1, phi2, -math.inf, math.inf


@with_checked_fields(bandwidth=as_positive)
class Energy(NamedTuple):
    r"""Kernel of the energy distance, :math:`\varphi(u) = -\sqrt{\ell^2 + u}`, for MMD.

    Without the bandwidth it is :math:`-|x - y|`, whose squared MMD is the energy
    distance (key ``SR13`` in docs/references.bib): it has no scale of its own, and
    compares measures at small and large distances.  The bandwidth rounds its tip, over
    which a particle could not split; with a bandwidth far above all distances it
    compares means alone.

    It is positive definite only against weights that sum to zero, as those of a
    difference of two measures do: it serves MMD, not KSD.

    Parameters
    ----------
    bandwidth : float
        The length :math:`\ell`, in units of the positions.

    Examples
    --------
    >>> import splitparticles as sp
    >>> x, y = [[0.0], [1.0]], [[0.5], [3.0]]
    >>> round(sp.mmd(x, y, kernel=sp.Energy()) ** 2, 4), sp.energy_distance(x, y)
    (1.25, 1.25)
    """

    bandwidth: float = 1e-6

    @property
    def conditional(self) -> bool:
        """Whether it is positive definite only against weights that sum to zero."""
        return True


@profile_of(Energy)
def energy_profile(kernel, u):
    """Minus the root of ``bandwidth^2 + u``."""
    phi = -math.sqrt(kernel.bandwidth**2 + u)
    phi1 = 0.5 / phi
    over = 4.0 * phi1 * phi1
    phi2 = -0.5 * phi1 * over
    phi3 = -1.5 * phi2 * over
    return phi, phi1, phi2, phi3, -2.5 * phi3 * over


def checked_kernel(kernel: Any) -> tuple:
    """Kernel with float fields; refused if it is no reproducing kernel."""
    name = type(kernel).__name__
    for field, value in zip(kernel._fields, kernel, strict=True):
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise TypeError(f"{name}: {field} must be a number, got {value!r}")
        if not math.isfinite(value) or (field == "bandwidth" and value <= 0):
            wanted = "positive and finite" if field == "bandwidth" else "finite"
            raise ValueError(f"{name}: {field} must be {wanted}, got {value}")
    kernel = kernel._make(map(float, kernel))
    if has_profile(kernel) and not is_conditional(kernel):
        # Cauchy-Schwarz, |k(x, y)| <= k(x, x), at distances of one and ten bandwidths
        try:
            unit = getattr(kernel, "bandwidth", 1.0) ** 2
            k0, k1, k10 = (profile(kernel, u)[0] for u in (0.0, unit, 100.0 * unit))
        except ArithmeticError as error:
            raise ValueError(
                f"{kernel}: its derivatives are no finite floats"
            ) from error
        if not (math.isfinite(k0) and max(abs(k1), abs(k10)) <= k0):
            raise ValueError(
                f"{kernel} is no reproducing kernel: k(x, y) must not exceed k(x, x), "
                f"got {k0} at distance zero, {k1} and {k10} further away"
            )
    return kernel


def is_conditional(kernel: tuple) -> bool:
    """Whether the kernel is positive only against weights that sum to zero."""
    return getattr(kernel, "conditional", False)


def at_bandwidth(kernel: Any, bandwidth: float) -> tuple | None:
    """Kernel with another bandwidth; None when it has none."""
    if "bandwidth" not in getattr(kernel, "_fields", ()):
        return None
    return kernel._replace(bandwidth=float(bandwidth))
