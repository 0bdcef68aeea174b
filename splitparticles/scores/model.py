"""A model: a score with what else is known of the target.

It is a duck type: whatever has `score` and `dim` is one, such as what
`splitparticles.targets` and `splitparticles.transforms` make, and any of the other
attributes of `Model` is used where it is there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol

import numpy as np

from .._validation import as_callable, as_count, checked_names

SIGNATURES = {
    "score": "(n, d) -> (n, d)",
    "log_density": "(n, d) -> (n,)",
    "score_product": "(x, v) -> (n, d)",
    "to_user": "(n, d) -> (n, m)",
}


class SupportsScore(Protocol):
    """What a model has at least."""

    score: Callable
    dim: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """A target with its score, unconstrained coordinates and the user's parameters.

    Adapters return one, and `sample` takes it in place of a score.

    Raises
    ------
    TypeError, ValueError
        When a function is none, or names are not `dim` different strings.

    Examples
    --------
    >>> import numpy as np, splitparticles as sp
    >>> model = sp.Model(  # a gamma density of x = exp(z)
    ...     score=lambda z: 3.0 - 2.0 * np.exp(z), dim=1, to_user=np.exp,
    ...     user_names=["rate"])
    >>> result = sp.sample(model, rng=0)
    >>> result.names, result.mean().round(1)
    (['rate'], array([1.5]))
    """

    score: Callable
    """(n, dim) -> (n, dim): gradient of the log density, row by row."""
    dim: int
    """Number of unconstrained coordinates."""
    log_density: Callable | None = None
    """(n, dim) -> (n,), up to a constant, log Jacobians included."""
    score_product: Callable | None = None
    """(x, v) -> Hessian of the log density at x_i times v_i, (n, dim)."""
    x0: np.ndarray | None = None
    """Where a run starts, (dim,) or a cloud (n0, dim)."""
    names: Sequence[str] | None = None
    """Names of the unconstrained coordinates."""
    to_user: Callable | None = None
    """(n, dim) -> (n, m): the user's parameters, row by row; None where they are x."""
    user_names: Sequence[str] | None = None
    """Names of the m parameters, such as ``theta[0]``."""
    coords: Mapping[str, Sequence] | None = None
    """Labels of the dimensions of the parameters, as ArviZ has them."""
    dims: Mapping[str, Sequence[str]] | None = None
    """Dimensions of each parameter, as ArviZ has them."""

    def __post_init__(self):
        as_count(self.dim, "dim")
        for name, signature in SIGNATURES.items():
            if name == "score" or getattr(self, name) is not None:
                as_callable(getattr(self, name), name, signature)
        checked_names(self.names, self.dim)


def as_model(given) -> Model | None:
    """The model that an object is; None for what is only a score."""
    if isinstance(given, Model) or not hasattr(given, "score"):
        return given if isinstance(given, Model) else None
    if isinstance(given, type):
        raise TypeError(
            f"a model must be an instance, got the class {given.__name__}: write "
            f"{given.__name__}()"
        )
    if not hasattr(given, "dim"):
        if callable(given):
            return None
        raise TypeError(f"a model needs dim, its number of coordinates; got {given!r}")
    known: dict[str, Any] = {
        f.name: getattr(given, f.name, None) for f in fields(Model)
    }
    return Model(**known)


def first_given(*values):
    """First value that is not None; None without one."""
    return next((value for value in values if value is not None), None)
