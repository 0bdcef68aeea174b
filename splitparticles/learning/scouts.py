r"""Scouts: few rows far from a mode that look for others.

They step up the density from scattered points, in lockstep.  A few of those that have
not reached the mode in three strides go on for some more, by steps of Barzilai and
Borwein (key ``BB88`` in docs/references.bib); where these end elsewhere, climbs begin.
Each mode that is found sends scouts too.  The height of one mode over another is the
integral of the score along the line between them.
"""

import numpy as np

from ..modes.search import secant_lengths
from .climb import Site, climb
from .lockstep import Ledger, OutOfRows, together

SCOUTS, STRIDES = 12, 3

FURTHER = 12  # strides of a few that have not reached the mode

NEAREST, FARTHEST = 3.0, 40.0  # distances in standard deviations of the mode

STRIDE = 0.7  # of the distance to the mode, at most

INWARDS = 0.8  # cosine of score and way to the mode, of those on it

MOVING = 0.05  # last stride of these, over their distance

MOST_CLIMBS = 3  # from around a mode

MOST_MODES = 8  # that send scouts

APART = 5.0  # whitened distance of two modes, by either

LEAST_LOG_MASS = 9.0  # below the heaviest, where a mode is left out

NODES, GAUSS = np.polynomial.legendre.leggauss(48)


def other_modes(
    ledger: Ledger, first: Site, log_density, rng
) -> tuple[list[Site], np.ndarray]:
    """Modes that are not negligible, heaviest first, and their log densities (K,).

    The log densities are relative to each other.
    """
    modes = [first]
    for mode in modes:  # they become more
        (starts,) = together(ledger, [_scouted(mode, modes, rng)])
        for found in together(ledger, [climb(x, rng) for x in starts]):
            new = found.converged and all(_apart(found.end, one) for one in modes)
            if new and len(modes) < MOST_MODES:
                modes.append(found.end)
    if len(modes) == 1:
        return modes, np.zeros(1)
    if log_density is None:
        lines = [_rise(first.x, mode.x) for mode in modes[1:]]
        heights = np.array([0.0, *together(ledger, lines)])
    else:
        heights = log_density(np.array([mode.x for mode in modes]))
    volumes = np.array([np.linalg.slogdet(mode.A)[1] for mode in modes])
    mass = heights + volumes
    order = np.argsort(-mass)
    kept = [k for k in order if mass[k] > np.nanmax(mass) - LEAST_LOG_MASS]
    return [modes[k] for k in kept], heights[kept]


def _apart(mode: Site, other: Site) -> bool:
    distances = mode.distances(other.x[None])[0], other.distances(mode.x[None])[0]
    return min(distances) > APART


def _scouted(mode: Site, modes: list[Site], rng):
    """Search about one of the known modes that returns starts of climbs, (m, d)."""
    d = len(mode.x)
    z = rng.standard_normal((SCOUTS, d))
    far = np.exp(rng.uniform(np.log(NEAREST), np.log(FARTHEST), (SCOUTS, 1)))
    z *= far / np.linalg.norm(z, axis=1, keepdims=True)
    step = np.ones(SCOUTS)
    before = z, np.zeros_like(z)
    try:
        for stride in range(STRIDES + FURTHER):
            x = mode.x + z @ mode.A.T
            s_user = yield x
            s = s_user @ mode.A
            if stride >= STRIDES:
                step = secant_lengths(z - before[0], s - before[1], step)
            kept = np.flatnonzero(np.isfinite(s).all(axis=1))
            if stride >= STRIDES - 1:
                kept = kept[_elsewhere(z[kept], _views(modes, x[kept], s_user[kept]))]
            x, s_user, z, s, step = (array[kept] for array in (x, s_user, z, s, step))
            before = before[0][kept], before[1][kept]
            if len(z) == 0 or stride == STRIDES + FURTHER - 1:
                break
            size = np.maximum(np.linalg.norm(s, axis=1), 1e-9)
            longest = STRIDE * np.linalg.norm(z, axis=1) / size
            step = np.minimum(step, longest)
            before = z, s
            z = z + s * step[:, None]
    except OutOfRows:
        return np.zeros((0, d))
    moving = np.linalg.norm(z - before[0], axis=1) > MOVING * np.linalg.norm(z, axis=1)
    views = _views(modes, x, s_user)
    inwards = np.max([_inwards(*view) for view in views], axis=0)
    return x[~moving | (inwards < INWARDS)]


def _views(modes: list[Site], x, s):
    """Points and scores in the coordinates of each mode."""
    return [(np.linalg.solve(one.A, (x - one.x).T).T, s @ one.A) for one in modes]


def _inwards(z, s):
    """Cosine of the score and the way to the mode, (k,)."""
    size = np.linalg.norm(z, axis=1) * np.linalg.norm(s, axis=1)
    return -(s * z).sum(axis=1) / np.maximum(size, 1e-300)


def _elsewhere(z, views) -> list[int]:
    """Rows of the few that are far from all modes and head there least, apart."""
    pull, away = np.full(len(z), -np.inf), np.full(len(z), True)
    for seen, s in views:
        distance, size = np.linalg.norm(seen, axis=1), np.linalg.norm(s, axis=1)
        fraction = np.minimum(1.0, size / np.maximum(distance, 1e-300))
        pull = np.maximum(pull, _inwards(seen, s) * fraction)
        away &= (distance > NEAREST) & (distance**2 > 2.0 * z.shape[1])
    chosen: list[int] = []
    for i in np.flatnonzero(away)[np.argsort(pull[away])]:
        gaps = np.linalg.norm(z[chosen] - z[i], axis=1)
        far = 0.5 * np.linalg.norm(z[i])
        if len(chosen) < MOST_CLIMBS and (gaps > far).all():
            chosen.append(int(i))
    return chosen


def _rise(start, end):
    """Search that returns the log density of one point over that of another."""
    way = end - start
    try:
        s = yield start + 0.5 * (NODES[:, None] + 1.0) * way
    except OutOfRows:
        return np.nan
    return 0.5 * float(GAUSS @ (s @ way))
