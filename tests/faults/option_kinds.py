"""Kinds of options: a pair of values that are taken and values that are refused."""

import numpy as np

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
    "decay": optional(NOT_NEGATIVE),
    "validation_fraction": BELOW_ONE,
    "patience": COUNT,
    "random_state": SEED,
    "progress": ([False], FLAG[1]),
}

# name: what else it needs, what it takes
