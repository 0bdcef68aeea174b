r"""Objectives: functionals of a particle measure, known by their first variation.

All that the method asks of a problem is the *first variation* of
:math:`F(\mu)`, the function :math:`h_\mu` for which a little mass t moved to y
changes F by :math:`t\,(h(y) - \int h\,d\mu) + O(t^2)`.  For half a squared
discrepancy it is the *witness function*.  From it,

.. math::
    \frac{\partial F}{\partial x_i} = w_i \nabla h(x_i), \qquad
    S_i = w_i \nabla^2 h(x_i),

and a split of particle i into :math:`x_i \pm e v`, half the weight each, changes F
by :math:`\tfrac12 e^2\, v^T S_i v + O(e^4)`: the *splitting matrix* of Liu, Wu and
Wang (key ``LWW19`` in docs/references.bib), here with the weight inside it.

Write a new objective by giving `value`, `witness` and `witness_gradient`; the rest
follows.  Particles come first in every method; ``at=None`` means "at the particles".
"""

from abc import ABC, abstractmethod

import numpy as np

from .._validation import as_finite, as_positions
from ..particles import ParticleSet
from .first_variation import FirstVariation
from .new_particles import NewParticles

DIFFERENCE = 1e-5


def points(particles: ParticleSet, at) -> np.ndarray:
    """Positions (n, d) of the particles, or the points `at` (m, d), checked."""
    return particles.positions if at is None else as_positions(at, "at", particles.dim)


class Objective(NewParticles, ABC):
    """Functional F of weighted particles (abstract)."""

    conserves_mass = True
    """Whether weights keep their sum when they move or a new particle takes some."""

    score_rows = 0
    """Rows that were passed to the score of a target, so far."""

    @abstractmethod
    def value(self, particles: ParticleSet) -> float:
        """F of the particles."""

    @abstractmethod
    def witness(
        self, particles: ParticleSet, at: np.ndarray | None = None
    ) -> np.ndarray:
        """First variation at the points `at` (m, d), shape (m,)."""

    @abstractmethod
    def witness_gradient(
        self, particles: ParticleSet, at: np.ndarray | None = None
    ) -> np.ndarray:
        """Gradient of the first variation at the points `at`, shape (m, d)."""

    # ------------------------------------------- better where more is known
    def first_variation(self, particles: ParticleSet) -> FirstVariation:
        """Value, witness and its gradient at the particles, in one pass if it can."""
        return FirstVariation(
            self.value(particles),
            self.witness(particles),
            self.witness_gradient(particles),
        )

    def witness_hessian_product(
        self, particles: ParticleSet, directions: np.ndarray
    ) -> np.ndarray:
        """Hessian of h at x_i times ``directions[i]``, (n, d); by differences here."""
        size = np.linalg.norm(directions, axis=1, keepdims=True)
        step = DIFFERENCE * directions / np.where(size > 0, size, 1.0)
        up = self.witness_gradient(particles, particles.positions + step)
        down = self.witness_gradient(particles, particles.positions - step)
        return (up - down) * (size / (2.0 * DIFFERENCE))

    def witness_hessian(self, particles: ParticleSet) -> np.ndarray:
        """Hessians of h at the particles, (n, d, d); from d products here."""
        n, d = particles.positions.shape
        columns = [
            self.witness_hessian_product(particles, np.broadcast_to(e, (n, d)))
            for e in np.eye(d)
        ]
        hessian = np.stack(columns, axis=2)
        return 0.5 * (hessian + hessian.swapaxes(1, 2))

    def split_change(
        self,
        particles: ParticleSet,
        parents: np.ndarray,
        directions: np.ndarray,
        steps: np.ndarray,
    ) -> np.ndarray:
        """Exact change of F when ``parents[j]`` alone is split, (m,)."""
        now = self.value(particles)
        splits = zip(parents, directions, steps, strict=True)
        return np.array(
            [self.value(particles.split([i], [v], [e])) - now for i, v, e in splits]
        )

    def kernel_pairs(self, x: np.ndarray, y: np.ndarray) -> np.ndarray | None:
        """Kernel ``K(x_i, y_i)`` of half a squared discrepancy, (m,); None of others.

        With it F is known to be quadratic in the weights.
        """
        return None

    @property
    def n_rows(self) -> int | None:
        """Rows of data that F is a mean over, where it is one."""
        return None

    def of_rows(self, rows: np.ndarray) -> "Objective":
        """Return the same mean over some rows only."""
        raise TypeError(f"{type(self).__name__} is no mean over rows of data")

    @property
    def labels(self) -> np.ndarray | None:
        """Coordinates that only say what a particle is and never move, (d,)."""
        return None

    def coarsened(self, bandwidth: float) -> "Objective | None":
        """Return the objective at a coarser scale, or None when it knows none."""
        return None

    @property
    def bandwidth(self) -> float | None:
        """Scale asked for, or None when the objective knows none."""
        return None

    def joined(self, other: "Objective", factor: float) -> "Objective | None":
        """Objective ``self + factor * other`` where one pass gives both; else None."""
        return None

    # ------------------------------------------------------------- derived
    def value_and_gradient(self, particles: ParticleSet) -> tuple[float, np.ndarray]:
        """F and its gradient with respect to the positions, (n, d)."""
        value, _, slope = self.first_variation(particles)
        return value, particles.weights[:, None] * slope

    def gradient(self, particles: ParticleSet) -> np.ndarray:
        """Gradient of F with respect to the positions, (n, d)."""
        return self.value_and_gradient(particles)[1]

    def splitting_product(
        self, particles: ParticleSet, directions: np.ndarray
    ) -> np.ndarray:
        """Product ``S_i directions[i]``, (n, d)."""
        directions = np.ascontiguousarray(directions, dtype=float)
        if directions.shape != particles.positions.shape:
            raise ValueError(
                f"directions must have shape {particles.positions.shape}, "
                f"got {directions.shape}"
            )
        product = self.witness_hessian_product(particles, directions)
        return particles.weights[:, None] * product

    def splitting_matrices(self, particles: ParticleSet) -> np.ndarray:
        """Splitting matrices S_i, symmetric, (n, d, d)."""
        return particles.weights[:, None, None] * self.witness_hessian(particles)

    def discrepancy(self, particles: ParticleSet) -> float:
        """Return ``sqrt(2 F)``, the discrepancy itself."""
        return float(np.sqrt(max(2.0 * self.value(particles), 0.0)))

    def __add__(self, other: "Objective") -> "Objective":
        return Sum.of([(1.0, self), (1.0, other)])

    def __mul__(self, factor: float) -> "Objective":
        return Sum.of([(as_finite(factor, "factor"), self)])

    __rmul__ = __mul__


class Sum(Objective):
    """Weighted sum of objectives, made by ``0.5 * F + G``; witnesses add.

    Terms that share their work (KSDs of one score) become one term.
    """

    def __init__(self, terms: list[tuple[float, Objective]]):
        self.terms = terms

    @classmethod
    def of(cls, terms: list[tuple[float, Objective]]) -> Objective:
        """Sum of (factor, objective) pairs, flat and with joined terms."""
        flat: list[tuple[float, Objective]] = []
        for factor, term in terms:
            if not isinstance(term, Objective):
                raise TypeError(f"only objectives can be added, got {term!r}")
            inner = term.terms if isinstance(term, Sum) else [(1.0, term)]
            for weight, part in inner:
                _add_term(flat, factor * weight, part)
        return flat[0][1] if len(flat) == 1 and flat[0][0] == 1.0 else cls(flat)

    def _total(self, of_term):
        return sum(factor * of_term(term) for factor, term in self.terms)

    def _known(self, name):
        """Values of an attribute, of the terms in which it is not None."""
        return [v for _, t in self.terms if (v := getattr(t, name)) is not None]

    def value(self, particles):
        """Weighted sum of the values."""
        return self._total(lambda term: term.value(particles))

    def witness(self, particles, at=None):
        """Weighted sum of the witnesses."""
        return self._total(lambda term: term.witness(particles, at))

    def witness_gradient(self, particles, at=None):
        """Weighted sum of the witness gradients."""
        return self._total(lambda term: term.witness_gradient(particles, at))

    def first_variation(self, particles):
        """Weighted sum, one pass a term."""
        parts = [(factor, t.first_variation(particles)) for factor, t in self.terms]
        return FirstVariation(
            *(sum(factor * part[k] for factor, part in parts) for k in range(3))
        )

    def witness_hessian_product(self, particles, directions):
        """Weighted sum of the products."""
        return self._total(lambda t: t.witness_hessian_product(particles, directions))

    def witness_hessian(self, particles):
        """Weighted sum of the Hessians."""
        return self._total(lambda term: term.witness_hessian(particles))

    def split_change(self, particles, parents, directions, steps):
        """Weighted sum of the changes."""
        splits = parents, directions, steps
        return self._total(lambda term: term.split_change(particles, *splits))

    def kernel_pairs(self, x, y):
        """Weighted sum of the kernels; None where a term has none."""
        pairs = [(factor, term.kernel_pairs(x, y)) for factor, term in self.terms]
        if any(values is None for _, values in pairs):
            return None
        return sum(factor * values for factor, values in pairs)

    def coarsened(self, bandwidth):
        """Sum in which each term that can be is coarser; None where none can."""
        coarse = [(f, term.coarsened(bandwidth), term) for f, term in self.terms]
        if all(coarser is None for _, coarser, _ in coarse):
            return None
        return Sum.of(
            [(f, term if coarser is None else coarser) for f, coarser, term in coarse]
        )

    @property
    def conserves_mass(self):
        """Whether any term does."""
        return any(term.conserves_mass for _, term in self.terms)

    @property
    def score_rows(self):
        """Rows passed to the scores of all terms."""
        return sum(term.score_rows for _, term in self.terms)

    @property
    def insertion_descends(self):
        """Whether it does for every term."""
        return all(term.insertion_descends for _, term in self.terms)

    @property
    def labels(self):
        """Labels of the first term that has any."""
        return next(iter(self._known("labels")), None)

    @property
    def bandwidth(self):
        """Finest scale among the terms."""
        return min(self._known("bandwidth"), default=None)

    @property
    def target_sd(self):
        """Largest standard deviation of a target that a term knows."""
        return max(self._known("target_sd"), default=None)

    def proposals(self, particles, many, rng, *, reach=1.0):
        """Proposals of the first term."""
        return self.terms[0][1].proposals(particles, many, rng, reach=reach)

    def surroundings(self, particles, reach):
        """Bounds of the first term."""
        return self.terms[0][1].surroundings(particles, reach)


def _add_term(flat, factor, part):
    for k, (own, term) in enumerate(flat):
        joined = term.joined(part, factor / own) if own != 0.0 else None
        if joined is not None:
            flat[k] = own, joined
            return
    flat.append((factor, part))
