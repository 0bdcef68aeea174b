"""Activations: against NumPy, differences, and in compiled loops."""

import math
from typing import NamedTuple

import numpy as np
import pytest
from network_examples import ACTIVATIONS, ORACLES, data, neurons

import splitparticles as sp
from splitparticles._compiled.compiler import profile
from splitparticles.testing.checks import check_gradients
from splitparticles.testing.oracles import differences


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_profiles_are_activations_and_their_derivatives(name):
    z = np.array([-300.0, -30.0, -2.0, -0.3, 1e-3, 0.4, 3.0, 40.0, 300.0])
    values = np.array([profile(ACTIVATIONS[name], a) for a in z])
    np.testing.assert_allclose(values[:, 0], ORACLES[name](z), rtol=1e-14, atol=1e-16)
    slopes = differences(lambda a: ORACLES[name](a[:, 0]), z[:, None])[:, 0]
    np.testing.assert_allclose(values[:, 1], slopes, atol=1e-8)
    if name != "relu":
        curvatures = differences(
            lambda a: np.array([profile(ACTIVATIONS[name], b)[1] for b in a[:, 0]]),
            z[:, None],
        )[:, 0]
        np.testing.assert_allclose(values[:, 2], curvatures, atol=1e-8)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_compiled_profiles_are_those_of_numpy(name):
    z = np.linspace(-750.0, 750.0, 41)
    z = np.concatenate([z, np.linspace(-4.0, 4.0, 40)])
    F = sp.Network(ACTIVATIONS[name], sp.losses.Squared(), z, np.zeros(len(z)))
    outputs = F.predict(sp.ParticleSet([[1.0, 1.0, 0.0]], [1.0]))
    np.testing.assert_allclose(outputs, ORACLES[name](z), rtol=3e-15, atol=1e-15)


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
def test_an_activation_that_a_user_declares():
    x, y = data("squared")
    F = sp.Network(Sine(2.0), sp.losses.Squared(), x, y)
    p = neurons(F)
    c, theta = p.positions[:, :2], p.positions[:, 2:]
    f = np.sin(2.0 * (x @ theta[:, :3].T + theta[:, 3])) @ (p.weights[:, None] * c)
    np.testing.assert_allclose(F.predict(p), f, atol=1e-12)
    check_gradients(F, p, 1e-7)
