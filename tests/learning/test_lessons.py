"""Lessons: which rows of a score an emulator believes, and how far."""

import numpy as np

from splitparticles.coordinates.preconditioner import Preconditioner
from splitparticles.learning.lessons import (
    CAP,
    FARTHEST,
    TWIN,
    _covering,
    fitted,
    lessons,
    most_rows,
)

WHITE = Preconditioner(np.zeros(2), np.eye(2))


def test_huge_scores_are_cut_and_noisy_and_missing_ones_point_inwards():
    x = np.array([[0.5, 0.0], [2.0, 0.0], [0.0, 3.0]])
    s = np.array([[-0.5, 0.0], [-1e8, 0.0], [np.nan, 0.0]])
    taught = lessons(WHITE, x, s)
    order = [int(np.flatnonzero((taught.z == row).all(axis=1))[0]) for row in x]
    near, huge, missing = order
    assert np.array_equal(taught.s[near], s[0]) and taught.noise[near] == 0.0
    np.testing.assert_allclose(taught.s[huge], [-CAP * 2**0.5, 0.0])
    assert taught.s[missing] @ [0.0, 1.0] < 0.0 == taught.s[missing][0]
    assert min(taught.noise[huge], taught.noise[missing]) > 0.01
    assert near == 0  # rows of the bulk come first


def test_of_twins_the_newer_row_stays_and_of_too_many_some():
    x = np.array([[0.5, 0.0], [0.5, 0.5 * TWIN], [1.0, 1.0]])
    taught = lessons(WHITE, x, -x)
    assert {tuple(row) for row in taught.z} == {tuple(x[1]), tuple(x[2])}
    rng = np.random.default_rng(0)
    x = rng.uniform(-5.0, 5.0, size=(3 * most_rows(2), 2))
    taught = lessons(WHITE, x, -x)
    assert len(taught.z) <= most_rows(2)


def test_one_score_of_1e8_does_not_ruin_a_fit():
    rng = np.random.default_rng(0)
    x = np.vstack([rng.standard_normal((40, 2)), [[6.0, 6.0]]])
    s = np.vstack([-x[:-1], [[-1e8, -1e8]]])
    emulator = fitted(WHITE, x, s)
    z = rng.standard_normal((200, 2))
    assert np.mean((emulator.score(z) + z) ** 2) < 1e-2


def test_rows_that_cover_are_each_farthest_from_those_before(monkeypatch):
    z = np.array([[0.0], [1.0], [2.0], [7.0], [-3.0], [6.9]])
    np.testing.assert_array_equal(_covering(z, 2), [0, 3])
    np.testing.assert_array_equal(_covering(z, 3), [0, 3, 4])
    np.testing.assert_array_equal(_covering(z, 4), [0, 2, 3, 4])


def test_far_rows_stay_among_too_many_of_the_bulk():
    rng = np.random.default_rng(0)
    limit = most_rows(2)
    far = np.linspace(4.0, 0.9 * FARTHEST, 3)[:, None] * [1.0, 1.0]
    x = np.vstack([far, rng.uniform(-2.5, 2.5, size=(3 * limit, 2))])  # the oldest
    s = -x / (1.0 + 0.5 * np.abs(x))
    taught = lessons(WHITE, x, s)
    assert len(taught.z) == limit
    kept = {tuple(row) for row in taught.z}
    assert all(tuple(row) in kept for row in far)
    # and the bulk is still dense
    assert (np.abs(taught.z).max(axis=1) < 2.5).mean() > 0.95
