"""The counted score: rows, calls, limits and memory."""

import numpy as np
import pytest

from splitparticles.scores.counted import CountedScore
from splitparticles.stop import LimitReached, Stop


def test_rows_are_counted_and_remembered():
    seen = []

    def function(x):
        seen.append(len(x))
        return -x

    score = CountedScore(function)
    x = np.random.default_rng(0).normal(size=(5, 2))
    assert np.array_equal(score(x), -x) and np.array_equal(score(x.copy()), -x)
    assert seen == [5] and score.rows == 5
    score(x + 1.0)
    assert seen == [5, 5] and score.rows == 10 and score.calls == 2
    assert not score(x).flags.writeable


def test_limits_hold_before_the_call():
    score = CountedScore(lambda x: -x, max_rows=7)
    score(np.zeros((5, 2)))
    with pytest.raises(LimitReached, match="max_score_evals") as limit:
        score(np.ones((3, 2)))
    assert limit.value.stop is Stop.MAX_SCORE_EVALS
    assert score.rows == 5
    score(np.ones((2, 2)))
    with pytest.raises(LimitReached, match="max_time"):
        CountedScore(lambda x: -x, deadline=0.0)(np.zeros((1, 1)))


def test_one_point_at_a_time():
    one = CountedScore(lambda x: -x if x.shape == (2,) else None, vectorized=False)
    x = np.arange(6.0).reshape(3, 2)
    assert np.array_equal(one(x), -x) and one.rows == 3


def test_a_score_may_write_to_its_argument():
    def in_place(x):
        x *= -1.0
        return x

    score, x = CountedScore(in_place), np.ones((2, 3))
    assert np.array_equal(score(x), -x) and np.array_equal(score(x), -np.ones((2, 3)))
    assert score.rows == 2
    product = CountedScore(in_place, lambda x, v: in_place(v)).product
    v = np.ones((2, 3))
    assert np.array_equal(product(x, v), -np.ones((2, 3))) and (v == 1.0).all()


def test_the_batches_asked_for_last_are_remembered_longest():
    asked = []

    def counted(x):
        asked.append(x[0, 0])
        return -x

    score = CountedScore(counted)
    for value in (0.0, 1.0, 2.0, 0.0, 3.0, 0.0, 4.0, 5.0, 0.0):
        score(np.full((2, 2), value))
    assert asked == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
