r"""Error of an expectation over particles, by a bound and by held-out draws.

Two statements, of different kinds.  For a function in the kernel's space,

.. math:: \Big|\sum_i w_i f(x_i) - E_p f\Big| \le \|f\|\; \mathrm{MMD},

with equality for the worst f of that norm: a bound, of a norm that is seldom known.
And draws that were not compressed give the error for this very f, up to the standard
error of their own mean.
"""

from typing import NamedTuple

import numpy as np

from .._validation import as_callable
from ..draws.labelled import as_draws
from ..particles import ParticleSet


class ExpectationError(NamedTuple):
    """Expectation over particles beside that over draws they were not fitted to."""

    value: np.ndarray
    """Expectation over the particles."""
    difference: np.ndarray
    """`value` minus the mean over the draws."""
    standard_error: np.ndarray
    """Of the mean over the draws, as if they were independent."""
    worst_case: float
    """Most that the difference can be for an f of norm one, the discrepancy."""


def expectation_error(
    particles: ParticleSet, discrepancy: float, f, draws
) -> ExpectationError:
    """See `splitparticles.Result.expectation_error`."""
    draws = as_draws(draws, "draws", particles.dim)
    as_callable(f, "f", "(m, d) -> (m, ...)")
    values = np.asarray(f(draws), dtype=float)
    if values.shape[:1] != (len(draws),):
        raise ValueError(
            f"f must return {len(draws)} rows for as many draws, got {values.shape}"
        )
    value = np.asarray(particles.expect(f))
    sd = values.std(axis=0, ddof=1) if len(draws) > 1 else np.full(value.shape, np.inf)
    return ExpectationError(
        value, value - values.mean(axis=0), sd / np.sqrt(len(draws)), discrepancy
    )
