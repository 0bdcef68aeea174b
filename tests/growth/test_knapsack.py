import itertools

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.growth.knapsack import knapsack


def by_trying_all(gains, costs, budget, room):
    best = 0.0
    for chosen in itertools.product([0, 1], repeat=len(gains)):
        z = np.array(chosen)
        if z.sum() <= room and (z @ costs <= budget + 1e-12).all():
            best = max(best, z @ gains)
    return best


@pytest.mark.parametrize("seed", range(8))
def test_a_knapsack_is_the_best_of_all_selections(seed):
    rng = np.random.default_rng(seed)
    gains = rng.exponential(size=9) * 10.0 ** rng.integers(-6, 3) - 1e-9
    costs = rng.exponential(size=(9, 2))
    budget, room = rng.exponential(size=2) * 4.0, int(rng.integers(1, 9))
    rows = knapsack(gains, costs, budget, room)
    assert len(rows) <= room and (costs[rows].sum(axis=0) <= budget * (1 + 1e-9)).all()
    found, wanted = gains[rows].sum(), by_trying_all(gains, costs, budget, room)
    assert abs(found - wanted) <= 1e-5 * wanted
    assert (np.diff(gains[rows]) <= 0).all()


def test_splits_are_made_that_a_budget_affords(problems):
    F, p = problems[0]
    plain = sp.SteepestSplit()(F, p, 4, np.random.default_rng(0))
    expensive = {int(plain.parents[0])}

    def cost(particles):
        return [10.0 if i in expensive else 1.0 for i in range(len(particles))]

    cheap = sp.SteepestSplit(cost=cost, budget=2.0)(F, p, 4, np.random.default_rng(0))
    assert not expensive & set(cheap.parents) and 1 <= len(cheap.parents) <= 2
    everything = sp.SteepestSplit(cost=cost, budget=100.0)(
        F, p, 4, np.random.default_rng(0)
    )
    assert set(everything.parents) == set(plain.parents)
    # of two groups, each may grow by one
    groups = np.eye(2)[np.arange(len(p)) % 2]
    each = sp.SteepestSplit(cost=lambda q: groups, budget=[1.0, 1.0])(
        F, p, 4, np.random.default_rng(0)
    )
    assert sorted(each.parents % 2) == [0, 1]
    nothing = sp.SteepestSplit(cost=cost, budget=0.5)(F, p, 4, np.random.default_rng(0))
    assert not nothing and not nothing.stable


@pytest.mark.parametrize(
    "options, match",
    [
        ({"cost": np.ones}, "go together"),
        ({"budget": 1.0}, "go together"),
        ({"cost": lambda p: [1.0], "budget": 1.0}, "must return shape"),
        ({"cost": lambda p: [-1.0] * len(p), "budget": 1.0}, "not negative, got"),
        ({"cost": lambda p: [np.nan] * len(p), "budget": 1.0}, "not negative, got"),
    ],
)
def test_bad_costs_are_refused(options, match, problems):
    F, p = problems[0]
    with pytest.raises(ValueError, match=match):
        sp.SteepestSplit(**options)(F, p, 4, np.random.default_rng(0))
