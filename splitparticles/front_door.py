"""What `sample` and `compress` share: their options, and where they work.

Both move particles in working coordinates and hand them out in the user's.
"""

from dataclasses import is_dataclass, replace

import numpy as np

from ._validate import as_callable, as_positions
from .curved import Composed
from .growth import OrElse, SteepestSplit
from .growth.growth import nothing_grew
from .loop import Coordinates
from .moves import LBFGS
from .preconditioning import Preconditioner


class WorkingCoordinates(Coordinates):
    """Positions are moved as z and handed out as ``x = m + L z``."""

    def __init__(self, change: Preconditioner, names=None, warnings=()):
        self.change, self.names, self.warnings = change, names, list(warnings)

    def to_user(self, particles):
        """Return the particles in the user's coordinates."""
        return particles.moved_to(self.change.to_user(particles.positions))

    def facts(self):
        """Fields of the `Result`."""
        return {
            "names": self.names,
            "warnings": self.warnings,
            "preconditioner": self.change,
        }


def chosen_preconditioner(preconditioner, centre, covariance) -> Preconditioner:
    """Working coordinates where a covariance is known."""
    d = len(centre)
    if isinstance(preconditioner, (Preconditioner, Composed)):
        if len(preconditioner.centre) != d:
            raise ValueError(
                f"preconditioner must have {d} coordinates, "
                f"got {len(preconditioner.centre)}"
            )
        return preconditioner
    if isinstance(preconditioner, str):
        if preconditioner == "auto":
            return Preconditioner.of_covariance(centre, covariance)
        if preconditioner == "diagonal":
            return Preconditioner.of_covariance(centre, np.diag(np.diag(covariance)))
        if preconditioner == "none":
            return Preconditioner(np.zeros(d), np.eye(d))
        raise ValueError(
            'preconditioner must be "auto", "none", "diagonal", a (d, d) matrix or a '
            f"Preconditioner, got {preconditioner!r}"
        )
    matrix = as_positions(preconditioner, "preconditioner", d)
    if matrix.shape != (d, d) or not np.allclose(matrix, matrix.T):
        raise ValueError(f"preconditioner must be a symmetric matrix of shape {(d, d)}")
    least = np.linalg.eigvalsh(matrix)[0]
    if least <= 0:
        raise ValueError(
            "preconditioner must be a positive definite matrix, got least eigenvalue "
            f"{least:g}"
        )
    return Preconditioner.of_covariance(centre, matrix)


def chosen_moves(move, weights):
    """The move of early rounds and that of the last one."""
    if not (isinstance(weights, str) and weights in ("equal", "optimal")):
        raise ValueError(f'weights must be "equal" or "optimal", got {weights!r}')
    free = weights == "optimal"
    if is_dataclass(move) and hasattr(move, "weights"):
        return replace(move, weights=free), None
    if move is not None:  # one of the user's own, who knows what it does to weights
        return as_callable(move, "move", "(objective, particles)"), None
    return (
        LBFGS(max_iter=8, tol=1e-3, weights=free),
        LBFGS(max_iter=32, tol=1e-6, weights=free),
    )


class Equalised:
    """A growth after which all particles weigh the same again.

    A split halves one weight, so when only some particles split, their children weigh
    half as much as the rest; whoever asked for equal weights wants 1/n each.  A
    newcomer that would have to weigh more than is good for it is left out.
    """

    def __init__(self, growth):
        self.growth = growth

    def __call__(self, objective, particles, limit, rng):
        """Grow, then weigh all alike."""
        grown = self.growth(objective, particles, limit, rng)
        if len(grown.parents) == 0:
            return grown
        n = len(grown.particles)
        equal = grown.particles.weighted(np.full(n, 1.0 / n))
        inserted = (np.asarray(grown.parents) < 0).any()
        if inserted and not objective.value(equal) < objective.value(particles):
            return nothing_grew(particles, grown.least_index, stable=grown.stable)
        return grown._replace(particles=equal)


def chosen_growth(growth, weights, *, otherwise=None):
    """Return the user's growth or the default one, kept to equal weights if wanted.

    The default is to split, or else whatever else there is.
    """
    if growth is None:
        growth = SteepestSplit(everyone=True)
        growth = growth if otherwise is None else OrElse(growth, otherwise)
    growth = as_callable(growth, "growth", "(objective, particles, limit, rng)")
    return growth if weights == "optimal" else Equalised(growth)


def checked_names(names, d):
    """Return one name a coordinate, or None."""
    if names is None:
        return None
    names = [str(name) for name in names]
    if len(names) != d:
        raise ValueError(f"names must have {d} entries, got {len(names)}")
    return names
