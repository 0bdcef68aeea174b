"""Target that `sample` is asked for: a score, or a model with what else it knows."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._files import Answers
from .._validation import as_positions, checked_names
from ..descent.result import Result
from ..scores.model import Model, as_model, first_given


@dataclass(frozen=True)
class Asked:
    """Functions and start of a run, and the user's parameters."""

    score: Callable
    x0: ArrayLike
    log_density: Callable | None
    score_product: Callable | None
    names: list[str] | None
    """Of the coordinates of the run."""
    model: Model | None
    user_names: list[str] | None
    """Of the user's parameters."""

    def functions(self) -> dict[str, Callable | None]:
        """Return what the user is asked, by name."""
        names = "score", "log_density", "score_product"
        return {name: getattr(self, name) for name in names}

    def with_answers(self, answers: Answers) -> "Asked":
        """Return the same with functions whose answers are kept."""
        kept: dict[str, Any]
        kept = {name: answers.of(name, f) for name, f in self.functions().items()}
        return replace(self, **kept)

    def checked(self, cloud: np.ndarray) -> "Asked":
        """Return the same; refuse a start (n0, d) or names that do not fit."""
        d = cloud.shape[1]
        if self.model is None:
            return replace(self, names=checked_names(self.names, d))
        if d != self.model.dim:
            raise ValueError(f"x0 must have {self.model.dim} coordinates, got {d}")
        if self.model.to_user is not None:
            parameters = self.model.to_user(cloud.copy())
            parameters = as_positions(parameters, "the return value of to_user")
            if len(parameters) != len(cloud):
                raise ValueError(
                    f"to_user must return {len(cloud)} rows for as many points, got "
                    f"{len(parameters)}"
                )
            d = parameters.shape[1]
        return replace(self, user_names=checked_names(self.user_names, d))

    def in_users_parameters(self, result: Result) -> Result:
        """Return the result of a run in the user's parameters."""
        model = self.model
        if model is None:
            return result
        if model.to_user is None:
            result = replace(result, names=self.user_names)
        else:
            result = result.mapped(model.to_user, self.user_names)
        return replace(result, coords=model.coords or {}, dims=model.dims or {})


def asked(score, x0, log_density, score_product, names) -> Asked:
    """Return what is asked for; what is passed counts more than what a model has."""
    model = as_model(score)
    if model is None:
        if x0 is None:
            raise TypeError(
                "x0 must be a start point, a cloud or a number of dimensions for a "
                "score, got None; only a model, with score and dim, may go without"
            )
        return Asked(score, x0, log_density, score_product, names, None, names)
    straight = names if model.to_user is None else model.names
    return Asked(
        model.score,
        first_given(x0, model.x0, model.dim),
        first_given(log_density, model.log_density),
        first_given(score_product, model.score_product),
        first_given(straight, model.names),
        model,
        first_given(names, model.user_names, None if model.to_user else model.names),
    )
