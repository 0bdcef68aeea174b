"""Numbers that moves and growths refuse, and classes in place of instances."""

import numpy as np
import pytest

import splitparticles as sp


@pytest.mark.parametrize(
    "kind, options, error",
    [
        (sp.LBFGS, {"max_iter": -1}, ValueError),
        (sp.LBFGS, {"max_iter": "a"}, TypeError),
        (sp.LBFGS, {"max_iter": 2.5}, TypeError),
        (sp.LBFGS, {"tol": -1e-9}, ValueError),
        (sp.LBFGS, {"tol": np.nan}, ValueError),
        (sp.LBFGS, {"memory": 0}, ValueError),
        (sp.LBFGS, {"weights": "optimal"}, TypeError),
        (sp.GradientDescent, {"max_iter": -1}, ValueError),
        (sp.GradientDescent, {"step": -1.0}, ValueError),
        (sp.GradientDescent, {"step": 0.0}, ValueError),
        (sp.GradientDescent, {"slope": 2.0}, ValueError),
        (sp.GradientDescent, {"search": 1}, TypeError),
        (sp.Adam, {"step": -1.0}, ValueError),
        (sp.Adam, {"step": np.inf}, ValueError),
        (sp.Adam, {"max_iter": True}, TypeError),
        (sp.Adam, {"decay": 0.9}, ValueError),
        (sp.Adam, {"decay": (0.9, 1.0)}, ValueError),
        (sp.Adam, {"batch": 0}, ValueError),
        (sp.SteepestSplit, {"fraction": 2}, ValueError),
        (sp.SteepestSplit, {"fraction": -1}, ValueError),
        (sp.SteepestSplit, {"trials": 0}, ValueError),
        (sp.SteepestSplit, {"tol": -1.0}, ValueError),
        (sp.SteepestSplit, {"dense": 1.5}, TypeError),
        (sp.SteepestSplit, {"everyone": None}, TypeError),
        (sp.SteepestSplit, {"cost": 1.0, "budget": 1.0}, TypeError),
        (sp.RandomSplit, {"fraction": 0.0}, ValueError),
        (sp.RandomSplit, {"trials": -1}, ValueError),
        (sp.SignedSplit, {"total": 1.0}, ValueError),
        (sp.SignedSplit, {"total": np.inf}, ValueError),
        (sp.SignedSplit, {"total": "3"}, TypeError),
        (sp.SignedSplit, {"most": 4}, ValueError),
        (sp.SignedSplit, {"fraction": 1.1}, ValueError),
        (sp.SignedSplit, {"trials": 0}, ValueError),
        (sp.Insertion, {"starts": 0}, ValueError),
        (sp.Insertion, {"steps": -5}, ValueError),
        (sp.Insertion, {"reach": 0.0}, ValueError),
        (sp.NewParticle, {"trials": 0}, ValueError),
        (sp.NewParticle, {"draw": [0.0]}, TypeError),
    ],
)
def test_a_bad_option_is_named(kind, options, error):
    with pytest.raises(error, match=f"^{next(iter(options))} must be"):
        kind(**options)


@pytest.mark.parametrize(
    "move",
    [
        sp.LBFGS(max_iter=0),
        sp.Adam(max_iter=0),
        sp.GradientDescent(max_iter=0),
        sp.GradientDescent(max_iter=0, search=False, step=0.1),
    ],
    ids=repr,
)
def test_no_steps_leave_the_particles(move):
    F, p = sp.MMD(sp.Gaussian(1.0), [[0.0]]), sp.ParticleSet([[1.0]])
    moved = move(F, p)
    assert moved.steps == 0 and not moved.converged
    assert np.array_equal(moved.particles.positions, p.positions)
    assert moved.value == F.value(p)


def test_a_class_in_place_of_an_instance_is_named():
    F, p = sp.MMD(sp.Gaussian(1.0), [[0.0]]), sp.ParticleSet([[1.0]])
    for options in ({"move": sp.LBFGS}, {"growth": sp.SteepestSplit}):
        with pytest.raises(TypeError, match="must be an instance, got the class"):
            sp.descend(F, p, **options)
    for several in (sp.BestOf, sp.OrElse):
        with pytest.raises(TypeError, match="got the class Insertion"):
            several(sp.Insertion)
        with pytest.raises(ValueError, match="at least one growth"):
            several()
