r"""Diagnosis of a result by statistics that the run did not optimise.

What was minimised is small whether or not the answer is right, so a result is compared
with other things: Stein's identity for functions that were not in the objective, the
same discrepancy under other kernels and that of independent draws, an earlier round,
modes that no particle came near, fresh rows far out and at draws of an emulator, the
log density, reference draws or a second run.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._keywords import explains_keywords
from .._linalg import ratio
from .._validation import as_callable, as_flag, as_instance, as_rng
from ..descent.result import Result
from ..diagnostics.check_score import check_score
from ..diagnostics.report import Report
from ..distances import energy_distance
from ..draws.labelled import as_draws
from ..kernels.radial import Gaussian, InverseMultiquadric
from ..modes.climb import find_mode
from ..modes.masses import laplace_masses, measured_masses
from ..modes.search import find_modes
from ..objectives import KSD
from ..scores.counted import CountedScore, batched_log_density
from ..scores.identities import DISPERSION, DRIFT, dispersion, drift
from ..scores.model import SupportsScore, as_model, first_given
from ..stop import Stop
from .doubts import points_without_fall
from .run import NOT_LEARNED
from .second_run import DRAWS, FRESH, second_run, stein_error, working_coordinates

# Each threshold lies between the values of right answers and those of wrong ones.
SQUASHED = 2.5  # Stein's identity for tanh, of what independent draws leave

OF_IID = 0.5  # squared discrepancy, of that of independent draws

MEAN_CHANGE, SD_CHANGE = 0.25, 0.6  # changes since half as many particles

MASS = 0.05  # of a mode

ROUNDING = 1e-12  # standard deviation, of the mean, below which a column is constant

REFERENCE = 0.9  # energy distance, of that of independent draws


@explains_keywords
def diagnose(
    result: Result,
    *,
    score: Callable | SupportsScore | None = None,
    log_density: Callable | None = None,
    draws: ArrayLike | None = None,
    second: bool = True,
    vectorized: bool = True,
    rng=0,
) -> Report:
    r"""Look for reasons not to trust a result.

    In working coordinates z, with weights w and the score s there:

    ================== ======================================================== =====
    ``mean_change``    of means since half as many particles, in sds            0.25
    ``sd_change``      of sds since then, relative                              0.6
    ``drift``          :math:`\max_k |\sum_i w_i s_{ik}|`                       0.1
    ``dispersion``     eigenvalues of :math:`-\sum_i w_i s_i (z_i - \bar z)^T`, 1.15
                       the one farthest from one, or its inverse
    ``squashed``       :math:`|\sum_i w_i [s_{ik} \tanh z_{ik} + \cosh^{-2}     2.5
                       z_{ik}]|`, largest, of that of n independent draws
    ``ksd_of_iid``     squared KSD under a Gaussian and under a narrower kernel 0.5
                       than the run's, of that of n independent draws
    ``missed_mass``    largest difference in the mass of a mode, if several     0.05
    ``gradient_ratio`` and other figures of `check_score`
    ``fresh``          Stein's identities at fresh draws of an emulator, in     4
                       their standard errors
    ``second_mean``    of means and those of a second run, in sds               .05+
                                                                                2/√n
    ``second_sd``      of sds, :math:`|\log|` of their ratio                    same
    ``energy_of_iid``  energy distance to `draws`, of that of n of them         0.9
    ================== ======================================================== =====

    The last column is where a warning begins.  Where the run had an emulator, `draws`
    are its own unless others are given, and ``fresh`` stands in place of ``drift`` to
    ``ksd_of_iid``, which the few points nearest in energy distance do not keep to as
    those nearest in KSD do.  A warning also begins where
    ``coordinates_per_particle``, d / n, is not below one, and where the density does
    not fall far out; ``modes`` counts those that climbs from around the particles find.
    What a successful run noted is no warning here.

    Parameters
    ----------
    result : Result
    score : callable or model, optional
        (n, d) -> (n, d), for all but the first three and the last; or the model that
        was sampled.
    log_density : callable, optional
        (n, d) -> (n,), for masses and `check_score`.
    draws : array_like, shape (N, d), optional
        Reference draws.
    second : bool
        With a score, no draws and no other warning, run `sample` once more with an
        emulator, from another start, and compare: at some hundred rows, or as many as
        the first run took where the score cannot be learned.  A run that is doubted
        itself tells nothing.
    vectorized : bool
        False: `score` and `log_density` take one point (d,).
    rng : None, int, Generator, optional
        Anything ``np.random.default_rng`` takes; the same answer each time by default.

    Returns
    -------
    Report

    Examples
    --------
    >>> import splitparticles as sp
    >>> result = sp.sample(lambda x: -x, [0.0, 0.0], 32)
    >>> sp.diagnose(result, score=lambda x: -x).ok
    True
    >>> sp.diagnose(result, score=lambda x: -x / 4.0).ok
    False
    """
    as_instance(result, Result, "result")
    function: Any = score
    if (model := as_model(score)) is not None:
        function = model.score
        log_density = first_given(log_density, model.log_density)
        if model.to_user is not None and result.unconstrained is None:
            raise ValueError(
                "result must be that of sample(model): of one that was loaded the run "
                "in unconstrained coordinates is not known; pass draws="
            )
    run = result.unconstrained or result  # in the coordinates of the score
    as_flag(second, "second"), as_flag(vectorized, "vectorized")
    if log_density is not None:
        as_callable(log_density, "log_density", "(n, d) -> (n,)")
    rng, report = as_rng(rng), Report()
    if draws is not None:
        draws = as_draws(draws, "draws", result.particles.dim)
    _about_the_run(report, run)
    if score is not None:
        counted, batched = CountedScore(function, vectorized=vectorized), None
        if log_density is not None:
            batched = batched_log_density(log_density, vectorized)
        _about_the_score(report, run, counted, batched, rng)
        if draws is None and second and report.ok:
            draws, result = second_run(report, run, counted, log_density, rng), run
    if draws is None and result.sampler is not None:
        draws = result.draws(DRAWS, rng=rng)
    if draws is not None:
        _reference(report, result, draws)
    return report


def _about_the_score(report, result, score, log_density, rng):
    """What scores say at the particles, far from them, and at fresh draws."""
    change = working_coordinates(result)
    if result.sampler is None:
        z = change.to_working(result.positions)
        working = result.particles.moved_to(z).weighted(result.particles.probabilities)
        _stein_figures(report, working, change.score(score))
        _discrepancies(report, working, change.score(score))
    else:
        text = "the score at fresh draws of the emulator is not that of their law"
        report.measure("fresh", stein_error(result, score, rng), FRESH, text)
    if len(points_without_fall(score, change, result.particles)):
        report.warnings.append("far out the density does not fall: wrong sign?")
    _mode_masses(report, result, score, log_density, rng)
    if log_density is not None:
        points = result.positions[:5]
        checked = check_score(score, points, log_density=log_density, rng=rng)
        report.figures.update(checked.figures)
        report.warnings.extend(checked.warnings)


def _about_the_run(report, result):
    """Number of particles, the ending, and changes since half as many particles."""
    n, d = result.positions.shape
    not_learned = [text for text in result.warnings if text.startswith(NOT_LEARNED)]
    # descent alone may rest at a part of such a law, and all local figures be right
    ended_well = result.success and result.stop is not Stop.TOLERANCE
    report.warnings.extend(not_learned if ended_well else result.warnings)
    report.figures["coordinates_per_particle"] = d / n
    if d >= n and not any("cannot span" in text for text in report.warnings):
        text = f"{n} particles cannot span {d} coordinates; take {2 * d} or more"
        report.warnings.append(text)
    if not result.success and result.stop is not Stop.DOUBTED:
        report.warnings.append(f"the run ended early: {result.message}")
    halves = [r.particles for r in result.rounds if len(r.particles) <= 0.6 * n]
    if not halves or len(halves[-1]) < 4:
        return
    half, sd = halves[-1], _scale(result.mean(), result.std())
    change = ratio(np.abs(half.mean() - result.mean()), sd)
    text = "the means still change as particles multiply"
    report.measure("mean_change", change.max(), MEAN_CHANGE, text)
    change = ratio(np.abs(half.std() - sd), sd)
    text = "the sds still change as particles multiply"
    report.measure("sd_change", change.max(), SD_CHANGE, text)


def _scale(mean, sd):
    """Standard deviations, zero where a coordinate is constant but for rounding."""
    return np.where(sd > ROUNDING * np.abs(mean), sd, 0.0)


def _stein_figures(report, particles, score):
    """Stein's identities for constants, for coordinates and for tanh."""
    w, z = particles.weights, particles.positions
    s = score(z)
    z = z - w @ z
    report.measure("drift", drift(w, s), DRIFT, "the mean score is not zero")
    text = "the particles are not as wide as their scores say"
    report.measure("dispersion", dispersion(w, z, s), DISPERSION, text)
    terms = s * np.tanh(z) + np.cosh(np.clip(z, -300, 300)) ** -2.0
    size = np.sqrt(w**2 @ terms**2).max() * np.sqrt(2.0 * np.log(2.0 * len(z[0])))
    text = "Stein's identity does not hold for tanh"
    residual = np.abs(w @ terms).max() / max(size, 1e-300)
    report.measure("squashed", residual, SQUASHED, text)


def _discrepancies(report, particles, score):
    """Discrepancy under other kernels, relative to that of independent draws."""
    z, d = particles.positions, particles.dim
    worst = 0.0
    for kernel in (Gaussian(1.4 * d**0.5), InverseMultiquadric(0.7 * d**0.5)):
        F = KSD(kernel, score)
        iid = particles.weights**2 @ F.kernel_pairs(
            z, z
        )  # the mean of k_p(x, x) over n
        worst = max(worst, 2.0 * F.value(particles) / iid)
    text = "under other kernels the discrepancy is hardly below that of random draws"
    report.measure("ksd_of_iid", worst, OF_IID, text)


def _mode_masses(report, result, score, log_density, rng):
    """Modes that climbs from around the particles find, and the weight near each."""
    heaviest = result.positions[np.argmax(result.weights)]
    single = score.is_single
    first = find_mode(score, heaviest, single=single)
    if not first.converged:
        return  # as in a funnel
    change = first.preconditioner
    modes = find_modes(score, change, change.centre, rng, single=single)
    report.figures["modes"] = float(len(modes))
    if len(modes) == 1:
        return
    if log_density is None:
        masses = laplace_masses(modes).masses
    else:
        masses = measured_masses(modes, log_density, rng).masses
    nearest = np.argmin([mode.distances(result.positions) for mode in modes], axis=0)
    weights = result.particles.probabilities
    missed = masses - np.bincount(nearest, weights, minlength=len(modes))
    text = f"the target has {len(modes)} modes, and the particles not their masses"
    report.measure("missed_mass", np.abs(missed).max(), MASS, text)


def _reference(report, result, draws):
    """Energy distance to reference draws, relative to that of n of the draws."""
    n = np.count_nonzero(result.weights)
    sd = _scale(draws.mean(axis=0), draws.std(axis=0))
    sd[sd == 0.0] = 1.0  # particles beside a constant are still seen
    x, y = result.positions / sd, draws / sd
    sets = [y[k::10][:n] for k in range(10)]
    iid = float(np.mean([energy_distance(subset, y) for subset in sets]))
    distance = energy_distance(x, y, weights_x=result.weights)
    text = "the particles are no nearer to the draws than as many of these"
    report.measure("energy_of_iid", distance / max(iid, 1e-300), REFERENCE, text)
