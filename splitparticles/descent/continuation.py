r"""Continuation in the bandwidth, from coarse to fine.

Few particles under a narrow kernel get stuck: between two modes the witness is flat.
An objective that has a coarser scale is followed from there: n particles follow the
bandwidth

.. math:: \ell_n = \max(\ell,\; c\,\sigma\, n^{-1/d}),

about the distance at which n particles tile the target's spread :math:`\sigma`; once
there are as many as asked for, the bandwidth halves each round until it is the one
asked for, where the loop ends.
"""

from dataclasses import dataclass

from .._validation import as_callable, as_positive, check_fields
from ..objectives import Objective


@dataclass(frozen=True, kw_only=True)
class CoarseToFine:
    """Bandwidth of n particles, ``max(l, factor sd n^(-1/d))``.

    Parameters
    ----------
    factor : float
        Bandwidth of the first particle, in standard deviations of the target.
    """

    factor: float = 3.0

    def __post_init__(self):
        check_fields(self, factor=as_positive)

    def __call__(self, objective: Objective, n: int, dim: int) -> float | None:
        """Bandwidth for n particles; None when the objective has no scale."""
        if objective.bandwidth is None or objective.target_sd is None:
            return None
        return max(
            objective.bandwidth, self.factor * objective.target_sd * n ** (-1 / dim)
        )


class Scale:
    """Objective followed now, from coarse to the one asked for."""

    def __init__(self, objective, continuation, particles):
        self.asked, self.rule = objective, continuation
        self.objective, self.bandwidth = objective, None
        if continuation is not None:
            self._follow(continuation(objective, len(particles), particles.dim))

    @property
    def is_fine(self) -> bool:
        """Whether the objective followed is the one asked for."""
        return self.objective is self.asked

    def _follow(self, bandwidth):
        finest = self.asked.bandwidth
        coarse = None
        if bandwidth is not None and bandwidth > finest * (1.0 + 1e-9):
            coarse = self.asked.coarsened(bandwidth)
        self.objective = self.asked if coarse is None else coarse
        self.bandwidth = bandwidth

    def advance(self, particles, *, grew: bool) -> None:
        """Go finer: by the rule after a growth, by half where nothing grew."""
        if self.is_fine:
            return
        if grew:
            wanted = self.rule(self.asked, len(particles), particles.dim)
            self._follow(min(self.bandwidth, wanted))
        else:
            self._follow(max(self.asked.bandwidth, 0.5 * self.bandwidth))


def chosen_continuation(continuation):
    """Rule that "auto", False or a callable of the user stands for; None for none."""
    if isinstance(continuation, str) and continuation == "auto":
        return CoarseToFine()
    if continuation is False:
        return None
    return as_callable(
        continuation, "continuation", '(objective, n, dim), "auto" or False'
    )
