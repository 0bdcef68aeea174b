"""One shared check for each family: objectives, moves, growths."""

import numpy as np

import splitparticles as sp

from .oracles import close, differences


# ---------------------------------------------------------------- objectives
def check_objective(objective, particles, rtol=1e-7):
    """All that an objective promises, by differences of what it does less cleverly."""
    check_witness_is_first_variation(objective, particles)
    check_gradients(objective, particles, rtol)
    check_hessians(objective, particles, rtol)
    check_halves_change_nothing(objective, particles)
    check_split_gain(objective, particles)


def check_witness_is_first_variation(objective, particles):
    """A little mass t moved to y changes F by t (h(y) - sum w h) + O(t^2)."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=(3, particles.dim))
    h, own = objective.witness(particles, y), objective.witness(particles)
    now = objective.value(particles)
    for point, wanted in zip(y, h - particles.weights @ own, strict=True):
        changes = []
        for t in (1e-3, 2e-3):
            moved = sp.ParticleSet(
                np.vstack([particles.positions, point]),
                np.append((1 - t) * particles.weights, t),
            )
            changes.append((objective.value(moved) - now) / t)
        extrapolated = 2.0 * changes[0] - changes[1]  # F is quadratic in t
        assert abs(extrapolated - wanted) <= 1e-6 * (abs(wanted) + abs(now))


def check_gradients(objective, particles, rtol):
    """Gradients against differences of values; one pass against three."""
    x, w = particles.positions, particles.weights

    def value(flat):
        return np.array([objective.value(sp.ParticleSet(flat.reshape(x.shape), w))])

    slopes = differences(lambda rows: value(rows[0]), x.reshape(1, -1))
    close(objective.gradient(particles), slopes.reshape(x.shape), 10 * rtol)
    at = x + 0.1
    slopes = differences(lambda points: objective.witness(particles, points), at)
    close(objective.witness_gradient(particles, at), slopes, 10 * rtol)
    whole = objective.first_variation(particles)
    close([whole.value], [objective.value(particles)], 1e-10)
    close(whole.witness, objective.witness(particles), 1e-10)
    close(whole.witness_gradient, objective.witness_gradient(particles), 1e-8)


def check_hessians(objective, particles, rtol):
    """Splitting matrices against differences of the witness's gradient."""
    S = objective.splitting_matrices(particles)
    slopes = differences(
        lambda at: objective.witness_gradient(particles, at), particles.positions
    )
    close(S, particles.weights[:, None, None] * slopes, 100 * rtol)
    close(S, S.swapaxes(1, 2), 1e-13)
    v = np.random.default_rng(1).normal(size=particles.positions.shape)
    product = np.einsum("iab,ib->ia", S, v)
    close(objective.splitting_product(particles, v), product, 100 * rtol)


def check_halves_change_nothing(objective, particles):
    """A particle split in place is the same measure."""
    halves = particles.split([0], np.ones((1, particles.dim)), [0.0])
    close([objective.value(halves)], [objective.value(particles)], 1e-10)
    close(objective.witness(halves)[1:-1], objective.witness(particles)[1:], 1e-9)


def check_split_gain(objective, particles):
    """Predicted, exact and found change of F by a split agree."""
    S = objective.splitting_matrices(particles)
    index, vectors = np.linalg.eigh(S)
    i = int(np.argmax(np.abs(index).max(axis=1)))
    k = int(np.argmax(np.abs(index[i])))
    parents, v = np.array([i]), vectors[i, :, k][None]
    now = objective.value(particles)
    # first order cancels in a split; the fourth is below 1 % at a small step
    curvature = index[i, k]
    quartic = objective.split_change(particles, parents, v, np.array([0.1]))[0]
    quartic = abs(quartic - 0.5 * curvature * 0.01) / 1e-4
    step = min(0.02, 0.05 * np.sqrt(abs(curvature) / max(quartic, 1e-300)))
    exact = objective.split_change(particles, parents, v, np.array([step]))[0]
    found = objective.value(particles.split(parents, v, [step])) - now
    assert abs(exact - found) <= 1e-9 * abs(now) + 1e-4 * abs(found)
    assert abs(exact - 0.5 * curvature * step**2) <= 0.01 * abs(exact)


# --------------------------------------------------------------------- moves
def check_move(move, moves_weights):
    """A move goes downhill, keeps count and mass, and leaves its input alone."""
    rng = np.random.default_rng(3)
    draws = rng.normal(size=(200, 2)) * [1.0, 0.5] + [3.0, 0.0]
    objective = sp.MMD(sp.InverseMultiquadric(2.0), draws)
    start = sp.ParticleSet(rng.normal(size=(8, 2)))
    before = start.positions.copy()
    moved = move(objective, start)
    assert np.array_equal(start.positions, before)
    assert len(moved.particles) == 8
    assert np.isclose(moved.particles.weights.sum(), 1.0)
    assert np.array_equal(moved.particles.weights, start.weights) != moves_weights
    assert moved.particles.weights.min() > 0
    assert moved.value < 0.05 * objective.value(start)
    assert np.isclose(moved.value, objective.value(moved.particles))
    slope = objective.witness_gradient(moved.particles)
    assert np.isclose(moved.gradient_norm, np.linalg.norm(slope, axis=1).max())
    np.testing.assert_allclose(moved.particles.mean(), draws.mean(axis=0), atol=0.2)


# ------------------------------------------------------------------- growths
def check_growth(growth, objective, particles):
    """Mass and mean stay, at most `limit` new particles, F falls, the tree is right."""
    n = len(particles)
    for limit in (1, 3, n):
        grown = growth(objective, particles, limit, np.random.default_rng(0))
        m = len(grown.parents)
        assert 1 <= m <= limit and len(grown.particles) == n + m
        assert len(set(grown.parents)) == m
        assert np.isclose(grown.particles.weights.sum(), particles.weights.sum())
        np.testing.assert_allclose(grown.particles.mean(), particles.mean(), atol=1e-12)
        x, old = grown.particles.positions, particles.positions
        # children are opposite, and particles that did not split stayed
        np.testing.assert_allclose(x[n:] + x[grown.parents], 2 * old[grown.parents])
        stayed = np.setdiff1d(np.arange(n), grown.parents)
        assert np.array_equal(x[stayed], old[stayed])
        found = objective.value(grown.particles) - objective.value(particles)
        assert found < 0
    none = growth(objective, particles, 0, np.random.default_rng(0))
    assert none.particles is particles and len(none.parents) == 0
