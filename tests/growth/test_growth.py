import itertools

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.growth.equal_weights import Equalised
from splitparticles.growth.knapsack import knapsack
from splitparticles.testing.checks import check_growth

GROWTHS = [
    sp.SteepestSplit(),
    sp.SteepestSplit(everyone=True),
    sp.SteepestSplit(trials=1),
    sp.RandomSplit(),
    sp.SteepestSplit(dense=1),
]


def rested(objective, n, d, seed=0):
    start = sp.ParticleSet(np.random.default_rng(seed).normal(size=(n, d)))
    return sp.LBFGS(max_iter=300)(objective, start).particles


@pytest.mark.parametrize("growth", GROWTHS, ids=repr)
def test_the_family_check_holds(growth):
    draws = np.random.default_rng(0).normal(size=(100, 2))
    mmd = sp.MMD(sp.Gaussian(0.5), draws)
    check_growth(growth, mmd, rested(mmd, 4, 2))
    ksd = sp.KSD(sp.InverseMultiquadric(1.0), lambda x: -x)
    check_growth(growth, ksd, rested(ksd, 4, 2))


@pytest.mark.parametrize("d", [2, 5, 20])
def test_the_steepest_direction_beats_random_ones_at_a_small_step(d):
    scales = np.linspace(0.5, 2.0, d)
    F = sp.KSD(sp.Gaussian(d**0.5), lambda x: -x / scales**2)
    one = sp.ParticleSet(np.zeros((1, d)))
    index, vectors = np.linalg.eigh(F.splitting_matrices(one)[0])
    rng, step, none = np.random.default_rng(0), np.array([1e-2]), np.array([0])
    best = F.split_change(one, none, vectors[None, :, 0], step)[0]
    np.testing.assert_allclose(best, 0.5 * index[0] * 1e-4, rtol=0.01)
    for _ in range(20):
        v = rng.normal(size=(1, d))
        v /= np.linalg.norm(v)
        assert best < F.split_change(one, none, v, step)[0]


def test_the_step_found_is_close_to_the_best_one():
    F = sp.KSD(sp.InverseMultiquadric(1.5), lambda x: -x)
    one = sp.ParticleSet([[0.0, 0.0]])
    grown = sp.SteepestSplit()(F, one, 1, None)
    steps = np.linspace(0.01, 3.0, 400)
    direction = (grown.particles.positions[0] / grown.steps[0])[None]
    change = [F.split_change(one, [0], direction, [e])[0] for e in steps]
    assert grown.expected < 0.98 * min(change)  # both negative
    found = F.value(grown.particles) - F.value(one)
    np.testing.assert_allclose(found, grown.expected, rtol=1e-9)


def test_the_symmetric_trap_is_left_by_a_split_and_not_by_a_gradient():
    # both particles on the saddle between two modes
    target = sp.GaussianMixture([0.5, 0.5], [[-1, 0], [1, 0]], [0.3, 0.3])
    F = sp.KSD(sp.Gaussian(0.1**0.5), target.score, target.score_product)
    trapped = sp.LBFGS()(F, sp.ParticleSet([[0.0, 0.4], [0.0, -0.4]])).particles
    assert np.abs(trapped.positions[:, 0]).max() < 1e-9
    assert np.abs(F.gradient(trapped)[:, 0]).max() < 1e-9
    grown = sp.SteepestSplit()(F, trapped, 2, None)
    freed = sp.LBFGS()(F, grown.particles).particles
    if np.abs(freed.positions[:, 0]).max() < 0.1:  # the first split was along the axis
        freed = sp.descend(F, freed, n_particles=8).particles
    assert freed.positions[:, 0].min() < -0.3 and freed.positions[:, 0].max() > 0.3


def test_a_stable_particle_is_certified_and_may_be_far_from_the_best():
    # on a line h J = 9 > 1 + d/2 between two sharp modes: no small split helps
    target = sp.GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [0.1, 0.1])
    F = sp.KSD(sp.Gaussian(0.1**0.5), target.score, target.score_product)
    grown = sp.SteepestSplit()(F, sp.ParticleSet([[0.0]]), 3, None)
    assert len(grown.parents) == 0 and grown.stable and grown.least_index > 0
    alone = sp.SteepestSplit()
    result = sp.descend(F, sp.ParticleSet([[0.0]]), n_particles=8, growth=alone)
    assert result.stop is sp.Stop.STABLE and len(result.positions) == 1
    assert "local optimum" in result.message
    assert F.value(sp.ParticleSet([[-1.0], [1.0]])) < 0.9 * result.value
    full = sp.SteepestSplit()(F, sp.ParticleSet([[1.0]]), 0, None)
    assert not full.stable  # no room is no certificate


def test_a_fraction_splits_the_best_ones():
    draws = np.random.default_rng(0).normal(size=(100, 2))
    F = sp.MMD(sp.Gaussian(0.4), draws)
    p = rested(F, 8, 2)
    everyone = sp.SteepestSplit()(F, p, 8, None)
    two = sp.SteepestSplit(fraction=0.25)(F, p, 8, None)
    assert len(two.parents) == 2 < len(everyone.parents)
    assert set(two.parents) == set(everyone.parents[:2])


def test_equal_weights_stay_equal():
    draws = np.random.default_rng(0).normal(size=(100, 2))
    F = sp.MMD(sp.Gaussian(0.4), draws)
    grown = Equalised(sp.SteepestSplit())(F, rested(F, 4, 2), 2, None)
    np.testing.assert_allclose(grown.particles.weights, 1 / 6)


def test_everyone_splits_while_somebody_gains():
    draws = np.vstack(
        [np.zeros((50, 2)), np.random.default_rng(0).normal(size=(50, 2))]
    )
    F = sp.MMD(sp.Gaussian(0.3), draws)
    p = sp.ParticleSet([[0.0, 0.0], [6.0, 6.0]])  # only the far one is stable or flat
    chosen = sp.SteepestSplit()(F, p, 2, None)
    all_of_them = sp.SteepestSplit(everyone=True)(F, p, 2, None)
    assert len(all_of_them.parents) == 2 >= len(chosen.parents)


def test_a_random_split_is_the_generators():
    F = sp.KSD(sp.InverseMultiquadric(1.0), lambda x: -x)
    p = rested(F, 3, 2)
    once, again, other = (
        sp.RandomSplit()(F, p, 3, np.random.default_rng(seed)).particles.positions
        for seed in (1, 1, 2)
    )
    assert np.array_equal(once, again) and not np.array_equal(once, other)


def test_whoever_stands_beside_a_place_without_a_score_is_not_split():
    F = sp.KSD(sp.Gaussian(1.0), lambda x: np.where(x > 0.5, np.nan, -x))
    p = sp.ParticleSet([[0.0], [0.4999999]])
    for growth in (sp.SteepestSplit(), sp.SteepestSplit(everyone=True)):
        grown = growth(F, p, 2, None)
        assert list(grown.parents) == [0] and np.isnan(grown.least_index)
        assert np.isfinite(grown.particles.positions).all()


# ------------------------------------------------------------- new particles
TWO = sp.GaussianMixture([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.0]], [0.1, 0.1])
NARROW = sp.Gaussian(0.1**0.5)


def problems():
    draws = np.random.default_rng(0).normal(size=(100, 2))
    mmd = sp.MMD(sp.Gaussian(0.5), draws)
    ksd = sp.KSD(sp.InverseMultiquadric(1.0), lambda x: -x)
    return [(F, rested(F, 4, 2)) for F in (mmd, ksd, mmd + 0.5 * ksd)]


@pytest.mark.parametrize("growth", [sp.Insertion(), sp.NewParticle()], ids=repr)
def test_a_new_particle_lowers_f_and_takes_mass_from_all(growth):
    for F, p in problems():
        grown = growth(F, p, 3, np.random.default_rng(0))
        assert list(grown.parents) == [-1]
        q = grown.particles
        assert np.array_equal(q.positions[:-1], p.positions)
        np.testing.assert_allclose(q.weights.sum(), 1.0)
        assert np.ptp(q.weights[:-1] / p.weights) < 1e-12 and q.weights[-1] > 0.0
        found = F.value(q) - F.value(p)
        assert found < 0.0
        np.testing.assert_allclose([grown.expected, grown.predicted], found, rtol=1e-8)
        full = growth(F, p, 0, np.random.default_rng(0))
        assert full.particles is p and len(full.parents) == 0


def test_the_mass_of_a_newcomer_is_the_best_one():
    F, p = problems()[0]
    grown = sp.Insertion()(F, p, 1, np.random.default_rng(0))
    y, best = grown.particles.positions[-1], grown.particles.weights[-1]

    def value(t):
        weights = np.append((1 - t) * p.weights, t)
        return F.value(sp.ParticleSet(np.vstack([p.positions, y]), weights))

    assert value(best) <= min(value(t) for t in np.linspace(0.001, 0.5, 200)) + 1e-12


def test_an_insertion_stands_where_the_witness_is_lowest():
    F, p = problems()[0]
    y = sp.Insertion()(F, p, 1, np.random.default_rng(0)).particles.positions[-1:]
    grid = np.stack(np.meshgrid(*2 * [np.linspace(-4, 4, 81)]), axis=-1).reshape(-1, 2)
    assert F.witness(p, y)[0] <= F.witness(p, grid).min() + 1e-3
    assert np.linalg.norm(F.witness_gradient(p, y)) < 1e-3


def test_an_insertion_stays_in_the_neighbourhood():
    # under a linear kernel the witness falls without end
    F = sp.KSD(sp.Gaussian(1.0), lambda x: 1.0 - x) + sp.KSD(
        sp.Linear(), lambda x: 1.0 - x
    )
    p = sp.ParticleSet([[-1.0, 0.0], [1.0, 0.5], [0.0, 2.0]])
    far = np.array([[-1e3, -1e3], [1e3, 1e3]])
    assert F.witness(p, far).min() < F.witness(p).min() - 1e3
    grown = sp.Insertion(reach=2.0)(F, p, 1, np.random.default_rng(0)).particles
    away = 2.0 * p.positions.std(axis=0).max() + 1e-9
    x = grown.positions[3]
    assert len(grown) == 4
    assert (p.positions.min(axis=0) - away <= x).all()
    assert (x <= p.positions.max(axis=0) + away).all()


def test_equal_weights_leave_out_who_would_weigh_too_much():
    F = sp.MMD(sp.Gaussian(1.0), [[0.0], [5.0]], [0.98, 0.02])
    one, rng = sp.ParticleSet([[0.0]]), np.random.default_rng(0)
    little = sp.Insertion(reach=10.0)(F, one, 1, rng).particles
    np.testing.assert_allclose(little.weights[1], 0.02, atol=1e-3)
    alike = Equalised(sp.Insertion(reach=10.0))(F, one, 1, rng)
    assert len(alike.parents) == 0 and alike.particles is one


def test_nothing_is_inserted_at_the_target_itself():
    F = sp.MMD(sp.Gaussian(0.5), [[0.0, 0.0], [1.0, 1.0]])
    grown = sp.Insertion()(
        F, sp.ParticleSet([[0.0, 0.0], [1.0, 1.0]]), 3, np.random.default_rng(0)
    )
    assert len(grown.parents) == 0 and not grown.stable


def test_a_draw_of_the_wrong_shape_is_named():
    F, p = problems()[0]
    with pytest.raises(ValueError, match="draw must return shape"):
        sp.NewParticle(draw=lambda rng: 1.0)(F, p, 1, np.random.default_rng(0))


def test_the_best_of_two_is_the_better_one():
    for F, p in problems():
        falls = {}
        for name, growth in (
            ("split", sp.SteepestSplit(fraction=0.01)),
            ("insert", sp.Insertion()),
        ):
            grown = growth(F, p, 1, np.random.default_rng(0))
            falls[name] = F.value(p) - F.value(grown.particles)
        both = sp.BestOf(sp.SteepestSplit(fraction=0.01), sp.Insertion())
        grown = both(F, p, 1, np.random.default_rng(0))
        fall = F.value(p) - F.value(grown.particles)
        assert fall >= 0.999 * max(falls.values())


@pytest.mark.slow
def test_an_insertion_frees_what_no_split_can():
    F = sp.KSD(NARROW, TWO.score, TWO.score_product)
    start = sp.ParticleSet([[0.0, 0.0]])
    alone = sp.descend(F, start, n_particles=20, rng=0)
    assert np.abs(alone.positions[:, 0]).max() < 1e-6  # on the axis between the modes
    growth = sp.BestOf(sp.SteepestSplit(), sp.Insertion())
    freed = sp.descend(F, start, n_particles=20, growth=growth, rng=0)
    assert freed.value < 0.3 * alone.value
    assert freed.positions[:, 0].min() < -0.5 and freed.positions[:, 0].max() > 0.5
    with pytest.raises(ValueError, match="at least one"):
        sp.BestOf()


# -------------------------------------------------------------- signed splits
@pytest.mark.parametrize("most", [1, 2, 3])
def test_signed_splits_keep_mass_and_mean_and_lower_f(most):
    for F, p in problems():
        grown = sp.SignedSplit(most=most)(F, p, 4, np.random.default_rng(0))
        assert 1 <= len(grown.parents) <= 4
        np.testing.assert_allclose(grown.particles.weights.sum(), 1.0)
        np.testing.assert_allclose(grown.particles.mean(), p.mean(), atol=1e-12)
        found = F.value(grown.particles) - F.value(p)
        assert found < 0.0
        np.testing.assert_allclose(found, grown.expected, rtol=1e-9)


def best_of_all_splits(S, c, k):
    """Least sum over k children that SLSQP finds."""
    from scipy.optimize import minimize

    def split(z):
        return z[:k], z[k:].reshape(k, 2)

    def total(z):
        s, o = split(z)
        return s @ np.einsum("ka,ab,kb->k", o, S, o)

    constraints = [
        {"type": "eq", "fun": lambda z: split(z)[0].sum() - 1.0},
        {"type": "eq", "fun": lambda z: split(z)[0] @ split(z)[1]},
        {"type": "ineq", "fun": lambda z: c - np.abs(split(z)[0]).sum()},
        {"type": "ineq", "fun": lambda z: 1 - (split(z)[1] ** 2).sum(axis=1)},
    ]
    best = 0.0
    for seed in range(12):
        z = np.random.default_rng(seed).normal(size=3 * k)
        with np.errstate(all="ignore"):
            run = minimize(total, z, method="SLSQP", constraints=constraints)
        if run.success:
            best = min(best, run.fun)
    return best


@pytest.mark.parametrize("signs", [(-1.0, -0.5), (0.5, 1.0), (-0.5, 1.0)])
@pytest.mark.parametrize("c", [1.5, 3.0])
def test_the_closed_forms_are_the_optima(signs, c):
    from splitparticles.growth.signed_split import _best_split

    S = np.diag(signs)
    for most in (1, 2, 3):
        value, shares, offsets = _best_split(*np.linalg.eigh(S), c, most)
        shares, offsets = np.array(shares), np.array(offsets)
        np.testing.assert_allclose(shares.sum(), 1.0)
        assert np.abs(shares).sum() <= c + 1e-12
        np.testing.assert_allclose(shares @ offsets, 0.0, atol=1e-12)
        assert np.linalg.norm(offsets, axis=1).max() <= 1.0 + 1e-12
        found = shares @ np.einsum("ka,ab,kb->k", offsets, S, offsets)
        np.testing.assert_allclose(found, value, atol=1e-12)
        assert value <= best_of_all_splits(S, c, most + 1) + 1e-6


def test_a_run_says_that_weights_are_negative():
    F = sp.KSD(NARROW, TWO.score, TWO.score_product)
    start = sp.ParticleSet([[0.0, 0.0]])
    result = sp.descend(
        F, start, n_particles=6, growth=sp.SignedSplit(), max_rounds=3, rng=0
    )
    assert result.weights.min() < 0.0 and "negative" in result.warnings[-1]
    fine = sp.descend(F, start, n_particles=1, rng=0)
    assert not any("negative" in warning for warning in fine.warnings)


@pytest.mark.parametrize("options", [{"total": 1.0}, {"total": np.inf}, {"most": 4}])
def test_signed_splits_refuse_bad_options(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        sp.SignedSplit(**options)


# ------------------------------------------------------------------ eigenpairs
@pytest.mark.parametrize("d", [1, 2, 7, 40])
def test_least_eigenpairs_are_those_of_the_matrices(d):
    from splitparticles.growth.eigenpairs import least_eigenpairs, rayleigh_descent

    rng = np.random.default_rng(0)
    scales = np.linspace(0.5, 2.0, d)
    F = sp.KSD(
        sp.InverseMultiquadric(d**0.5),
        lambda x: -x / scales**2,
        lambda x, v: -v / scales**2,
    )
    p = sp.ParticleSet(0.5 * rng.normal(size=(9, d)))
    S = F.splitting_matrices(p)
    values, vectors = np.linalg.eigh(S)
    size = np.abs(values[:, 0]).max()
    for solve, tol in ((least_eigenpairs, 1e-3), (rayleigh_descent, 1e-2)):
        found = solve(F, p, np.random.default_rng(1), tol=tol, max_products=2000)
        assert np.abs(found.values - values[:, 0]).max() < 2.0 * tol * size
        np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1.0)
        image = np.einsum("nab,nb->na", S, found.vectors)
        left = image - found.values[:, None] * found.vectors
        wanted = np.linalg.norm(left, axis=1)
        np.testing.assert_allclose(found.residuals, wanted, atol=1e-6 * size)


def test_many_coordinates_need_no_matrix():
    d = 300
    F = sp.KSD(sp.InverseMultiquadric(d**0.5), lambda x: -x, lambda x, v: -v)
    F.splitting_matrices = None
    one = sp.ParticleSet(np.zeros((1, d)))
    grown = sp.SteepestSplit()(F, one, 1, np.random.default_rng(0))
    assert len(grown.particles) == 2 and F.value(grown.particles) < F.value(one)


# ------------------------------------------------------- infinity-Wasserstein
def test_infinity_wasserstein_is_the_bottleneck_of_permutations():
    from itertools import permutations

    rng = np.random.default_rng(0)
    for _ in range(10):
        x, y = rng.normal(size=(2, 5, 2))
        far = np.linalg.norm(x[:, None] - y, axis=2)
        best = min(
            far[np.arange(5), p].max() for p in map(list, permutations(range(5)))
        )
        assert sp.infinity_wasserstein(x, y) == pytest.approx(best, abs=1e-15)


def test_infinity_wasserstein_on_a_line_is_that_of_quantiles():
    rng = np.random.default_rng(0)
    for _ in range(10):
        x, y = np.sort(rng.normal(size=7)), np.sort(rng.normal(size=4))
        v, w = rng.integers(1, 9, 7) / 1.0, rng.integers(1, 9, 4) / 1.0
        p, q = v.cumsum() / v.sum(), w.cumsum() / w.sum()
        levels = np.concatenate([p, q])
        levels = np.sort(levels)[:-1] - 1e-9
        ends = np.concatenate([levels, levels + 2e-9])
        ends = ends[(ends > 0) & (ends < 1)]
        i, j = np.searchsorted(p, ends), np.searchsorted(q, ends)
        # pieces of no length do not count
        wide = np.diff(np.sort(np.concatenate([[0.0], p, q]))) > 1e-8
        middles = np.sort(np.concatenate([[0.0], p, q]))
        middles = (0.5 * (middles[1:] + middles[:-1]))[wide]
        i, j = np.searchsorted(p, middles), np.searchsorted(q, middles)
        wanted = np.abs(x[i] - y[j]).max()
        found = sp.infinity_wasserstein(
            sp.ParticleSet(x[:, None], v), sp.ParticleSet(y[:, None], w)
        )
        assert found == pytest.approx(wanted, abs=1e-12)


def test_a_split_and_a_move_are_in_the_same_ball():
    p = sp.ParticleSet(np.random.default_rng(0).normal(size=(6, 3)))
    moved = p.moved_to(p.positions + [0.1, 0.0, 0.0])
    assert sp.infinity_wasserstein(p, moved) <= 0.1 + 1e-12
    split = p.split([1, 4], np.eye(3)[:2], 0.1)
    assert sp.infinity_wasserstein(p, split) == pytest.approx(0.1)
    assert sp.infinity_wasserstein(p, p) == 0.0
    with pytest.raises(ValueError, match="weights of q"):
        sp.infinity_wasserstein(p, p.weighted([-1.0, 1, 1, 1, 1, 1]))
    with pytest.raises(ValueError, match="3 coordinates"):
        sp.infinity_wasserstein(p, [[0.0]])


# -------------------------------------------------------------------- pruning
def test_coincident_and_weightless_particles_go():
    F, p = problems()[0]
    far = sp.ParticleSet(
        np.vstack([p.positions, p.positions[:2], [[9.0, 9.0]]]),
        np.append(np.append(p.weights, [0.1, 0.05]), 0.0) / 1.15,
    )
    fewer = sp.pruned(F, far, tol=1e-9)
    assert len(fewer) <= len(p) and F.value(fewer) <= F.value(far) * (1.0 + 1e-8)
    assert np.abs(fewer.positions).max() < 9.0
    np.testing.assert_allclose(fewer.weights.sum(), 1.0)


@pytest.mark.parametrize("tol", [0.0, 1e-3, 0.3])
def test_pruning_never_costs_more_than_was_allowed(tol):
    for F, p in problems():
        many = sp.LBFGS(max_iter=50)(
            F, p.split(np.arange(4), np.tile([[1.0, 0.0]], (4, 1)), 0.3)
        ).particles
        fewer = sp.pruned(F, many, tol=tol)
        assert F.value(fewer) <= F.value(many) * (1.0 + tol) + 1e-11
        assert 1 <= len(fewer) <= len(many)
    assert len(sp.pruned(F, sp.ParticleSet([[0.0, 0.0]]), tol=tol)) == 1


def test_a_generous_tolerance_prunes_and_weights_of_both_signs_may():
    F, p = problems()[0]
    assert len(sp.pruned(F, p, tol=1e6)) == 1
    signed = sp.SignedSplit()(F, p, 4, np.random.default_rng(0)).particles
    doubled = signed.split([0], [[1.0, 0.0]], 0.0)
    fewer = sp.pruned(F, doubled, tol=1e-9)
    assert len(fewer) <= len(signed)
    np.testing.assert_allclose(fewer.weights.sum(), 1.0)
    with pytest.raises(ValueError, match="tol"):
        sp.pruned(F, p, tol=-1.0)


# ------------------------------------------------------- pruning inside a run
def crowded():
    """A run's start with five particles more than anybody needs."""
    rng = np.random.default_rng(0)
    F = sp.MMD(sp.Gaussian(1.0), [[-2.0, 0.0], [2.0, 0.0]])
    spare = rng.normal(size=(5, 2)) * 0.1 + [2.0, 0.0]
    return F, sp.ParticleSet(np.vstack([[[-2.0, 0.0]], spare]), [0.5] + [0.1] * 5)


def test_growth_and_pruning_keep_n_honest():
    F, start = crowded()
    options = dict(continuation=False, prune=1e-2, max_rounds=50)
    fewer = sp.descend(F, start, n_particles=8, **options)
    assert fewer.success  # at the rounding of F splits came and went for ever
    whole = sp.descend(F, start, n_particles=8, continuation=False)
    assert len(fewer.particles) == 2 < len(whole.particles)
    np.testing.assert_allclose(sorted(fewer.positions[:, 0]), [-2.0, 2.0], atol=1e-3)
    assert fewer.value < 1e-6 and np.isclose(fewer.weights.sum(), 1.0)
    values = [this.value for this in fewer.rounds]
    assert (np.diff(values) < 0).all()


def test_pruning_costs_less_than_was_gained_however_generous():
    F = sp.MMD(sp.Gaussian(1.0), np.random.default_rng(1).normal(size=(200, 2)))
    start = sp.ParticleSet(np.random.default_rng(2).normal(size=(4, 2)))
    result = sp.descend(F, start, n_particles=8, prune=1e6, continuation=False)
    values = [this.value for this in result.rounds]
    assert any(this.kept is not None for this in result.rounds)
    assert (np.diff(values) < 0).all() and len(result.particles) > 1


def test_a_pruned_run_keeps_its_tree():
    F = sp.MMD(sp.Gaussian(1.0), np.random.default_rng(1).normal(size=(200, 2)))
    start = sp.ParticleSet(
        np.repeat(np.random.default_rng(2).normal(size=(4, 2)), 3, 0)
    )
    result = sp.descend(F, start, n_particles=12, prune=0.1, continuation=False)
    pruned = [this for this in result.rounds if this.kept is not None]
    assert pruned
    for this in pruned:
        assert len(this.kept) == len(this.particles) < len(this.moved.particles)
    for this in [*result.rounds, result]:
        parents = np.asarray(this.parents)
        assert len(parents) == len(this.particles)
        assert ((parents >= -1) & (parents < len(parents))).all()
    from matplotlib.figure import Figure

    ax = sp.plotting.tree(result, ax=Figure().subplots())
    wanted = sum(len(this.particles) for this in result.rounds[1:])
    assert len(ax.collections[0].get_segments()) == wanted


def test_orphans_pass_to_the_next_ancestor():
    from splitparticles.descent.loop import _without

    parents = np.array([-1, 0, 1, 2, -1])
    assert _without(parents, np.array([0, 3, 4])).tolist() == [-1, 0, -1]
    assert _without(parents, np.array([2, 3])).tolist() == [-1, 0]


# ------------------------------------------------------------------ or else
def test_an_insertion_takes_over_where_splits_are_certified_useless():
    two = sp.GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [0.1, 0.1])
    F = sp.KSD(sp.Gaussian(0.1**0.5), two.score, two.score_product)
    result = sp.descend(F, sp.ParticleSet([[0.0]]), n_particles=8, rng=0)
    first = result.rounds[0].grown
    assert first.stable and first.least_index > 0 and first.parents.tolist() == [-1]
    assert len(result.particles) == 8 and result.value < 0.1 * result.rounds[0].value
    assert result.stop is sp.Stop.MAX_PARTICLES
    # a sum of such is one too, an MMD is not, and no room is no room
    assert (2.0 * F + F).insertion_descends
    G = sp.MMD(sp.Gaussian(1.0), [[0.0]])
    assert not G.insertion_descends and not (F + G).insertion_descends
    growth = sp.OrElse(sp.SteepestSplit(), sp.Insertion())
    p = sp.ParticleSet([[0.0]])
    assert len(growth(F, p, 0, np.random.default_rng(0)).parents) == 0
    nobody = sp.OrElse(sp.SteepestSplit())(F, p, 1, None)
    assert nobody.stable and len(nobody.parents) == 0
    with pytest.raises(ValueError, match="at least one growth"):
        sp.OrElse()


# ----------------------------------------------------------------- knapsack
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


def test_splits_are_made_that_a_budget_affords():
    F, p = problems()[0]
    rng = np.random.default_rng(0)
    plain = sp.SteepestSplit()(F, p, 4, rng)
    dear = {int(plain.parents[0])}

    def cost(particles):
        return [10.0 if i in dear else 1.0 for i in range(len(particles))]

    cheap = sp.SteepestSplit(cost=cost, budget=2.0)(F, p, 4, rng)
    assert not dear & set(cheap.parents) and 1 <= len(cheap.parents) <= 2
    everything = sp.SteepestSplit(cost=cost, budget=100.0)(F, p, 4, rng)
    assert set(everything.parents) == set(plain.parents)
    # of two groups, each may grow by one
    groups = np.eye(2)[np.arange(len(p)) % 2]
    each = sp.SteepestSplit(cost=lambda q: groups, budget=[1.0, 1.0])(F, p, 4, rng)
    assert sorted(each.parents % 2) == [0, 1]
    nothing = sp.SteepestSplit(cost=cost, budget=0.5)(F, p, 4, rng)
    assert len(nothing.parents) == 0 and not nothing.stable


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
def test_costs_that_are_none_are_refused(options, match):
    F, p = problems()[0]
    with pytest.raises(ValueError, match=match):
        sp.SteepestSplit(**options)(F, p, 4, np.random.default_rng(0))
