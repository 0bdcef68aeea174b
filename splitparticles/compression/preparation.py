"""Preparation of draws: far rows left out, and what a reader should know of them."""

from typing import NamedTuple

import numpy as np

from ..draws.draws import Draws, Moments
from ..draws.widths import Widths, far_rows


class Prepared(NamedTuple):
    """Draws that particles are to stand for, and what was seen of them."""

    draws: Draws
    moments: Moments
    widths: Widths
    notes: list[str]


def prepared(draws: Draws, n_particles: int) -> Prepared:
    """Draws without the far rows that are too light for a particle.

    Rows beyond a bound are left out, whose mass is less than half a particle's.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # of far rows
        moments = draws.moments()
    widths = Widths.of(draws, moments.n)
    notes = _about(draws, moments, n_particles)
    bound = widths.bound(0.5 / n_particles)
    far = far_rows(draws, widths, bound)
    if far.any():
        notes.append(
            f"{np.count_nonzero(far)} of {moments.n} draws, the first of them row "
            f"{int(far.argmax())}, are more than {bound:.3g} standard deviations of "
            "the others away and too light for a particle: they were left out"
        )
        draws = draws.without(far)
        moments = draws.moments()
    if not np.isfinite(moments.cov).all():
        raise ValueError("draws are too large to be squared; divide them by their size")
    return Prepared(draws, moments, widths, notes)


def _about(draws: Draws, moments: Moments, n_particles: int) -> list[str]:
    """What is unusual about the numbers of draws, coordinates and weights."""
    n, d = moments.n, len(moments.mean)
    notes = []
    if d > n:
        notes.append(f"{n} draws of {d} coordinates: are they transposed?")
    distinct = draws.few_distinct(n_particles)
    if distinct < min(n_particles, n):
        notes.append(
            f"the draws have {distinct} different rows for {n_particles} particles"
        )
    if draws.weights is not None:
        effective = 1.0 / float(draws.weights @ draws.weights)
        if effective < n_particles:
            notes.append(
                f"the weights leave {effective:.3g} effective draws for {n_particles} "
                "particles"
            )
    return notes
