"""Working coordinates of draws."""

import numpy as np

from ..coordinates.change import ChangeOfVariables
from ..coordinates.choose import chosen_preconditioner, standardised
from ..coordinates.stretched import Stretched
from ..coordinates.subspace import Subspace
from ..draws.draws import Draws, Moments
from ..draws.widths import Widths

SPANNED = 2  # coordinates a particle that they move in, where there are more


def coordinates(
    preconditioner, draws: Draws, moments: Moments, widths: Widths, n_particles: int
) -> ChangeOfVariables:
    """Working coordinates of draws: by default `standardised`, without heavy tails."""
    if not (isinstance(preconditioner, str) and preconditioner == "auto"):
        return chosen_preconditioner(preconditioner, moments.mean, moments.cov)
    sd = np.sqrt(np.diag(moments.cov))
    robust = widths.robust(sd)
    heavy = (robust < sd) & ~widths.parted
    if len(sd) > SPANNED * n_particles and not heavy.any():
        r = SPANNED * n_particles
        return Subspace.of_largest_variance(moments.mean, moments.cov, robust, r)
    if not heavy.any():
        return standardised(moments.mean, moments.cov, robust)
    stretched = Stretched(
        np.where(heavy, widths.centre, 0.0), np.where(heavy, widths.width, 1.0), heavy
    )
    moments = draws.seen_through(stretched, moments.n, 0).moments()
    sd = np.where(heavy, np.sqrt(np.diag(moments.cov)), robust)
    return stretched.then(standardised(moments.mean, moments.cov, sd))
