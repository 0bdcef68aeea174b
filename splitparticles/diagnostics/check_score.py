r"""Is this really the gradient of that log density?  To be asked before a long run.

Slopes are differences along random directions, each with a bound on its own error;
only what exceeds the bound is held against the score: no alarm from rounding or kinks.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from .._validation import as_callable, as_floats, as_rng, explains_keywords, start_cloud
from ..scores.score import checked
from .report import MisfitError, Report, Watched, shown

POINTS, SPREAD = 10, 0.1  # around x0, in units of 1 + |x0|

STEPS = np.geomspace(0.1, 1e-8, 5)[:, None]  # in the same units; the best one counts

SAFETY, SHARP = 3.0, 0.3  # times an estimated error; relative error still of use

RAYS, RADII = 8, np.array([10.0, 100.0, 1000.0])  # each ray in both directions

SAME, SAME_IN_EPS = 1e-8, 1000.0  # of equal values: relative, and in rounding units

ASYMMETRY, GRADIENT, OUTWARD = 1e-3, 1e-3, 0.9


@explains_keywords
@np.errstate(all="ignore")  # what is not finite is told by the report
def check_score(
    score: Callable,
    x0: ArrayLike,
    *,
    log_density: Callable | None = None,
    vectorized: bool = True,
    rng=None,
) -> Report:
    r"""Look for what is wrong with a score :math:`s`, before a long run.

    Ten points or so are rows of `x0` and :math:`x_0 + 0.1 (1 + |x_0|) \xi`, with
    :math:`\xi` normal.  Measured, besides shapes and types, and where a warning begins:

    ===================== ============================================== ===========
    ``not_finite``        points without a finite score, left out        0
    ``repeat_difference`` two calls, :math:`|s(x) - s(x)|`: random?      1e-8
    ``batch_difference``  :math:`|s(X)_i - s(X_i)|`: do rows mix?        1e-8
    ``asymmetry``         :math:`|u^T \nabla s\, v - v^T \nabla s\, u|`  1e-3
    ``gradient_ratio``    :math:`s^T \nabla \log p / |s|^2`, median      1 +- 1e-3
    ``gradient_error``    :math:`|u^T \nabla \log p - u^T s|`, relative  1e-3
    ``outward_share``     of points 1000 away, where s should point back 0.9
    ``changed_arguments`` calls that wrote into what they were given     0
    ``rows``              handed over; below 400 whatever d
    ``seconds_per_call``  of one row alone
    ``seconds_per_row``   of a batch
    ===================== ============================================== ===========

    Differences are relative, and the largest is shown: that of scores may be 1e-4 in
    single precision, those of slopes are less their own rounding.  Asymmetry, with
    :math:`J = \nabla s`, :math:`a = u^T J v`, :math:`b = v^T J u`, is relative to
    :math:`(2 a^2 + 2 b^2 + |u^T J u\, v^T J v| / d)^{1/2}`, one for a rotation.  More
    figures, of `log_density` itself, begin with its name.

    Parameters
    ----------
    score : callable
        (n, d) -> (n, d): supposedly the gradient of the log density, row by row.
    x0 : array_like or int
        A point (d,), a cloud (n0, d), of which five rows at most are drawn, or the
        number of dimensions d, for a standard normal point; as in `sample`.
    log_density : callable, optional
        (n, d) -> (n,).  Without it a wrong factor is not seen, nor a sign from near.
    vectorized : bool
        False: `score` and `log_density` take one point (d,).
    rng : None, int, Generator, optional
        Anything ``np.random.default_rng`` takes.

    Returns
    -------
    Report
        Figures and warnings; what could not be checked has no figure.

    Raises
    ------
    TypeError, ValueError
        If something cannot be called, or `x0` is not as said.  Their own errors pass,
        but for far points.

    Examples
    --------
    >>> import splitparticles as sp
    >>> log_p = lambda x: -0.5 * (x**2).sum(axis=1)
    >>> sp.check_score(lambda x: -x, [1.0, 2.0], log_density=log_p).ok
    True
    >>> print(sp.check_score(lambda x: x, [1.0, 2.0], log_density=log_p).warnings[0])
    the score points downhill: its sign is wrong (gradient_ratio is -1, not 1 +- 0.001)
    """
    as_callable(score, "score", "(n, d) -> (n, d)")
    score = Watched(score, "score", checked, vectorized)
    if log_density is not None:
        as_callable(log_density, "log_density", "(n, d) -> (n,)")
        log_density = Watched(log_density, "log_density", _one_a_row, vectorized)
    rng, report = as_rng(rng), Report()
    start = start_cloud(x0, POINTS // 2, rng)
    if known := report.attempt(_finite_points, score, start, rng):
        x, s = known
        if len(x) and report.attempt(_repeats, score, x, s):
            report.attempt(_check_rows, score, x, s)
            report.attempt(_check_symmetry, score, x, s, rng)
            if log_density is not None:
                report.attempt(_check_gradient, log_density, x, s, rng)
        report.attempt(_check_far_points, score, start.mean(axis=0), rng)
    for watched in filter(None, (score, log_density)):
        watched.write_costs(report)
    return report


def _one_a_row(values, name, x):
    """Return the values for x (n, d) or (d,) as floats (n,) or ()."""
    array = as_floats(values, f"the return value of {name}", "of shape (n,)")
    if array.shape != x.shape[:-1]:
        shapes = f"{x.shape[:-1]} for x of shape {x.shape}, got {array.shape}"
        raise ValueError(f"{name} must return shape {shapes}")
    return array


def _finite_points(report, score, start, rng):
    """Points and their scores (n, d): rows of the start, and points around them."""
    near = np.resize(start, (POINTS - len(start), start.shape[1]))
    near = near + SPREAD * (1 + np.abs(near)) * rng.standard_normal(near.shape)
    x = np.vstack([start, near])
    s = score(x)
    fine = _where_finite(report, score, x, s)
    return x[fine], s[fine]


def _where_finite(report, watched, x, values):
    """Where the values are finite, (n,)."""
    fine = np.isfinite(values.reshape(len(x), -1)).all(axis=1)
    bad = len(x) - int(fine.sum())
    where = f"at {bad} of {len(x)} points, as at {shown(x[np.argmin(fine)])}"
    text = f"{watched.name} is not finite {where}"
    report.measure(f"{watched.prefix}not_finite", bad, 0, text)
    return fine


def _repeats(report, watched, x, values):
    """Whether the same points give the same values."""
    name = f"{watched.prefix}repeat_difference"
    text = f"{watched.name} is random, it differs at the same points: a minibatch?"
    return report.measure(name, *_difference(watched(x), values), text)


def _check_rows(report, score, x, s):
    """Each row alone has to have the score that it has in the batch."""
    if score.vectorized:
        alone = np.vstack([score(row[None]) for row in x])
        text = "the score of a row depends on the other rows of the batch"
        report.measure("batch_difference", *_difference(alone, s), text)


def _check_far_points(report, score, centre, rng):
    """Far out, the score of a density with a finite integral points back."""
    rays = rng.standard_normal((RAYS, len(centre)))
    rays = np.vstack([rays, -rays])
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    farthest = np.full(len(rays), np.nan)
    for radius in RADII:
        try:
            outward = (score(centre + radius * rays) * rays).sum(axis=1)
        except MisfitError:
            raise
        except Exception:  # nobody promised that it can be asked so far away
            break
        farthest = np.where(np.isfinite(outward), outward, farthest)
    known = np.isfinite(farthest)
    if known.any():
        text = "the score points away from the start at far points: wrong sign?"
        report.measure("outward_share", np.mean(farthest[known] > 0), OUTWARD, text)


def _check_symmetry(report, score, x, s, rng):
    """The Jacobian of a gradient is symmetric: u'Jv = v'Ju."""
    n, d = x.shape
    if d == 1:
        return
    ways = (1 + np.abs(x)) * rng.standard_normal((2, n, d))
    axes = np.resize(rng.permutation(d), 2 * n).reshape(n, 2).T
    ways[:, 1::2] *= np.arange(d) == axes[:, 1::2, None]  # every other pair is sparse
    values = _along(score, x, ways)

    def slopes_of(v):
        size = (_size(s) * np.abs(v)).sum(axis=-1)
        return _slopes((s * v).sum(axis=-1), (values * v).sum(axis=-1), size, _eps(s))

    (a, b), errors = slopes_of(ways[::-1])
    size = np.sqrt(2 * (a**2 + b**2) + np.abs(slopes_of(ways)[0].prod(axis=0)) / d)
    share = _ratio(np.maximum(np.abs(a - b) - errors.sum(axis=0), 0), size)
    text = "the score is the gradient of no function: its Jacobian is not symmetric"
    report.measure("asymmetry", share.max(), ASYMMETRY, text)


def _check_gradient(report, log_density, x, s, rng):
    """The slope of log p along any direction is the score's part along it."""
    values = log_density(x)
    fine = _where_finite(report, log_density, x, values)
    x, s, values = x[fine], s[fine], values[fine]
    n, d = x.shape
    if n == 0 or not _repeats(report, log_density, x, values):
        return
    reach, axes = 1 + np.abs(x), np.resize(rng.permutation(d), n)
    uphill = _ratio(s, np.max(np.abs(s) / reach, axis=1, keepdims=True))
    any_way, sparse = rng.standard_normal((n, d)), np.arange(d) == axes[:, None]
    ways = np.stack([uphill, reach * any_way, reach * sparse])
    around = _along(log_density, x, ways)
    size = np.abs(values) + np.abs(s * x).sum(axis=-1)
    slopes, errors = _slopes(values, around, size, _eps(around))
    told = (s * ways).sum(axis=-1)
    errors += SAME_IN_EPS * _eps(s) * (_size(s) * np.abs(ways)).sum(axis=-1)
    _judge_gradient(report, x, axes, told, slopes, errors)


def _judge_gradient(report, x, axes, told, slopes, errors):
    """Say how the score's parts (3, n) along three ways differ from the slopes."""

    def misses(factor):
        larger = np.maximum(np.abs(slopes), np.abs(factor * told))
        return _ratio(np.maximum(np.abs(slopes - factor * told) - errors, 0), larger)

    sharp = errors < SHARP * np.maximum(np.abs(slopes), np.abs(told))
    if told.any() and not sharp.any():
        text = "log_density is too rough for differences: the score was not compared"
        return report.warnings.append(text)
    usable = sharp[0] & (told[0] != 0)
    ratio = np.median(_ratio(slopes, told)[0, usable]) if usable.any() else 1.0
    miss = misses(1.0)
    report.figures.update(gradient_ratio=float(ratio), gradient_error=float(miss.max()))
    if miss.max() <= GRADIENT:
        return
    if ratio != 0 and misses(ratio).max() <= GRADIENT:
        figure = f"(gradient_ratio is {ratio:.3g}, not 1 +- {GRADIENT:g})"
        report.warnings.append(f"{_words_for_factor(1 / ratio)} {figure}")
        return
    way = 2 if miss[2].max() > GRADIENT else int(miss.max(axis=1).argmax())
    row = int(miss[way].argmax())
    name = ("the score", "a random direction", f"coordinate {axes[row]}")[way]
    text = f"the score is not the gradient of log_density: at {shown(x[row])} along "
    text += f"{name} the slope is {slopes[way, row]:.3g}, not {told[way, row]:.3g}"
    report.measure("gradient_error", miss.max(), GRADIENT, text)


def _words_for_factor(factor):
    times = f"about {abs(factor):.3g} times the gradient of the log density"
    if factor > 0:
        return f"the score is {times}"
    text = "the score points downhill: its sign is wrong"
    return text if abs(factor + 1) <= 10 * GRADIENT else f"{text}, and it is {times}"


def _along(function, x, ways):
    """Values at x + h w and x - h w: (2, steps, ways, n, ...)."""
    moves = STEPS[:, :, None, None] * ways
    points = np.stack([x + moves, x - moves])
    values = function(points.reshape(-1, x.shape[1]))
    return values.reshape(points.shape[:-1] + values.shape[1:])


def _slopes(centre, around, size, eps):
    """Slopes (ways, n) by the best of the steps, with a bound on their errors.

    The bound sums the change from a longer step, half the gap of one-sided slopes (the
    error of a kink), and the rounding, to eps, of values of this size.
    """
    up, down = around
    h = STEPS[:, :, None]
    slopes = (up - down) / (2 * h)
    errors = np.abs(up - 2 * centre + down) / (2 * h) + eps * size / h
    errors = errors[1:] + np.abs(np.diff(slopes, axis=0))
    errors = np.where(np.isfinite(errors), errors, np.inf)
    best = errors.argmin(axis=0)[None]
    slopes = np.take_along_axis(slopes[1:], best, axis=0)[0]
    errors = SAFETY * np.take_along_axis(errors, best, axis=0)[0]
    return np.where(errors < np.inf, slopes, 0.0), errors


def _size(s):
    """Size of scores (n, d) and of what cancels in them, where they are near zero."""
    return np.abs(s) + np.median(np.abs(s), axis=0)


def _difference(values, wanted):
    """Largest difference of rows by their own and the median size, and its limit."""
    rows = np.reshape(wanted, (len(wanted), -1))
    size = np.linalg.norm(rows, axis=1)
    gap = np.linalg.norm(np.reshape(values, rows.shape) - rows, axis=1)
    gap = _ratio(gap, size + np.median(size))
    return gap.max(), max(SAME, SAME_IN_EPS * _eps(wanted))


def _eps(values):
    """Rounding unit of what the values were computed in, as far as they show."""
    single = np.array_equal(values, values.astype(np.float32), equal_nan=True)
    return np.finfo(np.float32 if single else np.float64).eps


def _ratio(a, b):
    """Return a / b, zero where b is."""
    return np.divide(a, b, out=np.zeros_like(a), where=b != 0)
