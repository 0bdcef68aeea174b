"""Options of adapters, transforms and pictures."""

from option_kinds import (
    BOX,
    COLUMNS,
    COUNT,
    DRAWS,
    EITHER,
    FITTED,
    FLAG,
    FUNCTION,
    INF,
    MMD,
    NAN,
    NOT_NEGATIVE,
    NUMBERS,
    POSITIVE,
    ROWS,
    RUN,
    SEED,
    TWO,
    Called,
    normal,
    optional,
)

import splitparticles as sp

# name: what else it needs, what it takes
OTHERS = {
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
