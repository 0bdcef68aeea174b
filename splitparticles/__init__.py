"""Turn a distribution into a few well-placed weighted particles.

Particles go downhill on a discrepancy until they rest; where a particle's splitting
matrix has a negative eigenvalue, it splits in two along that eigenvector; and again.

>>> import splitparticles as sp
>>> score = lambda x: -(x - 5.0) / 4.0  # of N(5, 2^2), row by row
>>> result = sp.sample(score, [0.0, 0.0], n_particles=32)
>>> result.mean().round(2), result.std().round(1)
(array([5., 5.]), array([2., 2.]))
"""

from . import activations, losses, targets, transforms
from ._compile import profile_of
from ._store import StoreWarning
from .bottleneck import infinity_wasserstein
from .compression import compress
from .continuation import CoarseToFine
from .descent import descend, rounds
from .diagnosis import diagnose
from .distances import energy_distance, ksd, mmd
from .growth import (
    BestOf,
    Grown,
    Insertion,
    NewParticle,
    OrElse,
    RandomSplit,
    SignedSplit,
    SteepestSplit,
)
from .kernels import (
    Energy,
    Gaussian,
    InverseMultiquadric,
    Linear,
    Matern52,
    Quadratic,
    RationalQuadratic,
    median_bandwidth,
)
from .moves import LBFGS, Adam, GradientDescent, Moved, Newest
from .objectives import (
    KSD,
    MMD,
    FirstVariation,
    Network,
    Objective,
    RBFNetwork,
)
from .particles import ParticleSet
from .preconditioning import Preconditioner
from .pruning import pruned
from .quadrature import ExpectationError
from .report import Report
from .result import Result, ResultFileError, Round, Stop, load
from .sampling import sample
from .score_check import check_score
from .sharded import ShardedScore
from .targets import GaussianMixture
from .weighting import optimal_weights

__version__ = "0.1.0"

__all__ = [
    "sample",
    "compress",
    "check_score",
    "diagnose",
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
    "FirstVariation",
    "MMD",
    "KSD",
    "Network",
    "RBFNetwork",
    "activations",
    "losses",
    "GradientDescent",
    "Adam",
    "LBFGS",
    "Newest",
    "Moved",
    "SteepestSplit",
    "RandomSplit",
    "SignedSplit",
    "Insertion",
    "NewParticle",
    "BestOf",
    "OrElse",
    "Grown",
    "CoarseToFine",
    "Preconditioner",
    "Result",
    "Round",
    "Stop",
    "ResultFileError",
    "StoreWarning",
    "load",
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
]


def __getattr__(name):
    if name == "plotting":  # matplotlib is imported only when something is drawn
        import importlib

        return importlib.import_module(".plotting", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
