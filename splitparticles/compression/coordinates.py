"""Working coordinates of draws."""

import numpy as np

from ..coordinates.change import ChangeOfVariables
from ..coordinates.choose import chosen_preconditioner, standardised
from ..coordinates.shortened import Knots, Shortened
from ..coordinates.stretched import Stretched
from ..coordinates.subspace import Subspace
from ..draws.draws import Draws, Moments
from ..draws.widths import Widths

SHORT = 6.0  # widths of a gap between groups of draws

SPANNED = 2  # coordinates a particle that they move in, where there are more


def coordinates(
    preconditioner, draws: Draws, moments: Moments, widths: Widths, n_particles: int
) -> ChangeOfVariables:
    """Working coordinates of draws: by default standardised, far rows near."""
    if not (isinstance(preconditioner, str) and preconditioner == "auto"):
        return chosen_preconditioner(preconditioner, moments.mean, moments.cov)
    outer = _outer(moments, widths)
    if outer is not None:
        moments = draws.seen_through(outer, moments.n, 0).moments()
        return outer.then(standardised(moments.mean, moments.cov))
    if len(moments.mean) > SPANNED * n_particles:
        sd = np.sqrt(np.diag(moments.cov))
        r = SPANNED * n_particles
        return Subspace.of_largest_variance(moments.mean, moments.cov, sd, r)
    return standardised(moments.mean, moments.cov)


def _outer(moments: Moments, widths: Widths) -> ChangeOfVariables | None:
    """Change after which no far row decides a standard deviation; None for most."""
    decided = widths.decided(np.sqrt(np.diag(moments.cov)))
    if not decided.any():
        return None
    knots = [
        Knots.of_gaps(k, ends, SHORT * widths.width[k])
        for k, ends in widths.gaps.items()
        if decided[k]
    ]
    heavy = decided.copy()
    heavy[[one.coordinate for one in knots]] = False
    centre = np.where(heavy, widths.centre, 0.0)
    stretched = Stretched(centre, np.where(heavy, widths.width, 1.0), heavy)
    if not knots:
        return stretched
    return Shortened(len(heavy), knots).then(stretched)
