"""One table of options: what each public callable takes, and what it refuses by name.

A kind of option is a pair: values that are taken, values that are refused.  A public
callable or parameter that is not in the table fails a test.
"""

import gc
import inspect
import pickle
import re
from operator import attrgetter

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")
from matplotlib import pyplot as plt

import splitparticles as sp

NAN, INF = float("nan"), float("inf")


class Called:
    """A class to be refused where its instances are callable."""

    def __call__(self, *arguments):
        return arguments


def normal(x):
    return -x


def nearly_all(values, *left_out):
    return [v for v in values if not any(v is w for w in left_out)]


NOT_NUMBERS = ["1", True, None, [1.0], 1j, int]
NOT_COUNTS = [2.5, 1e30, NAN, INF, "8", True, None, [4], int]
COUNT = [1, np.int64(3)], [0, -1, 10**30, *NOT_COUNTS]
SIZE = [0, np.uint8(3)], [-1, 10**30, *NOT_COUNTS]
LIMIT = [5, 10**12], [0, -1, *NOT_COUNTS]
POSITIVE = [0.5, 1, np.float32(2.0)], [0, -1.0, -INF, NAN, INF, 10**400, *NOT_NUMBERS]
NOT_NEGATIVE = [0, 0.5], [-1.0, NAN, INF, *NOT_NUMBERS]
NEGATIVE = [-0.5], [0.0, 0.5, NAN, -INF, *NOT_NUMBERS]
FINITE = [-2, 0.0], [NAN, INF, "1", True, None, 1j]
SHARE = [1e-9, 1], [0, -0.1, 1.01, 2, NAN, INF, *NOT_NUMBERS]
BELOW_ONE = [0, 0.3], [1, 2, -0.1, NAN, *NOT_NUMBERS]
FLAG = [True, np.False_], [0, 1, "yes", None, np.array([True])]
FUNCTION = [], [3, "f", None, Called, [normal]]
RNG = [None, 3, np.random.default_rng(0)], ["a", -1, 1.5, NAN]
SEED = [None, 3, np.random.RandomState(0)], ["a", -1, 1.5]
NAMES = (
    [None, ["a", "b"], ("x", "y"), np.array(["p", "q"])],
    [
        *(
            5,
            "ab",
            b"ab",
            ["a"],
            ["a", "b", "c"],
            ["a", "a"],
            ["a", 2],
            {"a", "b"},
            True,
        ),
    ],
)
NUMBERS = [
    "x",
    [],
    None,
    [NAN],
    ["1"],
    [1j],
    {"a": 1.0},
]  # refused where they are taken
POINTS = [[[0.0, 1.0]]], [*NUMBERS, 3.5, [[NAN, 0.0]], np.ones((2, 2, 2))]
# chains (steps, walkers, d) are draws too
DRAWS = [[[0.0, 1.0]], np.ones((2, 2, 2))], [*POINTS[1][:-1], np.ones((2, 2, 2, 2))]
WEIGHTS = [None, [3, 1]], [[1.0], [1.0, -2.0], [0.0, 0.0], [NAN, 1.0], "x", 5, [1j, 0]]
MOVE = [None, sp.LBFGS(max_iter=1)], ["lbfgs", 3, sp.LBFGS, sp.Newest]
GROWTH = [None, sp.RandomSplit()], ["split", 3, sp.SteepestSplit, sp.BestOf]
KERNEL = [sp.Gaussian()], [None, 3, "gaussian", sp.Gaussian, (1.0,)]
AUTO = ["best", 3, None, Called]
MATRIX = [*AUTO, [[1.0, 2.0], [2.0, 1.0]], [[1.0]], [[NAN, 0.0], [0.0, 1.0]]]
PRECONDITIONER = ["none", [[2.0, 0.0], [0.0, 1.0]]], MATRIX
EITHER = ["optimal"], ["best", None, 3, True, [0.5, 0.5]]
PARTICLES = [[[0.5, 0.0]]], ["x", None, 3, [NAN], [[NAN, 0.0]], sp.ParticleSet]
OBJECTIVE = [], [None, 3, sp.KSD, normal]
CONTINUATION = [False, sp.CoarseToFine()], ["coarse", True, None, sp.CoarseToFine]
TEMPERING = [False, [0.5, 1.0]], ["x", True, None, 3, [1.0, 0.5], [0.5], [NAN, 1.0]]
COLUMNS = [(0,), (1, 0), ("x1", 0)], [(0, 0), (0, 5), (0, 1, 1), "x2", (0.5,)]
BOX = [None, (-1, 1, -1, 1)], [(0, 1), "abcd", (0, 1, 0, NAN), 3]


def optional(kind):
    good, bad = kind
    return [None, *good], nearly_all(bad, None)


TWO = sp.ParticleSet([[0.0, 0.0], [1.0, 2.0]])
MMD = sp.MMD(sp.Gaussian(), [[0.0, 1.0], [2.0, 0.0]])
RUN = sp.sample(normal, [0.0, 0.0], 4, rng=0)
X, Y = [-1.0, 0.0, 2.0], [0.0, 1.0, 0.0]
TANH, SQUARED = sp.activations.Tanh(), sp.losses.Squared()
ROWS = COUNT[0], [*COUNT[1], 10**13]
LIKE_SAMPLE = {
    "n_particles": ROWS,
    "weights": EITHER,
    "preconditioner": PRECONDITIONER,
    "move": MOVE,
    "growth": GROWTH,
    "tol": optional(POSITIVE),
    "max_time": optional(POSITIVE),
    "rng": RNG,
    "n_threads": optional(COUNT),
    "objective": optional(FUNCTION),
    "callback": optional(FUNCTION),
    "progress": ([], FLAG[1]),
    "names": NAMES,
    "checkpoint": ([None], [3, True, [], b"run"]),
}
LIKE_DESCEND = {
    "objective": OBJECTIVE,
    "particles": PARTICLES,
    "n_particles": ROWS,
    "move": MOVE,
    "final_move": MOVE,
    "growth": GROWTH,
    "continuation": CONTINUATION,
    "tol": optional(POSITIVE),
    "max_rounds": optional(LIMIT),
    "rng": RNG,
    "prune": optional(POSITIVE),
    "progress": ([], FLAG[1]),
}
A_NETWORK = {"inputs": ([X], [*NUMBERS, [1.0]]), "outputs": ([Y], [*NUMBERS, [1.0]])}
FITTED = {
    "n_neurons": COUNT,
    "activation": (
        [None, sp.activations.ReLU()],
        [3, "tanh", [], sp.activations.Tanh, sp.Gaussian()],
    ),
    "growth": GROWTH,
    "move": MOVE,
    "decay": NOT_NEGATIVE,
    "validation_fraction": BELOW_ONE,
    "patience": COUNT,
    "random_state": SEED,
    "progress": ([False], FLAG[1]),
}

# name: what else it needs, what it takes
TABLE = {
    "sample": (
        {"score": normal, "x0": [0.0, 0.0], "n_particles": 2, "emulator": False},
        {
            "score": FUNCTION,
            "x0": (
                [2, [[0.0, 1.0]]],
                [*NUMBERS, True, 0, -1, 2.5, 10**30, 10**12, 10**6],
            ),
            "log_density": optional(FUNCTION),
            "score_product": optional(FUNCTION),
            "vectorized": ([True], FLAG[1]),
            "tempering": TEMPERING,
            "emulator": ([False], ["yes", True, None, 0]),
            "seen": (
                [None, ([[0.0, 1.0]], [[0.0, -1.0]])],
                [3, True, [[1.0]], ([], 3)],
            ),
            "max_score_evals": optional(LIMIT),
            **LIKE_SAMPLE,
        },
    ),
    "compress": (
        {"draws": [[0.0, 1.0], [2.0, 3.0]], "n_particles": 2},
        {
            "draws": (DRAWS[0], [*DRAWS[1], np.zeros((1, 10**6))]),
            "weights_of_draws": WEIGHTS,
            **LIKE_SAMPLE,
        },
    ),
    "descend": (
        {"objective": MMD, "particles": [[0.0, 0.0]], "n_particles": 2},
        {
            "callback": optional(FUNCTION),
            "max_time": optional(POSITIVE),
            **LIKE_DESCEND,
        },
    ),
    "rounds": (
        {"objective": MMD, "particles": [[0.0, 0.0]], "n_particles": 2},
        LIKE_DESCEND,
    ),
    "check_score": (
        {"score": normal, "x0": [0.0, 0.0]},
        {
            "score": FUNCTION,
            "x0": ([2, [[0.0, 1.0]]], [*NUMBERS, True, 0, -1, 2.5, 10**30]),
            "log_density": optional(FUNCTION),
            "vectorized": FLAG,
            "rng": RNG,
        },
    ),
    "diagnose": (
        {"result": RUN},
        {
            "result": ([RUN], [None, 3, sp.Result, TWO]),
            "score": optional(FUNCTION),
            "log_density": ([], [3, "f", Called]),
            "draws": ([None], nearly_all(DRAWS[1], None)),
            "second": FLAG,
            "vectorized": FLAG,
            "rng": RNG,
        },
    ),
    "load": ({"path": "x"}, {"path": ([], []), "max_bytes": ([], COUNT[1])}),
    "resume": ({"path": "x"}, {"path": ([], []), "score": ([], [])}),
    "Result.to_arviz": (
        {},
        {
            "n_draws": ([], COUNT[1]),
            "rng": ([], RNG[1]),
            "coords": ([], []),
            "dims": ([], []),
        },
    ),
    # ------------------------------------------------------------------ particles
    "ParticleSet": (
        {"positions": [[0.0, 1.0], [2.0, 3.0]]},
        {
            "positions": ([[[1], [2]]], POINTS[1]),
            "weights": ([None, [3.0, -1.0]], [[1.0], [NAN, 1.0], "x", [1j, 0.0], 5]),
        },
    ),
    "ParticleSet.split": (
        {"parents": [0, 1], "directions": [[1.0, 0.0]] * 2, "steps": 0.5},
        {
            "parents": (
                [[1, 0], np.array([0, 1], dtype=np.uint8)],
                [[0, 2], [0, 0], [-1, 0], [0.0, 1.0], [True, False], "ab", [0.5, 1.0]],
            ),
            "directions": (
                [np.eye(2)],
                [[1.0, 0.0], [[1.0], [1.0]], [["a", "b"]] * 2, [[NAN, 0.0]] * 2],
            ),
            "steps": ([0, [0.1, 0.2]], [[0.1], NAN, INF, "a", None, 1j]),
        },
    ),
    "ParticleSet.moved_to": ({}, {"positions": ([[[1], [2]]], POINTS[1])}),
    "ParticleSet.weighted": ({}, {"weights": ([[3.0, -1.0]], [[1.0], "x", [NAN, 1]])}),
    "ParticleSet.expect": ({}, {"f": FUNCTION}),
    "ParticleSet.quantile": ({}, {"q": ([0, [0.2, 1]], [2, -0.1, NAN, "0.5", [1j]])}),
    "ParticleSet.resample": ({"m": 2}, {"m": ROWS, "rng": RNG}),
    "Result.expect": ({}, {"f": FUNCTION}),
    "Result.quantile": ({}, {"q": ([0.5], [2, -0.1, NAN, "0.5"])}),
    "Result.resample": ({"m": 2}, {"m": ROWS, "rng": RNG}),
    "Result.mapped": ({"change": np.copy}, {"change": FUNCTION, "names": NAMES}),
    "Result.draws": ({"m": 2}, {"m": ROWS, "chains": COUNT, "rng": RNG}),
    "Result.expectation_error": (
        {"f": np.copy, "draws": [[0.0, 1.0], [1.0, 1.0]]},
        {"f": FUNCTION, "draws": ([], DRAWS[1])},
    ),
    "Result.save": ({}, {"path": ([], [])}),
    "Result.plot": ({}, {}),  # as plotting.corner or plotting.particles
    "Preconditioner": (
        {"centre": [0.0, 0.0], "matrix": np.eye(2)},
        {
            "centre": ([[1, 2]], [[1.0, NAN], [[0.0, 0.0]], "x", 3, None]),
            "matrix": ([], [np.ones((2, 2)), np.eye(3), [1.0, 2.0], "x", None]),
        },
    ),
    "Preconditioner.of_covariance": (
        {"centre": [0.0, 0.0], "covariance": np.eye(2)},
        {
            "centre": ([[1, 2]], [[1.0, NAN], [[0.0, 0.0]], "x", 3, None]),
            "covariance": ([], [-np.eye(2), np.ones((2, 3)), "x", None, [[NAN]]]),
        },
    ),
    # -------------------------------------------------------------------- kernels
    **{
        name: ({}, {"bandwidth": POSITIVE})
        for name in ("Gaussian", "Matern52", "Energy")
    },
    "InverseMultiquadric": ({}, {"bandwidth": POSITIVE, "exponent": NEGATIVE}),
    "RationalQuadratic": ({}, {"bandwidth": POSITIVE, "alpha": POSITIVE}),
    "median_bandwidth": ({}, {"x": POINTS}),
    "profile_of": ({}, {"kernel_class": ([], [3, None, tuple, Called, sp.Linear()])}),
    # ----------------------------------------------------------------- objectives
    "MMD": (
        {"kernel": sp.Gaussian(), "draws_or_target": [[0.0, 1.0], [2.0, 3.0]]},
        {"kernel": KERNEL, "draws_or_target": DRAWS, "weights": WEIGHTS},
    ),
    "KSD": (
        {"kernel": sp.Gaussian(), "score": normal},
        {
            "kernel": KERNEL,
            "score": FUNCTION,
            "score_product": optional(FUNCTION),
            "score_curvature": optional(FUNCTION),
        },
    ),
    "Network": (
        {"activation": TANH, "loss": SQUARED, "inputs": X, "outputs": Y},
        {
            "activation": ([[TANH]], [None, *FITTED["activation"][1]]),
            "loss": ([], [None, 3, "squared", sp.losses.Squared]),
            **A_NETWORK,
            "masses": FLAG,
            "decay": NOT_NEGATIVE,
            "offset": ([None, Y], [[1.0], "x", [NAN, 0.0, 0.0], 3]),
        },
    ),
    "RBFNetwork": ({"inputs": X, "outputs": Y}, {**A_NETWORK, "masses": FLAG}),
    "activations.Softplus": ({}, {"sharpness": POSITIVE}),
    "activations.ReLU": ({}, {"sharpness": POSITIVE}),
    # ---------------------------------------------------------------------- moves
    "GradientDescent": (
        {},
        {
            "max_iter": SIZE,
            "tol": NOT_NEGATIVE,
            "step": optional(POSITIVE),
            "slope": SHARE,
            "weights": FLAG,
            "search": ([True], FLAG[1]),
        },
    ),
    "Adam": (
        {},
        {
            "step": POSITIVE,
            "max_iter": SIZE,
            "decay": ([(0, 0.5)], [0.9, (0.9, 1.0), (-0.1, 0.5), (NAN, 0.5), "ab"]),
            "weights": FLAG,
            "batch": optional(COUNT),
            "rng": RNG,
        },
    ),
    "LBFGS": (
        {},
        {"max_iter": SIZE, "tol": NOT_NEGATIVE, "memory": COUNT, "weights": FLAG},
    ),
    "Newest": ({}, {"move": ([sp.Adam()], [*MOVE[1], None]), "count": COUNT}),
    "optimal_weights": (
        {"objective": MMD, "particles": TWO},
        {"objective": OBJECTIVE, "particles": ([TWO], [None, 3, [[0.0, 0.0]]])},
    ),
    # -------------------------------------------------------------------- growths
    "SteepestSplit": (
        {"cost": len, "budget": 1.0},
        {
            "fraction": SHARE,
            "trials": COUNT,
            "tol": NOT_NEGATIVE,
            "everyone": FLAG,
            "dense": COUNT,
            "cost": FUNCTION,
            "budget": (
                [2, [1.0, 0.0]],
                [None, -1.0, NAN, INF, "x", [], [[1.0]], [1.0, -1.0]],
            ),
        },
    ),
    "RandomSplit": ({}, {"fraction": SHARE, "trials": COUNT}),
    "SignedSplit": (
        {},
        {
            "total": ([1.5, 4], [1, 0.5, *POSITIVE[1]]),
            "most": ([1, 3], [4, *COUNT[1]]),
            "fraction": SHARE,
            "trials": COUNT,
        },
    ),
    "Insertion": ({}, {"starts": COUNT, "steps": COUNT, "reach": POSITIVE}),
    "NewParticle": ({}, {"draw": optional(FUNCTION), "trials": COUNT}),
    "BestOf": ({}, {"growths": ([], [])}),  # positional: tested below
    "OrElse": ({}, {"growths": ([], [])}),
    "pruned": (
        {"objective": MMD, "particles": TWO},
        {
            "objective": OBJECTIVE,
            "particles": ([TWO], [None, 3, [[0.0, 0.0]]]),
            "tol": NOT_NEGATIVE,
        },
    ),
    "CoarseToFine": ({}, {"factor": POSITIVE}),
    # ------------------------------------------------------- targets and distances
    "GaussianMixture": (
        {"weights": [1.0], "means": [[0.0]], "covariances": [1.0]},
        {
            "weights": ([[2.0]], [[-1.0], [0.0], [NAN], "x", None]),
            "means": ([], [[0.0], [[NAN]], "x", None]),
            "covariances": ([[[[2.0]]]], [[-1.0], [NAN], "x", None, [[[0.0]]]]),
        },
    ),
    "GaussianMixture.sample": (
        {"m": 1},
        {"m": (SIZE[0], [-1, 10**30, *NOT_COUNTS]), "rng": RNG},
    ),
    "targets.Gaussian": (
        {"mean": [0.0], "covariance": 1.0},
        {
            "mean": ([[1]], [[], [NAN], "x", None, 3.0]),
            "covariance": ([2, [[3.0]]], [-1.0, NAN, "x", [1.0], np.eye(2), None]),
        },
    ),
    "targets.Banana": ({}, {"curvature": FINITE, "scale": POSITIVE}),
    "targets.Funnel": (
        {},
        {"dim": ([2], [1, 10**6, *COUNT[1]]), "scale": POSITIVE},
    ),
    "targets.Ring": ({}, {"radius": POSITIVE, "width": POSITIVE}),
    "targets.LogisticRegression": (
        {"features": [[1.0], [2.0]], "labels": [0, 1]},
        {
            "features": ([], [[1.0, 2.0], "x", None, [[NAN], [1.0]]]),
            "labels": ([[1, 1]], [[0, 2], [0], "x", None, [NAN, 0.0]]),
            "prior_sd": POSITIVE,
        },
    ),
    "targets.LogisticRegression.challenger": ({}, {"prior_sd": POSITIVE}),
    "ksd": (
        {"positions": [[0.0, 1.0], [2.0, 3.0]], "score": normal},
        {
            "positions": POINTS,
            "score": FUNCTION,
            "weights": WEIGHTS,
            "kernel": optional(KERNEL),
        },
    ),
    "mmd": (
        {"x": [[0.0, 1.0], [2.0, 3.0]], "y": [[0.0, 1.0], [2.0, 3.0]]},
        {
            "x": POINTS,
            "y": POINTS,
            "weights_x": WEIGHTS,
            "weights_y": WEIGHTS,
            "kernel": optional(KERNEL),
        },
    ),
    "energy_distance": (
        {"x": [[0.0, 1.0], [2.0, 3.0]], "y": [[0.0, 1.0], [2.0, 3.0]]},
        {"x": POINTS, "y": POINTS, "weights_x": WEIGHTS, "weights_y": WEIGHTS},
    ),
    "infinity_wasserstein": ({"p": TWO, "q": TWO}, {"p": POINTS, "q": POINTS}),
    "ShardedScore": (
        {"shard_score": normal, "shards": [1]},
        {
            "shard_score": FUNCTION,
            "shards": ([range(2)], [5, None, []]),
            "map": FUNCTION,
        },
    ),
    "MappedScore": (
        {"row_score": normal},
        {
            "row_score": FUNCTION,
            "map": FUNCTION,
            "chunk": COUNT,
            "retries": ([0, 2], [-1, 1.5, "x", None, True]),
        },
    ),
    # ------------------------- adapters; more in tests/adapters, with the libraries
    "from_jax": (
        {"log_density": normal, "x0": [0.0]},
        {"log_density": FUNCTION, "x0": ([], [])},
    ),
    "from_torch": (
        {"log_density": normal, "x0": [0.0]},
        {"log_density": FUNCTION, "x0": ([], [])},
    ),
    "from_numpyro": ({"model": normal}, {"model": FUNCTION, "args": ([], [])}),
    "from_pymc": ({}, {"model": ([], []), "initvals": ([], [])}),
    "from_stan": ({}, {"model": ([], [None, 3, "a.stan", normal, Called])}),
    "from_statsmodels": ({}, {"model": ([], []), "prior_sd": ([], [])}),
    "from_log_density": (
        {"f": normal, "x0": [0.5, 0.5]},
        {
            "f": FUNCTION,
            "x0": ([[1], [[0.0, 1.0]]], [*NUMBERS, 3.5, [[NAN, 0.0]]]),
            "transform": (
                [None, sp.transforms.Real(2)],
                [3, "real", sp.transforms.Real, sp.transforms.Real(3), normal],
            ),
            "bounds": (
                [None, [(0, 1), None], ((None, 1), (-INF, INF))],
                [3, "ab", [(0, 1)], [(1, 0), None], [(NAN, 1), None], [(0, 0.5), None]],
            ),
            "vectorized": FLAG,
        },
    ),
    # ----------------------------------------------------------------- transforms
    "transforms.Real": ({}, {"size": COUNT}),
    "transforms.Ordered": ({}, {"size": COUNT}),
    "transforms.Positive": (
        {},
        {"size": ROWS, "lower": ([2, [3.0]], [NAN, INF, "x", None, [1.0, 2.0]])},
    ),
    "transforms.Bounded": (
        {"low": 0.0, "high": 1.0},
        {
            "low": ([-1], [NAN, INF, "x", None, 1.0, 2.0]),
            "high": ([[3.0]], [NAN, INF, "x", None, 0.0, -1.0]),
            "size": optional(ROWS),
        },
    ),
    "transforms.Simplex": ({}, {"size": ([2], [1, 10**13, *COUNT[1]])}),
    "transforms.Joint": ({}, {"transforms": ([], [])}),  # positional: tested below
    "transforms.TransformedTarget": (
        {"transform": sp.transforms.Real(), "log_density": normal},
        {
            "transform": ([], [None, 3, sp.transforms.Real, normal]),
            "log_density": FUNCTION,
            "score": optional(FUNCTION),
            "vectorized": FLAG,
        },
    ),
    "estimators.SplittingRegressor": ({}, FITTED),
    "estimators.SplittingClassifier": ({}, FITTED),
    "estimators.Compressor": (
        {},
        {"n_particles": ROWS, "weights": EITHER, "random_state": SEED},
    ),
    # ------------------------------------------------------------------- pictures
    "plotting.particles": (
        {"result_or_particles": TWO},
        {
            "result_or_particles": ([RUN, [[0, 1]]], ["x", None, [[NAN, 0.0]]]),
            "coordinates": COLUMNS,
            "target": ([None], []),
            "extent": ([], []),  # of the target
            "area": NOT_NEGATIVE,
        },
    ),
    "plotting.corner": (
        {"result": RUN},
        {
            "result": ([TWO, [[0, 1]]], ["x", None, [[NAN, 0.0]]]),
            "coordinates": ([None, *COLUMNS[0], "x1"], COLUMNS[1]),
            "draws": optional(DRAWS),
            "axes": ([None], [3, "x", [None]]),
            "area": NOT_NEGATIVE,
        },
    ),
    "plotting.animate": (
        {"result": RUN},
        {
            "result": ([], []),
            "path": ([None], ["film", "film.mp4", 3]),
            "coordinates": COLUMNS,
            "seconds_a_round": POSITIVE,
            "target": ([None], []),
            "draws": optional(DRAWS),
        },
    ),
    "plotting.tree": (
        {"result": RUN},
        {"result": ([], []), "coordinates": (COLUMNS[0][1:], COLUMNS[1])},
    ),
    "plotting.history": ({"result": RUN}, {"result": ([], [])}),
    "plotting.spectrum": ({"result": RUN}, {"result": ([], [])}),
    "plotting.witness": (
        {"objective": MMD, "particles": TWO},
        {
            "objective": ([], []),
            "particles": ([RUN], ["x", None, [[NAN, 0.0]]]),
            "extent": BOX,
            "resolution": ([4], [1, 10**6, *COUNT[1]]),
            "directions": ([False], FLAG[1]),
        },
    ),
}

# results, protocols and bases, which callers do not make
NO_OPTIONS = set(
    "Report Result Round Stop Moved Grown FirstVariation ExpectationError "
    "CheckpointError RowError Model ResultFileError SamplingWarning StoreWarning "
    "Move Growth Objective Discrepancy "
    "show_versions Linear Quadratic activations.RBF activations.Tanh losses.Logistic "
    "losses.Loss losses.Softmax losses.Squared targets.Target targets.GaussianMixture "
    "transforms.Transform".split()
)
METHODS_OF = {
    "ParticleSet": TWO,
    "Result": RUN,
    "Preconditioner": None,
    "GaussianMixture": sp.GaussianMixture([1.0], [[0.0]], [1.0]),
    "targets.LogisticRegression": None,
}
CHECKED_ARRAYS = {
    "to_user",
    "to_working",
    "pulled",
    "pulled_product",
    "log_determinant",
}
CHECKED_ARRAYS |= {"product", "then", "score", "log_density", "score_product"}
CHECKED_ARRAYS |= {"score_curvature", "of_components"}
MODULES = ["targets", "transforms", "activations", "losses", "estimators", "plotting"]


def public_names():
    """Names of the public callables, and of the methods of those that have options."""
    names = {name for name in sp.__all__ if callable(getattr(sp, name))}
    for module in MODULES:
        names |= {f"{module}.{name}" for name in attrgetter(module)(sp).__all__}
    for kind in METHODS_OF:
        for name, _ in inspect.getmembers(attrgetter(kind)(sp), inspect.isroutine):
            if not name.startswith("_") and name not in CHECKED_ARRAYS:
                names.add(f"{kind}.{name}")
    return names - NO_OPTIONS


def parameters(name):
    """Names of the parameters of a public callable."""
    signature = inspect.signature(attrgetter(name)(sp))
    kinds = {p.name: p.kind for p in signature.parameters.values()}
    options = {
        n for n, kind in kinds.items() if kind is not inspect.Parameter.VAR_KEYWORD
    }
    return options - {"self", "ax"}


def called(name, **options):
    """The callable with what else it needs; estimators are fitted."""
    kind, _, method = name.rpartition(".")
    instance = METHODS_OF.get(kind)
    function = getattr(instance, method) if instance else attrgetter(name)(sp)
    made = function(**TABLE[name][0] | options)
    if name.startswith("estimators"):
        made.fit(np.arange(12.0)[:, None], np.arange(12) % 2)
    return made


def test_the_table_has_all_public_callables_and_parameters():
    wanted = {name: parameters(name) for name in public_names()}
    wanted = {name: options for name, options in wanted.items() if options}
    in_table = {name: set(options) for name, (_, options) in TABLE.items() if options}
    assert in_table == wanted


@pytest.fixture(autouse=True)
def closed_figures(request):
    yield
    plt.close("all")
    if "animate" in request.node.name:
        gc.collect()  # a film that was not saved warns then


CASES = [(name, option) for name, (_, options) in TABLE.items() for option in options]
WORDS = {"draws_or_target": "draws", "kernel_class": "kernel_class|profile"}


def shown(value):
    return repr(value)[:40]


@pytest.mark.parametrize("name, option", CASES)
def test_a_bad_value_is_refused_by_name(name, option):
    word = WORDS.get(option, option)
    accepted, unclear = [], []
    for bad in TABLE[name][1][option][1]:
        try:
            called(name, **{option: bad})
        except (TypeError, ValueError) as error:
            clear = re.search(rf"\b({word})\b.*\b(got|need)\b", str(error), re.DOTALL)
            if not clear:
                unclear.append(f"{shown(bad)}: {error}")
        else:
            accepted.append(shown(bad))
    assert not accepted and not unclear


@pytest.mark.filterwarnings("ignore::splitparticles.SamplingWarning")
@pytest.mark.filterwarnings("ignore:Animation was deleted")
@pytest.mark.parametrize("name, option", CASES)
def test_a_good_value_is_taken(name, option):
    for good in TABLE[name][1][option][0]:
        called(name, **{option: good})


class Counting:
    """Score that knows how often it was called."""

    calls = 0

    def __call__(self, x):
        self.calls += 1
        return -x


@pytest.mark.parametrize("option", [o for o in TABLE["sample"][1] if o != "score"])
def test_a_bad_option_of_sample_is_refused_before_any_score(option):
    score = Counting()
    for bad in TABLE["sample"][1][option][1]:
        with pytest.raises((TypeError, ValueError)):
            called("sample", score=score, **{option: bad})
    assert score.calls == 0


def test_no_memory_is_asked_for_what_it_cannot_hold():
    bytes_of = {
        r"n_particles must fit in memory: .10+, 2. numbers need 1.49e\+22 GiB": (
            lambda: sp.sample(normal, [0.0, 0.0], 10**30)
        ),
        r"x0 must .* 4 matrices of \(1000000, 1000000\) need 2.98e\+04 GiB": (
            lambda: sp.sample(normal, np.zeros(10**6))
        ),
        r"draws must .* need 2.98e\+04 GiB": (
            lambda: sp.compress(np.zeros((1, 10**6)))
        ),
        r"particles must .* a kernel matrix of 2000000 particles need 1.49e\+05 GiB": (
            lambda: sp.optimal_weights(MMD, sp.ParticleSet(np.zeros((2 * 10**6, 2))))
        ),
        r"n_particles must .* GiB": lambda: sp.descend(MMD, TWO, n_particles=10**15),
    }
    for words, call in bytes_of.items():
        with pytest.raises(ValueError, match=words):
            call()


def test_positional_parts_are_instances():
    for several in (sp.BestOf, sp.OrElse):
        with pytest.raises(TypeError, match="got the class Insertion"):
            several(sp.Insertion)
        with pytest.raises(TypeError, match="growth must be a callable .* got 3"):
            several(3)
        with pytest.raises(ValueError, match="at least one growth"):
            several()
    for bad in ((), (3,), (sp.transforms.Real,)):
        with pytest.raises(TypeError, match="transforms must be some Transforms, got"):
            sp.transforms.Joint(*bad)


def test_numbers_that_go_together():
    with pytest.raises(ValueError, match="needs a step, got None"):
        sp.GradientDescent(search=False)
    for options in ({"cost": len}, {"budget": 1.0}):
        with pytest.raises(ValueError, match="cost and budget go together"):
            sp.SteepestSplit(**options)
    with pytest.raises(ValueError, match="masses are for one output"):
        sp.Network(TANH, SQUARED, X, np.ones((3, 2)), masses=True)


@pytest.mark.parametrize("factor", [*FINITE[1], 10**400], ids=shown)
def test_a_factor_of_an_objective_is_a_finite_number(factor):
    with pytest.raises((TypeError, ValueError), match="factor must be"):
        factor * MMD


@pytest.mark.parametrize(
    "move",
    [
        sp.LBFGS(max_iter=0),
        sp.Adam(max_iter=0),
        sp.GradientDescent(max_iter=0),
        sp.GradientDescent(max_iter=0, search=False, step=0.1),
    ],
    ids=repr,
)
def test_no_steps_leave_the_particles(move):
    moved = move(MMD, TWO)
    assert moved.steps == 0 and not moved.converged
    assert np.array_equal(moved.particles.positions, TWO.positions)
    assert moved.value == MMD.value(TWO)


def test_a_kernel_that_is_checked_is_a_tuple_as_before():
    kernel = sp.InverseMultiquadric(2.0, exponent=-1)
    assert kernel == (2.0, -1) and kernel._replace(bandwidth=3) == (3, -1)
    assert inspect.signature(sp.Gaussian).parameters["bandwidth"].default == 1.0
    assert pickle.loads(pickle.dumps(kernel)) == kernel
