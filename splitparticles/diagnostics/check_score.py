r"""Gradient check of a score, before a long run.

Slopes are differences along random directions, each with a bound on its own error;
only what exceeds the bound is held against the score: no alarm from rounding or kinks.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._keywords import explains_keywords
from .._linalg import lengths_and_directions, ratio, row_dot
from .._validation import as_callable, as_flag, as_floats, as_rng, start_cloud
from ..scores.counted import checked
from ..scores.model import SupportsScore, as_model, first_given
from .report import MisfitError, RecordedFunction, Report, shown
from .slopes import rounding_unit, slopes, values_along

POINTS, SCALE = 10, 0.1  # around x0, in units of 1 + |x0|

SHARP = 0.3  # relative error with which a slope is still compared

RAYS, RADII = 8, np.array([10.0, 100.0, 1000.0])  # each ray in both directions

SAME, SAME_IN_EPS = 1e-8, 1000.0  # of equal values: relative, and in rounding units

ASYMMETRY, GRADIENT, OUTWARD = 1e-3, 1e-3, 0.9


@explains_keywords
@np.errstate(all="ignore")  # the report names what is not finite
def check_score(
    score: Callable | SupportsScore,
    x0: ArrayLike | None = None,
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
    ``changed_arguments`` calls that wrote into their argument           0
    ``rows``              evaluated; below 400 whatever d
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
    score : callable or model
        (n, d) -> (n, d): supposedly the gradient of the log density, row by row; or a
        model, as of `sample`, with its own start and log density where it has them.
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

    Errors of the two functions themselves pass through, but for those at far points.

    Examples
    --------
    >>> import splitparticles as sp
    >>> log_p = lambda x: -0.5 * (x**2).sum(axis=1)
    >>> sp.check_score(lambda x: -x, [1.0, 2.0], log_density=log_p).ok
    True
    >>> print(sp.check_score(lambda x: x, [1.0, 2.0], log_density=log_p).warnings[0])
    the score points downhill: its sign is wrong (gradient_ratio is -1, not 1 +- 0.001)
    """
    start: Any = x0
    function: Any = score
    if (model := as_model(score)) is not None:
        function, start = model.score, first_given(x0, model.x0, model.dim)
        log_density = first_given(log_density, model.log_density)
    as_callable(function, "score", "(n, d) -> (n, d)")
    as_flag(vectorized, "vectorized")
    recorded = [RecordedFunction(function, "score", checked, vectorized)]
    if log_density is not None:
        as_callable(log_density, "log_density", "(n, d) -> (n,)")
        recorded += [RecordedFunction(log_density, "log_density", _fitted, vectorized)]
    rng, report = as_rng(rng), Report()
    start = start_cloud(start, POINTS // 2, rng)
    if finite := report.attempt(_finite_points, recorded[0], start, rng):
        x, s = finite
        if len(x) and report.attempt(_repeats, recorded[0], x, s):
            report.attempt(_check_rows, recorded[0], x, s)
            report.attempt(_check_symmetry, recorded[0], x, s, rng)
            for log_p in recorded[1:]:
                report.attempt(_check_gradient, log_p, x, s, rng)
        report.attempt(_check_far_points, recorded[0], start.mean(axis=0), rng)
    for function in recorded:
        function.write_costs(report)
    return report


def _fitted(values, name, x):
    """Values of a log density at x (n, d) or (d,) as floats (n,) or ()."""
    array = as_floats(values, f"the return value of {name}", "of shape (n,)")
    if array.shape != x.shape[:-1]:
        shapes = f"{x.shape[:-1]} for x of shape {x.shape}, got {array.shape}"
        raise ValueError(f"{name} must return shape {shapes}")
    return array


def _finite_points(report, score, start, rng):
    """Points and their scores (n, d): rows of the start, and points around them."""
    around = np.resize(start, (POINTS - len(start), start.shape[1]))
    around = around + SCALE * (1 + np.abs(around)) * rng.standard_normal(around.shape)
    x = np.vstack([start, around])
    s = score(x)
    finite = _where_finite(report, score, x, s)
    return x[finite], s[finite]


def _where_finite(report, function, x, values):
    """Rows with finite values, (n,)."""
    finite = np.isfinite(values.reshape(len(x), -1)).all(axis=1)
    bad = len(x) - int(finite.sum())
    where = f"at {bad} of {len(x)} points, as at {shown(x[np.argmin(finite)])}"
    text = f"{function.name} is not finite {where}"
    report.measure(f"{function.prefix}not_finite", bad, 0, text)
    return finite


def _repeats(report, function, x, values):
    """Whether the same points give the same values."""
    name = f"{function.prefix}repeat_difference"
    text = f"{function.name} is random, it differs at the same points: a minibatch?"
    return report.measure(name, *_difference(function(x), values), text)


def _check_rows(report, score, x, s):
    """Each row alone has to have the score that it has in the batch."""
    if score.vectorized:
        alone = np.vstack([score(row[None]) for row in x])
        text = "the score of a row depends on the other rows of the batch"
        report.measure("batch_difference", *_difference(alone, s), text)


def _check_far_points(report, score, centre, rng):
    """Far out, the score of a density with a finite integral points back."""
    rays = rng.standard_normal((RAYS, len(centre)))
    rays = lengths_and_directions(np.vstack([rays, -rays]))[1]
    farthest = np.full(len(rays), np.nan)
    for radius in RADII:
        try:
            outward = row_dot(score(centre + radius * rays), rays)
        except MisfitError:
            raise
        except Exception:  # a score need not be defined so far away
            break
        farthest = np.where(np.isfinite(outward), outward, farthest)
    finite = np.isfinite(farthest)
    if finite.any():
        text = "the score points away from the start at far points: wrong sign?"
        report.measure("outward_share", np.mean(farthest[finite] > 0), OUTWARD, text)


def _check_symmetry(report, score, x, s, rng):
    """The Jacobian of a gradient is symmetric: u'Jv = v'Ju."""
    n, d = x.shape
    if d == 1:
        return
    uv = (1 + np.abs(x)) * rng.standard_normal((2, n, d))
    # A wrong entry of the Jacobian drowns in dense directions: every other pair u, v
    # is along two axes.
    axes = np.resize(rng.permutation(d), 2 * n).reshape(n, 2).T
    uv[:, 1::2] *= np.arange(d) == axes[:, 1::2, None]
    values = values_along(score, x, uv)

    def slopes_of_parts(v):
        size, eps = row_dot(_size(s), np.abs(v)), rounding_unit(s)
        return slopes(row_dot(s, v), row_dot(values, v), size, eps)

    (a, b), errors = slopes_of_parts(uv[::-1])
    straight = slopes_of_parts(uv)[0].prod(axis=0)  # u'Ju v'Jv
    size = np.sqrt(2 * (a**2 + b**2) + np.abs(straight) / d)
    excess = np.maximum(np.abs(a - b) - errors.sum(axis=0), 0)
    text = "the score is the gradient of no function: its Jacobian is not symmetric"
    report.measure("asymmetry", ratio(excess, size).max(), ASYMMETRY, text)


def _check_gradient(report, log_density, x, s, rng):
    """The slope of log p along any direction is the score's part along it."""
    values = log_density(x)
    finite = _where_finite(report, log_density, x, values)
    x, s, values = x[finite], s[finite], values[finite]
    n, d = x.shape
    if n == 0 or not _repeats(report, log_density, x, values):
        return
    reach, axes = 1 + np.abs(x), np.resize(rng.permutation(d), n)
    uphill = ratio(s, np.max(np.abs(s) / reach, axis=1, keepdims=True))
    dense, sparse = rng.standard_normal((n, d)), np.arange(d) == axes[:, None]
    directions = np.stack([uphill, reach * dense, reach * sparse])
    around = values_along(log_density, x, directions)
    size = np.abs(values) + np.abs(s * x).sum(axis=-1)
    slope, errors = slopes(values, around, size, rounding_unit(around))
    parts = row_dot(s, directions)
    unit = SAME_IN_EPS * rounding_unit(s)
    errors += unit * row_dot(_size(s), np.abs(directions))
    _judge_gradient(report, x, axes, parts, slope, errors)


def _judge_gradient(report, x, axes, parts, slope, errors):
    """Say how the score's parts (3, n) along three directions differ from slopes."""

    def relative_errors(factor):
        larger = np.maximum(np.abs(slope), np.abs(factor * parts))
        return ratio(np.maximum(np.abs(slope - factor * parts) - errors, 0), larger)

    sharp = errors < SHARP * np.maximum(np.abs(slope), np.abs(parts))
    if parts.any() and not sharp.any():
        text = "log_density is too rough for differences: the score was not compared"
        return report.warnings.append(text)
    usable = sharp[0] & (parts[0] != 0)
    quotient = np.median(ratio(slope, parts)[0, usable]) if usable.any() else 1.0
    error = relative_errors(1.0)
    figures = {"gradient_ratio": float(quotient), "gradient_error": float(error.max())}
    report.figures.update(figures)
    if error.max() <= GRADIENT:
        return
    if quotient != 0 and relative_errors(quotient).max() <= GRADIENT:
        figure = f"(gradient_ratio is {quotient:.3g}, not 1 +- {GRADIENT:g})"
        text = "the score points downhill: its sign is wrong" if quotient < 0 else ""
        if not text or abs(quotient + 1) > 10 * GRADIENT:
            text += ", and it is " if text else "the score is "
            size = f"{abs(1 / quotient):.3g} times"
            text += f"about {size} the gradient of the log density"
        return report.warnings.append(f"{text} {figure}")
    # A single coordinate says more than a direction, so it is named first.
    k = 2 if error[2].max() > GRADIENT else int(error.max(axis=1).argmax())
    row = int(error[k].argmax())
    name = ("the score", "a random direction", f"coordinate {axes[row]}")[k]
    text = f"the score is not the gradient of log_density: at {shown(x[row])} along "
    text += f"{name} the slope is {slope[k, row]:.3g}, not {parts[k, row]:.3g}"
    report.measure("gradient_error", error.max(), GRADIENT, text)


def _size(s):
    """Size of scores (n, d) and of what cancels in them, where they are near zero."""
    return np.abs(s) + np.median(np.abs(s), axis=0)


def _difference(values, expected):
    """Largest difference of rows by their own and the median size, and its limit."""
    rows = np.reshape(expected, (len(expected), -1))
    size = np.linalg.norm(rows, axis=1)
    gap = np.linalg.norm(np.reshape(values, rows.shape) - rows, axis=1)
    gap = ratio(gap, size + np.median(size))
    return gap.max(), max(SAME, SAME_IN_EPS * rounding_unit(expected))
