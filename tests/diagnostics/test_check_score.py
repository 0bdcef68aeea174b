"""The check of a score: what is right passes, what is wrong is called by its name."""

import time

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.diagnostics.check_score import check_score
from splitparticles.diagnostics.report import Report

BANANA = sp.targets.Banana()
TARGETS = {
    "banana": BANANA,
    "banana-bent": sp.targets.Banana(curvature=5.0, scale=3.0),
    "funnel": sp.targets.Funnel(),
    "funnel-10d": sp.targets.Funnel(10),
    "ring": sp.targets.Ring(),
    "ring-thin": sp.targets.Ring(width=0.01),
    "mixture": sp.GaussianMixture([1, 2], [[-2.0, 0.0], [3.0, 1.0]], [1.0, 0.3]),
    "mixture-sharp": sp.GaussianMixture([1, 2], [[-2, 0], [3, 1]], [1e-8, 1e-6]),
    "logistic": sp.targets.LogisticRegression.challenger(),
}


class Bell:
    """A Gaussian of these scales, turned or not, so ill-conditioned as one likes."""

    def __init__(self, scales, mean=0.0, turned=False):
        self.dim, self.mean = len(scales), mean
        self.precision = np.diag(np.asarray(scales, dtype=float) ** -2)
        if turned:
            noise = np.random.default_rng(3).standard_normal((self.dim, self.dim))
            turn = np.linalg.qr(noise)[0]
            self.precision = turn @ self.precision @ turn.T
            self.precision = (self.precision + self.precision.T) / 2

    def score(self, x):
        return -(x - self.mean) @ self.precision

    def log_density(self, x):
        return 0.5 * ((x - self.mean) * self.score(x)).sum(axis=1)


BELLS = {
    "1d": Bell([1.0]),
    "small": Bell([1e-6] * 3, mean=7.0),
    "large": Bell([1e6] * 3, mean=7.0),
    "both": Bell([1e-6, 1e6]),
    "both-off": Bell([1e-6, 1e6], mean=7.0),
    "graded": Bell(np.geomspace(1e-6, 1e6, 7), mean=7.0),
    "graded-turned": Bell(np.geomspace(1e-6, 1e6, 7), mean=7.0, turned=True),
    "as-many-as-points": Bell(np.ones(10)),
    "many": Bell(np.geomspace(1e-3, 1e3, 100), turned=True),
}
RIGHT = TARGETS | BELLS
over_right = pytest.mark.parametrize("target", RIGHT.values(), ids=RIGHT.keys())


def starts(d):
    rng = np.random.default_rng(d)
    return [d, np.zeros(d), 30 * rng.normal(size=d), 3 * rng.normal(size=(40, d))]


def one_by_one(function):
    return lambda x: function(x[None])[0]


# ------------------------------------------------------------------ right
@over_right
def test_a_right_score_passes(target):
    for seed, x0 in enumerate(3 * starts(target.dim)):
        for log_density in (None, target.log_density):
            report = check_score(target.score, x0, log_density=log_density, rng=seed)
            assert report.ok, (x0, str(report))
        assert report.figures["gradient_ratio"] == pytest.approx(1.0, rel=1e-3)


@over_right
def test_a_right_score_of_one_point_passes(target):
    score, log_density = one_by_one(target.score), one_by_one(target.log_density)
    options = {"log_density": log_density, "vectorized": False, "rng": 0}
    report = check_score(score, np.full(target.dim, 0.7), **options)
    assert report.ok, str(report)
    assert report.figures["gradient_ratio"] == pytest.approx(1.0, rel=1e-3)


ROUGH = {
    "laplace": (lambda x: -np.sign(x), lambda x: -np.abs(x).sum(axis=1)),
    "uneven": (
        lambda x: np.where(x > 0, -1.0, 3.0),
        lambda x: -np.where(x > 0, x, -3 * x).sum(axis=1),
    ),
    "heavy": (lambda x: -2 * x / (1 + x**2), lambda x: -np.log1p(x**2).sum(axis=1)),
    "flat": (lambda x: 0 * x, lambda x: 0 * x[:, 0]),
}


@pytest.mark.parametrize("form", ROUGH)
def test_kinks_tails_and_plains_raise_no_alarm(form):
    score, log_density = ROUGH[form]
    for seed, x0 in enumerate(3 * starts(3)):
        report = check_score(score, x0, log_density=log_density, rng=seed)
        assert report.ok, (x0, str(report))


def in_single(function):
    return lambda x: function(x.astype(np.float32))


def banana_score(x):
    first, rest = x[:, 0], x[:, 1] - x[:, 0] ** 2
    return np.stack([2 * first * rest - first, -rest], axis=1)


def banana_log_density(x):
    return -(x[:, 0] ** 2 + (x[:, 1] - x[:, 0] ** 2) ** 2) / 2


@pytest.mark.parametrize("seed", range(10))
def test_single_precision_is_told_and_raises_no_other_alarm(seed):
    score, log_density = in_single(banana_score), in_single(banana_log_density)
    x0 = np.random.default_rng(seed).normal(size=2)
    report = check_score(score, x0, log_density=log_density, rng=seed)
    assert ["float32" in warning for warning in report.warnings] == [True, True]
    assert report.figures["gradient_ratio"] == pytest.approx(1.0, rel=0.05)

    def doubled(x):
        return 2 * score(x)

    report = check_score(doubled, x0, log_density=log_density, rng=seed)
    assert any("not the gradient" in w or "2 times" in w for w in report.warnings)


@pytest.mark.parametrize("seed", range(10))
def test_a_score_of_single_precision_may_be_asked_at_the_mode(seed):
    score = in_single(banana_score)
    for x0 in ([0.0, 0.0], [1e-9, -1e-9]):
        report = check_score(score, x0, log_density=banana_log_density, rng=seed)
        assert len(report.warnings) == 1 and "float32" in report.warnings[0]


def mode_of(target):
    x = np.zeros((1, target.dim))
    for _ in range(30):
        axes = np.eye(target.dim)
        rows = np.repeat(x, target.dim, axis=0)
        x = x - np.linalg.solve(target.score_product(rows, axes), target.score(x)[0])
    return x[0]


@pytest.mark.parametrize("single", [False, True])
def test_a_right_score_passes_at_the_mode(single):
    noise = np.random.default_rng(3)
    labels = noise.integers(0, 2, 300)
    target = sp.targets.LogisticRegression(noise.normal(size=(300, 5)), labels)
    mode = mode_of(target)
    features = target.features.astype(np.float32 if single else float)

    def score(x):
        x = x.astype(features.dtype)
        surprise = labels.astype(x.dtype) - 1 / (1 + np.exp(-x @ features.T))
        return (surprise @ features - x / np.float32(100)).astype(float)

    assert np.abs(score(mode[None])).max() < 1e-4
    for seed in range(10):
        options = {"log_density": target.log_density, "rng": seed}
        for x0 in (mode, [mode] * 5):
            report = check_score(score, x0, **options)
            assert report.ok, str(report)


def test_single_precision_in_disguise_raises_no_alarm():
    rng = np.random.default_rng(4)
    features = rng.standard_normal((1000, 5), dtype=np.float32)
    labels = (np.arange(1000) % 2).astype(np.float32)

    def score(x):
        x = x.astype(np.float32)
        misfit = labels - 1 / (1 + np.exp(-x @ features.T))
        return (misfit @ features - x).astype(float)

    def log_density(x):
        x = x.astype(np.float32)
        fit = labels * (x @ features.T) - np.logaddexp(0, x @ features.T)
        return (fit.sum(axis=1) - 0.5 * (x * x).sum(axis=1)).astype(float)

    for seed in range(10):
        report = check_score(score, 5, log_density=log_density, rng=seed)
        assert report.ok, str(report)


# ------------------------------------------------------------------ wrong
def warned(score, x0=(0.5, -0.3), **options):
    """The warnings, one text; every figure that one names is there."""
    report = check_score(score, x0, rng=0, **options)
    assert not report.ok
    return "\n".join(report.warnings), report.figures


@over_right
def test_a_wrong_sign_points_downhill(target):
    for x0 in starts(target.dim):
        options = {"log_density": target.log_density}
        text, figures = warned(lambda x: -target.score(x), x0, **options)
        assert "points downhill: its sign is wrong (gradient_ratio is -1" in text
        assert figures["gradient_ratio"] == pytest.approx(-1.0, rel=1e-3)
        assert figures["gradient_error"] > 1.0


@pytest.mark.parametrize("name", ["banana", "funnel", "ring", "mixture", "logistic"])
def test_a_wrong_sign_is_suspected_far_out(name):
    target = TARGETS[name]
    text, figures = warned(lambda x: -target.score(x), target.dim)
    assert "away from the start at far points: wrong sign?" in text
    assert figures["outward_share"] > 0.9


def test_a_start_far_off_is_not_taken_for_a_wrong_sign():
    report = check_score(lambda x: -x, [1e5])
    assert report.ok and report.figures["outward_share"] == 0.5


def test_the_farthest_points_with_a_finite_score_count():
    text, figures = warned(lambda x: np.where(np.abs(x) > 50, np.nan, x), [0.0])
    assert "wrong sign?" in text and figures["outward_share"] == 1.0


@over_right
@pytest.mark.parametrize("factor", [2.0, 0.5, 1.01, -3.0])
def test_a_factor_is_named(target, factor):
    options = {"log_density": target.log_density, "x0": target.dim}
    text, figures = warned(lambda x: factor * target.score(x), **options)
    assert f"is about {abs(factor):.3g} times the gradient of the log density" in text
    assert ("its sign is wrong" in text) == (factor < 0)
    assert figures["gradient_ratio"] == pytest.approx(1 / factor, rel=1e-3)


@pytest.mark.parametrize("name", ["banana", "funnel-10d", "ring", "mixture", "1d"])
def test_one_wrong_coordinate_is_named(name):
    target = RIGHT[name]
    wrong = target.dim - 1

    def score(x):
        s = target.score(x)
        s[:, wrong] += 0.1 * (1 + x[:, wrong] ** 2)
        return s

    text, _ = warned(score, target.dim, log_density=target.log_density)
    assert "not the gradient of log_density" in text
    assert f"along coordinate {wrong} the slope is" in text


def test_a_wrong_coordinate_of_a_large_scale_is_seen_beside_a_small_one():
    bell = Bell([1e-3, 1e3])
    wrong = bell.precision * [1.0, 2.0]
    text, _ = warned(lambda x: -x @ wrong, [0.0, 0.5], log_density=bell.log_density)
    assert "along coordinate 1" in text


def test_a_coupling_in_one_entry_alone_is_no_gradient():
    def score(x):
        s = BANANA.score(x)
        s[:, 1] *= 2
        return s

    text, figures = warned(score)
    assert "gradient of no function" in text
    assert 0.001 < figures["asymmetry"] <= 1.0


@pytest.mark.parametrize("d", [2, 3, 10, 200])
def test_a_rotating_field_is_no_gradient(d):
    turn = np.roll(np.eye(d), 1, axis=0)
    turn = 0.5 * (turn - turn.T) if d > 2 else np.array([[0.0, 1.0], [-1.0, 0.0]])
    text, _ = warned(lambda x: -x + x @ turn, d)
    assert "gradient of no function" in text
    _, figures = warned(lambda x: x @ turn, d)
    assert figures["asymmetry"] == pytest.approx(1.0, rel=1e-3)


def test_a_rotation_is_seen_beside_a_small_scale():
    jacobian = np.array([[-1e9, 0.0, 0.0], [0.0, -1.0, 0.5], [0.0, -0.5, -1.0]])
    assert "gradient of no function" in warned(lambda x: x @ jacobian.T, 3)[0]


def test_the_asymmetry_is_that_of_the_field():
    def asymmetry(size):
        turn = size * np.array([[0.0, 1.0], [-1.0, 0.0]])
        report = check_score(lambda x: -x + x @ turn, 2, rng=0)
        return report.figures["asymmetry"], report.ok

    assert asymmetry(1e-6)[0] < 1e-5 and asymmetry(1e-6)[1]
    assert 1e-2 < asymmetry(0.1)[0] <= 1.0 and not asymmetry(0.1)[1]


MISFITS = {
    "transposed": (lambda x: -x.T, r"shape (10, 2) for an argument of that shape, got"),
    "column": (lambda x: -x[:, :1], "got (10, 1)"),
    "flat": (lambda x: -x[:, 0], "got (10,)"),
    "one point": (lambda x: -x[0], "vectorized=False"),
    "scalar": (lambda x: 1.0, "got ()"),
    "none": (lambda x: None, "NoneType"),
    "complex": (lambda x: -1j * x, "complex128"),
    "strings": (lambda x: np.full(x.shape, "a"), "<U1"),
    "alone": (lambda x: -x if len(x) > 1 else -x[0], "got (2,)"),
}


@pytest.mark.parametrize("form", MISFITS)
def test_a_misfit_is_a_warning(form):
    score, words = MISFITS[form]
    text, _ = warned(score)
    assert words in text
    assert text.count("\n") == 0


@pytest.mark.parametrize("d", [9, 10, 11])
def test_a_transposed_score_is_seen_in_any_dimension(d):
    assert "must return shape" in warned(lambda x: -x.T, d)[0]


def test_a_misfit_of_one_row_is_a_warning():
    text, _ = warned(lambda x: -x[None], vectorized=False)
    assert "score must return shape (2,)" in text and "(1, 2)" in text


@pytest.mark.parametrize("dtype", [np.float32, np.float16, int])
def test_a_type_of_few_digits_is_a_warning(dtype):
    text, _ = warned(lambda x: (-x).astype(dtype))
    assert f"score returns {np.dtype(dtype)}, not float64" in text


def test_a_list_of_floats_is_fine():
    assert check_score(lambda x: (-x).tolist(), [1.0, 2.0]).ok


def test_points_that_are_not_finite_are_left_out():
    def score(x):
        return np.where(x > 0.5, np.nan, -x)

    def log_density(x):
        return -0.5 * (x**2).sum(axis=1)

    text, figures = warned(score, log_density=log_density)
    assert "score is not finite at" in text and text.count("\n") == 0
    assert 0 < figures["not_finite"] < 10
    assert figures["gradient_ratio"] == pytest.approx(1.0)
    text, figures = warned(lambda x: x * np.nan, log_density=log_density)
    assert "at 10 of 10 points" in text and "asymmetry" not in figures


def test_rows_that_see_each_other_are_seen():
    text, figures = warned(lambda x: -x + x.mean(axis=0), 3)
    assert "depends on the other rows of the batch (batch_difference is" in text
    assert figures["batch_difference"] > 1e-8
    assert "batch_difference" in warned(lambda x: -x + 1e-6 * x.mean(axis=0), 3)[0]


def test_a_random_score_is_seen():
    noise = np.random.default_rng(1)
    for size in (1.0, 1e-6):
        text, _ = warned(lambda x, a=size: -x + a * noise.standard_normal(x.shape))
        assert "score is random" in text and "minibatch" in text
        assert text.count("\n") == 0


@pytest.mark.parametrize("vectorized", [True, False])
def test_a_score_that_writes_into_its_argument_is_seen(vectorized):
    def score(x):
        x *= -1.0
        return x

    x0 = np.array([[1.0, 2.0], [3.0, 4.0]])
    text, figures = warned(score, x0, vectorized=vectorized)
    assert text.startswith("score writes into its argument (changed_arguments")
    assert text.count("\n") == 0 and figures["changed_arguments"] > 0
    assert x0.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_a_score_may_return_one_buffer_each_time():
    buffers = {}

    def score(x):
        return np.negative(x, out=buffers.setdefault(x.shape, np.empty(x.shape)))

    for vectorized in (True, False):
        assert check_score(score, 3, vectorized=vectorized).ok


# ------------------------------------------------------------ log density
NOISE = np.random.default_rng(2)
BAD_LOG_DENSITIES = {
    "column": (lambda x: x[:, :1], "log_density must return shape (10,) for x of"),
    "matrix": (lambda x: x, "got (10, 2)"),
    "scalar": (lambda x: 1.0, "got ()"),
    "none": (lambda x: None, "NoneType"),
    "random": (lambda x: NOISE.standard_normal(len(x)), "log_density is random"),
    "nan": (lambda x: np.full(len(x), np.nan), "log_density is not finite at 10 of"),
    "constant": (lambda x: np.zeros(len(x)), "not the gradient of log_density"),
}


@pytest.mark.parametrize("form", BAD_LOG_DENSITIES)
def test_what_a_log_density_should_not_be_is_a_warning(form):
    log_density, words = BAD_LOG_DENSITIES[form]
    text, _ = warned(lambda x: -x, log_density=log_density)
    assert words in text and text.count("\n") == 0


def test_a_log_density_that_writes_into_its_argument_is_seen():
    def log_density(x):
        x **= 2
        return -0.5 * x.sum(axis=1)

    text, figures = warned(lambda x: -x, log_density=log_density)
    assert text.startswith("log_density writes into its argument")
    assert figures["log_density_changed_arguments"] > 0


def test_a_rough_log_density_is_not_held_against_the_score():
    def log_density(x):
        return (1e9 - 0.5 * (x**2).sum(axis=1)).astype(np.float32).astype(float)

    text, _ = warned(lambda x: -x, log_density=log_density)
    assert "too rough" in text and "not the gradient" not in text


# ------------------------------------------------------------------ edges
@pytest.mark.parametrize("bad", [None, 3, "score", np.ones((2, 2))], ids=repr)
def test_what_cannot_be_called_is_refused(bad):
    with pytest.raises(TypeError, match="score must be a callable"):
        check_score(bad, [0.0, 0.0])
    if bad is not None:
        with pytest.raises(TypeError, match="log_density must be a callable"):
            check_score(np.negative, [0.0, 0.0], log_density=bad)


@pytest.mark.parametrize(
    "bad", [None, "x", 0, [np.nan], np.ones((2, 2, 2)), np.ones((0, 2)), True], ids=repr
)
def test_a_start_that_is_none_is_refused(bad):
    with pytest.raises((TypeError, ValueError), match=r"\bx0\b"):
        check_score(np.negative, bad)


def test_a_misspelt_keyword_gets_a_suggestion():
    with pytest.raises(TypeError, match="rng="):
        check_score(np.negative, 2, seed=0)


@pytest.mark.parametrize("kind", [TypeError, ValueError, KeyError])
def test_an_exception_of_the_score_passes_through(kind):
    raised = kind("mine")

    def score(x):
        raise raised

    with pytest.raises(kind) as caught:
        check_score(score, 2)
    assert caught.value is raised


@pytest.mark.parametrize("d", [1, 2, 10, 1000])
def test_rows_are_counted_and_few(d):
    asked = []

    def score(x):
        asked.append(len(x))
        return -x

    def log_density(x):
        return -0.5 * (x**2).sum(axis=1)

    report = check_score(score, d, log_density=log_density)
    assert report.figures["rows"] == sum(asked) < 400
    assert report.figures["log_density_rows"] < 400
    assert report.ok, str(report)


def test_costs_are_those_of_the_calls():
    def score(x):
        time.sleep(0.005)
        return -x

    figures = check_score(score, 2).figures
    assert figures["seconds_per_call"] >= 0.005 > figures["seconds_per_row"] > 0
    figures = check_score(score, 1, vectorized=False).figures
    assert figures["seconds_per_call"] == figures["seconds_per_row"] >= 0.005


def test_the_same_rng_gives_the_same_report():
    def figures(rng):
        known = check_score(BANANA.score, 2, log_density=BANANA.log_density, rng=rng)
        return {k: v for k, v in known.figures.items() if "seconds" not in k}

    assert figures(7) == figures(7) == figures(np.random.default_rng(7))
    assert figures(7) != figures(8)


def test_a_report_prints_its_warnings_and_a_table():
    report = Report({"rows": 12.0, "asymmetry": 0.25}, [])
    assert report.ok
    assert str(report) == "ok\n  rows       12\n  asymmetry   0.25"
    assert not report.measure("rows", np.nan, 1.0, "too many")
    assert not report.ok
    assert str(report).startswith("too many (rows is nan, more than 1)\n  rows")
    assert str(Report()) == "ok"
    assert "__bool__" not in vars(Report)
