"""Options of the front doors, of results and of particle sets."""

import numpy as np
from option_kinds import (
    COUNT,
    DRAWS,
    FLAG,
    FUNCTION,
    INF,
    LIKE_DESCEND,
    LIKE_SAMPLE,
    LIMIT,
    MMD,
    NAMES,
    NAN,
    NUMBERS,
    POINTS,
    POSITIVE,
    RNG,
    ROWS,
    RUN,
    TEMPERING,
    TWO,
    WEIGHTS,
    Called,
    nearly_all,
    normal,
    optional,
)

import splitparticles as sp

# name: what else it needs, what it takes
DOORS = {
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
}
