"""Endings: limits, callbacks, errors, Ctrl-C; what comes back is always sound.

Sound means: finite, in the user's own coordinates.  The latter is checked without
knowing the coordinates of the run: every position has to be a point at which the
user's score was asked.
"""

import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import splitparticles as sp

CENTRE, WIDTH = np.array([30.0, -5.0]), np.array([10.0, 0.1])


class Recorder:
    """The score of N(CENTRE, WIDTH^2), which keeps all it was asked.

    `fault` is called as fault(call, x, s) and may raise, or return other scores.
    """

    def __init__(self, fault=None):
        self.fault, self.asked = fault, []

    @property
    def calls(self):
        return len(self.asked)

    @property
    def rows(self):
        return sum(map(len, self.asked))

    def __call__(self, x):
        self.asked.append(np.array(x))
        s = self.formula(x)
        return s if self.fault is None else self.fault(self.calls, x, s)

    def formula(self, x):
        return -(x - CENTRE) / WIDTH**2


class BananaRecorder(Recorder):
    """A banana, whose working coordinates change during the run."""

    def formula(self, x):
        return sp.targets.Banana(curvature=0.8, scale=1.3).score(x)


START = CENTRE + [3.0, 0.05]


def descended(score, x0, n_particles, **options):
    """Particles by descent on the score itself, whose rounds ask it."""
    return sp.sample(score, x0, n_particles, emulator=False, **options)


def assert_sound(result, score):
    x = result.positions
    assert np.isfinite(x).all() and np.isfinite(result.weights).all()
    assert result.weights.sum() == pytest.approx(1.0, rel=1e-12)
    assert result.parents.shape == (len(x),)
    assert result.n_score_evals <= score.rows
    asked = np.vstack(score.asked)
    for point in x:
        assert np.abs(asked - point).max(axis=1).min() < 1e-9, "not where it was"
    repr(result)


# --------------------------------------------------------------------- limits
@pytest.mark.parametrize("recorder", [Recorder, BananaRecorder])
@pytest.mark.parametrize("limit", [1, 5, 50, 500, 3000])
@pytest.mark.parametrize("vectorized", [True, False])
def test_no_row_is_asked_beyond_the_limit(recorder, limit, vectorized):
    score = recorder()

    def one(x):
        return score(x[None])[0]

    result = descended(
        score if vectorized else one,
        [0.5, 0.3],
        200,
        max_score_evals=limit,
        vectorized=vectorized,
        rng=0,
    )
    assert 0 < score.rows <= limit
    assert result.n_score_evals == score.rows
    assert result.stop is sp.Stop.MAX_SCORE_EVALS
    assert not result.success
    assert_sound(result, score)


def test_a_limit_below_the_start_cloud_asks_nothing():
    score = Recorder()
    result = sp.sample(score, np.ones((5, 2)), 8, max_score_evals=4)
    assert score.calls == 0
    assert result.stop is sp.Stop.MAX_SCORE_EVALS
    assert np.array_equal(result.positions, np.ones((5, 2)))


def test_a_limit_that_is_not_reached_changes_nothing():
    free, limited = Recorder(), Recorder()
    one = sp.sample(free, START, 8, rng=0)
    other = sp.sample(limited, START, 8, max_score_evals=free.rows, rng=0)
    assert one.success and other.success
    assert np.array_equal(one.positions, other.positions)
    short = sp.sample(Recorder(), START, 8, max_score_evals=free.rows - 1, rng=0)
    assert short.stop is sp.Stop.MAX_SCORE_EVALS


def test_more_evaluations_never_make_it_worse():
    values = [
        sp.sample(
            Recorder(), START, 8, preconditioner="none", max_score_evals=limit
        ).value
        for limit in range(20, 400, 20)
    ]
    assert len(set(values)) > 5
    for now, later in zip(values, values[1:], strict=False):
        assert later <= now * (1.0 + 1e-12)


def test_an_objective_that_asks_beyond_the_limit_ends_the_run_too():
    def greedy(score, product):
        score(np.zeros((100, 2)))
        return sp.KSD(sp.Gaussian(2.0), score, product)

    score = Recorder()
    result = sp.sample(score, START, 8, objective=greedy, max_score_evals=50)
    assert score.rows <= 50
    assert result.stop is sp.Stop.MAX_SCORE_EVALS


def test_a_tiny_max_time_ends_a_sample_at_once():
    score = Recorder()
    result = sp.sample(score, START, 64, max_time=1e-9)
    assert result.stop is sp.Stop.MAX_TIME
    assert not result.success
    assert np.array_equal(result.positions, [START])
    assert score.rows <= 1


def test_max_time_ends_a_slow_sample_in_time():
    def slow(call, x, s):
        time.sleep(0.02)
        return s

    score, began = Recorder(slow), time.monotonic()
    result = descended(score, START, 64, max_time=0.5)
    assert time.monotonic() - began < 2.0
    assert result.stop is sp.Stop.MAX_TIME
    assert_sound(result, score)


@pytest.mark.parametrize("seconds", [1e-9, 0.05])
def test_max_time_ends_a_compress_in_time(seconds):
    draws = np.random.default_rng(0).normal(size=(2000, 2))
    sp.compress(draws[:9], 2)  # compiled
    began = time.monotonic()
    result = sp.compress(draws, 500, max_time=seconds)
    assert time.monotonic() - began < 5.0
    assert result.stop is sp.Stop.MAX_TIME
    assert np.isfinite(result.positions).all()


# ------------------------------------------------------------------- callback
class Stopping:
    """A callback that raises in its n-th round."""

    def __init__(self, number, error=StopIteration):
        self.number, self.error, self.seen = number, error, []

    def __call__(self, this):
        self.seen.append(this)
        if len(self.seen) == self.number:
            raise self.error


@pytest.mark.parametrize("recorder", [Recorder, BananaRecorder])
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_callback_may_stop_in_any_round(recorder, number):
    score, callback = recorder(), Stopping(number)
    result = descended(score, [0.5, 0.3], 64, callback=callback)
    assert result.stop is sp.Stop.CALLBACK
    assert not result.success
    assert result.n_rounds == len(callback.seen) == number
    assert np.array_equal(result.positions, callback.seen[-1].particles.positions)
    assert_sound(result, score)


@pytest.mark.parametrize("recorder", [Recorder, BananaRecorder])
def test_every_round_shows_particles_in_the_users_coordinates(recorder):
    score = recorder()
    result = descended(score, [0.5, 0.3], 64)
    asked = np.vstack(score.asked)
    assert result.n_rounds > 3
    for number, this in enumerate(result.rounds, 1):
        for point in this.particles.positions:
            near = np.abs(asked - point).max(axis=1).min()
            assert near < 1e-9, f"round {number} of {result.n_rounds}"


@pytest.mark.parametrize("number", [1, 2, 3])
def test_another_error_of_the_callback_comes_with_the_result(number):
    score, error = Recorder(), ArithmeticError("mine")
    with pytest.raises(ArithmeticError) as caught:
        descended(score, START, 16, callback=Stopping(number, error))
    assert caught.value is error
    assert isinstance(error.result, sp.Result)
    assert error.result.stop is sp.Stop.FAILED
    assert not error.result.success
    assert error.result.n_rounds == number
    assert_sound(error.result, score)


def test_a_callback_may_stop_a_compress():
    draws = np.random.default_rng(0).normal(size=(50, 2))
    result = sp.compress(draws, 16, callback=Stopping(2))
    assert result.stop is sp.Stop.CALLBACK
    assert result.n_rounds == 2


# ---------------------------------------------------------- errors of the score
def raising(error, at):
    def fault(call, x, s):
        if call == at:
            raise error
        return s

    return fault


@pytest.mark.parametrize("recorder", [Recorder, BananaRecorder])
@pytest.mark.parametrize("at", [1, 2, 5, 20, 60])
@pytest.mark.parametrize("preconditioner", ["auto", "none"])
def test_an_error_of_the_score_propagates_with_the_result(recorder, at, preconditioner):
    error = RuntimeError("mine")
    score = recorder(raising(error, at))
    start = [START if recorder is Recorder else [0.5, 0.3]]
    with pytest.raises(RuntimeError) as caught:
        # climbs into the unknown would survive it
        descended(score, start, 64, preconditioner=preconditioner, tempering=False)
    assert caught.value is error
    assert score.calls == at
    in_descent = at == 60 or (at > 1 and preconditioner == "none")
    if in_descent:
        assert error.result.stop is sp.Stop.FAILED
        # the last batch was asked, not answered
        score.asked.pop()
        assert np.isfinite(error.result.positions).all()
        assert_sound(replace(error.result, n_score_evals=0), score)


@pytest.mark.parametrize(
    "at, emulator", [(1, "auto"), (3, "auto"), (10, "auto"), (3, False), (60, False)]
)
def test_ctrl_c_inside_the_score_gives_the_result_so_far(at, emulator):
    score = Recorder(raising(KeyboardInterrupt, at))
    try:
        result = sp.sample(score, START, 64, emulator=emulator)
    except KeyboardInterrupt:  # pytest itself would end on it
        pytest.fail("Ctrl-C got through")
    assert score.calls == at
    assert result.stop is sp.Stop.INTERRUPTED
    assert not result.success
    assert_sound(result, score)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_a_real_ctrl_c_ends_a_slow_run_within_two_seconds():
    script = """
    import signal
    import time

    import splitparticles as sp

    signal.signal(signal.SIGINT, signal.default_int_handler)

    def slow(x):
        time.sleep(0.05)
        return -x

    def callback(this):
        if len(this.particles) == 2:
            print("running", flush=True)

    result = sp.sample(slow, [0.0, 0.0], 10_000, callback=callback)
    print(result.stop.name, result.positions.shape[0] >= 2)
    """
    root = str(Path(sp.__file__).parents[1])
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={**os.environ, "PYTHONPATH": root},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "running\n", process.stderr.read()
        time.sleep(0.3)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert time.monotonic() - began < 2.0
        assert (out, process.returncode) == ("INTERRUPTED True\n", 0), err
    finally:
        process.kill()
        process.wait()


# ------------------------------------------------- scores that are not finite
def assert_finite(result):
    assert np.isfinite(result.positions).all()
    assert np.isfinite(result.weights).all()
    assert np.isfinite(result.value)
    for this in result.rounds:
        assert np.isfinite(this.particles.positions).all()
        assert np.isfinite(this.value)


BAD = [np.nan, np.inf, -np.inf, 1e160, -1e200]


@pytest.mark.filterwarnings("ignore::splitparticles.SamplingWarning")
@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("edge", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("preconditioner", ["auto", "none"])
def test_a_region_without_a_finite_score_is_not_entered(bad, edge, preconditioner):
    hits = []

    def score(x):
        s, out = -x, x[:, 0] > edge
        s[out] = bad
        hits.append(out.sum())
        return s

    result = descended(score, [0.3, 0.2], 16, preconditioner=preconditioner)
    assert sum(hits) > 0, "the region was never near"
    assert_finite(result)
    assert (result.positions[:, 0] <= edge).all()
    assert len(result.positions) > 1


@pytest.mark.filterwarnings("ignore::splitparticles.SamplingWarning")
@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("call", [10, 25, 40, 55])
def test_one_bad_batch_during_the_descent_is_survived(bad, call):
    def fault(number, x, s):
        return np.full_like(s, bad) if number == call else s

    score = Recorder(fault)
    result = sp.sample(score, START, 16, preconditioner="none")
    assert score.calls >= call
    assert_finite(result)


@pytest.mark.filterwarnings("ignore::splitparticles.SamplingWarning")
@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("call", [10, 40])
def test_a_score_that_breaks_for_good_leaves_finite_particles(bad, call):
    def fault(number, x, s):
        return np.full_like(s, bad) if number >= call else s

    score = Recorder(fault)
    try:
        result = sp.sample(score, START, 16, preconditioner="none")
    except ValueError as error:  # whose result is as good as one returned
        result = error.result
    assert not result.success
    assert np.isfinite(result.positions).all()


@pytest.mark.filterwarnings("ignore::splitparticles.SamplingWarning")
@pytest.mark.parametrize(
    "score",
    [
        lambda x: np.zeros_like(x),
        lambda x: np.ones_like(x),
        lambda x: +x,
        lambda x: -np.sign(x),
        lambda x: -1e-8 * x,
        lambda x: -1e8 * x,
    ],
    ids="flat constant wrong-sign kink wide narrow".split(),
)
def test_odd_scores_end_with_finite_particles(score):
    result = descended(score, [0.3, 0.2], 8, max_score_evals=5000)
    assert np.isfinite(result.positions).all()
