"""Options of kernels, objectives, moves, growths, targets, distances and networks."""

import numpy as np
from option_kinds import (
    A_NETWORK,
    COUNT,
    DRAWS,
    FINITE,
    FITTED,
    FLAG,
    FUNCTION,
    INF,
    KERNEL,
    MMD,
    MOVE,
    NAN,
    NEGATIVE,
    NOT_COUNTS,
    NOT_NEGATIVE,
    OBJECTIVE,
    POINTS,
    POSITIVE,
    RNG,
    SHARE,
    SIZE,
    SQUARED,
    TANH,
    TWO,
    WEIGHTS,
    Called,
    X,
    Y,
    normal,
    optional,
)

import splitparticles as sp

A_LOSS = [], [None, 3, "squared", sp.losses.Squared]
AN_OFFSET = [None, Y], [[1.0], "x", [NAN, 0.0, 0.0], 3]

# name: what else it needs, what it takes
PIECES = {
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
            "loss": A_LOSS,
            **A_NETWORK,
            "masses": FLAG,
            "decay": NOT_NEGATIVE,
            "offset": AN_OFFSET,
        },
    ),
    "PrototypeNetwork": (
        {"loss": SQUARED, "inputs": X, "outputs": Y},
        {
            "loss": A_LOSS,
            **A_NETWORK,
            "kernel": ([None, sp.RationalQuadratic()], [*KERNEL[1][1:], sp.Matern52()]),
            "decay": NOT_NEGATIVE,
            "offset": AN_OFFSET,
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
            "products": COUNT,
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
}
