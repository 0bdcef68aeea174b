"""Slow scores, spread: order, lost rows, errors that name a row."""

import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

import splitparticles as sp

X = np.random.default_rng(0).normal(size=(23, 3))


def row_score(point):
    """Score of a standard normal, later for the first rows."""
    time.sleep(0.002 * float(abs(point[0])))
    return -point


def backwards(function, tasks):
    """Do the last task first."""
    return [function(task) for task in reversed(tasks)][::-1]


@pytest.mark.parametrize("chunk", [1, 4, 100])
@pytest.mark.parametrize("map", [map, backwards, "threads"])
def test_rows_come_in_their_order(map, chunk):
    with ThreadPoolExecutor(5) as pool:
        score = sp.MappedScore(
            row_score, map=pool.map if map == "threads" else map, chunk=chunk
        )
        np.testing.assert_array_equal(score(X), -X)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", [1, 7])
def test_processes(chunk):
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        score = sp.MappedScore(row_score, map=pool.map, chunk=chunk)
        np.testing.assert_array_equal(score(X), -X)


def test_joblib_and_dask():
    joblib, dask = pytest.importorskip("joblib"), pytest.importorskip("dask")

    def by_joblib(function, tasks):
        one = joblib.delayed(function)
        return joblib.Parallel(2, prefer="threads")(one(task) for task in tasks)

    def by_dask(function, tasks):
        return dask.compute(*(dask.delayed(function)(task) for task in tasks))

    for map in (by_joblib, by_dask):
        np.testing.assert_array_equal(sp.MappedScore(row_score, map=map)(X), -X)


class Flaky:
    """Row score that raises at the first few questions about one row."""

    def __init__(self, row, times):
        self.row, self.left, self.asked = row, times, []
        self.lock = threading.Lock()

    def __call__(self, point):
        with self.lock:
            self.asked.append(tuple(point))
            if tuple(point) == tuple(X[self.row]) and self.left:
                self.left -= 1
                raise OSError("the licence server is away")
        return -point


@pytest.mark.parametrize("chunk", [1, 5])
def test_a_row_that_fails_is_asked_again_and_the_others_are_not(chunk):
    flaky = Flaky(7, times=2)
    score = sp.MappedScore(flaky, retries=2, chunk=chunk)
    np.testing.assert_array_equal(score(X), -X)
    assert len(flaky.asked) == len(X) + 2
    assert flaky.asked[-2:] == [tuple(X[7])] * 2


def test_a_row_without_a_score_is_named_with_its_point_and_cause():
    score = sp.MappedScore(Flaky(7, times=3), retries=2)
    with pytest.raises(
        sp.RowError, match="OSError: the licence server is away; at row 7"
    ):
        score(X)
    try:
        sp.MappedScore(Flaky(7, times=1))(X)
    except sp.RowError as error:
        assert isinstance(error.__cause__, OSError) and str(X[7]) in str(error)


class LosesAWorker:
    """Map whose eleventh task of all is lost with its worker."""

    def __init__(self):
        self.done = 0

    def __call__(self, function, tasks):
        for task in tasks:
            self.done += 1
            if self.done == 11:
                raise OSError("a worker was lost")
            yield function(task)


def test_a_map_that_fails_keeps_what_it_had_brought():
    with pytest.raises(sp.RowError, match="a worker was lost; at row 10"):
        sp.MappedScore(row_score, map=LosesAWorker())(X)
    losing = LosesAWorker()
    score = sp.MappedScore(row_score, map=losing, retries=1)
    np.testing.assert_array_equal(score(X), -X)
    assert losing.done == len(X) + 1


@pytest.mark.parametrize(
    ("function", "map", "words"),
    [
        (lambda p: p[:2], map, "row_score at row 0 must return shape"),
        (lambda p: "a", map, "row_score at row 0 must be real"),
        (lambda p: None, map, "row_score at row 0"),
        (row_score, lambda f, tasks: [], "map must return 23 results"),
        (row_score, lambda f, tasks: [f(t) for t in tasks] * 2, "got more"),
    ],
)
def test_wrong_answers_are_refused(function, map, words):
    with pytest.raises((TypeError, ValueError), match=words):
        sp.MappedScore(function, map=map)(X)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"chunk": 0}, "chunk"),
        ({"retries": -1}, "retries"),
        ({"map": 3}, "map"),
        ({"row_score": 3}, "row_score"),
    ],
)
def test_bad_options_are_named(options, words):
    with pytest.raises((TypeError, ValueError), match=words):
        sp.MappedScore(**({"row_score": row_score} | options))


def test_the_result_of_a_run_is_that_of_the_plain_score():
    plain = sp.sample(lambda x: -x, [1.0, 2.0], 8, rng=0)
    with ThreadPoolExecutor(4) as pool:
        mapped = sp.MappedScore(np.negative, map=pool.map)
        spread = sp.sample(mapped, [1.0, 2.0], 8, rng=0)
    np.testing.assert_array_equal(plain.positions, spread.positions)


def test_a_failure_leaves_the_result_so_far():
    def tired(point):
        if np.abs(point).max() > 2.5:
            raise ArithmeticError("too far")
        return -point

    with pytest.raises(sp.RowError, match="too far") as caught:
        sp.sample(sp.MappedScore(tired), [1.0, 2.0], rng=0)
    assert isinstance(caught.value.result, sp.Result)
