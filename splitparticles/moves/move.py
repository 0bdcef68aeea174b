"""Moves: how particles descend the objective until they converge.

A move is a callable ``move(objective, particles) -> Moved``; a plain function will
do.  It keeps nothing between calls, so a growth between two moves has no optimiser
state to resize.  It never returns particles of a higher value than it was given, and
rejects a step to where F is not finite.

Each move here can move the positions alone, or positions and weights together
(``weights=True``).  Where the objective conserves mass, weights move on the probability
simplex, by the softmax of free logits: they stay positive and keep their sum.  Where it
does not, as for networks, they are free numbers of either sign.
"""

from typing import NamedTuple, Protocol

import numpy as np

from ..objectives.objective import FirstVariation, Objective
from ..particles import ParticleSet


class Moved(NamedTuple):
    """Outcome of a move."""

    particles: ParticleSet
    """Particles of the lowest F that was met."""
    value: float
    """F of the particles."""
    gradient_norm: float
    """Largest ``|grad h(x_i)|`` of the witness at the particles."""
    steps: int
    """Steps taken."""
    converged: bool
    """Whether they converged, by the tolerance of the move."""


class NotFinite(ValueError):
    """Value or gradient that is not finite at the start of a move."""


class Move(Protocol):
    """Anything called with an objective and particles that returns `Moved`."""

    def __call__(self, objective: Objective, particles: ParticleSet) -> Moved:
        """Move the particles downhill."""


def start_of(objective: Objective, particles: ParticleSet) -> FirstVariation:
    """First variation at the start; `NotFinite` names a particle where it is not."""
    variation = objective.first_variation(particles)
    check_lengths(variation, particles)
    if not is_finite(variation):
        bad = ~np.isfinite(variation.witness_gradient).all(axis=1)
        i = int(np.argmax(bad | ~np.isfinite(variation.witness)))
        raise NotFinite(
            "the objective is not finite at the start of a move: particle "
            f"{i} at {particles.positions[i]}"
        )
    return variation


def is_finite(variation: FirstVariation) -> bool:
    """Whether value, witness and gradient are all finite."""
    return bool(
        np.isfinite(variation.value)
        and np.isfinite(variation.witness).all()
        and np.isfinite(variation.witness_gradient).all()
    )


def check_lengths(variation: FirstVariation, particles: ParticleSet) -> None:
    """Refuse arrays of the wrong shape: SciPy would take a gradient of any length."""
    wanted = particles.positions.shape
    got = np.shape(variation.witness), np.shape(variation.witness_gradient)
    if got != (wanted[:1], wanted):
        raise ValueError(
            f"the objective must return a witness and gradient of shapes {wanted[:1]} "
            f"and {wanted}, got {got[0]} and {got[1]}"
        )


def steepest(variation: FirstVariation) -> float:
    """Largest norm of the witness gradient over the particles."""
    return float(np.linalg.norm(variation.witness_gradient, axis=1).max())


def weight_slopes(
    objective: Objective, particles, variation: FirstVariation
) -> np.ndarray:
    """First variation that moves the weights, (n,); less its mean where F keeps mass.

    Then its product with the weight is the derivative of F in the particle's logit;
    where weights are free, it is the derivative in the weight itself.
    """
    if not objective.conserves_mass:
        return variation.witness
    return variation.witness - particles.probabilities @ variation.witness


def reweighted(
    objective: Objective, particles: ParticleSet, change: np.ndarray
) -> ParticleSet:
    """Particles after a change (n,) of logits, or of weights where they are free."""
    if not objective.conserves_mass:
        return particles.weighted(particles.weights + change)
    weights = particles.weights * np.exp(change - change.max())
    return particles.weighted(weights * (particles.weights.sum() / weights.sum()))


def check_weights(objective: Objective, particles: ParticleSet) -> None:
    """Refuse to move weights on the simplex that are not positive."""
    if objective.conserves_mass and particles.weights.min() <= 0:
        i = int(particles.weights.argmin())
        raise ValueError(
            "weights=True moves positive weights only, got weight "
            f"{particles.weights[i]} of particle {i}"
        )
