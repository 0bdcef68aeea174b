"""Scores that fail at some call: a sound result or the user's error, never NaN."""

import warnings

import numpy as np
import pytest

import splitparticles as sp

VALUES = {"nan": np.nan, "inf": np.inf, "-inf": -np.inf, "huge": 1e160}


class Failing:
    """Score of a normal law, which fails at one call or from it on."""

    def __init__(self, kind, call, rows, forever=False):
        self.kind, self.call, self.rows, self.forever = kind, call, rows, forever
        self.calls = 0

    def __call__(self, x):
        self.calls += 1
        s = 1.0 - x
        if self.calls == self.call or (self.forever and self.calls > self.call):
            if self.kind == "raises":
                raise RuntimeError("the machine")
            if self.kind == "Ctrl-C":
                raise KeyboardInterrupt
            if self.kind == "ends":
                raise StopIteration
            if self.kind == "division":
                raise ZeroDivisionError("far out")
            s[slice(None) if self.rows == "all" else slice(1)] = VALUES[self.kind]
        return s


def run(score, emulator):
    start = np.array([0.3, -0.2])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sp.SamplingWarning)
        result = sp.sample(score, start, 8, emulator=emulator, rng=0)
    np.testing.assert_array_equal(start, [0.3, -0.2])
    return result


def check_sound(result):
    assert isinstance(result, sp.Result)
    assert np.isfinite(result.positions).all()
    assert abs(result.weights.sum() - 1.0) < 1e-12


@pytest.mark.parametrize("emulator", ["auto", False])
@pytest.mark.parametrize("rows", ["first", "all"])
@pytest.mark.parametrize("call", [1, 2, 4, 9, 40])
@pytest.mark.parametrize("kind", VALUES)
def test_values_that_are_not_numbers(kind, call, rows, emulator):
    score = Failing(kind, call, rows)
    if call == 1:
        with pytest.raises(ValueError, match=r"score\(x0\) must be finite"):
            run(score, emulator)
        return
    result = run(score, emulator)
    check_sound(result)
    if result.success:  # one bad call of many does no harm
        np.testing.assert_allclose(result.mean(), 1.0, atol=0.1)
        np.testing.assert_allclose(result.std(), 1.0, atol=0.25)
    else:
        assert result.warnings or result.stop is not sp.Stop.DOUBTED


@pytest.mark.parametrize("emulator", ["auto", False])
@pytest.mark.parametrize("call", [2, 9])
@pytest.mark.parametrize("kind", ["nan", "huge"])
def test_a_score_that_breaks_for_good_is_no_success(kind, call, emulator):
    try:
        result = run(Failing(kind, call, "all", forever=True), emulator)
    except (ValueError, ArithmeticError) as error:
        assert "not finite" in str(error)
        result = error.result
    check_sound(result)
    assert not result.success


@pytest.mark.parametrize("emulator", ["auto", False])
@pytest.mark.parametrize("call", [1, 2, 4, 9, 12])
@pytest.mark.parametrize("kind", ["raises", "ends"])
def test_the_users_exceptions_propagate_with_the_result(kind, call, emulator):
    error = {"raises": RuntimeError, "ends": StopIteration}[kind]
    with pytest.raises(error) as caught:
        run(Failing(kind, call, "all"), emulator)
    check_sound(caught.value.result)
    assert caught.value.result.stop is sp.Stop.FAILED


@pytest.mark.parametrize("emulator", ["auto", False])
@pytest.mark.parametrize("call", [1, 2, 4, 9, 12])
def test_ctrl_c_keeps_what_was_reached(call, emulator):
    result = run(Failing("Ctrl-C", call, "all"), emulator)
    check_sound(result)
    assert result.stop is sp.Stop.INTERRUPTED


@pytest.mark.parametrize("emulator", ["auto", False])
@pytest.mark.parametrize("limit", [1, 2, 5, 20, 60, 150])
def test_no_row_passes_a_limit(limit, emulator):
    rows = 0

    def score(x):
        nonlocal rows
        rows += len(x)
        return 1.0 - x

    result = sp.sample(
        score, [0.3, -0.2], 8, emulator=emulator, max_score_evals=limit, rng=0
    )
    check_sound(result)
    assert rows == result.n_score_evals <= limit
    assert result.stop in (sp.Stop.MAX_SCORE_EVALS, sp.Stop.MAX_PARTICLES)


RETURNS = {
    "one column": (lambda x: x[:, :1], ValueError),
    "flat": (lambda x: x.ravel(), ValueError),
    "one row": (lambda x: x[0], ValueError),
    "scalar": (lambda x: 1.0, ValueError),
    "one more axis": (lambda x: x[None], ValueError),
    "complex": (lambda x: x + 1j, TypeError),
    "text": (lambda x: x.astype(str), TypeError),
    "nothing": (lambda x: None, TypeError),
    "generator": (lambda x: (row for row in x), TypeError),
    "ragged": (lambda x: [[1.0], [1.0, 2.0]], (TypeError, ValueError)),
    "dates": (lambda x: x.astype("datetime64[s]"), TypeError),
    "objects": (lambda x: np.array([[object()] * 2] * len(x)), TypeError),
}


@pytest.mark.parametrize("vectorized", [True, False])
@pytest.mark.parametrize("name", RETURNS)
def test_answers_that_are_no_scores_are_refused(name, vectorized):
    function, error = RETURNS[name]
    if not vectorized and name in ("flat", "one row", "one column"):
        function = {"one column": lambda x: x[:1], "flat": lambda x: [*x, 1.0]}.get(
            name, lambda x: x[0]
        )
    with pytest.raises(error, match="score"):
        sp.sample(function, [0.3, -0.2], 8, vectorized=vectorized, rng=0)


KINDS = {
    "lists": lambda x: (1.0 - x).tolist(),
    "tuples": lambda x: tuple(map(tuple, 1.0 - x)),
    "single": lambda x: (1.0 - x).astype(np.float32),
    "Fortran": lambda x: np.asfortranarray(1.0 - x),
    "reversed": lambda x: (1.0 - x[::-1])[::-1],
    "read-only": lambda x: np.broadcast_to(1.0 - x, x.shape),
    "masked": lambda x: np.ma.masked_array(1.0 - x),
    "integers": lambda x: 1.0 - x if len(x) else np.zeros((0, 2), int),
    "in place": lambda x: np.subtract(1.0, x, out=x),
}


@pytest.mark.parametrize("emulator", ["auto", False])
@pytest.mark.parametrize("name", KINDS)
def test_any_array_of_numbers_is_a_score(name, emulator):
    result = run(KINDS[name], emulator)
    exact = run(lambda x: 1.0 - x, emulator)
    assert result.success
    if name == "single":  # the last digits lead elsewhere, to as good an answer
        np.testing.assert_allclose(result.mean(), exact.mean(), atol=0.01)
        np.testing.assert_allclose(result.std(), exact.std(), atol=0.05)
    else:
        np.testing.assert_allclose(result.positions, exact.positions, atol=1e-12)
