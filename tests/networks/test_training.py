"""Moves and growths on networks."""

import numpy as np
import pytest
from network_examples import ACTIVATIONS, network, neurons

import splitparticles as sp
from splitparticles.testing.checks import check_growth
from splitparticles.testing.oracles import close


@pytest.mark.parametrize("growth", [sp.SteepestSplit(), sp.RandomSplit()])
def test_splits_of_neurons_pass_the_check_of_the_family(growth):
    F = network("tanh", "logistic")
    check_growth(growth, F, sp.ParticleSet(neurons(F).positions, np.ones(5)))


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
    # one of the two Gaussians is negative, as masses of networks may be
    assert result.weights.min() < 0.0 and result.warnings == []


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


def test_plain_gradient_descent_takes_fixed_steps():
    F = network("tanh", "logistic")
    p = sp.ParticleSet(neurons(F).positions, np.ones(5))
    x = p.positions
    for _ in range(3):
        x = x - 0.1 * F.gradient(sp.ParticleSet(x, np.ones(5)))
    move = sp.GradientDescent(search=False, step=0.1, max_iter=3, tol=0.0)
    moved = move(F, p)
    np.testing.assert_allclose(moved.particles.positions, x, atol=1e-14)
    assert moved.steps == 3 and not moved.converged
    far = sp.GradientDescent(search=False, step=1e6, max_iter=3)(F, p)
    assert far.value <= F.value(p)
    with pytest.raises(ValueError, match="needs a step"):
        sp.GradientDescent(search=False)


def test_mini_batches_reach_the_loss_of_full_batches():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 2))
    y = (x**2).sum(axis=1) > 1.5
    F = sp.Network(ACTIVATIONS["tanh"], sp.losses.Logistic(), x, y)
    start = sp.ParticleSet(rng.normal(size=(8, F.dim)), np.ones(8))
    by_batch = sp.Adam(batch=50, max_iter=600, rng=0)
    small, whole = by_batch(F, start), sp.Adam(max_iter=600)(F, start)
    assert small.value < 1.5 * whole.value < 0.3 * F.value(start)
    close([small.value], [F.value(small.particles)], 1e-12)
    again = by_batch(F, start)
    assert np.array_equal(again.particles.positions, small.particles.positions)
    # a step that raises the value on all rows is not taken
    useless = sp.Adam(batch=1, max_iter=1, step=1e3, rng=0)(F, start)
    assert useless.value <= F.value(start)
    with pytest.raises(TypeError, match="objectives with rows"):
        G = sp.MMD(sp.Gaussian(1.0), [[0.0]])
        sp.Adam(batch=3)(G, sp.ParticleSet([[1.0]]))


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


def test_the_newest_move_by_batches_of_rows():
    F = network("tanh", "logistic")
    p = neurons(F)
    moved = sp.Newest(move=sp.Adam(batch=20, max_iter=50, rng=0), count=2)(F, p)
    assert np.array_equal(moved.particles.positions[:3], p.positions[:3])
    close([moved.value], [F.value(moved.particles)], 1e-13)
    assert moved.value < F.value(p)
    # all rows in one batch are the whole, but for the order of its sums
    whole = sp.Newest(move=sp.Adam(batch=F.n_rows, max_iter=3, rng=0))(F, p)
    plain = sp.Newest(move=sp.Adam(max_iter=3))(F, p)
    close(whole.particles.positions, plain.particles.positions, 1e-12)


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
