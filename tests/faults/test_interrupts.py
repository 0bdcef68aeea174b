"""Ctrl-C at any time of a run: the result so far, soon, and nothing left behind."""

import signal
import threading
import time

import numpy as np
import pytest

import splitparticles as sp

FRACTIONS = np.random.default_rng(0).uniform(0.1, 1.0, 10).round(3)  # of a run
DRAWS = np.random.default_rng(0).gamma(2.0, size=(4000, 2))


def score(x):
    return -x - 0.1 * x**3


RUNS = {
    "sample": lambda **more: sp.sample(score, [0.5, 0.5], 32, rng=0, **more),
    "descent": lambda **more: sp.sample(
        score, [0.5, 0.5], 32, rng=0, emulator=False, **more
    ),
    "compress": lambda **more: sp.compress(DRAWS, 64, rng=0, **more),
    "descend": lambda **more: sp.descend(
        sp.KSD(sp.InverseMultiquadric(2.0), score),
        sp.ParticleSet([[0.5, 0.5]]),
        n_particles=64,
        rng=0,
        **more,
    ),
}


@pytest.fixture(scope="module")
def seconds():
    """Seconds of each run, once its loops are compiled."""
    times = {}
    for name, run in RUNS.items():
        run()
        began = time.perf_counter()
        run()
        times[name] = time.perf_counter() - began
    return times


@pytest.mark.slow
@pytest.mark.skipif("not hasattr(signal, 'setitimer')", reason="no timer there")
@pytest.mark.parametrize("fraction", FRACTIONS)
@pytest.mark.parametrize("name", RUNS)
def test_ctrl_c_at_any_time_gives_the_result_so_far(name, fraction, seconds):
    before = threading.active_count()
    old = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.002 + fraction * seconds[name])
    try:
        result = RUNS[name]()
    except KeyboardInterrupt:
        pytest.fail("Ctrl-C got through")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, old)
    assert result.stop is sp.Stop.INTERRUPTED or result.success
    assert np.isfinite(result.positions).all()
    assert result.weights.sum() == pytest.approx(1.0)
    assert threading.active_count() <= before + 1
    repr(result)
