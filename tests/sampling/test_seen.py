"""Rows of an old run, handed to a new one."""

import numpy as np
import pytest

import splitparticles as sp

TARGET = sp.targets.Gaussian([3.0, -1.0, 0.5], np.diag([1.0, 4.0, 0.01]))


def test_a_new_run_needs_fewer_rows_and_is_right(tmp_path):
    target, path = sp.targets.Banana(), tmp_path / "run"
    old = sp.sample(target, rng=0, checkpoint=path)
    new = sp.sample(target, rng=1, seen=path)
    assert new.n_score_evals < 0.8 * old.n_score_evals and new.success
    draws = target.sample(20_000, rng=0)
    sd = draws.std(axis=0)
    offsets = (new.mean() - draws.mean(axis=0)) / sd
    np.testing.assert_allclose(offsets, 0.0, atol=0.03)
    np.testing.assert_allclose(new.std() / sd, 1.0, atol=0.05)


def test_arrays_and_a_checkpoint_of_points_are_the_same(tmp_path):
    asked = []

    def score(point):
        asked.append(point)
        return TARGET.score(point[None])[0]

    options = {"vectorized": False, "rng": 0, "n_particles": 8}
    sp.sample(score, np.zeros(3), checkpoint=tmp_path / "run", **options)
    x = np.array(asked)
    a = sp.sample(score, np.zeros(3), seen=tmp_path / "run", **options)
    b = sp.sample(score, np.zeros(3), seen=(x, TARGET.score(x)), **options)
    np.testing.assert_array_equal(a.positions, b.positions)


X = np.random.default_rng(0).normal(size=(30, 3))


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        ((X, -X), "seen must be of this score"),
        ((X, TARGET.score(X)[:9]), "a score a row, got 30 and 9"),
        ((X[:, :2], X[:, :2]), "rows of seen must have 3 columns"),
        ((X, np.full_like(X, np.nan)), "scores of seen must be finite"),
        (X, "seen must be a checkpoint or"),
        (3, "seen must be a checkpoint or"),
    ],
)
def test_rows_of_something_else_are_refused(seen, words):
    with pytest.raises((TypeError, ValueError), match=words):
        sp.sample(TARGET.score, np.zeros(3), seen=seen, rng=0)


def test_a_checkpoint_without_rows_is_refused(tmp_path):
    sp.compress(X, 4, checkpoint=tmp_path / "run")
    with pytest.raises(ValueError, match="no rows of a score"):
        sp.sample(TARGET.score, np.zeros(3), seen=tmp_path / "run")
    with pytest.raises(FileNotFoundError):
        sp.sample(TARGET.score, np.zeros(3), seen=tmp_path / "none")
