"""Threads: any number of them, at once or after a fork, give the same bits."""

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import splitparticles as sp
from splitparticles._compiled import threads as _threads
from splitparticles._compiled.threads import using_threads
from splitparticles.kernels.kernel_sums import kernel_sum_gradient
from splitparticles.kernels.stein_sums import stein_sum_gradient, stein_sum_hessian

KERNELS = [sp.Gaussian(1.3), sp.InverseMultiquadric(1.1)]


@pytest.fixture
def small_blocks(monkeypatch):
    """Threads and many blocks, even for a few rows."""
    monkeypatch.setattr(_threads, "STEPS_WORTH_A_THREAD", 10)
    monkeypatch.setattr(_threads, "STEPS_OF_A_BLOCK", 5_000)


def points(n, d, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


def bits(kernel, m=41, n=600, d=3):
    """The bits of each sum, some 40 rows over three blocks of partners."""
    x, y = points(m, d), points(n, d, seed=1)
    sx, sy, v = -2.0 * x, -2.0 * y, points(n, 1, seed=2)[:, 0]
    sums = [
        *kernel_sum_gradient(kernel, x, y, v),
        *stein_sum_gradient(kernel, x, sx, y, sy, v),
        *stein_sum_hessian(kernel, x, sx, y, sy, v),
    ]
    assert all(np.abs(s).max() > 0.1 for s in sums)
    return [s.tobytes() for s in sums]


@pytest.mark.parametrize("kernel", KERNELS, ids=repr)
def test_the_number_of_threads_does_not_change_a_bit(kernel, small_blocks):
    with using_threads(1):
        alone = bits(kernel)
    for n_threads in (2, 3, 50):
        with using_threads(n_threads):
            assert bits(kernel) == alone


@pytest.mark.parametrize("kernel", KERNELS, ids=repr)
def test_neither_do_blocks(kernel, monkeypatch):
    whole = bits(kernel)
    for steps in (1, 5_000, 123_456):
        monkeypatch.setattr(_threads, "STEPS_WORTH_A_THREAD", 10)
        monkeypatch.setattr(_threads, "STEPS_OF_A_BLOCK", steps)
        with using_threads(2):
            assert bits(kernel) == whole


def test_sizes_above_the_threshold_need_no_persuasion():
    x, v = points(800, 3), points(800, 1)[:, 0]
    assert _threads.pair_steps(x, x, 2) > _threads.STEPS_WORTH_A_THREAD
    with using_threads(1):
        alone = kernel_sum_gradient(KERNELS[0], x, x, v)
    for n_threads in (2, 3, None):
        with using_threads(n_threads):
            shared = kernel_sum_gradient(KERNELS[0], x, x, v)
        for one, other in zip(alone, shared, strict=True):
            assert one.tobytes() == other.tobytes()


def test_the_blocks_really_run_on_other_threads(small_blocks):
    ran_on, both_there = set(), threading.Barrier(2, timeout=10)

    def loop(kernel, out, first, last):
        if last > first:
            both_there.wait()
            ran_on.add(threading.get_ident())
            out[first:last] += 1.0

    out = np.zeros(7)
    with using_threads(2):
        _threads.in_row_blocks(loop, None, (out,), rows=7, steps=100)
    assert len(ran_on) == 2
    assert (out == 1.0).all()


def test_an_error_on_another_thread_reaches_the_caller(small_blocks):
    def loop(kernel, first, last):
        if first > 0:
            raise ArithmeticError(f"rows from {first}")

    with using_threads(2), pytest.raises(ArithmeticError, match="rows from"):
        _threads.in_row_blocks(loop, None, (), rows=8, steps=100)


def test_the_number_of_threads_is_restored_after_an_error():
    with using_threads(3):
        with pytest.raises(ValueError):
            sp.sample(lambda x: x * np.nan, [0.0], 2, n_threads=1)
        assert _threads._n_threads.get() == 3
    assert _threads._n_threads.get() is None


def test_four_python_threads_that_call_at_once_get_the_same_bits(small_blocks):
    with using_threads(1):
        alone = bits(KERNELS[0])
    ready = threading.Barrier(4, timeout=10)

    def call(number):
        ready.wait()
        with using_threads(1 + number % 3):
            return [bits(KERNELS[0]) for _ in range(3)]

    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(call, range(4)):
            assert got == [alone] * 3


def test_four_python_threads_that_sample_at_once_get_the_same_bits():
    def call(_):
        return sample_bits(rng=3)

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(call, range(4)))) == 1


def _send_bits(pipe, n_threads):
    with using_threads(n_threads):
        pipe.send(bits(KERNELS[0]))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="no fork here"
)
@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_a_child_forked_after_threads_ran_gets_the_same_bits(n_threads, small_blocks):
    with using_threads(n_threads):
        before = bits(KERNELS[0])
    fork = multiprocessing.get_context("fork")
    reading, writing = fork.Pipe(duplex=False)
    child = fork.Process(target=_send_bits, args=(writing, n_threads))
    child.start()
    try:
        assert reading.poll(20), "the child hangs"
        assert reading.recv() == before
        child.join(10)
        assert child.exitcode == 0
    finally:
        child.kill()
        child.join()
    with using_threads(n_threads):
        assert bits(KERNELS[0]) == before


# ------------------------------------------------------------------ whole runs
def sample_bits(**options):
    result = sp.sample(lambda x: -x - 0.1 * x**3, [0.5, 0.5], 12, **options)
    return result.positions.tobytes() + result.weights.tobytes()


def descent_bits(**options):
    return sample_bits(emulator=False, **options)


def compress_bits(**options):
    result = sp.compress(points(300, 2), 12, **options)
    return result.positions.tobytes() + result.weights.tobytes()


@pytest.mark.parametrize("run", [sample_bits, descent_bits, compress_bits])
def test_a_run_does_not_depend_on_the_number_of_threads(run, small_blocks):
    alone = run(rng=0, n_threads=1)
    assert run(rng=0, n_threads=2) == alone
    assert run(rng=0, n_threads=None) == alone


@pytest.mark.parametrize("run", [sample_bits, descent_bits, compress_bits])
def test_the_same_rng_gives_the_same_bits(run):
    first = run(rng=7, growth=sp.RandomSplit())
    assert run(rng=7, growth=sp.RandomSplit()) == first
    assert run(rng=np.random.default_rng(7), growth=sp.RandomSplit()) == first
    assert run(rng=8, growth=sp.RandomSplit()) != first


def test_a_run_leaves_the_global_generator_alone():
    before = np.random.get_state()[1].tobytes()  # noqa: NPY002
    sample_bits(growth=sp.RandomSplit())
    assert np.random.get_state()[1].tobytes() == before  # noqa: NPY002
