"""Models of Stan."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from .._validation import as_count
from ..scores.model import Model
from .value_and_score import model_of

METHODS = [
    "log_density_gradient",
    "param_unc_num",
    "param_unc_names",
    "param_names",
    "param_constrain",
    "model_info",
]

STARTS = 100  # random ones, where zero is none


def from_stan(model: Any) -> Model:
    """Model of a Stan model that BridgeStan has compiled.

    With ``STAN_THREADS=True`` among its ``make_args`` the rows of a batch are spread
    over threads.  The log density is normalised as the model's statements are, and -inf
    where Stan rejects a point.

    Parameters
    ----------
    model : bridgestan.StanModel
        Or anything with its methods; BridgeStan itself is not imported.

    Returns
    -------
    Model
        `to_user` gives the parameters and the transformed ones, ``theta.1`` of Stan
        named ``theta[0]``.  `x0` is zero, or else in [-2, 2]^d, as Stan has it.

    Raises
    ------
    TypeError
        When the model lacks a method.
    RuntimeError
        When Stan rejects all these starts.

    Examples
    --------
    >>> import bridgestan, splitparticles as sp  # doctest: +SKIP
    >>> model = sp.from_stan(bridgestan.StanModel("a.stan", data))  # doctest: +SKIP
    """
    has_all = all(callable(getattr(model, name, None)) for name in METHODS)
    if isinstance(model, type) or not has_all:
        raise TypeError(f"model must be a bridgestan.StanModel, got {model!r}")
    d = as_count(model.param_unc_num(), "model.param_unc_num()")
    # without this flag Stan's memory is that of the thread that calls
    safe = "STAN_THREADS=true" in model.model_info()
    on_rows = ThreadPoolExecutor(os.cpu_count()).map if safe else map

    def in_stan(row):
        return model.log_density_gradient(row, propto=False)

    def at(row):
        try:
            return in_stan(row)
        except RuntimeError:  # Stan rejects the point
            return -np.inf, np.full(d, np.nan)

    def both(x):
        values, scores = zip(*on_rows(at, x), strict=True)
        return np.array(values), np.array(scores)

    def image(row):
        return model.param_constrain(row, include_tp=True)

    return model_of(
        both,
        _start(in_stan, d),
        names=_renamed(model.param_unc_names()),
        to_user=lambda x: np.array(list(on_rows(image, np.array(x, dtype=float)))),
        user_names=_renamed(model.param_names(include_tp=True)),
    )


def _start(in_stan, d):
    """Point (d,) that Stan takes."""
    draws = np.random.default_rng(0).uniform(-2.0, 2.0, (STARTS, d))
    for x0 in [np.zeros(d), *draws]:
        try:
            value, _ = in_stan(x0.copy())
            reason = f"its log density is {value}"
        except RuntimeError as error:
            value, reason = -np.inf, str(error)
        if np.isfinite(value):
            return x0
    raise RuntimeError(f"model has no start among {STARTS + 1}, got at one: {reason}")


def _renamed(names):
    """Names such as ``theta[0,1]`` of Stan's ``theta.1.2``."""
    renamed = []
    for text in names:
        name, *index = text.split(".")
        entry = ",".join(str(int(k) - 1) for k in index)
        renamed.append(f"{name}[{entry}]" if index else name)
    return renamed
