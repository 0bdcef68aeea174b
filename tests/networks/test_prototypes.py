"""Prototypes: NumPy, differences, family checks, splits and insertions."""

import numpy as np
import pytest
from network_examples import LOSSES, data

import splitparticles as sp
from splitparticles._compiled.threads import using_threads
from splitparticles.testing.checks import (
    check_gradients,
    check_halves_change_nothing,
    check_hessians,
    check_split_gain,
)
from splitparticles.testing.oracles import close, differences

BELLS = {
    "gaussian": (sp.Gaussian(1.5), lambda u: np.exp(-u / 4.5)),
    "multiquadric": (sp.InverseMultiquadric(1.5), lambda u: (1 + u / 2.25) ** -0.5),
    "power": (sp.InverseMultiquadric(2.0, -1.5), lambda u: (1 + u / 4) ** -1.5),
    "rational": (sp.RationalQuadratic(1.5, 2.0), lambda u: (1 + u / 9) ** -2),
}


def prototypes(loss="softmax", bell="gaussian", n=4, shift=0.0, **options):
    """Objective on the data of a loss, and prototypes of normal weights."""
    x, y = data(loss)
    F = sp.PrototypeNetwork(
        LOSSES[loss], x + shift, y, kernel=BELLS[bell][0], **options
    )
    rng = np.random.default_rng(1)
    positions = rng.normal(size=(n, F.dim))
    positions[:, F.n_outputs :] += shift
    return F, sp.ParticleSet(positions, rng.normal(size=n))


def bells(F, bell, m, x):
    """Bells (N, n) about points, by differences."""
    return BELLS[bell][1](((x[:, None] - m[None]) ** 2).sum(axis=2))


@pytest.mark.parametrize("bell", BELLS)
@pytest.mark.parametrize("loss", LOSSES)
def test_value_and_witness_are_those_of_numpy(bell, loss):
    F, p = prototypes(loss, bell)
    c, m = np.split(p.positions, [F.n_outputs], axis=1)
    k = bells(F, bell, m, F.inputs)
    f = k @ (p.weights[:, None] * c)
    np.testing.assert_allclose(F.predict(p).reshape(f.shape), f, atol=1e-13)
    far = F.inputs[:5] + 3.0
    elsewhere = F.predict(p, far).reshape(5, -1)
    g = bells(F, bell, m, far) @ (p.weights[:, None] * c)
    np.testing.assert_allclose(elsewhere, g, atol=1e-13)
    close([F.value(p)], [F.loss.value(f, F.targets).mean()], 1e-13)
    slope = F.loss.slope(f, F.targets) / len(f)
    close(F.witness(p), ((slope.T @ k).T * c).sum(axis=1), 1e-12)


@pytest.mark.parametrize("bell", BELLS)
@pytest.mark.parametrize("options", [{}, {"decay": 0.3}, {"shift": 50.0}], ids=repr)
def test_the_family_checks_hold(bell, options):
    for loss in LOSSES:
        F, p = prototypes(loss, bell, **options)
        check_gradients(F, p, 1e-7)
        check_hessians(F, p, 1e-7)
        check_halves_change_nothing(F, p)
        check_split_gain(F, p)


def test_hessians_are_those_of_numpy():
    F, p = prototypes("squared")
    x, l2, i = F.inputs, 2.25, 2
    c, m = np.split(p.positions[i], [2])
    r = (F.predict(p) - F.targets) / len(x)
    z = x - m
    k = np.exp(-(z**2).sum(axis=1) / (2 * l2))
    rk = (r @ c) * k
    S = np.zeros((5, 5))
    S[2:, 2:] = (rk[:, None] * z).T @ z / l2**2 - rk.sum() / l2 * np.eye(3)
    S[:2, 2:] = (r * k[:, None]).T @ z / l2
    S[2:, :2] = S[:2, 2:].T
    close(F.splitting_matrices(p)[i], p.weights[i] * S, 1e-12)


def test_decay_is_of_output_weights_alone():
    F, p = prototypes(decay=0.3)
    plain, _ = prototypes()
    price = 0.15 * p.weights @ (p.positions[:, :3] ** 2).sum(axis=1)
    close([F.value(p)], [plain.value(p) + price], 1e-13)
    shifted, q = prototypes(decay=0.3, shift=50.0)
    close([shifted.value(q)], [F.value(p)], 1e-12)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_split_changes_the_loss_as_predicted(loss):
    F, p = prototypes(loss)
    values, vectors = np.linalg.eigh(F.splitting_matrices(p))
    parents, v = np.arange(4), vectors[:, :, 0]
    changes = F.split_change(p, parents, v, np.full(4, 1e-3))
    np.testing.assert_allclose(changes / (0.5e-6 * values[:, 0]), 1.0, atol=1e-3)
    still = F.split_change(p, parents, v, np.zeros(4))
    assert np.abs(still).max() < 1e-15


def test_splits_of_prototypes_at_rest_add_up_without_cross_terms():
    F, p = prototypes("logistic", n=2, decay=1e-3)
    p = sp.LBFGS(max_iter=1000, tol=1e-14)(F, sp.ParticleSet(p.positions, [1, 1]))
    p = p.particles
    v = np.linalg.eigh(F.splitting_matrices(p))[1][:, :, 0]
    for e, within in (1e-2, 1e-2), (1e-3, 1e-4):
        steps = np.full(2, e)
        alone = F.split_change(p, np.arange(2), v, steps)
        together = F.value(p.split([0, 1], v, steps)) - F.value(p)
        assert abs(together - alone.sum()) < within * abs(alone).max()


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_a_promise_of_least_squares_is_the_change(decay):
    F, p = prototypes("squared", decay=decay)
    at = F.proposals(p, 7, np.random.default_rng(0))
    at[:, 2:] += 0.1
    for point, promised in zip(at, F.promise(p, at), strict=True):
        new = F.newcomer(p, point)
        close([F.value(new.of_share(1.0)) - F.value(p)], [promised], 1e-10)
        close([new.slope], [2.0 * promised], 1e-10)
    slopes = differences(lambda points: F.promise(p, points), at)
    close(F.promise_and_gradient(p, at)[1], slopes, 1e-6)


def test_proposals_are_rows_of_the_data():
    F, p = prototypes()
    points = F.proposals(p, 50, np.random.default_rng(0))[:, 3:]
    assert len(np.unique(points, axis=0)) > 20
    assert (points[:, None] == F.inputs[None]).all(axis=2).any(axis=1).all()


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    "growth",
    [
        sp.SteepestSplit(),
        sp.SteepestSplit(dense=1),
        sp.SignedSplit(),
        sp.RandomSplit(),
        sp.Insertion(),
        sp.BestOf(sp.SteepestSplit(), sp.Insertion()),
    ],
)
def test_growths_lower_the_loss(growth, loss):
    F, p = prototypes(loss)
    before = F.value(p)
    grown = growth(F, p, 1, np.random.default_rng(0))
    change = F.value(grown.particles) - before
    assert len(grown.parents) and change < 0.0
    close([grown.expected], [change], 1e-9)
    moved = sp.LBFGS(max_iter=20)(F, grown.particles)
    assert moved.value < before + change


def test_prototypes_are_found_again():
    rng = np.random.default_rng(0)
    x, m = rng.uniform(-2.0, 2.0, size=(300, 2)), np.array([[-1.0, 0.0], [1.0, 1.0]])
    y = np.exp(-0.5 * ((x[:, None] - m) ** 2).sum(axis=2)) @ [[2.0, 0.0], [0.0, -1.0]]
    kernel = sp.Gaussian(1.0)
    F = sp.PrototypeNetwork(sp.losses.Squared(), x, y, kernel=kernel)
    start = sp.LBFGS()(F, sp.ParticleSet([[1.0, 1.0, 0.0, 0.0]], [1.0])).particles
    two = sp.Insertion()(F, start, 1, rng).particles
    two = sp.LBFGS(max_iter=500, tol=1e-15)(F, F.of_unit_weights(two)).particles
    found = two.positions[np.argsort(two.positions[:, 2])]
    np.testing.assert_allclose(found, [[2, 0, -1, 0], [0, -1, 1, 1]], atol=1e-4)


def test_the_default_bell_has_the_median_bandwidth():
    x, y = data("softmax")
    F = sp.PrototypeNetwork(LOSSES["softmax"], x, y)
    assert F.kernel == sp.Gaussian(sp.median_bandwidth(x))


def test_rows_are_an_objective_of_rows():
    F, p = prototypes()
    rows = np.array([3, 1, 30])
    part = F.of_rows(rows)
    values = F.loss.value(F.predict(p), F.targets)
    close([part.value(p)], [values[rows].mean()], 1e-13)
    assert part.n_rows == 3 and F.n_rows == 37 and not F.labels.any()


@pytest.mark.parametrize("n_threads", [2, 3])
def test_the_bits_do_not_depend_on_threads(n_threads, monkeypatch):
    monkeypatch.setattr("splitparticles._compiled.threads.STEPS_WORTH_A_THREAD", 100)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(603, 3)), rng.normal(size=(603, 2))
    F = sp.PrototypeNetwork(LOSSES["squared"], x, y)
    p = sp.ParticleSet(rng.normal(size=(90, F.dim)))
    v = rng.normal(size=(90, F.dim))
    with using_threads(1):
        alone = *F.first_variation(p), F.splitting_product(p, v)
    with using_threads(n_threads):
        threaded = *F.first_variation(p), F.splitting_product(p, v)
    assert all(map(np.array_equal, alone, threaded))


def test_prototypes_far_out_are_zero():
    F, p = prototypes()
    far = p.positions.copy()
    far[0, 3:] = 1e200
    moved = F.first_variation(p.moved_to(far))
    assert np.isfinite(moved.witness_gradient).all() and abs(moved.witness[0]) < 1e-300
    rest = sp.ParticleSet(p.positions[1:], p.weights[1:])
    close([moved.value], [F.value(rest)], 1e-14)


@pytest.mark.parametrize(
    "change, match",
    [
        ({"loss": "softmax"}, "loss must be one of sp.losses"),
        ({"inputs": [[np.nan, 0.0], [0.0, 1.0]]}, "inputs must be finite, got row 0"),
        ({"inputs": np.zeros((3, 2))}, "a row for each of 3 inputs, got 2"),
        ({"kernel": "gaussian"}, "kernel must be a radial kernel tuple, got 'gauss"),
        ({"kernel": sp.activations.Tanh()}, "kernel must be a radial kernel tuple"),
        ({"kernel": sp.Linear()}, "kernel must be a radial kernel tuple"),
        ({"kernel": sp.Energy(1.0)}, "kernel must be a bell"),
        ({"kernel": sp.Matern52()}, "smooth at distance zero, .* got Matern52"),
        ({"kernel": sp.Gaussian(1e-6)}, "bandwidth above the rounding of the inputs"),
        ({"kernel": sp.Gaussian(1e-9)}, "bandwidth above the rounding of the inputs"),
        ({"kernel": sp.InverseMultiquadric(1e-8)}, "above the rounding of the inputs"),
        ({"decay": -1.0}, "decay must be at least 0"),
        ({"offset": [0.0]}, "offset must have shape"),
    ],
)
def test_bad_data_are_refused(change, match):
    given = {
        "loss": sp.losses.Softmax(),
        "inputs": [[0.0, 1.0], [1.0, 0.0]],
        "outputs": [0, 1],
    }
    with pytest.raises((TypeError, ValueError), match=match):
        sp.PrototypeNetwork(**(given | change))


def test_prototypes_that_do_not_fit_are_refused():
    F, _ = prototypes()
    with pytest.raises(ValueError, match="have 6 coordinates, got 2"):
        F.value(sp.ParticleSet([[1.0, 2.0]]))
    with pytest.raises(ValueError, match="must have 3 columns"):
        F.predict(prototypes()[1], np.zeros((2, 2)))
