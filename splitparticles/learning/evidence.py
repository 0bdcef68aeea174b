r"""Evidence and masses of modes by importance sampling, where a log density is known.

In the basin of each of K modes the emulated density is normalised by a bridge between
its draws and those of a Student density :math:`q_k` fitted to them, which asks nothing.
Then draws of the mixture

.. math:: \pi = \frac1K \sum_k \big[ \alpha\, \hat p_k + (1 - \alpha)\, q_k \big]

go to the log density in one call, and :math:`w = p / \pi` are their importance weights:
their mean is the evidence, and their shares are the masses of the basins.  The Students
are a defence (source: key ``H95`` in docs/references.bib): where an emulator misses a
tail no draw of it tells, but some of theirs do, by great weights.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp, softmax

from ..modes.masses import pareto_shape
from ..modes.trial import trial_log_density
from .part import Part
from .student import Student

PROPOSALS = 2**15  # of a normalising constant, at no row

WEIGHTED = 1024  # rows of the log density

STUDENTS = 0.25  # of them

LARGEST_PARETO = 0.7  # shape of the weights' tail that is to be trusted

BRIDGES = 200  # steps towards an integral

MISMATCH = 0.3  # of chains and emulated density, in standard deviations

HARMLESS = 0.005  # norm of a correction whose tail may have any shape


@dataclass(frozen=True, eq=False)
class Evidence:
    """Importance weights of draws of an emulator, and what follows."""

    draws: np.ndarray
    """Of the mixture, in the user's coordinates, (m, d)."""
    weights: np.ndarray
    """They sum to one, (m,)."""
    correction: np.ndarray
    """Weights, minus those that would make them draws of the emulator, (m,)."""
    log_evidence: float
    """Log integral of the density."""
    masses: np.ndarray
    """Of the basins, (K,)."""
    mismatch: float
    """Distance in standard deviations of the means of chains and emulated density."""
    highest: float
    """Log density at the highest draw."""
    at_start: float
    """Log density at the highest start."""

    @property
    def pareto_k(self) -> float:
        """Shape of the weights' tail."""
        return pareto_shape(self.weights)

    @property
    def effective(self) -> float:
        """Effective number of draws."""
        return 1.0 / float(self.weights @ self.weights)

    @property
    def trusted(self) -> bool:
        """Whether the weights are: k is blind to how little they may differ."""
        if not (np.isfinite(self.log_evidence) and self.mismatch < MISMATCH):
            return False
        small = np.linalg.norm(self.correction) < HARMLESS
        return bool(small or self.pareto_k <= LARGEST_PARETO)


class Normalised(NamedTuple):
    """A part of the emulated density with its integral, and a Student beside it."""

    part: Part
    student: Student
    log_integral: float = np.nan
    """NaN where the chains hardly come into the part's basin."""
    mismatch: float = np.inf
    """Largest distance of its mean from that of chains, in standard deviations."""

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """Log density in the user's coordinates, (m,)."""
        return self.part.log_density(x) - self.log_integral


def normalised(part: Part, rng) -> Normalised:
    """Normalise a part of the emulated density."""
    fit, d = part.fit, part.fit.emulator.dim
    z = fit.chains(rng, steps=60).positions.reshape(-1, d)
    own = part.holds(fit.change.to_user(z))
    if np.count_nonzero(own) <= 2 * d:
        return Normalised(part, Student.fitted(fit.change, z))
    z = z[own]
    student = Student.fitted(fit.change, z)
    x = np.vstack([fit.change.to_user(z), student.draws(PROPOSALS, rng)])
    log_p, log_q = part.log_density(x), student.log_density(x)
    u = student.change.to_working(x)
    _, weights = bridge(log_p, log_q, len(z))
    off = float(np.abs(weights @ u - u[: len(z)].mean(axis=0)).max())
    # bumps of the emulator where it is denser than anywhere that chains go
    bumps = log_p - log_q > (log_p - log_q)[: len(z)].max()
    log_integral, _ = bridge(np.where(bumps, -np.inf, log_p), log_q, len(z))
    return Normalised(part, student, log_integral, off)


def bridge(log_p: np.ndarray, log_q: np.ndarray, n: int) -> tuple[float, np.ndarray]:
    r"""Log integral Z of a density p by n draws of it and m of a normalised q.

    .. math:: Z = \sum_i w_i, \qquad w_i = p_i / (n p_i / Z + m q_i)

    over all of them, p's first (source: key ``MW96`` in docs/references.bib); and the
    weights w for p, divided by their sum.  None is more than 1 / n.
    """
    log_n, log_m = np.log(n), np.log(len(log_p) - n)
    log_z = float(logsumexp(log_p[n:] - log_q[n:]) - log_m)
    for _ in range(BRIDGES):
        before = log_z
        log_w = log_p - np.logaddexp(log_n + log_p - log_z, log_m + log_q)
        log_z = float(logsumexp(log_w))
        if abs(log_z - before) < 1e-9:
            break
    return log_z, softmax(log_w)


def evidence(
    parts: list[Part], log_density: Callable, start: np.ndarray, rng
) -> Evidence:
    """Evidence by one call of a log density, (m, d) -> (m,); start points (n0, d)."""
    each = WEIGHTED // len(parts)
    few = round(STUDENTS * each)
    densities = [normalised(part, rng) for part in parts]
    rows = [
        (p.part.draws(each - few, rng), p.student.draws(few, rng)) for p in densities
    ]
    x = np.vstack([array for pair in rows for array in pair])
    emulated = np.array([p.log_density(x) for p in densities])
    students = np.array([p.student.log_density(x) for p in densities])
    shares = np.log([(each - few) / len(x), few / len(x)])
    log_mixture = logsumexp([shares[0] + emulated, shares[1] + students], axis=(0, 1))
    heights = trial_log_density(log_density)(np.vstack([x, start]))
    heights, at_start = heights[: len(x)], heights[len(x) :]
    log_w = np.where(np.isfinite(heights), heights, -np.inf) - log_mixture
    with np.errstate(invalid="ignore"):  # where no height is finite
        weights = softmax(log_w)
    masses = np.array([weights[part.holds(x)].sum() for part in parts])
    of_emulator = logsumexp(emulated, axis=0, b=masses[:, None]) - log_mixture
    return Evidence(
        x,
        weights,
        weights - softmax(of_emulator),
        float(logsumexp(log_w) - np.log(len(x))),
        masses,
        max(p.mismatch for p in densities),
        float(np.max(heights, where=np.isfinite(heights), initial=-np.inf)),
        float(np.max(at_start)),
    )
