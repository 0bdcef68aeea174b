"""Activations with their formulas, losses, and small networks that tests share."""

import numpy as np

import splitparticles as sp

ACTIVATIONS = {
    "rbf": sp.activations.RBF(),
    "tanh": sp.activations.Tanh(),
    "softplus": sp.activations.Softplus(2.0),
    "relu": sp.activations.ReLU(),
}
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
    """Inputs (n, p), and outputs that the loss takes."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p)) * [1.0, 2.0, 0.5][:p]
    y = {
        "squared": np.column_stack([np.sin(x[:, 0]), x[:, 1]]),
        "logistic": x[:, 0] + x[:, 1] > 0,
        "softmax": np.digitize(x[:, 0], [-0.5, 0.5]),
    }[loss]
    return x, y


def network(activation="tanh", loss="squared", **options):
    """Network on the data of its loss."""
    return sp.Network(ACTIVATIONS[activation], LOSSES[loss], *data(loss), **options)


def mixed():
    """Network of two kinds of neurons."""
    kinds = [ACTIVATIONS["rbf"], ACTIVATIONS["tanh"]]
    return sp.Network(kinds, LOSSES["squared"], *data("squared"))


def neurons(F, n=5, seed=1):
    """Random neurons of normal weights, their kinds in turn."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, F.dim))
    if F.labels[-1]:
        x[:, -1] = np.arange(n) % 2
    return sp.ParticleSet(x, rng.normal(size=n))
