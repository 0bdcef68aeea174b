"""Moves: how particles go downhill until they rest.

A move is a callable ``move(objective, particles) -> Moved``; a plain function will
do.  It keeps nothing between calls, so a growth between two moves has no optimiser
state to resize.  It never returns particles of a higher value than it was given, and
a value that is not finite is a step it did not take.

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
    """What a move returns."""

    particles: ParticleSet
    """Where the particles came to rest."""
    value: float
    """The objective there."""
    gradient_norm: float
    """Largest ``|grad h(x_i)|`` of the witness there."""
    steps: int
    """Steps taken."""
    converged: bool
    """Whether they rest, by the move's own tolerance."""


class NotFinite(ValueError):
    """The objective has no finite value or gradient where a move should begin."""


class Move(Protocol):
    """Anything called with an objective and particles that returns `Moved`."""

    def __call__(self, objective: Objective, particles: ParticleSet) -> Moved:
        """Move the particles downhill."""


def start_of(objective: Objective, particles: ParticleSet) -> FirstVariation:
    """First variation at the start, which has to be finite."""
    here = objective.first_variation(particles)
    check_lengths(here, particles)
    if not is_finite(here):
        bad = ~np.isfinite(here.witness_gradient).all(axis=1)
        i = int(np.argmax(bad | ~np.isfinite(here.witness)))
        raise NotFinite(
            "the objective is not finite at the start of a move: particle "
            f"{i} at {particles.positions[i]}"
        )
    return here


def is_finite(here: FirstVariation) -> bool:
    """Whether value, witness and gradient are all finite."""
    return bool(
        np.isfinite(here.value)
        and np.isfinite(here.witness).all()
        and np.isfinite(here.witness_gradient).all()
    )


def check_lengths(here: FirstVariation, particles: ParticleSet) -> None:
    """Refuse an objective whose arrays do not fit: optimisers would go astray."""
    wanted = particles.positions.shape
    got = np.shape(here.witness), np.shape(here.witness_gradient)
    if got != (wanted[:1], wanted):
        raise ValueError(
            f"the objective must return a witness and gradient of shapes {wanted[:1]} "
            f"and {wanted}, got {got[0]} and {got[1]}"
        )


def steepest(here: FirstVariation) -> float:
    """Largest norm of the witness gradient over the particles."""
    return float(np.linalg.norm(here.witness_gradient, axis=1).max())


def weight_slopes(objective: Objective, particles, here: FirstVariation) -> np.ndarray:
    """First variation that moves the weights, (n,): its mean counts only for free ones.

    Times the weight it is the derivative of F in a particle's logit; as it stands, in
    a free weight.
    """
    if not objective.conserves_mass:
        return here.witness
    share = particles.weights / particles.weights.sum()
    return here.witness - share @ here.witness


def reweighted(
    objective: Objective, particles: ParticleSet, change: np.ndarray
) -> ParticleSet:
    """Weights after a change of their logits, or of free weights themselves."""
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
