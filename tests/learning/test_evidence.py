"""Evidence, exact weights and masses by a log density, against closed forms."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import gammaln

import splitparticles as sp
from splitparticles.coordinates.noncentred import NonCentred
from splitparticles.learning.emulation import emulate
from splitparticles.learning.evidence import bridge, evidence, normalised
from splitparticles.learning.fit import Fit
from splitparticles.learning.lockstep import Ledger
from splitparticles.learning.part import Part
from splitparticles.scores.counted import CountedScore

LOG_2PI = np.log(2.0 * np.pi)


def parts_of(score, start):
    ledger, rng = Ledger(CountedScore(score), 3000), np.random.default_rng(0)
    emulation = emulate(ledger, np.asarray(start, dtype=float), None, rng)
    assert emulation.doubts == []
    return emulation.parts


def weighed(parts, log_density, seed=0):
    start = np.zeros((1, parts[0].fit.emulator.dim))
    return evidence(parts, log_density, start, np.random.default_rng(seed))


class Normal:
    """Normal whose density is not normalised."""

    def __init__(self, d):
        self.sd = np.geomspace(1.0, 10.0, d) if d > 1 else np.array([3.0])
        self.log_evidence = 0.5 * d * LOG_2PI + np.log(self.sd).sum()

    def score(self, x):
        return -(x - 1.0) / self.sd**2

    def log_density(self, x):
        return -0.5 * (((x - 1.0) / self.sd) ** 2).sum(axis=1)


class Student5:
    log_evidence = -(gammaln(3.5) - gammaln(2.5) - np.log(5.0 * np.pi))

    def score(self, x):
        return -7.0 * x / (5.0 + (x * x).sum(axis=1, keepdims=True))

    def log_density(self, x):
        return -3.5 * np.log1p((x * x).sum(axis=1) / 5.0)


@pytest.fixture(scope="module")
def plane():
    """Parts of the normal in two coordinates."""
    return parts_of(Normal(2).score, np.zeros(2))


@pytest.mark.parametrize(
    ("target", "d"),
    [(Normal(1), 1), (Normal(5), 5), (Normal(20), 20), (Student5(), 2)],
    ids=["normal 1", "normal 5", "normal 20", "Student"],
)
def test_the_evidence_is_the_integral(target, d):
    measured = weighed(parts_of(target.score, np.full(d, 0.3)), target.log_density)
    assert abs(measured.log_evidence - target.log_evidence) < 0.02
    assert measured.trusted and measured.effective > 800.0
    assert measured.masses == pytest.approx([1.0])
    assert np.linalg.norm(measured.correction) < 0.005


def test_a_bridge_finds_an_integral():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(1.0, 0.5, 4000), rng.normal(0.0, 2.0, 8000)])
    log_p = 3.0 - 2.0 * (x - 1.0) ** 2
    log_q = -0.5 * (x / 2.0) ** 2 - np.log(2.0) - 0.5 * LOG_2PI
    truth = 3.0 + 0.5 * LOG_2PI + np.log(0.5)
    log_integral, weights = bridge(log_p, log_q, 4000)
    assert abs(log_integral - truth) < 0.02
    assert weights.sum() == pytest.approx(1.0) and weights.max() < 1.001 / 4000
    assert abs(weights @ x - 1.0) < 0.02


class Lobed(Part):
    """Part that is dense far out too, where no chain goes."""

    def log_density(self, x):
        return super().log_density(x) + np.where(np.abs(x[:, 0] - 1.0) > 4.0, 30.0, 0.0)


def test_what_no_chain_reaches_is_not_counted(plane):
    lobed = Lobed(plane[0].fit)
    measured = weighed([lobed], Normal(2).log_density)
    assert abs(measured.log_evidence - Normal(2).log_evidence) < 0.02
    assert measured.trusted
    assert np.linalg.norm(measured.correction) < 0.005


def test_the_evidence_of_a_banana_in_curved_coordinates():
    banana = sp.targets.Banana()
    measured = weighed(parts_of(banana.score, [0.1, 0.2]), banana.log_density)
    assert abs(measured.log_evidence) < 0.02 and measured.trusted


def test_curved_coordinates_bring_their_determinants(plane):
    fit, curved = plane[0].fit, NonCentred(0.8, np.array([0.7]), np.zeros((4, 1)))

    def log_density(x):
        z = curved.to_working(x)
        straight = Normal(2).log_density(fit.change.to_user(z))
        return straight - curved.log_determinant(z)

    measured = weighed([Part(replace(fit, change=curved))], log_density)
    truth = Normal(2).log_evidence - fit.change.log_determinant(np.zeros((1, 2)))[0]
    assert abs(measured.log_evidence - truth) < 0.02 and measured.effective > 800.0


def test_masses_of_bells_of_unequal_widths_are_exact_whatever_was_believed():
    two = sp.GaussianMixture([0.7, 0.3], [[-4.0, 0.0], [4.0, 0.0]], [1.0, 0.5])
    parts = [replace(part, mass=0.5) for part in parts_of(two.score, [4.0, 0.0])]
    measured = weighed(parts, two.log_density)
    left = int(parts[1].holds(np.array([[-4.0, 0.0]]))[0])
    assert abs(measured.masses[left] - 0.7) < 0.01
    assert abs(measured.log_evidence) < 0.02 and measured.trusted


def test_a_constant_of_the_density_is_one_of_the_evidence(plane):
    density = Normal(2).log_density
    raised = weighed(plane, lambda x: density(x) + 700.0)
    low = weighed(plane, density)
    assert raised.log_evidence - low.log_evidence == pytest.approx(700.0, abs=1e-9)
    np.testing.assert_allclose(raised.weights, low.weights, rtol=1e-9)


def test_scaled_coordinates_add_the_log_determinant(plane):
    normal, scale = Normal(2), np.array([100.0, 0.5])
    scaled = parts_of(lambda y: normal.score(y / scale) / scale, np.zeros(2))
    wide = weighed(scaled, lambda y: normal.log_density(y / scale))
    difference = wide.log_evidence - weighed(plane, normal.log_density).log_evidence
    assert difference == pytest.approx(np.log(50.0), abs=0.02)


def test_a_tail_that_the_emulator_misses_is_corrected_or_told(plane):
    """The emulator of a normal for a Student law of as many moments as it likes."""
    normal, wide = Normal(2), Student5()
    measured = weighed(plane, lambda x: wide.log_density((x - 1.0) / normal.sd))
    assert np.linalg.norm(measured.correction) > 0.005
    truth = wide.log_evidence + np.log(normal.sd).sum()
    assert abs(measured.log_evidence - truth) < 0.05 or not measured.trusted
    narrow = weighed(plane, lambda x: normal.log_density(3.0 + (x - 3.0) / 0.02))
    assert not narrow.trusted and narrow.pareto_k > 0.7 and narrow.effective < 100.0


def test_weights_correct_a_density_that_is_narrower_than_its_emulator(plane):
    normal = Normal(2)
    shrunk = weighed(plane, lambda x: normal.log_density(1.0 + (x - 1.0) / 0.9))
    z = (shrunk.draws - 1.0) / normal.sd
    assert shrunk.trusted
    np.testing.assert_allclose(shrunk.weights @ z**2, 0.81, atol=0.06)
    np.testing.assert_allclose(1.0 + shrunk.correction @ z**2, 0.81, atol=0.06)
    assert shrunk.correction.sum() == pytest.approx(0.0, abs=1e-12)


def test_chains_that_miss_some_of_the_emulated_density_are_told(plane):
    class Stuck(Fit):
        def chains(self, *args, **options):
            run = super().chains(*args, **options)
            z = run.positions.reshape(-1, 2)
            return run._replace(positions=z[z[:, 0] < 0.0][None])

    density, fit = Normal(2).log_density, plane[0].fit
    assert weighed(plane, density).mismatch < 0.1
    stuck = Part(Stuck(fit.change, fit.emulator, fit.right))
    measured = weighed([stuck], density)
    assert measured.mismatch > 0.3 and not measured.trusted


def test_rows_without_a_density_weigh_nothing_and_none_at_all_is_told(plane):
    def half(x):
        if (x[:, 0] > 1.0).any():
            raise np.linalg.LinAlgError("no decomposition")
        return Normal(2).log_density(x)

    measured = weighed(plane, half)
    assert (measured.weights[measured.draws[:, 0] > 1.0] == 0.0).all()
    expected = Normal(2).log_evidence - np.log(2.0)
    assert abs(measured.log_evidence - expected) < 0.1
    nothing = weighed(plane, lambda x: np.full(len(x), np.nan))
    assert not nothing.trusted and nothing.log_evidence == -np.inf


def test_draws_of_a_part_have_its_density(plane):
    """Shares of draws and of the normalised density in a disc agree."""
    (part,), rng = plane, np.random.default_rng(1)
    x, density = part.draws(20_000, rng), normalised(part, rng)
    y = rng.uniform(-4.0, 4.0, (100_000, 2)) * Normal(2).sd + 1.0
    p = np.exp(density.log_density(y)) * 64.0 * Normal(2).sd.prod()
    assert p.mean() == pytest.approx(1.0, abs=0.05)
    inner = [((v - 1.0) ** 2 / Normal(2).sd ** 2).sum(axis=1) < 1.0 for v in (x, y)]
    assert inner[0].mean() == pytest.approx((p * inner[1]).mean(), abs=0.02)
    far = np.full((1, 2), 1e6)
    assert part.log_density(far)[0] == -np.inf
    assert np.isinf(part.log_density(np.array([[np.inf, 0.0]])))
