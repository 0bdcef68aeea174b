import numpy as np
import pytest

import splitparticles as sp
from splitparticles.objectives import FirstVariation, Objective
from splitparticles.testing.checks import check_move

MOVES = [sp.GradientDescent, sp.Adam, sp.LBFGS]
every_move = pytest.mark.parametrize("move", MOVES)


@every_move
@pytest.mark.parametrize("weights", [False, True])
def test_the_family_check_holds(move, weights):
    check_move(move(weights=weights), weights)


class Wrapped(Objective):
    """An MMD whose answers are spoilt by a function of the positions."""

    def __init__(self, spoil):
        self.inner = sp.MMD(sp.Gaussian(1.0), [[0.0, 0.0]])
        self.spoil = spoil

    def value(self, p):
        return self.first_variation(p).value

    def witness(self, p, at=None):
        return self.inner.witness(p, at)

    def witness_gradient(self, p, at=None):
        return self.inner.witness_gradient(p, at)

    def first_variation(self, p):
        return self.spoil(p, self.inner.first_variation(p))


START = sp.ParticleSet([[1.0, 0.5], [-0.5, 1.0]])


@every_move
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_wall_of_values_that_are_no_numbers_is_not_walked_into(move, bad):
    def wall(p, here):
        inside = (p.positions[:, 0] > 0.4).any() or (p.positions[:, 0] < -0.9).any()
        return here if inside else here._replace(value=bad)

    moved = move()(Wrapped(wall), START)
    assert np.isfinite(moved.value) and np.isfinite(moved.particles.positions).all()
    assert moved.value <= Wrapped(wall).value(START)
    assert (moved.particles.positions[:, 0] > 0.4).any()


@every_move
def test_a_gradient_that_is_no_number_is_a_step_not_taken(move):
    def hole(p, here):
        if abs(p.positions).max() < 0.6:
            return here._replace(witness_gradient=np.full((2, 2), np.nan))
        return here

    moved = move()(Wrapped(hole), START)
    assert np.isfinite(moved.particles.positions).all()
    assert abs(moved.particles.positions).max() >= 0.6


@every_move
def test_nothing_finite_at_the_start_is_an_error_that_shows_the_particle(move):
    def bad(p, here):
        return here._replace(witness_gradient=np.array([[0.0, 0.0], [np.inf, 0.0]]))

    with pytest.raises(ValueError, match=r"particle 1 at \[-0.5"):
        move()(Wrapped(bad), START)


@every_move
def test_a_gradient_of_the_wrong_length_is_an_error(move):
    def short(p, here):
        return FirstVariation(here.value, here.witness, here.witness_gradient[:1])

    with pytest.raises(ValueError, match="shapes"):
        move()(Wrapped(short), START)


@every_move
def test_one_particle_finds_the_mode(move):
    F = sp.KSD(sp.InverseMultiquadric(3.0), lambda x: -(x - [2.0, -1.0]))
    moved = move()(F, sp.ParticleSet([[0.0, 0.0]]))
    np.testing.assert_allclose(moved.particles.positions, [[2.0, -1.0]], atol=2e-3)


@every_move
def test_a_particle_at_rest_stays(move):
    F = sp.KSD(sp.Gaussian(1.0), lambda x: -x)
    moved = move()(F, sp.ParticleSet([[0.0, 0.0]]))
    np.testing.assert_allclose(moved.particles.positions, 0.0, atol=1e-12)
    assert moved.gradient_norm < 1e-9


@every_move
def test_weights_that_are_not_positive_cannot_move(move):
    F = sp.MMD(sp.Gaussian(1.0), [[0.0]])
    p = sp.ParticleSet([[1.0], [2.0]], [1.5, -0.5])
    with pytest.raises(ValueError, match="weight"):
        move(weights=True)(F, p)


def test_velocities_do_not_depend_on_how_a_particle_is_cut():
    F = sp.MMD(sp.Gaussian(1.0), np.random.default_rng(0).normal(size=(50, 2)))
    whole = sp.ParticleSet([[2.0, 1.0], [0.0, -1.0]])
    halves = whole.split([0], [[1.0, 0.0]], 0.0)
    move = sp.GradientDescent(max_iter=5)
    one, two = move(F, whole).particles, move(F, halves).particles
    np.testing.assert_allclose(two.positions[[0, 1]], one.positions, atol=1e-12)
    np.testing.assert_allclose(two.positions[2], one.positions[0], atol=1e-12)


def test_gradient_descent_stops_where_nothing_goes_down():
    F = sp.MMD(sp.Gaussian(1.0), [[0.0]])
    moved = sp.GradientDescent(max_iter=10_000)(F, sp.ParticleSet([[0.7]]))
    assert moved.converged and moved.steps < 10_000 and moved.value < 1e-6
    short = sp.GradientDescent(max_iter=1)(F, sp.ParticleSet([[0.7]]))
    assert not short.converged and short.steps == 1


@every_move
def test_a_slope_that_points_the_wrong_way_is_no_rest(move):
    def turned(p, here):
        return here._replace(witness_gradient=-here.witness_gradient)

    moved = move()(Wrapped(turned), START)
    assert not moved.converged


def test_a_value_too_small_to_divide_by_does_not_lead_to_nowhere():
    def tiny(p, here):
        return here._replace(value=1e-320 * here.value)

    moved = sp.LBFGS(max_iter=5)(Wrapped(tiny), START)
    assert np.isfinite(moved.particles.positions).all()


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("away", [18.0, 19.0, 20.0, 22.0, 26.0, 27.0, 40.0])
def test_a_slope_whose_square_underflows_is_rest(away, weights):
    objective = sp.MMD(sp.Gaussian(1.0), [[away, away], [away, away + 1.0]])
    particles = sp.ParticleSet([[-0.1, -0.2]])
    moved = sp.LBFGS(weights=weights)(objective, particles)
    assert moved.gradient_norm < 1e-130
    np.testing.assert_array_equal(moved.particles.positions, particles.positions)
