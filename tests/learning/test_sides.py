"""Sides of a density: one row far out at either end of each of its coordinates."""

import numpy as np
import pytest

from splitparticles.learning.sides import FARTHEST, MARGIN, SMALL, Sides


def states(m=1000, d=2, stretch=1.0, seed=0):
    return stretch * np.random.default_rng(seed).standard_normal((m, d))


def test_a_row_is_chosen_at_either_end_of_each_coordinate():
    z = states()
    T = np.array([[2.0, 0.5], [0.0, 3.0]])
    x = z @ T.T + 7.0
    sides = Sides(2, np.random.default_rng(0))
    assert not sides.known()
    chosen = sides.rows(z, x) @ T.T + 7.0
    assert chosen.shape == (4, 2) and not sides.known()
    low, high = np.quantile(x, [FARTHEST, 1.0 - FARTHEST], axis=0)
    ends = [chosen[0, 0] - low[0], high[0] - chosen[1, 0]]
    ends += [chosen[2, 1] - low[1], high[1] - chosen[3, 1]]
    assert max(ends) < 0.05
    # the direction is that in which the coordinate varies: a row of T
    wanted = T / np.linalg.norm(T, axis=1, keepdims=True)
    np.testing.assert_allclose(sides.directions, np.repeat(wanted, 2, axis=0), atol=0.1)


def test_a_side_is_known_where_the_slope_across_it_is_right():
    z = states()
    sides = Sides(2, np.random.default_rng(0))
    rows = sides.rows(z, z)
    # scores that err along other directions than the side's are no matter for it
    wrong = -rows + 5.0 * sides.directions[:, ::-1] * [1.0, -1.0]
    sides.take(-rows, wrong)
    assert (sides.errors < SMALL).all()
    assert len(sides.rows(z, z)) == 0 and sides.known()


@pytest.mark.parametrize("side", range(4))
def test_a_wrong_or_missing_slope_is_asked_again(side):
    z = states()
    for emulated in (2.0, 0.5, np.nan):
        sides = Sides(2, np.random.default_rng(0))
        s = -sides.rows(z, z)
        found = s.copy()
        found[side] *= emulated
        sides.take(s, found)
        again = sides.rows(z, z)
        assert len(again) == 1 and not sides.known()
        np.testing.assert_array_equal(sides.unknown, [[side // 2, side % 2]])
        sides.take(-again, -again)
        sides.rows(z, z)
        assert sides.known()


def test_errors_are_relative_to_the_slope_but_for_flat_ones():
    sides = Sides(1, np.random.default_rng(0))
    z = states(d=1)
    sides.rows(z, z)
    sides.take(np.array([[4.0], [0.1]]), np.array([[3.0], [0.2]]))
    np.testing.assert_allclose(sides.errors, [[1.0 / 16.0, 0.04]])


def test_a_side_is_asked_again_where_chains_go_farther():
    z = states()
    sides = Sides(2, np.random.default_rng(0))
    s = -sides.rows(z, z)
    sides.take(s, s)
    assert len(sides.rows(z, z)) == 0
    little, much = z.copy(), z.copy()
    little[:, 1] *= 1.0 + 0.05 * MARGIN
    assert len(sides.rows(little, little)) == 0
    much[z[:, 1] > 0.0, 1] *= 2.0  # one side alone
    assert len(sides.rows(much, much)) == 1
    np.testing.assert_array_equal(sides.unknown, [[1, 1]])
