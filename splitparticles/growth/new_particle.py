"""New particle at a random point: the control for `Insertion`.

Only the mass of the particle is chosen to lower F.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .._validation import as_callable, as_count, check_fields
from .growth import nothing_grew
from .insertion import inserted


@dataclass(frozen=True, kw_only=True)
class NewParticle:
    """Add one particle at random.

    Parameters
    ----------
    draw : callable, optional
        ``rng -> point (d,)``.  By default a proposal of the objective: a normal draw
        around a random particle, as wide as the target where the objective knows its
        width, or else as the particles; for a network, a random neuron.
    trials : int
        Points tried until one lowers F.

    Examples
    --------
    >>> import numpy as np, splitparticles as sp
    >>> F = sp.MMD(sp.Gaussian(1.0), [[-2.0], [2.0]])
    >>> growth = sp.NewParticle(draw=lambda rng: rng.uniform(-3.0, 3.0, size=1))
    >>> one = sp.ParticleSet([[-2.0]])
    >>> grown = growth(F, one, 1, np.random.default_rng(0))
    >>> len(grown.particles), F.value(grown.particles) < F.value(one)
    (2, True)
    """

    draw: Callable | None = None
    trials: int = 10

    def __post_init__(self):
        check_fields(self, trials=as_count)
        if self.draw is not None:
            as_callable(self.draw, "draw", "(rng) -> point (d,)")

    def __call__(self, objective, particles, limit, rng):
        """Add a particle, if there is room and F falls."""
        for _ in range(self.trials if limit >= 1 else 0):
            if self.draw is not None:
                point = np.asarray(self.draw(rng), dtype=float)
            else:
                point = objective.proposals(particles, 1, rng)[0]
            if point.shape != (particles.dim,):
                raise ValueError(
                    f"draw must return shape {(particles.dim,)}, got {point.shape}"
                )
            grown = inserted(objective, particles, point)
            if grown:
                return grown
        return nothing_grew(particles)
