"""Rounds of learning: when they end, and what they must have asked before."""

import numpy as np
import pytest

from splitparticles.coordinates.preconditioner import Preconditioner
from splitparticles.learning import rounds
from splitparticles.learning.fit import CHAINS, WALLS
from splitparticles.learning.lockstep import Ledger, together
from splitparticles.learning.rounds import FEW, MANY, MILD, OPEN, STRICT, learn
from splitparticles.learning.sides import SMALL, Sides
from splitparticles.scores.counted import CountedScore


def begun(d=2):
    x = np.random.default_rng(0).normal(size=(4, d))
    white = Preconditioner(np.zeros(d), np.eye(d))
    one = rounds._Rounds(white, x, -x, np.random.default_rng(0), None)
    one.sides.unknown = one.sides.unknown[:0]
    return one


def errors(counts, sizes):
    return [[0.9 * size] * count for count, size in zip(counts, sizes, strict=True)]


@pytest.mark.parametrize(("count", "limits"), [(FEW, STRICT), (MANY, MILD)])
def test_rounds_end_where_enough_rows_of_each_power_are_predicted(count, limits):
    one = begun()
    one.errors = errors([count] * 3, limits)
    assert one.passed()
    for k in range(3):
        fewer = np.full(3, count) - np.eye(3, dtype=int)[k]
        one.errors = errors(fewer, limits)
        assert not one.passed()
        one.errors = errors([count] * 3, limits)
        one.errors[k] = [1.2 * limits[k]] * count
        assert not one.passed()


def test_one_row_in_many_may_be_wrong_at_the_flat_powers_alone():
    for k in range(3):
        one = begun()
        one.errors = errors([MANY] * 3, MILD)
        one.errors[k][-1] = 1.0
        assert one.passed() == (k > 0)


def test_no_round_is_the_last_at_the_wall_or_with_an_unknown_side():
    one = begun()
    one.errors = errors([FEW] * 3, STRICT)
    one.stopped = OPEN
    assert not one.passed()
    one = begun()
    one.errors = errors([FEW] * 3, STRICT)
    one.sides.unknown = np.array([[1, 0]])
    assert not one.passed()


def test_a_round_has_more_fresh_rows_than_there_are_chains():
    one = begun(100)
    one.rounds, one.wall = 1, WALLS[1]
    z, powers = one._fresh()
    assert len(z) == len(powers) == 200
    assert len(np.unique(z, axis=0)) > CHAINS


def gumbel_score(x):
    """Score of four normal coordinates, and before them one with a tail of e^x."""
    return np.hstack([1.0 - np.exp(np.minimum(x[:, :1], 50.0)), -x[:, 1:]])


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_one_exponential_tail_among_normal_ones_is_known_before_the_end(
    seed, monkeypatch
):
    history = []

    class Recorded(Sides):
        def take(self, s, emulated):
            super().take(s, emulated)
            history.append(self.errors.copy())

    monkeypatch.setattr(rounds, "Sides", Recorded)
    rng, d = np.random.default_rng(seed), 5
    ledger = Ledger(CountedScore(gumbel_score), 1000)
    x = rng.standard_normal((2, d))
    white = Preconditioner(np.zeros(d), np.eye(d))
    search = learn(white, x, ledger.evaluate(x), rng)
    (found,) = together(ledger, [search])
    assert found.passed
    assert (history[0][0] > SMALL).any() and (history[-1] < SMALL).all()
    probe = rng.standard_normal((200, d))
    probe[:, 0] = rng.uniform(-6.5, -4.5, 200)  # 1 draw in 90 is beyond
    change = found.fit.change
    z = change.to_working(probe)
    error = found.fit.emulator.score(z) - change.pulled(z, gumbel_score(probe))
    assert (error**2).mean() < 0.01
