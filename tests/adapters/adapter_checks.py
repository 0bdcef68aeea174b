"""What every adapter has to hold, and eight schools in plain NumPy."""

import numpy as np

import splitparticles as sp

EFFECTS = np.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
ERRORS = np.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])
COLUMNS = ["mu", "log_tau", *(f"z[{k}]" for k in range(8))]


def eight_schools(x):
    """Log density of mu, log(tau) and z_k, where theta = mu + tau z, with constants.

    mu is N(0, 5), tau half Cauchy of scale 5, z N(0, 1), effects N(theta, error).
    """
    mu, log_tau, z = x[:, 0], x[:, 1], x[:, 2:]
    tau = np.exp(log_tau)
    off = (EFFECTS - mu[:, None] - tau[:, None] * z) / ERRORS
    root = 0.5 * np.log(2 * np.pi)
    prior = -0.5 * (mu / 5) ** 2 - np.log(5) - root - 0.5 * (z**2).sum(1) - 8 * root
    prior += np.log(2 / (np.pi * 5)) - np.log1p((tau / 5) ** 2) + log_tau
    return prior - 0.5 * (off**2).sum(1) - np.log(ERRORS).sum() - 8 * root


def schools_to_user(x):
    """Columns mu, tau and theta_k."""
    tau = np.exp(x[:, 1:2])
    return np.hstack([x[:, :1], tau, x[:, :1] + tau * x[:, 2:]])


def points(model, n=7, scale=0.7, seed=0):
    """Points beside the start."""
    noise = np.random.default_rng(seed).normal(size=(n, model.dim))
    return np.atleast_2d(model.x0)[:1] + scale * noise


def check_model(model, log_density, *, constant=1e-9, slopes=1e-5):
    """Log density against an oracle, score against differences, batch against rows.

    `constant` is how far its normalising constant may be off.
    """
    x = points(model)
    kept = x.copy()
    values, scores = model.log_density(x), model.score(x)
    assert values.shape == (7,) and scores.shape == x.shape
    assert scores.dtype == values.dtype == np.float64
    off = values - log_density(x)
    assert np.abs(off).max() < constant and np.ptp(off) < 1e-10

    h = 1e-4
    for k, unit in enumerate(np.eye(model.dim)):
        ends = [model.log_density(x + s * h * unit) for s in (-2, -1, 1, 2)]
        slope = (ends[0] - 8 * ends[1] + 8 * ends[2] - ends[3]) / (12 * h)
        np.testing.assert_allclose(scores[:, k], slope, rtol=slopes, atol=slopes)
    for row, value, score in zip(x, values, scores, strict=True):
        np.testing.assert_allclose(model.log_density(row[None]), [value], rtol=1e-12)
        close = dict(rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(model.score(row[None]), [score], **close)
    assert np.array_equal(x, kept)

    if model.names is not None:
        assert len(set(model.names)) == len(model.names) == model.dim
    assert np.shape(model.x0)[-1] == model.dim
    assert np.isfinite(model.log_density(np.atleast_2d(model.x0))).all()
    if model.score_product is not None:
        check_product(model, x)
    if model.to_user is not None:
        user = model.to_user(x)
        if model.user_names is not None:
            assert user.shape == (7, len(set(model.user_names)))
        rows = np.vstack([model.to_user(row[None]) for row in x])
        np.testing.assert_allclose(user, rows, rtol=1e-12, atol=1e-14)
        assert np.array_equal(x, kept)


def check_product(model, x):
    v = np.random.default_rng(1).normal(size=x.shape)
    h = 1e-5
    slope = (model.score(x + h * v) - model.score(x - h * v)) / (2 * h)
    np.testing.assert_allclose(model.score_product(x, v), slope, rtol=1e-5, atol=1e-5)


def user_columns(model, x):
    """Columns of `to_user` by their names."""
    return dict(zip(model.user_names, model.to_user(x).T, strict=True))


def check_gamma_run(model):
    """A run of a model whose only parameter is Gamma(3, 2)."""
    result = sp.sample(model, n_particles=32, rng=0)
    assert result.names == ["rate"]
    np.testing.assert_allclose(result.mean(), 1.5, rtol=0.01)
    np.testing.assert_allclose(result.std(), np.sqrt(3) / 2, rtol=0.1)
    assert abs(result.log_evidence) < 0.02
