r"""Evidence and masses of modes by importance sampling, where a log density is known.

In the basin of each of K modes the emulated density is normalised by importance
sampling from a Student density :math:`q_k` fitted to its draws, which asks nothing.
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
    log_integral: float
    """NaN where the chains hardly come into the part's basin."""
    student: Student
    mismatch: float
    """Largest distance of its mean from that of chains, in standard deviations."""

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """Log density in the user's coordinates, (m,)."""
        return self.part.log_density(x) - self.log_integral


def normalised(part: Part, rng) -> Normalised:
    """Normalise a part of the emulated density."""
    fit, d = part.fit, part.fit.emulator.dim
    z = fit.chains(rng, steps=60).positions.reshape(-1, d)
    own = part.holds(fit.change.to_user(z))
    known = np.count_nonzero(own) > 2 * d
    student = Student.fitted(fit.change, z[own] if known else z)
    x = student.draws(PROPOSALS, rng)
    log_w = part.log_density(x) - student.log_density(x)
    log_integral = float(logsumexp(log_w) - np.log(len(x))) if known else np.nan
    mean = np.exp(log_w - logsumexp(log_w)) @ student.change.to_working(x)
    return Normalised(part, log_integral, student, float(np.abs(mean).max()))


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
