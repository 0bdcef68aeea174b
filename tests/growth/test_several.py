import numpy as np
import pytest

import splitparticles as sp


def test_the_best_of_two_is_the_better_one(problems):
    growths = sp.SteepestSplit(fraction=0.01), sp.Insertion()
    for F, p in problems:
        rng = np.random.default_rng(0)
        values = [F.value(growth(F, p, 1, rng).particles) for growth in growths]
        grown = sp.BestOf(*growths)(F, p, 1, np.random.default_rng(0))
        assert F.value(grown.particles) == pytest.approx(min(values))


@pytest.mark.slow
def test_an_insertion_frees_what_no_split_can():
    two = sp.GaussianMixture([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.0]], [0.1, 0.1])
    F = sp.KSD(sp.Gaussian(0.1**0.5), two.score, two.score_product)
    start = sp.ParticleSet([[0.0, 0.0]])
    alone = sp.descend(F, start, n_particles=20, rng=0)
    assert np.abs(alone.positions[:, 0]).max() < 1e-6  # on the axis between the modes
    growth = sp.BestOf(sp.SteepestSplit(), sp.Insertion())
    freed = sp.descend(F, start, n_particles=20, growth=growth, rng=0)
    assert freed.value < 0.3 * alone.value
    assert freed.positions[:, 0].min() < -0.5 and freed.positions[:, 0].max() > 0.5


def test_an_insertion_takes_over_where_splits_are_certified_useless(trap):
    F, one = trap
    result = sp.descend(F, one, n_particles=8, rng=0)
    first = result.rounds[0].grown
    assert first.stable and first.least_index > 0 and first.parents.tolist() == [-1]
    assert len(result.particles) == 8 and result.value < 0.1 * result.rounds[0].value
    assert result.stop is sp.Stop.MAX_PARTICLES
    assert (2.0 * F + F).insertion_descends
    G = sp.MMD(sp.Gaussian(1.0), [[0.0]])
    assert not G.insertion_descends and not (F + G).insertion_descends
    growth = sp.OrElse(sp.SteepestSplit(), sp.Insertion())
    assert not growth(F, one, 0, np.random.default_rng(0))


@pytest.mark.parametrize("several", [sp.BestOf, sp.OrElse])
def test_the_certificate_is_kept_where_nothing_grows(several, trap):
    idle = several(sp.SteepestSplit())(*trap, 1, np.random.default_rng(0))
    assert not idle and idle.stable and idle.least_index > 0
    assert idle.particles is trap[1]


def test_growths_after_the_first_that_grew_are_not_called(problems):
    def refused(*_):
        raise AssertionError("called")

    F, p = problems[0]
    assert sp.OrElse(sp.SteepestSplit(), refused)(F, p, 2, np.random.default_rng(0))
