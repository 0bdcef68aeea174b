"""Results for other libraries: dictionaries, data frames, xarray and ArviZ.

Coordinates named ``theta[0]``, ``theta[1]`` or ``L[1,0]`` are gathered in one array
theta or L.
"""

import re

import numpy as np

from .._versions import __version__
from ..particles import systematic_rows

CELL = re.compile(r"(.+)\[(\d+(?:, ?\d+)*)\]")

CHAINS = 4  # of draws for ArviZ, some of whose plots want more than one


def variables(labels: list[str], x: np.ndarray) -> dict[str, np.ndarray]:
    """Arrays (n, ...) by the names of the parameters, from columns (n, d).

    Cells that do not fill an array stay columns of their own.
    """
    cells: dict[str, dict[tuple[int, ...], np.ndarray]] = {}
    for label, column in zip(labels, x.T, strict=True):
        match = CELL.fullmatch(label)
        name = match[1] if match else label
        index = tuple(map(int, match[2].split(","))) if match else ()
        cells.setdefault(name, {})[index] = column
    arrays = {}
    for name, columns in cells.items():
        shape = _shape(list(columns))
        if shape is None:
            for index, column in columns.items():
                cell = ",".join(map(str, index))
                arrays[f"{name}[{cell}]" if index else name] = column.copy()
            continue
        array = np.empty((len(x), *shape))
        for index, column in columns.items():
            np.moveaxis(array, 0, -1)[index] = column
        arrays[name] = array
    return arrays


def _shape(indices: list[tuple[int, ...]]) -> tuple[int, ...] | None:
    """Shape of an array that some indices fill; None where they do not."""
    if len({len(index) for index in indices}) > 1:
        return None
    shape = tuple(max(numbers) + 1 for numbers in zip(*indices, strict=True))
    return shape if len(indices) == np.prod(shape, dtype=int) else None


def to_dict(result) -> dict[str, np.ndarray]:
    """Parameters of the particles, (n, ...), and their ``weight``, (n,)."""
    return {
        **variables(result.labels, result.positions),
        "weight": result.weights.copy(),
    }


def to_xarray(result):
    """Dataset over the dimension ``particle``."""
    import xarray

    known = set()
    data = {}
    for name, array in to_dict(result).items():
        given = list(result.dims.get(name, ())) if name != "weight" else []
        own = [f"{name}_dim_{k}" for k in range(array.ndim - 1)]
        dims = given if len(given) == array.ndim - 1 else own
        known.update(dims)
        data[name] = (["particle", *dims], array)
    coords = {name: list(v) for name, v in result.coords.items() if name in known}
    return xarray.Dataset(data, coords, attributes(result))


def attributes(result) -> dict[str, object]:
    """Facts of a run that a file of any library can hold."""
    return {
        "inference_library": "splitparticles",
        "inference_library_version": __version__,
        "n_particles": len(result.positions),
        "discrepancy": result.discrepancy,
        "stop": result.stop.name,
        "message": result.message,
        "n_score_evals": result.n_score_evals,
        "n_score_calls": result.n_score_calls,
        "warnings": "; ".join(result.warnings),
    }


def to_arviz(result, n_draws: int, rng, coords, dims):
    """ArviZ's tree or InferenceData; see `Result.to_arviz`."""
    each = n_draws // CHAINS
    stats: dict[str, np.ndarray] = {}
    if result.sampler is not None:
        draws = result.draws(CHAINS * each, chains=CHAINS, rng=rng)
    else:
        rows = systematic_rows(result.particles.probabilities, CHAINS * each, rng)
        draws = result.positions[rows]
        stats["particle"] = rows.reshape(CHAINS, each)
    in_chains = variables(result.labels, draws)
    posterior = {k: v.reshape(CHAINS, each, *v.shape[1:]) for k, v in in_chains.items()}
    particles = variables(result.labels, result.positions)
    groups = {
        "posterior": posterior,
        **({"sample_stats": stats} if stats else {}),
        "particles": {name: array[None] for name, array in particles.items()},
        "particle_stats": {"weight": result.particles.probabilities[None]},
    }
    facts = attributes(result)
    options = {"coords": dict(coords), "dims": {k: list(v) for k, v in dims.items()}}
    try:
        from arviz_base import from_dict
    except ImportError:
        return _inference_data(groups, options, facts)
    tree = from_dict(groups, **options)
    tree["posterior"].attrs.update(facts)
    return tree


def _inference_data(groups, options, facts):
    """ArviZ's InferenceData, of versions before 1."""
    import arviz

    data = arviz.from_dict(
        posterior=groups.pop("posterior"),
        sample_stats=groups.pop("sample_stats", None),
        posterior_attrs=facts,
        **options,
    )
    more = {
        name: arviz.convert_to_dataset(group, **options)
        for name, group in groups.items()
    }
    data.add_groups(more, warn_on_custom_groups=False)
    return data
