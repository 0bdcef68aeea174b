"""Endings of a run: one reason each, and the result so far kept."""

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.descent.ending import Ending
from splitparticles.stop import LimitReached, Stop

START = sp.ParticleSet([[0.3, 0.2]])


def objective(score=lambda x: -x):
    return sp.KSD(sp.InverseMultiquadric(2.0), score)


@pytest.mark.parametrize(
    ("exception", "stop"),
    [(LimitReached(stop), stop) for stop in (Stop.MAX_TIME, Stop.MAX_SCORE_EVALS)]
    + [(KeyboardInterrupt(), Stop.INTERRUPTED)],
)
def test_an_ending_without_an_exception(exception, stop):
    with Ending(lambda stop: pytest.fail("no result is asked for")) as ending:
        raise exception
    assert ending.stop is stop


@pytest.mark.parametrize("kind", [ValueError, MemoryError, StopIteration, OSError])
def test_an_exception_of_the_user_carries_the_result_so_far(kind):
    with pytest.raises(kind) as caught, Ending(lambda stop: (stop, 7)):
        raise kind("no")
    assert caught.value.result == (Stop.FAILED, 7)
    with Ending(lambda stop: None) as ending:
        pass
    assert ending.stop is None


@pytest.mark.parametrize("kind", [RuntimeError, StopIteration, GeneratorExit])
def test_exceptions_of_a_callback(kind):
    def callback(this):
        if len(this.particles) == 2:
            raise kind("enough")

    run = lambda: sp.descend(objective(), START, n_particles=8, callback=callback)  # noqa: E731
    if kind is StopIteration:
        result = run()
        assert result.stop is Stop.CALLBACK and len(result.particles) == 2
        return
    with pytest.raises(kind) as caught:
        run()
    if kind is RuntimeError:
        assert len(caught.value.result.particles) == 2


def test_a_stop_iteration_of_the_score_is_its_own():
    def failing(most):
        calls = []

        def score(x):
            calls.append(len(x))
            if len(calls) > most:
                raise StopIteration("of the score")
            return -x

        return score

    with pytest.raises(StopIteration, match="of the score") as caught:
        sp.descend(objective(failing(20)), START, n_particles=16)
    assert caught.value.result.stop is Stop.FAILED
    for most, emulator in ((5, "auto"), (20, False)):
        with pytest.raises(StopIteration, match="of the score") as caught:
            sp.sample(failing(most), np.ones(2), 16, emulator=emulator, rng=0)
        assert np.isfinite(caught.value.result.positions).all()


def test_a_start_that_is_not_finite_is_an_error_and_a_later_round_an_ending():
    with pytest.raises(ValueError, match="not finite at the start"):
        sp.descend(objective(lambda x: x * np.nan), START)

    def score(x):
        return -x if len(x) < 4 else x * np.nan

    result = sp.descend(objective(score), START, n_particles=16)
    assert result.stop is Stop.NOT_FINITE and not result.success
    assert np.isfinite(result.positions).all()


def test_options_of_rounds_are_checked_before_the_first_round():
    with pytest.raises(TypeError, match="n_particles"):
        sp.rounds(objective(), START, n_particles="many")
