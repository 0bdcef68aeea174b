import numpy as np
import pytest

from splitparticles.adapters.blocks import Blocks, start_blocks
from splitparticles.adapters.imported import imported
from splitparticles.adapters.padded import padded
from splitparticles.adapters.value_and_score import REMEMBERED, ValueAndScore


class Counting:
    """Value and score of N(0, I) that writes to what it gets, and counts rows."""

    rows = 0

    def __call__(self, x):
        self.rows += len(x)
        answer = -0.5 * (x**2).sum(1), -x
        x[:] = np.nan
        return answer


def test_the_log_density_costs_nothing_where_the_score_is_known(rng):
    counting = Counting()
    both = ValueAndScore(counting, 3)
    batches = rng.normal(size=(REMEMBERED, 5, 3))
    scores = [both.score(x) for x in batches]
    assert counting.rows == 5 * REMEMBERED
    for x, score in zip(batches, scores, strict=True):
        np.testing.assert_array_equal(both.log_density(x), -0.5 * (x**2).sum(1))
        assert both.score(x) is score
    assert counting.rows == 5 * REMEMBERED
    both.score(batches[0] + 1e-9)
    both.score(batches[0])  # forgotten, as the oldest
    assert counting.rows == 5 * (REMEMBERED + 2)


def test_what_is_remembered_is_no_one_elses_to_change(rng):
    x = rng.normal(size=(4, 2))
    both = ValueAndScore(Counting(), 2)
    first = both.score(x)
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1.0
    x += 1.0
    np.testing.assert_array_equal(both.score(x), -x)


def test_single_precision_stays_so_that_steps_are_longer():
    single = np.float32
    both = ValueAndScore(lambda x: (single(x[:, 0]), single(x)), 2)
    assert both.score(np.ones((2, 2))).dtype == np.float32


@pytest.mark.parametrize("bad", [np.ones((2, 3)), np.ones(2), [[np.nan, 0.0]], "x"])
def test_points_of_another_shape_are_refused(bad):
    with pytest.raises((TypeError, ValueError), match="x must"):
        ValueAndScore(Counting(), 2).score(bad)


@pytest.mark.parametrize(
    "n, size", [(1, 1), (2, 2), (3, 4), (5, 8), (64, 64), (65, 128)]
)
def test_padding_repeats_the_last_row_up_to_a_power_of_two(n, size, rng):
    x = rng.normal(size=(n, 2))
    longer = padded(x)
    assert longer.shape == (size, 2)
    assert np.array_equal(longer[:n], x) and (longer[n:] == x[-1]).all()


def test_blocks_split_what_they_join(rng):
    blocks = Blocks({"tau": (), "theta": (2,), "w": (2, 2)})
    assert blocks.names == ["tau", "theta[0]", "theta[1]"] + [
        "w[0,0]", "w[0,1]", "w[1,0]", "w[1,1]"
    ]  # fmt: skip
    x = rng.normal(size=(3, 7))
    tau, theta, w = blocks.split(x)
    assert tau.shape == (3,) and theta.shape == (3, 2) and w.shape == (3, 2, 2)
    assert w[1, 0, 1] == x[1, 4]
    np.testing.assert_array_equal(blocks.joined([tau, theta, w], 3), x)
    fixed = blocks.joined([tau, theta, w[0]], 3)  # the same for all rows
    np.testing.assert_array_equal(fixed[:, 3:], np.repeat(x[:1, 3:], 3, axis=0))


def test_a_start_is_finite_real_numbers():
    blocks, x0 = start_blocks({"a": 1, "b": [[2.0, 3.0]]})
    assert blocks.names == ["a", "b[0,0]", "b[0,1]"]
    np.testing.assert_array_equal(x0, [1.0, 2.0, 3.0])
    for bad, words in [
        ({"a": "x"}, r"x0 \(a\) must be real numbers"),
        ({"a": [1j]}, r"x0 \(a\) must be real numbers"),
        ({"a": np.nan}, "x0 must be finite"),
        ({}, "x0 must hold at least one number"),
    ]:
        with pytest.raises((TypeError, ValueError), match=words):
            start_blocks(bad)


def test_a_missing_library_is_named_with_its_extra():
    with pytest.raises(ImportError, match=r'pip install "splitparticles\[pymc\]"'):
        imported("no_such_library", "pymc")
