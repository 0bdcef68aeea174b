"""Linear and quadratic kernels."""

from typing import NamedTuple


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
