"""Networks as particle measures: against plain NumPy, differences and each other."""

import math
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, log_softmax

import splitparticles as sp
from splitparticles._compiled.compiler import profile
from splitparticles._compiled.threads import using_threads
from splitparticles.testing.checks import (
    check_gradients,
    check_growth,
    check_halves_change_nothing,
    check_hessians,
    check_split_gain,
)
from splitparticles.testing.oracles import close, differences

ACTIVATIONS = {
    "rbf": sp.activations.RBF(),
    "tanh": sp.activations.Tanh(),
    "softplus": sp.activations.Softplus(2.0),
    "relu": sp.activations.ReLU(),
}
SMOOTH = ["rbf", "tanh", "softplus"]
ORACLES = {
    "rbf": lambda z: np.exp(-0.5 * z**2),
    "tanh": np.tanh,
    "softplus": lambda z: np.logaddexp(0.0, 2.0 * z) / 2.0,
    "relu": lambda z: np.maximum(z, 0.0),
}
LOSSES = {
    "squared": sp.losses.Squared(),
    "logistic": sp.losses.Logistic(),
    "softmax": sp.losses.Softmax(),
}


def data(loss, n=37, p=3, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p)) * [1.0, 2.0, 0.5][:p]
    y = {
        "squared": np.column_stack([np.sin(x[:, 0]), x[:, 1]]),
        "logistic": x[:, 0] + x[:, 1] > 0,
        "softmax": np.digitize(x[:, 0], [-0.5, 0.5]),
    }[loss]
    return x, y


def network(activation="tanh", loss="squared", **options):
    return sp.Network(ACTIVATIONS[activation], LOSSES[loss], *data(loss), **options)


def neurons(F, n=5, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, F.dim))
    if F.labels[-1]:
        x[:, -1] = np.arange(n) % 2
    return sp.ParticleSet(x, rng.normal(size=n))


# ------------------------------------------------------------------ activations
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_profiles_are_activations_and_their_derivatives(name):
    z = np.array([-300.0, -30.0, -2.0, -0.3, 1e-3, 0.4, 3.0, 40.0, 300.0])
    values = np.array([profile(ACTIVATIONS[name], a) for a in z])
    np.testing.assert_allclose(values[:, 0], ORACLES[name](z), rtol=1e-14, atol=1e-16)
    slopes = differences(lambda a: ORACLES[name](a[:, 0]), z[:, None])[:, 0]
    np.testing.assert_allclose(values[:, 1], slopes, atol=1e-8)
    if name != "relu":
        bends = differences(
            lambda a: np.array([profile(ACTIVATIONS[name], b)[1] for b in a[:, 0]]),
            z[:, None],
        )[:, 0]
        np.testing.assert_allclose(values[:, 2], bends, atol=1e-8)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_compiled_profiles_are_those_of_numpy(name):
    z = np.linspace(-750.0, 750.0, 41)
    z = np.concatenate([z, np.linspace(-4.0, 4.0, 40)])
    F = sp.Network(ACTIVATIONS[name], sp.losses.Squared(), z, np.zeros(len(z)))
    found = F.predict(sp.ParticleSet([[1.0, 1.0, 0.0]], [1.0]))
    np.testing.assert_allclose(found, ORACLES[name](z), rtol=3e-15, atol=1e-15)


def test_relu_takes_the_curvature_of_a_softplus():
    z = np.linspace(-3.0, 3.0, 13)
    relu = [profile(sp.activations.ReLU(4.0), a)[2] for a in z]
    smooth = [profile(sp.activations.Softplus(4.0), a)[2] for a in z]
    np.testing.assert_allclose(relu, smooth, rtol=1e-10)


class Sine(NamedTuple):
    frequency: float = 1.0


@sp.profile_of(Sine)
def sine_profile(activation, z):
    w = activation.frequency
    value, slope = math.sin(w * z), w * math.cos(w * z)
    return value, slope, -w * w * value


@pytest.mark.slow
def test_an_activation_of_ones_own():
    x, y = data("squared")
    F = sp.Network(Sine(2.0), sp.losses.Squared(), x, y)
    p = neurons(F)
    c, theta = p.positions[:, :2], p.positions[:, 2:]
    f = np.sin(2.0 * (x @ theta[:, :3].T + theta[:, 3])) @ (p.weights[:, None] * c)
    np.testing.assert_allclose(F.predict(p), f, atol=1e-12)
    check_gradients(F, p, 1e-7)


# ----------------------------------------------------------------------- losses
@pytest.mark.parametrize("name", LOSSES)
def test_losses_against_closed_forms_and_differences(name):
    loss = LOSSES[name]
    _, outputs = data(name)
    y = loss.targets(outputs)
    f = np.random.default_rng(2).normal(size=y.shape)
    wanted = {
        "squared": lambda: 0.5 * ((f - y) ** 2).sum(axis=1),
        "logistic": lambda: -np.log(np.where(y == 1, expit(f), 1 - expit(f)))[:, 0],
        "softmax": lambda: -log_softmax(f, axis=1)[y == 1],
    }[name]()
    np.testing.assert_allclose(loss.value(f, y), wanted)
    for row in range(3):
        at, truth = f[row : row + 1], y[row : row + 1]
        many = np.repeat(truth, 1, axis=0)
        slope = differences(lambda a, t=many: loss.value(a, t.repeat(len(a), 0)), at)
        np.testing.assert_allclose(loss.slope(at, truth), slope, atol=1e-8)
        v = np.random.default_rng(3).normal(size=at.shape)
        up, down = (loss.slope(at + e * v, truth) for e in (1e-6, -1e-6))
        np.testing.assert_allclose(
            loss.curvature(at, truth, v), (up - down) / 2e-6, atol=1e-7
        )


# -------------------------------------------------------------------- objective
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_value_and_witness_are_those_of_numpy(activation, loss):
    F = network(activation, loss)
    p, x = neurons(F), F.inputs
    k = F.n_outputs
    c, a, b = p.positions[:, :k], p.positions[:, k:-1], p.positions[:, -1]
    sigma = ORACLES[activation](x @ a.T + b)
    f = sigma @ (p.weights[:, None] * c)
    np.testing.assert_allclose(F.predict(p).reshape(f.shape), f, atol=1e-12)
    close([F.value(p)], [F.loss.value(f, F.targets).mean()], 1e-13)
    slope = F.loss.slope(f, F.targets)
    close(F.witness(p), ((slope.T @ sigma).T * c).sum(axis=1) / len(x), 1e-12)


@pytest.mark.parametrize("activation", SMOOTH)
@pytest.mark.parametrize("loss", LOSSES)
def test_the_family_checks_hold(activation, loss):
    F = network(activation, loss)
    check_gradients(F, neurons(F), 1e-7)
    check_hessians(F, neurons(F), 1e-7)
    check_halves_change_nothing(F, neurons(F))
    check_split_gain(F, neurons(F))


def test_the_family_checks_hold_of_signed_masses():
    x, y = data("squared")
    F = sp.Network(ACTIVATIONS["rbf"], LOSSES["squared"], x, y[:, 0], masses=True)
    assert F.dim == 4
    check_gradients(F, neurons(F), 1e-7)
    check_hessians(F, neurons(F), 1e-7)
    check_halves_change_nothing(F, neurons(F))
    check_split_gain(F, neurons(F))


def test_the_family_checks_hold_with_weight_decay():
    F, plain = network("tanh", "softmax", decay=0.3), network("tanh", "softmax")
    p = neurons(F)
    close(
        [F.value(p)],
        [plain.value(p) + 0.15 * p.weights @ (p.positions**2).sum(axis=1)],
        1e-13,
    )
    check_gradients(F, p, 1e-7)
    check_hessians(F, p, 1e-7)
    check_halves_change_nothing(F, p)
    check_split_gain(F, p)
    kinds = [ACTIVATIONS["rbf"], ACTIVATIONS["tanh"]]
    F = sp.Network(kinds, LOSSES["squared"], *data("squared"), decay=0.3)
    assert not F.gradient(neurons(F))[:, -1].any()


def test_neurons_far_out_cost_nothing_without_decay():
    F = network("tanh", "logistic")
    far = sp.ParticleSet([[1.0, 1e200, 0.0, 0.0, 0.0]], [1.0])
    assert np.isfinite(F.first_variation(far).witness).all()
    dear = network("tanh", "logistic", decay=1.0)
    assert dear.value(far) == np.inf


def test_a_witness_is_a_first_variation():
    F = network("tanh", "softmax")
    p, extra = neurons(F), neurons(F, 1, seed=5).positions
    for t in (1e-4, -1e-4):
        more = sp.ParticleSet(np.vstack([p.positions, extra]), np.append(p.weights, t))
        found = (F.value(more) - F.value(p)) / t
        assert abs(found - F.witness(p, extra)[0]) < 1e-3 * abs(found)


def test_an_rbf_network_is_the_papers_formula():
    x = np.linspace(-2.0, 3.0, 23)
    y = np.cos(x)
    theta = np.array([[1.0, 0.5], [-2.0, 0.3], [0.4, -1.0]])
    w = np.array([1.5, -0.7, 0.2])
    F = sp.RBFNetwork(x, y)
    f = sum(
        wi * np.exp(-0.5 * (a * x + b) ** 2)
        for wi, (a, b) in zip(w, theta, strict=True)
    )
    p = sp.ParticleSet(theta, w)
    close([F.value(p)], [0.5 * ((f - y) ** 2).mean()], 1e-14)
    G = sp.RBFNetwork(x, y, masses=False)
    q = sp.ParticleSet(np.column_stack([w, theta]), np.ones(3))
    close([G.value(q)], [F.value(p)], 1e-14)
    h = [np.mean((f - y) * np.exp(-0.5 * (a * x + b) ** 2)) for a, b in theta]
    np.testing.assert_allclose(F.witness(p), h, atol=1e-14)


@pytest.mark.parametrize("loss", LOSSES)
def test_s_plus_t_is_the_hessian_and_neurons_cross_in_t_only(loss):
    """Hessian of F in all neurons = S on the diagonal + T everywhere."""
    F = network("tanh", loss)
    p = neurons(F, 3)
    n, d = p.positions.shape
    k = F.n_outputs

    def gradient(flat):
        return np.stack([F.gradient(p.moved_to(a.reshape(n, d))).ravel() for a in flat])

    whole = differences_of_rows(gradient, p.positions.reshape(1, -1))[0]
    S = F.splitting_matrices(p)
    blocks = np.zeros((n, d, n, d))
    f = F.predict(p)
    f = f.reshape(len(f), k)
    jacobians = _jacobians(F, p)  # (n, d, N, k), of w_i c_i sigma_i
    for i in range(n):
        for j in range(n):
            for a in range(d):
                bent = F.loss.curvature(f, F.targets, jacobians[i, a])
                for b in range(d):
                    T = (bent * jacobians[j, b]).sum(axis=1).mean()
                    blocks[i, a, j, b] = T + (S[i, a, b] if i == j else 0.0)
    close(whole.reshape(n, d, n, d), blocks, 1e-6)


def _jacobians(F, p):
    n, d = p.positions.shape
    out = np.zeros((n, d, len(F.targets), F.n_outputs))
    for i in range(n):
        for a in range(d):
            e = 1e-6 * np.eye(d)[a]
            pair = np.stack([p.positions[i] + e, p.positions[i] - e])
            change = F.predict(sp.ParticleSet(pair, [p.weights[i], -p.weights[i]]))
            out[i, a] = change.reshape(-1, F.n_outputs) / 2e-6
    return out


def differences_of_rows(function, rows, step=1e-6):
    eye = step * np.eye(rows.shape[1])
    up = function(rows[0] + eye)
    down = function(rows[0] - eye)
    return ((up - down) / (2.0 * step))[None]


def test_splits_of_two_neurons_add_up_without_cross_terms():
    F = network("rbf", "logistic")
    p = sp.LBFGS(max_iter=300)(F, sp.ParticleSet(neurons(F, 2).positions, [1, 1]))
    p = p.particles
    v, e = np.linalg.eigh(F.splitting_matrices(p))[1][:, :, 0], np.full(2, 1e-2)
    now = F.value(p)
    alone = F.split_change(p, np.arange(2), v, e)
    together = F.value(p.split([0, 1], v, e)) - now
    assert abs(together - alone.sum()) < 2e-3 * abs(alone).max()


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_the_bits_do_not_depend_on_threads(n_threads, monkeypatch):
    monkeypatch.setattr("splitparticles._compiled.threads.STEPS_WORTH_A_THREAD", 100)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(603, 3)), rng.normal(size=(603, 2))
    F = sp.Network(ACTIVATIONS["softplus"], LOSSES["squared"], x, y)
    p = sp.ParticleSet(rng.normal(size=(300, F.dim)))
    v = rng.normal(size=(300, F.dim))
    with using_threads(1):
        wanted = F.first_variation(p), F.splitting_product(p, v)
    with using_threads(n_threads):
        found = F.first_variation(p), F.splitting_product(p, v)
    assert found[0].value == wanted[0].value
    assert np.array_equal(found[0].witness, wanted[0].witness)
    assert np.array_equal(found[0].witness_gradient, wanted[0].witness_gradient)
    assert np.array_equal(found[1], wanted[1])


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 4), st.integers(0, 9))
def test_any_numbers_of_rows_and_neurons(rows, n, p, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(rows, p)), rng.normal(size=rows)
    F = sp.Network(ACTIVATIONS["tanh"], LOSSES["squared"], x, y)
    q = sp.ParticleSet(rng.normal(size=(n, F.dim)), rng.normal(size=n))
    f = np.tanh(x @ q.positions[:, 1:-1].T + q.positions[:, -1])
    f = f @ (q.weights * q.positions[:, 0])
    np.testing.assert_allclose(F.predict(q), f, atol=1e-12)
    np.testing.assert_allclose(F.predict(q, x[:1]), f[:1], atol=1e-12)


# ------------------------------------------------------------------------ kinds
def mixed():
    kinds = [ACTIVATIONS["rbf"], ACTIVATIONS["tanh"]]
    return sp.Network(kinds, LOSSES["squared"], *data("squared"))


def test_neurons_of_two_kinds_are_the_sum_of_two_networks():
    F, p = mixed(), neurons(mixed(), 6)
    parts = []
    for kind, name in enumerate(["rbf", "tanh"]):
        these = p.positions[:, -1] == kind
        part = sp.ParticleSet(p.positions[these, :-1], p.weights[these])
        parts.append(network(name).predict(part))
    np.testing.assert_allclose(F.predict(p), parts[0] + parts[1], atol=1e-12)
    slope = F.witness_gradient(p)
    assert not slope[:, -1].any() and slope[:, :-1].all()
    S = F.splitting_matrices(p)
    assert not S[:, -1].any() and not S[:, :, -1].any()
    check_split_gain(F, p)


@pytest.mark.parametrize(
    "growth",
    [
        sp.SteepestSplit(),
        sp.SteepestSplit(dense=1),
        sp.RandomSplit(),
        sp.SignedSplit(),
    ],
    ids=repr,
)
def test_children_inherit_the_kind_of_their_parent(growth):
    F, p = mixed(), neurons(mixed(), 4)
    grown = growth(F, p, 4, np.random.default_rng(0))
    assert len(grown.parents)
    kinds = grown.particles.positions[:, -1]
    assert np.array_equal(kinds[4:], p.positions[grown.parents, -1])
    assert F.value(grown.particles) < F.value(p)
    moved = sp.LBFGS(max_iter=5)(F, grown.particles).particles
    assert np.array_equal(moved.positions[:, -1], kinds)


@pytest.mark.parametrize("growth", [sp.SteepestSplit(dense=1), sp.SteepestSplit()])
def test_a_stable_neuron_does_not_change_its_kind(growth):
    # fitted without error, no direction gains, and the label's eigenvalue is zero
    x = np.linspace(-2.0, 2.0, 50)
    kinds = [ACTIVATIONS["rbf"], ACTIVATIONS["tanh"]]
    F = sp.Network(kinds, LOSSES["squared"], x, 1.5 * np.tanh(x), decay=0.1)
    p = sp.LBFGS(max_iter=500)(F, sp.ParticleSet([[1.0, 1.0, 0.1, 1.0]], [1.0]))
    assert np.linalg.eigvalsh(F.splitting_matrices(p.particles)[0])[0] == 0.0
    grown = growth(F, p.particles, 1, np.random.default_rng(0))
    assert len(grown.parents) == 0 and grown.stable


def test_a_budget_is_spread_over_kinds():
    F, p = mixed(), neurons(mixed(), 6)
    p = sp.ParticleSet(p.positions, np.ones(6))

    def cost(particles):
        return np.where(particles.positions[:, -1] == 0.0, 1.0, 10.0)

    split = sp.SteepestSplit(cost=cost, budget=3.0)
    grown = split(F, p, 6, np.random.default_rng(0))
    assert len(grown.parents) and not p.positions[grown.parents, -1].any()
    rich = sp.SteepestSplit(cost=cost, budget=100.0)
    all_of_them = rich(F, p, 6, np.random.default_rng(0))
    assert p.positions[all_of_them.parents, -1].any()


def test_an_insertion_chooses_among_kinds():
    rng = np.random.default_rng(0)
    x = np.linspace(-4.0, 4.0, 200)
    for kind, y in enumerate([np.exp(-8.0 * (x - 1) ** 2), np.tanh(4.0 * (x + 1.0))]):
        kinds = [ACTIVATIONS["rbf"], ACTIVATIONS["tanh"]]
        F = sp.Network(kinds, LOSSES["squared"], x, y)
        p = sp.ParticleSet([[0.0, 1.0, 0.0, 0.0]], [1.0])
        grown = sp.Insertion()(F, p, 1, rng).particles
        assert grown.positions[1, -1] == kind
        assert F.value(grown) < 1e-6


# ------------------------------------------------------------------------ growth
@pytest.mark.parametrize("growth", [sp.SteepestSplit(), sp.RandomSplit()])
def test_splits_of_neurons_pass_the_check_of_the_family(growth):
    F = network("tanh", "logistic")
    check_growth(growth, F, sp.ParticleSet(neurons(F).positions, np.ones(5)))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("growth", [sp.Insertion(), sp.NewParticle()])
def test_a_new_neuron_leaves_the_others_alone(growth, loss):
    F = network("tanh", loss)
    p = neurons(F)
    grown = growth(F, p, 3, np.random.default_rng(0))
    assert len(grown.particles) == 6 and F.value(grown.particles) < F.value(p)
    assert np.array_equal(grown.particles.positions[:5], p.positions)
    assert np.array_equal(grown.particles.weights[:5], p.weights)
    found = F.value(grown.particles) - F.value(p)
    close([grown.expected], [found], 1e-9)


def test_a_constant_input_makes_no_wild_neuron():
    x, y = data("squared")
    x = np.column_stack([x, np.full(len(x), 0.1), np.zeros(len(x))])
    assert 0.0 < x[:, 3].std() < 1e-15
    F = sp.Network(ACTIVATIONS["tanh"], LOSSES["squared"], x, y)
    some = F.proposals(neurons(F), 50, np.random.default_rng(0))
    assert np.abs(some).max() < 1e3


@pytest.mark.parametrize("masses", [False, True])
def test_a_promise_of_least_squares_is_kept(masses):
    x, y = data("squared")
    F = sp.Network(ACTIVATIONS["rbf"], LOSSES["squared"], x, y[:, 0], masses=masses)
    p = neurons(F)
    at = F.proposals(p, 7, np.random.default_rng(0))
    for point, promised in zip(at, F.promise(p, at), strict=True):
        new = F.newcomer(p, point)
        close([F.value(new.of_share(1.0)) - F.value(p)], [promised], 1e-10)
        close([new.slope], [2.0 * promised], 1e-10)
    slopes = differences(lambda points: F.promise(p, points), at)
    close(F.promise_gradient(p, at), slopes, 1e-6)


def test_a_promise_counts_what_a_neuron_costs():
    F = network("rbf", "squared", decay=0.1)
    p = neurons(F)
    at = F.proposals(p, 7, np.random.default_rng(0))
    for point, promised in zip(at, F.promise(p, at), strict=True):
        close([F.value(F.newcomer(p, point).of_share(1.0)) - F.value(p)], [promised])
    slopes = differences(lambda points: F.promise(p, points), at)
    close(F.promise_gradient(p, at), slopes, 1e-6)


def test_a_network_grows_to_a_fit():
    x = np.linspace(-3.0, 3.0, 100)
    F = sp.RBFNetwork(x, np.exp(-2.0 * x**2) - np.exp(-2.0 * (x - 2.0) ** 2))
    both = sp.BestOf(sp.SteepestSplit(fraction=1e-9), sp.Insertion())
    result = sp.descend(
        F,
        sp.ParticleSet([[0.1, 0.0]], [1.0]),
        n_particles=4,
        growth=both,
        move=sp.LBFGS(weights=True),
        rng=0,
    )
    assert len(result.particles) <= 4 and result.value < 1e-8
    # one bell of the two is negative, as masses of networks may be
    assert result.weights.min() < 0.0 and result.warnings == []


# ------------------------------------------------------------------------ moves
@pytest.mark.parametrize(
    "move",
    [
        sp.LBFGS(weights=True),
        sp.GradientDescent(weights=True, max_iter=2000, tol=1e-12),
        sp.Adam(weights=True, max_iter=2000),
    ],
)
def test_masses_move_freely_and_change_sign(move):
    x = np.linspace(-3.0, 3.0, 60)
    F = sp.RBFNetwork(x, -2.0 * np.exp(-0.5 * (x - 1.0) ** 2))
    moved = move(F, sp.ParticleSet([[1.0, -0.5]], [0.5]))
    np.testing.assert_allclose(moved.particles.weights, [-2.0], atol=2e-2)
    assert moved.value < 1e-4


def test_plain_gradient_descent_is_what_it_says():
    F = network("tanh", "logistic")
    p = sp.ParticleSet(neurons(F).positions, np.ones(5))
    x = p.positions
    for _ in range(3):
        x = x - 0.1 * F.gradient(sp.ParticleSet(x, np.ones(5)))
    move = sp.GradientDescent(search=False, step=0.1, max_iter=3, tol=0.0)
    moved = move(F, p)
    np.testing.assert_allclose(moved.particles.positions, x, atol=1e-14)
    assert moved.steps == 3 and not moved.converged
    wild = sp.GradientDescent(search=False, step=1e6, max_iter=3)(F, p)
    assert wild.value <= F.value(p)
    with pytest.raises(ValueError, match="needs a step"):
        sp.GradientDescent(search=False)


def test_mini_batches_reach_what_the_whole_does():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 2))
    y = (x**2).sum(axis=1) > 1.5
    F = sp.Network(ACTIVATIONS["tanh"], sp.losses.Logistic(), x, y)
    start = sp.ParticleSet(rng.normal(size=(8, F.dim)), np.ones(8))
    by_batch = sp.Adam(batch=100, max_iter=1500, rng=0)
    small, whole = by_batch(F, start), sp.Adam(max_iter=1500)(F, start)
    assert small.value < 1.5 * whole.value < 0.3 * F.value(start)
    close([small.value], [F.value(small.particles)], 1e-12)
    again = by_batch(F, start)
    assert np.array_equal(again.particles.positions, small.particles.positions)
    # no step is taken for better than it is
    useless = sp.Adam(batch=1, max_iter=1, step=1e3, rng=0)(F, start)
    assert useless.value <= F.value(start)
    with pytest.raises(TypeError, match="objectives with rows"):
        G = sp.MMD(sp.Gaussian(1.0), [[0.0]])
        sp.Adam(batch=3)(G, sp.ParticleSet([[1.0]]))


def test_rows_of_a_network_are_a_network_of_rows():
    F = network("rbf", "softmax")
    rows = np.array([3, 1, 30])
    G = sp.Network(ACTIVATIONS["rbf"], LOSSES["softmax"], *data("softmax"))
    part, p = F.of_rows(rows), neurons(F)
    values = F.loss.value(F.predict(p), F.targets)
    close([part.value(p)], [values[rows].mean()], 1e-13)
    assert part.n_rows == 3 and F.n_rows == 37
    assert F.value(p) == G.value(p)


def test_only_the_newest_move():
    F = network("tanh", "logistic")
    p = neurons(F)
    moved = sp.Newest(move=sp.LBFGS(max_iter=20), count=2)(F, p)
    assert np.array_equal(moved.particles.positions[:3], p.positions[:3])
    assert (moved.particles.positions[3:] != p.positions[3:]).all()
    assert moved.value < F.value(p)
    close([moved.value], [F.value(moved.particles)], 1e-13)
    alone = sp.Newest(move=sp.LBFGS(max_iter=20), count=9)(F, p)
    whole = sp.LBFGS(max_iter=20)(F, p)
    assert np.array_equal(alone.particles.positions, whole.particles.positions)


def test_boosting_freezes_what_came_before():
    x = np.linspace(-3.0, 3.0, 80)
    F = sp.RBFNetwork(x, np.sin(2.0 * x))
    result = sp.descend(
        F,
        sp.ParticleSet([[1.0, 0.0]], [0.0]),
        n_particles=5,
        growth=sp.Insertion(),
        move=sp.Newest(move=sp.LBFGS(weights=True)),
        rng=0,
    )
    sets = [this.moved.particles for this in result.rounds]
    for before, after in zip(sets[1:], sets[2:], strict=False):
        n = len(before)
        assert np.array_equal(after.positions[: n - 1], before.positions[: n - 1])
    assert result.value < 0.1 * result.rounds[0].value


# ---------------------------------------------------------------------- coordinates
def test_unit_weights_are_the_same_network():
    F, p = network(), neurons(network())
    q = F.of_unit_weights(p)
    assert (q.weights == 1.0).all()
    np.testing.assert_allclose(F.predict(q), F.predict(p), atol=1e-12)
    with pytest.raises(ValueError, match="weights are the output weights"):
        F = sp.RBFNetwork([0.0, 1.0], [0.0, 1.0])
        F.of_unit_weights(sp.ParticleSet([[1.0, 1.0]]))


def test_an_offset_is_added_on_the_data():
    x, y = data("squared")
    F, G = network(), network(offset=y)
    p = neurons(F)
    np.testing.assert_allclose(G.predict(p), F.predict(p) + y, atol=1e-13)
    np.testing.assert_allclose(G.predict(p, x), F.predict(p), atol=1e-13)
    close([G.value(p)], [0.5 * (F.predict(p) ** 2).sum(axis=1).mean()], 1e-12)


# -------------------------------------------------------------------- bad input
@pytest.mark.parametrize(
    "change, match",
    [
        ({"activation": "tanh"}, "activation must be one of sp.activations"),
        ({"activation": sp.Gaussian(1.0)}, "profile of three numbers"),
        ({"activation": []}, "empty sequence"),
        ({"loss": "squared"}, "loss must be one of sp.losses"),
        ({"inputs": [[np.nan, 0.0], [0.0, 1.0]]}, "inputs must be finite, got row 0"),
        ({"inputs": np.zeros((3, 2))}, "a row for each of 3 inputs, got 2"),
        ({"outputs": [np.inf, 0.0]}, "outputs must be finite"),
        ({"outputs": ["a", "b"]}, "outputs must be real numbers"),
        ({"outputs": np.zeros((2, 2)), "masses": True}, "masses are for one output"),
        ({"loss": sp.losses.Logistic(), "outputs": [0.0, 2.0]}, "0 or 1"),
        ({"loss": sp.losses.Softmax(), "outputs": [0.0, 0.5]}, "whole numbers from 0"),
        ({"loss": sp.losses.Softmax(), "outputs": [0.0, -1.0]}, "whole numbers from 0"),
        ({"decay": -1.0}, "decay must be at least 0"),
        ({"decay": 1.0, "masses": True}, "decay is for output weights"),
        ({"offset": [[np.nan], [0.0]]}, "offset must be finite"),
        ({"offset": [0.0]}, "offset must have shape"),
    ],
)
def test_bad_data_are_refused(change, match):
    given = {
        "activation": sp.activations.Tanh(),
        "loss": sp.losses.Squared(),
        "inputs": [[0.0, 1.0], [1.0, 0.0]],
        "outputs": [0.0, 1.0],
    }
    with pytest.raises((TypeError, ValueError), match=match):
        sp.Network(**(given | change))


def test_neurons_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="have 6 coordinates, got 2"):
        network().value(sp.ParticleSet([[1.0, 2.0]]))
    p = sp.ParticleSet([[1.0, 2.0, 1.0, 0.0, 0.0, 0.0, 2.0]])
    with pytest.raises(ValueError, match="which of 2 activations"):
        mixed().value(p)
    with pytest.raises(ValueError, match="must have 3 columns"):
        network().predict(neurons(network()), np.zeros((2, 2)))
