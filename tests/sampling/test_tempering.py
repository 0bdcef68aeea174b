"""Schedules of inverse temperatures."""

import pytest

import splitparticles as sp


def test_a_schedule_reaches_modes_that_a_climb_does_not():
    target = sp.GaussianMixture([1, 1], [[-2.0, 0.0], [2.0, 0.0]], [0.1, 0.1])
    with pytest.warns(sp.SamplingWarning):  # masses by chance
        result = sp.sample(
            target.score, [-0.5, 0.2], 16, tempering=[0.02, 0.1, 0.3, 1.0], rng=0
        )
    on_the_right = (result.positions[:, 0] > 0).mean()
    assert 0.0 < on_the_right < 1.0


@pytest.mark.parametrize("schedule", [[0.1, 0.5], [0.5, 0.2, 1.0], [0.0, 1.0], True])
def test_a_schedule_increases_to_one(schedule):
    with pytest.raises(ValueError, match="tempering must be .* ending in 1"):
        sp.sample(lambda x: -x, [0.0], 8, tempering=schedule)
