"""Losses: closed forms and differences."""

import numpy as np
import pytest
from network_examples import LOSSES, data
from scipy.special import expit, log_softmax

from splitparticles.testing.oracles import differences


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
