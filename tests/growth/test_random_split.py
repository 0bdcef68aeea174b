import numpy as np

import splitparticles as sp
from splitparticles.testing.checks import check_growth


def test_the_family_check_holds(problems):
    for F, p in problems[:2]:
        check_growth(sp.RandomSplit(), F, p)


def test_directions_come_from_the_generator(problems):
    F, p = problems[1]
    once, again, another = (
        sp.RandomSplit()(F, p, 3, np.random.default_rng(seed)).particles.positions
        for seed in (1, 1, 2)
    )
    assert np.array_equal(once, again) and not np.array_equal(once, another)
