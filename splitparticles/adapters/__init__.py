"""Adapters: models of other libraries as a `Model`, whose score `sample` takes.

Each imports its library when it is called.  None of them is needed by the others.
"""

from .from_function import from_log_density
from .jax import from_jax
from .numpyro import from_numpyro
from .pymc import from_pymc
from .stan import from_stan
from .statsmodels import from_statsmodels
from .torch import from_torch

__all__ = [
    "from_jax",
    "from_log_density",
    "from_numpyro",
    "from_pymc",
    "from_stan",
    "from_statsmodels",
    "from_torch",
]
