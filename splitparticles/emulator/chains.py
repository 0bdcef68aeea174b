r"""Hamiltonian chains on an emulator: draws that cost no score.

All chains leap at once, in one compiled loop.  Their random numbers are drawn before,
so the same generator gives the same bits on any number of threads.  In working
coordinates the masses are one; each leap's length varies by a third about the common
one, which the first steps adapt until proposals are accepted as often as is best for
many coordinates.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .._compiled.blocks import evened
from .._compiled.threads import in_row_blocks, pair_steps
from .._keywords import explains_keywords
from .._validation import (
    as_count,
    as_positions,
    as_positive,
    as_rng,
)
from ._chain_loops import chain_loop
from .emulator import Emulator

ACCEPTANCE = 0.8  # wanted

ROUNDS = 20  # of the adaptation of the leaps

JITTER = 0.3


class Chains(NamedTuple):
    """States that Hamiltonian chains have kept, and how they moved."""

    positions: np.ndarray
    """Kept states, (k, c, d)."""
    log_densities: np.ndarray
    """The emulator's log density there, to the power of the chains, (k, c)."""
    acceptance: float
    """Mean probability that a proposal was accepted."""
    step_size: float
    """Length of a leap, adapted."""
    stopped: float
    """Fraction of the proposals that would have passed the wall."""


@explains_keywords
def chains(
    emulator: Emulator,
    start: ArrayLike,
    *,
    steps: int = 200,
    warmup: int = 100,
    leaps: int = 8,
    thin: int = 4,
    step_size: float = 0.3,
    longest: float = np.inf,
    wall: float = np.inf,
    floor: float = -np.inf,
    rng=None,
) -> Chains:
    """Hamiltonian chains on an emulator.

    For a density to a power, hand over ``emulator.flattened(power)``.

    Parameters
    ----------
    emulator : Emulator
    start : array_like, shape (c, d)
        One state a chain.
    steps, warmup : int
        Proposals a chain that are kept, every `thin`-th of them, and before them those
        that adapt the length of the leaps and are not.
    leaps : int
        Leapfrog steps a proposal.
    step_size, longest : float
        Length of a leap at first, and at most.  A quarter of an oscillation, 1.6 in all
        leaps of a proposal, forgets the start best.
    wall : float
        Distance, in the emulator's metric, from its nearest row beyond which no chain
        goes.
    floor : float
        Log density of the emulator below which no chain goes.
    rng : seed or numpy.random.Generator, optional

    Returns
    -------
    Chains

    Raises
    ------
    TypeError, ValueError
        When an argument is not what is said here.
    """
    x = as_positions(start, "start", emulator.dim)
    steps, leaps, thin = (
        as_count(value, name)
        for value, name in ((steps, "steps"), (leaps, "leaps"), (thin, "thin"))
    )
    warmup = as_count(warmup, "warmup", 0)
    size = as_positive(step_size, "step_size")
    walk = _Walk(emulator, x, leaps, wall, floor, as_rng(rng))
    adaptations = _parts(warmup, max(1, -(-warmup // ROUNDS)))
    for number, count in enumerate(adaptations, start=1):
        excess = walk(count, size) - ACCEPTANCE
        excess /= 1.0 - ACCEPTANCE if excess > 0.0 else ACCEPTANCE
        size = min(size * np.exp(excess / number**0.5), longest)
    positions, values, rates = [], [], []
    walk.stopped = 0.0
    for count in _parts(steps, thin):
        rates.append(walk(count, size))
        positions.append(walk.x[:, : x.shape[1]].copy())
        values.append(walk.values.copy())
    rate = float(np.mean(rates))
    stopped = float(walk.stopped) / steps
    return Chains(np.array(positions), np.array(values), rate, float(size), stopped)


class _Walk:
    """States of all chains, and what moves them on."""

    def __init__(self, emulator, x, leaps, wall, floor, rng):
        self.emulator, self.leaps, self.rng = emulator, leaps, rng
        prior = emulator.prior
        self.settings = np.array([prior.scale, prior.power, wall**2, floor, leaps])
        self.stopped = 0.0
        self.values, s = emulator.log_density_and_score(x)
        self.dim, self.x, self.s = x.shape[1], evened(x), evened(s)

    def __call__(self, steps, size):
        """Make so many proposals a chain; the mean probability of acceptance."""
        c, even = self.x.shape
        p = np.zeros((steps, c, even))
        p[:, :, : self.dim] = self.rng.standard_normal((steps, c, self.dim))
        log_u = -self.rng.standard_exponential((steps, c))
        sizes = size * self.rng.uniform(1.0 - JITTER, 1.0 + JITTER, (steps, c))
        counts = np.zeros((c, 2))  # accepted, and stopped by the wall
        rows = self.emulator.rows
        states = self.x, self.s, self.values, counts
        work = steps * self.leaps * pair_steps(self.x, rows[0], 2)
        in_row_blocks(
            chain_loop,
            self.emulator.kernel,
            (self.settings, self.emulator.metric, *rows, p, log_u, sizes, *states),
            c,
            work,
            fewest_rows=8,
        )
        accepted, stopped = counts.mean(axis=0)
        self.stopped += stopped
        return accepted / steps


def _parts(total, size):
    """Parts of `total`, each of `size` but the last."""
    return [min(size, total - first) for first in range(0, total, size)]
