import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ortho_group

import splitparticles as sp
from splitparticles.objectives import Objective
from splitparticles.testing.checks import check_objective
from splitparticles.testing.oracles import SMOOTH, kernel_matrix, stein_matrix

MIXTURE = sp.GaussianMixture(
    [0.3, 0.7],
    [[-1.0, 0.2, 0.0], [1.0, -0.3, 0.4]],
    [np.diag([0.5, 1.0, 0.8]), np.eye(3) + 0.3],
)


def particles(n=5, d=3, seed=0):
    rng = np.random.default_rng(seed)
    return sp.ParticleSet(0.7 * rng.normal(size=(n, d)), rng.dirichlet(np.ones(n)))


def draws(m=30, d=3, seed=1):
    return np.random.default_rng(seed).normal(size=(m, d)) + 0.3


STEIN = (MIXTURE.score, MIXTURE.score_product)
OBJECTIVES = {
    "MMD gaussian": sp.MMD(sp.Gaussian(1.2), draws()),
    "MMD imq, weighted": sp.MMD(sp.InverseMultiquadric(1.0), draws(), np.arange(30)),
    "MMD rq": sp.MMD(sp.RationalQuadratic(1.0, 0.8), draws()),
    "MMD quadratic": sp.MMD(sp.Quadratic(), draws()),
    "MMD mixture": sp.MMD(sp.Gaussian(0.9), MIXTURE),
    "KSD imq": sp.KSD(
        sp.InverseMultiquadric(1.5), *STEIN, score_curvature=MIXTURE.score_curvature
    ),
    "KSD gaussian": sp.KSD(
        sp.Gaussian(1.5), *STEIN, score_curvature=MIXTURE.score_curvature
    ),
    "KSD quadratic": sp.KSD(
        sp.Quadratic(), *STEIN, score_curvature=MIXTURE.score_curvature
    ),
    "KSD linear": sp.KSD(sp.Linear(), *STEIN, score_curvature=MIXTURE.score_curvature),
    "sum of MMDs": sp.MMD(sp.Gaussian(1.0), draws())
    + 0.3 * sp.MMD(sp.Quadratic(), draws()),
    "sum of KSD and MMD": 2.0
    * sp.KSD(sp.Gaussian(1.5), *STEIN, score_curvature=MIXTURE.score_curvature)
    + sp.MMD(sp.Gaussian(1.0), draws()),
}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_family_check_holds(name):
    check_objective(OBJECTIVES[name], particles())


def test_the_family_check_holds_for_matern():
    # away from each other: its Hessian has a kink at distance zero
    objective = sp.MMD(sp.Matern52(1.5), draws())
    check_objective(objective, particles(), rtol=1e-5)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_a_score_alone_gives_the_same_to_differences(d):
    rng = np.random.default_rng(d)
    target = sp.GaussianMixture([0.4, 0.6], rng.normal(size=(2, d)), [0.7, 1.1])
    p = particles(4, d)
    for kernel in (sp.InverseMultiquadric(1.5), sp.Linear(), sp.Quadratic()):
        exact = sp.KSD(
            kernel,
            target.score,
            target.score_product,
            score_curvature=target.score_curvature,
        )
        for known in ((), (target.score_product,)):
            rough = sp.KSD(kernel, target.score, *known)
            np.testing.assert_allclose(
                rough.gradient(p), exact.gradient(p), rtol=0, atol=1e-8
            )
            S = exact.splitting_matrices(p)
            np.testing.assert_allclose(
                rough.splitting_matrices(p), S, rtol=0, atol=1e-5 * np.abs(S).max()
            )
            v = rng.normal(size=(4, d))
            np.testing.assert_allclose(
                rough.splitting_product(p, v),
                np.einsum("iab,ib->ia", S, v),
                rtol=0,
                atol=1e-5 * np.abs(S).max(),
            )


def test_values_are_half_the_squares_of_all_pairs():
    p, y = particles(), draws()
    x, w = p.positions, p.weights
    for kernel in (*SMOOTH, sp.Matern52(0.8), sp.Quadratic()):
        own, cross = kernel_matrix(kernel, x, x), kernel_matrix(kernel, x, y)
        squared = (
            w @ own @ w
            - 2 * w @ cross.mean(axis=1)
            + kernel_matrix(kernel, y, y).mean()
        )
        np.testing.assert_allclose(
            sp.MMD(kernel, y).value(p), 0.5 * squared, atol=1e-13
        )
        np.testing.assert_allclose(
            sp.mmd(x, y, weights_x=w, kernel=kernel), np.sqrt(squared), rtol=1e-9
        )
    s = MIXTURE.score(x)
    for kernel in (*SMOOTH, sp.Linear(), sp.Quadratic()):
        squared = w @ stein_matrix(kernel, x, s, x, s) @ w
        value = sp.KSD(kernel, MIXTURE.score).value(p)
        np.testing.assert_allclose(value, 0.5 * squared, rtol=1e-12)
        found = sp.ksd(x, MIXTURE.score, weights=w, kernel=kernel)
        np.testing.assert_allclose(found, np.sqrt(squared), rtol=1e-12)


def test_closed_forms():
    # one particle at the mode of N(0, I), Gaussian kernel: KSD^2 = d / l^2, and
    # S = 2 [J / h - (1 + d/2) / h^2 I] with h = l^2
    for d, h in ((1, 1.0), (2, 0.1), (5, 2.5)):
        one = sp.ParticleSet(np.zeros((1, d)))
        F = sp.KSD(sp.Gaussian(h**0.5), lambda x: -x)
        np.testing.assert_allclose(2 * F.value(one), d / h, rtol=1e-12)
        wanted = -2.0 * (1 / h + (1 + d / 2) / h**2) * np.eye(d)
        found = F.splitting_matrices(one)[0]
        np.testing.assert_allclose(
            found, wanted, rtol=1e-6, atol=1e-6 * abs(wanted[0, 0])
        )
    # MMD of a point to N(0, I): 1 - 2 (h/(h+1))^(d/2) + (h/(h+2))^(d/2)
    h, d = 1.7, 3
    F = sp.MMD(sp.Gaussian(h**0.5), sp.targets.Gaussian(np.zeros(d), np.eye(d)))
    squared = 1 - 2 * (h / (h + 1)) ** (d / 2) + (h / (h + 2)) ** (d / 2)
    value = F.value(sp.ParticleSet(np.zeros((1, d))))
    np.testing.assert_allclose(2 * value, squared, rtol=1e-12)


def test_the_threshold_of_the_symmetric_trap():
    # stable along v if and only if h J_vv > 1 + d/2; modes at (+-1, 0)
    h = 0.1
    for variance, stable in ((0.1, True), (0.3, False), (2.0, False)):
        target = sp.GaussianMixture([0.5, 0.5], [[-1, 0], [1, 0]], [variance] * 2)
        middle = sp.ParticleSet([[0.0, 0.0]])
        S = sp.KSD(sp.Gaussian(h**0.5), target.score).splitting_matrices(middle)[0]
        J = target.score_product(np.zeros((1, 2)), np.array([[1.0, 0.0]]))[0, 0]
        assert (h * J > 2.0) == stable == (S[0, 0] > 0)


def test_closed_form_of_a_mixture_is_the_limit_of_draws():
    p = particles()
    many = MIXTURE.sample(200_000, rng=0)
    F, G = sp.MMD(sp.Gaussian(1.0), MIXTURE), sp.MMD(sp.Gaussian(1.0), many[:20_000])
    np.testing.assert_allclose(F.witness(p), G.witness(p), atol=0.01)
    np.testing.assert_allclose(F.value(p), G.value(p), rtol=0.05)


@given(st.integers(0, 10**6))
def test_invariances(seed):
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(2, 7)), int(rng.integers(2, 5))
    x, y = rng.normal(size=(n, d)), rng.normal(size=(9, d))
    w, order = rng.dirichlet(np.ones(n)), rng.permutation(n)
    turn, shift = ortho_group.rvs(d, random_state=rng), rng.normal(size=d)
    here, there = sp.ParticleSet(x, w), sp.ParticleSet(x @ turn.T + shift, w)
    shuffled = sp.ParticleSet(x[order], w[order])

    def turned_score(z):
        return -2.0 * ((z - shift) @ turn) @ turn.T

    for F, G in (
        (sp.MMD(sp.Gaussian(1.1), y), sp.MMD(sp.Gaussian(1.1), y @ turn.T + shift)),
        (
            sp.KSD(sp.InverseMultiquadric(1.3), lambda z: -2.0 * z),
            sp.KSD(sp.InverseMultiquadric(1.3), turned_score),
        ),
    ):
        np.testing.assert_allclose(G.value(there), F.value(here), rtol=1e-8, atol=1e-13)
        np.testing.assert_allclose(
            G.gradient(there), F.gradient(here) @ turn.T, rtol=0, atol=1e-7
        )
        np.testing.assert_allclose(F.value(shuffled), F.value(here), rtol=1e-9)
        np.testing.assert_allclose(
            F.gradient(shuffled), F.gradient(here)[order], rtol=0, atol=1e-8
        )
        assert F.value(here) >= 0


def test_ksds_of_one_score_share_its_rows():
    calls = []

    def score(x):
        calls.append(len(x))
        return -x

    F = sp.KSD(sp.Gaussian(1.0), score) + 0.5 * sp.KSD(sp.Linear(), score)
    assert isinstance(F, sp.KSD) and len(F.kernels) == 2
    F.first_variation(particles())
    assert sum(calls) == 5 + 10  # the particles, and one product by differences
    other = sp.KSD(sp.Gaussian(1.0), lambda x: -x) + sp.KSD(sp.Linear(), score)
    assert not isinstance(other, sp.KSD)


def test_multiples_and_sums_add_witnesses():
    p, y = particles(), draws()
    F, G = sp.MMD(sp.Gaussian(1.0), y), sp.KSD(sp.Gaussian(1.0), MIXTURE.score)
    H = 0.5 * F + G * 3.0 + F
    np.testing.assert_allclose(H.value(p), 1.5 * F.value(p) + 3 * G.value(p))
    np.testing.assert_allclose(H.witness(p), 1.5 * F.witness(p) + 3 * G.witness(p))
    with pytest.raises(TypeError, match="objectives"):
        F + 1.0


def test_an_objective_of_three_methods_has_all_the_rest():
    class Spring(Objective):
        """F = sum w |x|^2 / 2 + (sum w x)^2 / 2: convex in the measure."""

        def value(self, p):
            return 0.5 * float(p.weights @ (p.positions**2).sum(axis=1)) + 0.5 * float(
                ((p.weights @ p.positions) ** 2).sum()
            )

        def witness(self, p, at=None):
            x = p.positions if at is None else at
            return 0.5 * (x**2).sum(axis=1) + x @ (p.weights @ p.positions)

        def witness_gradient(self, p, at=None):
            x = p.positions if at is None else at
            return x + p.weights @ p.positions

    check_objective(Spring(), particles())


def test_splitting_product_wants_a_direction_a_particle():
    with pytest.raises(ValueError, match="directions"):
        OBJECTIVES["MMD gaussian"].splitting_product(particles(), np.ones(3))


def test_a_wider_kernel_is_the_same_target_seen_coarser():
    for F in (OBJECTIVES["MMD gaussian"], OBJECTIVES["MMD mixture"]):
        wide = F.coarsened(4.0)
        assert (wide.bandwidth, F.bandwidth) != (F.bandwidth, wide.bandwidth)
        assert wide.bandwidth == 4.0 and wide.target_sd == F.target_sd
        assert wide.value(particles()) < F.value(particles())
    both = OBJECTIVES["sum of MMDs"].coarsened(4.0)
    assert both.bandwidth == 4.0
    assert OBJECTIVES["MMD quadratic"].coarsened(4.0) is None


@pytest.mark.parametrize(
    "name", ["MMD gaussian", "MMD mixture", "KSD imq", "sum of MMDs"]
)
def test_points_to_look_at_are_any_array_like_that_fits(name):
    F, p = OBJECTIVES[name], particles()
    at = [[0, 1, 2], [0.5, 0.5, 0.5]]
    np.testing.assert_array_equal(
        F.witness(p, at=at), F.witness(p, np.array(at, float))
    )
    assert F.witness_gradient(p, at=at).shape == (2, 3)
    for bad in ([0.0, 1.0, 2.0], [[0.0, 1.0]], [[0.0, 1.0, np.nan]], [["a", "b", "c"]]):
        for method in (F.witness, F.witness_gradient):
            with pytest.raises((TypeError, ValueError), match="at"):
                method(p, at=bad)


def test_particles_of_other_dimensions_than_the_target_are_refused():
    for name in ("MMD gaussian", "MMD mixture"):
        for d in (1, 2, 4):
            for method in ("value", "witness", "first_variation"):
                with pytest.raises(ValueError, match="3 coordinates"):
                    getattr(OBJECTIVES[name], method)(particles(4, d))


def test_ksds_of_a_method_of_one_target_are_one_and_keep_its_derivatives():
    with_product = (MIXTURE.score, MIXTURE.score_product)
    F = sp.KSD(sp.Gaussian(1.0), *with_product) + sp.KSD(sp.Linear(), *with_product)
    assert isinstance(F, sp.KSD) and F.score.has_product
    mixed = sp.KSD(sp.Gaussian(1.0), MIXTURE.score) + sp.KSD(sp.Linear(), *with_product)
    assert not isinstance(mixed, sp.KSD)


@pytest.mark.filterwarnings("ignore::splitparticles.SamplingWarning")
def test_a_product_given_with_a_counting_score_is_used():
    rows = []

    def build(score, product):
        def exact(z, v):
            rows.append(len(z))
            return -v

        return sp.KSD(sp.InverseMultiquadric(2.0), score, exact)

    sp.sample(lambda x: -x, [0.5, 0.5], 4, objective=build, preconditioner="none")
    assert rows


@pytest.mark.parametrize(
    "kind, parameters",
    [
        (sp.Gaussian, [0.0]),
        (sp.Gaussian, [-1.0]),
        (sp.Gaussian, [np.nan]),
        (sp.Gaussian, ["a"]),
        (sp.InverseMultiquadric, [1.0, 0.5]),
        (sp.RationalQuadratic, [1.0, -1.0]),
        (sp.RationalQuadratic, [1.0, np.inf]),
    ],
)
def test_a_kernel_that_is_none_is_refused_by_name(kind, parameters):
    with pytest.raises((TypeError, ValueError), match=kind.__name__):
        kind(*parameters)
    kernel = kind._make(parameters)  # as user's own kernels are, unchecked
    for build in (
        lambda: sp.MMD(kernel, draws()),
        lambda: sp.KSD(kernel, lambda x: -x),
    ):
        with pytest.raises((TypeError, ValueError), match=type(kernel).__name__):
            build()


def test_coarsened_never_means_finer():
    wide, narrow = sp.MMD(sp.Gaussian(5.0), draws()), sp.MMD(sp.Gaussian(0.1), draws())
    assert wide.coarsened(0.5) is None
    both = (wide + narrow).coarsened(0.5)
    assert sorted(term.bandwidth for _, term in both.terms) == [0.5, 5.0]
