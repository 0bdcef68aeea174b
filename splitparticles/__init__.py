"""Turn a distribution into a few well-placed weighted particles.

Particles go downhill on a discrepancy until they converge; where a particle's splitting
matrix has a negative eigenvalue, it splits in two along that eigenvector; and again.

>>> import splitparticles as sp
>>> score = lambda x: -(x - 5.0) / 4.0  # of N(5, 2^2), row by row
>>> result = sp.sample(score, [0.0, 0.0], n_particles=32)
>>> result.mean().round(2), result.std().round(1)
(array([5., 5.]), array([2., 2.]))
"""

import importlib

from . import targets, transforms
from ._compiled.cache import StoreWarning
from ._compiled.compiler import profile_of
from ._files import CheckpointError
from ._versions import __version__, show_versions
from .adapters import (
    from_jax,
    from_log_density,
    from_numpyro,
    from_pymc,
    from_stan,
    from_statsmodels,
    from_torch,
)
from .compression.compress import compress
from .coordinates.preconditioner import Preconditioner
from .descent.continuation import CoarseToFine
from .descent.descend import descend, rounds
from .descent.expectation import ExpectationError
from .descent.load import load
from .descent.result import Result
from .descent.result_files import ResultFileError
from .descent.round import Round
from .diagnostics.check_score import check_score
from .diagnostics.report import Report
from .distances import energy_distance, infinity_wasserstein, ksd, mmd
from .growth import (
    BestOf,
    Grown,
    Growth,
    Insertion,
    NewParticle,
    OrElse,
    RandomSplit,
    SignedSplit,
    SteepestSplit,
)
from .growth.pruning import pruned
from .kernels.bandwidth import median_bandwidth
from .kernels.polynomial import Linear, Quadratic
from .kernels.radial import (
    Energy,
    Gaussian,
    InverseMultiquadric,
    Matern52,
    RationalQuadratic,
)
from .moves import LBFGS, Adam, GradientDescent, Move, Moved, Newest
from .moves.optimal_weights import optimal_weights
from .networks import activations, losses
from .networks.network import Network
from .networks.prototypes import PrototypeNetwork
from .networks.rbf_network import RBFNetwork
from .objectives import KSD, MMD, Discrepancy, FirstVariation, Objective
from .particles import ParticleSet
from .resume import resume
from .sampling.diagnose import diagnose
from .sampling.run import SamplingWarning
from .sampling.sample import sample
from .scores.mapped import MappedScore, RowError
from .scores.model import Model
from .scores.sharded import ShardedScore
from .stop import Stop
from .targets import GaussianMixture

__all__ = [
    "sample",
    "compress",
    "Model",
    "check_score",
    "diagnose",
    "from_jax",
    "from_log_density",
    "from_numpyro",
    "from_pymc",
    "from_stan",
    "from_statsmodels",
    "from_torch",
    "Report",
    "descend",
    "rounds",
    "ParticleSet",
    "Gaussian",
    "Energy",
    "InverseMultiquadric",
    "RationalQuadratic",
    "Matern52",
    "Linear",
    "Quadratic",
    "median_bandwidth",
    "profile_of",
    "Objective",
    "Discrepancy",
    "FirstVariation",
    "MMD",
    "KSD",
    "Network",
    "PrototypeNetwork",
    "RBFNetwork",
    "activations",
    "losses",
    "GradientDescent",
    "Adam",
    "LBFGS",
    "Newest",
    "Move",
    "Moved",
    "SteepestSplit",
    "RandomSplit",
    "SignedSplit",
    "Insertion",
    "NewParticle",
    "BestOf",
    "OrElse",
    "Growth",
    "Grown",
    "CoarseToFine",
    "Preconditioner",
    "Result",
    "Round",
    "Stop",
    "ResultFileError",
    "SamplingWarning",
    "StoreWarning",
    "load",
    "resume",
    "CheckpointError",
    "GaussianMixture",
    "targets",
    "transforms",
    "ksd",
    "mmd",
    "energy_distance",
    "infinity_wasserstein",
    "optimal_weights",
    "pruned",
    "ExpectationError",
    "ShardedScore",
    "MappedScore",
    "RowError",
    "show_versions",
    "__version__",
]

# Imported when first asked for: they bring matplotlib, scikit-learn, PyTorch and tests.
_ON_DEMAND = {"plotting", "estimators", "deep", "testing"}


def __getattr__(name: str) -> object:
    if name in _ON_DEMAND:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_ON_DEMAND})
