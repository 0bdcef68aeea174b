r"""Should this answer be trusted?  Figures that the run did not optimise.

What was minimised is small whether or not the answer is right, so a result is held
against other things: Stein's identity for functions that were not in the objective,
the same discrepancy under other kernels and beside that of independent draws, the
round before, modes that no particle came near, the log density, reference draws.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from .._validation import as_callable, as_positions, as_rng, explains_keywords
from ..coordinates.preconditioner import Preconditioner
from ..descent.result import Result
from ..distances import energy_distance
from ..kernels.radial import Gaussian, InverseMultiquadric
from ..modes.climb import find_mode
from ..modes.masses import laplace_masses, measured_masses
from ..modes.search import find_modes
from ..objectives import KSD
from ..scores.identities import DISPERSION, DRIFT, dispersion, drift
from ..scores.score import Score, batched_log_density
from .check_score import check_score
from .report import Report

# Each stands between what right answers and wrong ones were seen to give.
SQUASHED = 2.5  # Stein's identity for tanh, of what independent draws leave

OF_IID = 0.5  # squared discrepancy, of that of independent draws

SETTLED_MEAN, SETTLED_SD = 0.25, 0.6  # changes since half as many particles

MASS = 0.05  # of a mode

REFERENCE = 0.9  # energy distance, of that of independent draws


@explains_keywords
def diagnose(
    result: Result,
    *,
    score: Callable | None = None,
    log_density: Callable | None = None,
    draws: ArrayLike | None = None,
    vectorized: bool = True,
    rng=0,
) -> Report:
    r"""Look for reasons not to trust a result.

    In working coordinates z, with weights w and the score s there:

    ================== ======================================================== =====
    ``particles``      of which more than d are needed
    ``mean_change``    of means since half as many particles, in sds            0.25
    ``sd_change``      of sds since then, relative                              0.6
    ``drift``          :math:`\max_k |\sum_i w_i s_{ik}|`                       0.1
    ``dispersion``     eigenvalues of :math:`-\sum_i w_i s_i (z_i - \bar z)^T`, 1.15
                       the one farthest from one, or its inverse
    ``squashed``       :math:`|\sum_i w_i [s_{ik} \tanh z_{ik} + \cosh^{-2}     2.5
                       z_{ik}]|`, largest, of that of n independent draws
    ``ksd_of_iid``     squared KSD under a Gaussian and under a narrower kernel 0.5
                       than the run's, of that of n independent draws
    ``missed_mass``    largest difference in the mass of a mode                 0.05
    ``gradient_ratio`` and other figures of `check_score`
    ``energy_of_iid``  energy distance to `draws`, of that of n of them         0.9
    ================== ======================================================== =====

    The last column is where a warning begins.

    Parameters
    ----------
    result : Result
    score : callable, optional
        (n, d) -> (n, d), for all but the first three and the last.
    log_density : callable, optional
        (n, d) -> (n,), for masses and `check_score`.
    draws : array_like, shape (N, d), optional
        Reference draws.
    vectorized : bool
        False: `score` and `log_density` take one point (d,).
    rng : None, int, Generator, optional
        Anything ``np.random.default_rng`` takes; the same answer each time by default.

    Returns
    -------
    Report

    Raises
    ------
    TypeError, ValueError
        When an argument is not what it should be.

    Examples
    --------
    >>> import splitparticles as sp
    >>> result = sp.sample(lambda x: -x, [0.0, 0.0], 32)
    >>> sp.diagnose(result, score=lambda x: -x).ok
    True
    >>> sp.diagnose(result, score=lambda x: -x / 4.0).ok
    False
    """
    if not isinstance(result, Result):
        raise TypeError(f"result must be a Result, got {result!r}")
    rng = as_rng(rng)
    report = Report()
    report.warnings.extend(result.warnings)
    _about_the_run(report, result)
    if log_density is not None:
        log_density = batched_log_density(log_density, vectorized)
    if score is not None:
        score = Score(as_callable(score, "score", ""), vectorized=vectorized)
        place = _place(result)
        _stein_figures(report, result, score, place)
        _discrepancies(report, result, score, place)
        _mode_masses(report, result, score, log_density, rng)
        if log_density is not None:
            asked = result.positions[:5]
            checked = check_score(score, asked, log_density=log_density, rng=rng)
            report.figures.update(checked.figures)
            report.warnings.extend(checked.warnings)
    if draws is not None:
        _reference(report, result, as_positions(draws, "draws", result.particles.dim))
    return report


def _place(result) -> Preconditioner:
    """Working coordinates of the run, or those of the particles' covariance."""
    if result.preconditioner is not None:
        return result.preconditioner
    return Preconditioner.of_covariance(result.mean(), result.cov())


def _about_the_run(report, result):
    n, d = result.positions.shape
    report.figures["coordinates_per_particle"] = d / n
    if d >= n and not any("cannot span" in text for text in report.warnings):
        text = f"{n} particles cannot span {d} coordinates; take {2 * d} or more"
        report.warnings.append(text)
    if not result.success:
        report.warnings.append(f"the run ended early: {result.message}")
    halves = [r.particles for r in result.rounds if len(r.particles) <= 0.6 * n]
    if not halves or len(halves[-1]) < 4:
        return
    before, sd = halves[-1], np.maximum(result.std(), 1e-300)
    change = float(np.max(np.abs(before.mean() - result.mean()) / sd))
    text = "the means still change as particles multiply"
    report.measure("mean_change", change, SETTLED_MEAN, text)
    change = float(np.max(np.abs(before.std() / sd - 1.0)))
    text = "the sds still change as particles multiply"
    report.measure("sd_change", change, SETTLED_SD, text)


def _stein_figures(report, result, score, place):
    w = result.weights / result.weights.sum()
    z = place.to_working(result.positions)
    s = place.score(score)(z)
    z = z - w @ z
    report.measure("drift", drift(w, s), DRIFT, "the mean score is not zero")
    text = "the particles are not as wide as their scores say"
    report.measure("dispersion", dispersion(w, z, s), DISPERSION, text)
    terms = s * np.tanh(z) + np.cosh(np.clip(z, -300, 300)) ** -2.0
    size = np.sqrt(w**2 @ terms**2).max() * np.sqrt(2.0 * np.log(2.0 * len(z[0])))
    text = "Stein's identity does not hold for tanh"
    off = np.abs(w @ terms).max() / max(size, 1e-300)
    report.measure("squashed", off, SQUASHED, text)


def _discrepancies(report, result, score, place):
    """Under other kernels, beside that of independent draws: the mean of k_p(x, x)."""
    particles = result.particles.moved_to(place.to_working(result.positions))
    particles = particles.weighted(result.weights / result.weights.sum())
    d = particles.dim
    worst = 0.0
    for kernel in (Gaussian(1.4 * d**0.5), InverseMultiquadric(0.7 * d**0.5)):
        F = KSD(kernel, place.score(score))
        x = particles.positions
        iid = particles.weights**2 @ F.pairs(x, x)
        worst = max(worst, 2.0 * F.value(particles) / iid)
    text = "under other kernels the discrepancy is hardly below that of random draws"
    report.measure("ksd_of_iid", worst, OF_IID, text)


def _mode_masses(report, result, score, log_density, rng):
    """Modes that climbs from around the particles find, and who is near them."""
    heaviest = result.positions[np.argmax(result.weights)]
    first = find_mode(score, heaviest)
    if not first.converged:
        report.warnings.append(f"no mode near the particles: {first.message}")
        return
    modes = find_modes(score, first.preconditioner, first.preconditioner.centre, rng)
    report.figures["modes"] = float(len(modes))
    if len(modes) == 1:
        return
    known = log_density is not None
    found = measured_masses(modes, log_density, rng) if known else laplace_masses(modes)
    nearest = np.argmin([mode.distances(result.positions) for mode in modes], axis=0)
    masses = np.bincount(nearest, result.weights, minlength=len(modes))
    off = np.abs(masses / masses.sum() - found.masses).max()
    text = f"the target has {len(modes)} modes, and the particles not their masses"
    report.measure("missed_mass", off, MASS, text)


def _reference(report, result, draws):
    """Energy distance to reference draws, beside that of a set of them of size n."""
    n = np.count_nonzero(result.weights)
    sd = draws.std(axis=0)
    sd = np.where(sd > 0, sd, 1.0)
    x, y = result.positions / sd, draws / sd
    sets = [y[k::10][:n] for k in range(10)]
    iid = np.mean([energy_distance(one, y) for one in sets])
    own = energy_distance(x, y, weights_x=result.weights)
    text = "the particles are no nearer to the draws than as many of these"
    report.measure("energy_of_iid", own / max(iid, 1e-300), REFERENCE, text)
