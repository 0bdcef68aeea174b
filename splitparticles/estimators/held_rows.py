r"""Choice of a network's decay or size by rows held back.

Several networks are trained, each without a part of the rows, in stages: at decays from
strong to weak, where each network begins with the neurons of the decay before, or at
growing sizes.  The stage chosen is the one with the least mean loss on the rows held
back, of all parts together, at the factor of the outputs that suits it.  The mean of
its networks is one network again, for the mean of measures is a measure.

A strong decay leaves few neurons that pay, and a weaker one more: the size follows.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing
from itertools import zip_longest
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar

from ..networks.network import Network
from ..particles import ParticleSet

FEWEST_ROWS = 10  # with fewer, no rows are held back

DECAYS = 9  # of a path
STRONGEST = 0.1
DECAYS_A_DECADE = 2

PAYS = 1e-3  # share of F that a new neuron gains at least, or the decay falls

CLEARLY = 1.02  # held loss over its least that is no noise

SOFTER = -3.0, 0.0  # logarithm of the factor of the outputs: they are shrunk at most


Stages = Generator[ParticleSet, None, None]  # of networks, stage by stage


class Part(NamedTuple):
    """Rows of one network, and the rows held back from it."""

    train: np.ndarray
    held: np.ndarray


class Choice(NamedTuple):
    """Networks of the stage chosen."""

    stage: int
    losses: list[float]
    """Mean loss on the rows held back, one a stage."""
    members: list[ParticleSet]
    """Neurons of each network."""
    scale: float
    """Factor of the outputs at which the loss is least."""

    @property
    def neurons(self) -> ParticleSet:
        """Neurons of the mean of the networks, scaled."""
        positions = np.vstack([member.positions for member in self.members])
        weights = np.concatenate([member.weights for member in self.members])
        return ParticleSet(positions, self.scale / len(self.members) * weights)


def parts_of(many: int, fraction: float, classes, rng) -> list[Part]:
    """Parts of the rows: each row is held back once, and classes alike.

    One part, of all rows held and not held, where there are few or none are to be held.
    """
    rows = np.arange(many)
    if many < FEWEST_ROWS or not fraction:
        return [Part(rows, rows)]
    order = rng.permutation(many)
    if classes is not None:  # StratifiedKFold refuses classes smaller than the parts
        order = order[np.argsort(classes[order], kind="stable")]
    n_parts = min(max(2, round(1.0 / fraction)), many)
    part = np.empty(many, dtype=int)
    part[order] = rows % n_parts
    return [Part(rows[part != k], rows[part == k]) for k in range(n_parts)]


def decays() -> np.ndarray:
    """Decays of a path, from strong to weak."""
    return STRONGEST * 10.0 ** (-np.arange(DECAYS) / DECAYS_A_DECADE)


def decayed(network: Network, first: ParticleSet, grow: Callable) -> Stages:
    """Neurons at each decay of the path, grown for as long as a new one pays.

    Parameters
    ----------
    grow : callable
        (network, neurons) -> generator of rounds.
    """
    neurons = first
    for decay in decays():
        with closing(grow(network.of_decay(decay), neurons)) as run:
            for state in run:
                neurons = state.particles
                if -state.grown.expected < PAYS * state.value:
                    break
        yield neurons


def sized(network: Network, first: ParticleSet, grow: Callable) -> Stages:
    """Neurons at each size, at the network's decay."""
    with closing(grow(network, first)) as run:
        for state in run:
            yield state.particles


def chosen_stage(
    paths: Sequence[Stages], held: Sequence[Network], patience: int
) -> Choice:
    """Stage of least held loss, of networks on their paths in lockstep.

    The paths end after `patience` stages of a loss clearly above the least.
    """
    losses: list[float] = []
    members: list[ParticleSet] = []
    waited = 0
    with ExitStack() as stack:
        for path in paths:
            stack.enter_context(closing(path))
        for neurons in zip_longest(*paths):
            # a path may end before the others
            members = [a or b for a, b in zip(neurons, members or neurons, strict=True)]
            loss, scale = calibrated(held, members)
            if not losses or loss < min(losses):
                choice = Choice(len(losses), losses, members, scale)
            losses.append(loss)
            waited += loss > CLEARLY * min(losses)
            if waited == patience:
                break
    return choice


def calibrated(
    networks: Sequence[Network], members: Sequence[ParticleSet]
) -> tuple[float, float]:
    """Least mean loss of networks on their rows, and the factor of their outputs."""
    f = np.concatenate(
        [network.predict(m) for network, m in zip(networks, members, strict=True)]
    )
    f = f.reshape(len(f), -1)
    y = np.vstack([network.targets for network in networks])

    def loss(log_scale):
        return float(networks[0].loss.value(np.exp(log_scale) * f, y).mean())

    as_it_is = loss(0.0)
    least = minimize_scalar(loss, bounds=SOFTER, method="bounded")
    if not least.fun < as_it_is:
        return as_it_is, 1.0
    return float(least.fun), float(np.exp(least.x))
