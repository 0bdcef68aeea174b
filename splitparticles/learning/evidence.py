r"""Evidence and masses of modes by importance sampling, where a log density is known.

In the basin of each of K modes the emulated density is normalised by bridge sampling
(source: key ``MW96`` in docs/references.bib) between its draws and those of a Student
density :math:`q_k` fitted to them, which asks nothing.  Then draws of the mixture

.. math:: \pi = \frac1K \sum_k \big[ \alpha\, \hat p_k + (1 - \alpha)\, q_k \big]

go to the log density in one call, and :math:`w = p / \pi` are their importance weights:
their mean is the evidence, and their shares are the masses of the basins.  The share of
the Students is a defence (key ``H95``): they reach tails that no draw of an emulator
reaches, and where it misses some, the weights there are large.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, logsumexp, softmax

from ..coordinates.change import ChangeOfVariables
from ..coordinates.preconditioner import Preconditioner
from ..modes.masses import pareto_shape
from .part import Part

FREE_DRAWS = 8192  # of either density, in bridge sampling

WEIGHTED_DRAWS = 1024  # rows of the log density

STUDENTS = 0.25  # of them

NU = 5.0  # degrees of freedom

ITERATIONS, TOLERANCE = 200, 1e-9  # of bridge sampling


@dataclass(frozen=True, eq=False)
class Evidence:
    """Importance weights of draws, and what follows."""

    draws: np.ndarray
    """In the user's coordinates, (m, d)."""
    weights: np.ndarray
    """They sum to one, (m,)."""
    log_evidence: float
    """Log integral of the density; minus infinity where all weights are 0."""
    masses: np.ndarray
    """Of the basins, (K,)."""
    heights: np.ndarray
    """The log density at the draws, (m,)."""

    @property
    def pareto_k(self) -> float:
        """Shape of the weights' tail."""
        return pareto_shape(self.weights)

    @property
    def effective(self) -> float:
        """Effective number of draws."""
        return 1.0 / float(self.weights @ self.weights)


@dataclass(frozen=True, eq=False)
class Student:
    """Product of Student densities in coordinates u, of which x is a function."""

    change: ChangeOfVariables

    @classmethod
    def fitted(cls, change: ChangeOfVariables, x: np.ndarray) -> "Student":
        """Student density with the moments of draws (m, d), seen in coordinates."""
        z = change.to_working(x)
        C = np.atleast_2d(np.cov(z.T))
        return cls(change.then(Preconditioner.of_covariance(z.mean(axis=0), C)))

    def draws(self, m: int, rng) -> np.ndarray:
        """Draws in the user's coordinates, (m, d)."""
        return self.change.to_user(rng.standard_t(NU, (m, len(self.change.centre))))

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """Log density in the user's coordinates, (m,)."""
        u = self.change.to_working(x)
        constant = gammaln(0.5 * NU + 0.5) - gammaln(0.5 * NU) - 0.5 * np.log(NU * np.pi)
        log_q = (constant - 0.5 * (NU + 1.0) * np.log1p(u * u / NU)).sum(axis=1)
        return log_q - self.change.log_determinant(u)


def bridged(part: Part, rng) -> tuple[float, Student]:
    """Log integral of a part's emulated density, and the Student beside it."""
    x = part.draws(2 * FREE_DRAWS, rng)
    student, x = Student.fitted(part.fit.change, x[FREE_DRAWS:]), x[:FREE_DRAWS]
    y = student.draws(FREE_DRAWS, rng)
    of_p, of_q = (part.log_density(v) - student.log_density(v) for v in (x, y))
    return bridge(of_p, of_q), student


def bridge(of_p: np.ndarray, of_q: np.ndarray) -> float:
    r"""Log integral of p by the optimal bridge to a normalised q.

    From :math:`\log p / q` at as many draws of p and of q: the fixed point of
    :math:`r = \frac{\mathrm{mean}_q\, l / (l + r)}{\mathrm{mean}_p\, 1 / (l + r)}`.
    """
    log_r = logsumexp(of_q) - np.log(len(of_q))
    for _ in range(ITERATIONS):
        above = logsumexp(of_q - np.logaddexp(of_q, log_r))
        below = logsumexp(-np.logaddexp(of_p, log_r))
        before, log_r = log_r, above - below
        if not abs(log_r - before) > TOLERANCE:
            break
    return float(log_r)


def evidence(parts: list[Part], log_density: Callable, rng) -> Evidence:
    """Evidence by one call of a log density, (m, d) -> (m,)."""
    count = WEIGHTED_DRAWS // len(parts)
    students, rows, log_integrals = [], [], []
    few = round(STUDENTS * count)
    for part in parts:
        log_integral, student = bridged(part, rng)
        log_integrals.append(log_integral)
        students.append(student)
        rows += [part.draws(count - few, rng), student.draws(few, rng)]
    x = np.vstack(rows)
    alpha, K = 1.0 - few / count, len(parts)
    log_mixture = logsumexp(
        [np.log(alpha / K) + p.log_density(x) - c for p, c in zip(parts, log_integrals)]
        + [np.log((1.0 - alpha) / K) + q.log_density(x) for q in students],
        axis=0,
    )
    with np.errstate(all="ignore"):
        heights = log_density(x)
    log_w = np.where(np.isfinite(heights), heights, -np.inf) - log_mixture
    log_evidence = float(logsumexp(log_w) - np.log(len(x)))
    w = softmax(log_w)
    masses = np.array([1.0 if p.inside is None else w[p.inside(x)].sum() for p in parts])
    return Evidence(x, w, log_evidence, masses, heights)
