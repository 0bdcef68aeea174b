"""Curved coordinates of an emulator, and the errors that they are judged by."""

import numpy as np

import splitparticles as sp
from splitparticles.coordinates.preconditioner import Preconditioner
from splitparticles.learning.curve import (
    curve_of_draws,
    jacobians,
    prediction_error,
    relative_errors,
)
from splitparticles.learning.lessons import fitted


def test_a_funnel_is_predicted_better_in_curved_coordinates():
    funnel, rng = sp.targets.Funnel(3, 1.0), np.random.default_rng(0)
    x = funnel.sample(150, rng)
    s = funnel.score(x)
    change = Preconditioner(x.mean(axis=0), np.diag(x.std(axis=0)))
    emulator = fitted(change, x, s)
    draws = change.to_working(funnel.sample(100, rng))
    curve = curve_of_draws(change, emulator, draws, x, s)
    assert curve is not None
    straight = prediction_error(change, x, s, 40)
    assert prediction_error(curve, x, s, 40) < 0.5 * straight


def test_jacobians_and_errors_are_those_of_numpy():
    rng = np.random.default_rng(0)
    z = rng.standard_normal((30, 3))
    emulator = fitted(Preconditioner(np.zeros(3), np.eye(3)), z, -z + 0.1 * z**2)
    at, step = rng.standard_normal((4, 3)), 1e-4
    J = jacobians(emulator, at)
    for k, axis in enumerate(step * np.eye(3)):
        column = (emulator.score(at + axis) - emulator.score(at - axis)) / (2 * step)
        np.testing.assert_allclose(J[:, :, k], column, atol=1e-6)
    s = -10.0 * at
    s[0] = np.nan
    errors = relative_errors(emulator, at, s)
    square = ((emulator.score(at) - s) ** 2).sum(axis=1)
    wanted = square / np.maximum(3.0, (s**2).sum(axis=1))
    assert errors[0] == 1.0
    np.testing.assert_allclose(errors[1:], wanted[1:])
