import numpy as np
import pytest
from adapter_checks import check_model, points

import splitparticles as sp

api = pytest.importorskip("statsmodels.api")
pandas = pytest.importorskip("pandas")

N = 60


def data(seed=0):
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(N), rng.normal(size=(N, 2))])
    return x, x @ [0.3, 1.0, -1.0] + rng.normal(size=N)


X, Y = data()
FRAME = pandas.DataFrame(X, columns=["const", "a", "b"])
BINARY = (Y > 0) * 1.0
COUNTS = np.random.default_rng(1).negative_binomial(1.0, 1 / (1 + np.exp(0.3 * Y)))


def log_logit(b):
    eta = b @ X.T
    return eta @ BINARY - np.log1p(np.exp(eta)).sum(1)


@pytest.mark.parametrize("sd", [None, 2.0, [1.0, 2.0, 3.0]])
def test_a_logit_under_a_normal_prior(sd):
    model = sp.from_statsmodels(api.Logit(BINARY, FRAME), prior_sd=sd)

    def log_density(b):
        return log_logit(b) - (0 if sd is None else 0.5 * ((b / sd) ** 2).sum(1))

    check_model(model, log_density, slopes=1e-6)
    assert model.score_product is not None
    assert model.names == ["const", "a", "b"]
    flat = sp.from_statsmodels(api.Logit(BINARY, X))
    assert flat.names == ["const", "x1", "x2"]
    np.testing.assert_allclose(flat.score(flat.x0[None]), 0.0, atol=1e-4)


def log_least_squares(b):
    residuals = Y - b @ X.T
    variance = (residuals**2).mean(1)
    return -0.5 * N * (np.log(2 * np.pi * variance) + 1)


def test_least_squares_are_at_their_best_noise():
    model = sp.from_statsmodels(api.OLS(Y, FRAME))
    check_model(model, log_least_squares, slopes=1e-6)
    assert model.score_product is None  # its hessian takes the noise as known


@pytest.mark.parametrize(
    "make, names",
    [
        (lambda: api.Probit(BINARY, X), ["const", "x1", "x2"]),
        (lambda: api.NegativeBinomial(COUNTS, X), ["const", "x1", "x2", "alpha"]),
        (
            lambda: api.GLM(COUNTS, X, family=api.families.Poisson()),
            ["const", "x1", "x2"],
        ),
        (
            lambda: api.MNLogit(COUNTS.clip(0, 2), X),
            [f"{name}[{k}]" for k in range(2) for name in ("const", "x1", "x2")],
        ),
    ],
)
def test_other_models_have_their_derivatives_and_names(make, names):
    likelihood = make()
    model = sp.from_statsmodels(likelihood, prior_sd=3.0)
    assert model.names == names
    flat = sp.from_statsmodels(make())
    np.testing.assert_allclose(flat.score(flat.x0[None]), 0.0, atol=1e-2)
    x = model.x0 + 0.02 * np.random.default_rng(0).normal(size=(4, model.dim))
    wanted = [likelihood.loglike(row) - 0.5 * (row / 3.0) @ (row / 3.0) for row in x]
    np.testing.assert_allclose(model.log_density(x), wanted, rtol=1e-12)
    for k, step in enumerate(1e-5 * np.eye(model.dim)):
        slope = (model.log_density(x + step) - model.log_density(x - step)) / 2e-5
        np.testing.assert_allclose(model.score(x)[:, k], slope, rtol=1e-5, atol=1e-5)


def test_a_run_is_near_the_fit():
    fit = api.Logit(BINARY, X).fit(disp=0)
    model = sp.from_statsmodels(api.Logit(BINARY, X), prior_sd=10.0)
    run = sp.sample(model.score, model.x0, 32, log_density=model.log_density,
                    score_product=model.score_product, rng=0)  # fmt: skip
    assert (np.abs(run.mean() - fit.params) < fit.bse).all()
    assert (np.abs(run.std() / fit.bse - 1) < 0.25).all()


def test_far_out_there_is_no_warning():
    model = sp.from_statsmodels(api.Logit(BINARY, X), prior_sd=10.0)
    far = points(model, scale=1e4)
    assert np.isfinite(model.score(far)).all()
    model.log_density(far), model.score_product(far, far)


@pytest.mark.parametrize(
    "make, options, words",
    [
        (lambda: 3, {}, "model must be a model of statsmodels, got 3"),
        (lambda: api.Logit, {}, "model must be a model of statsmodels, got"),
        (lambda: api.WLS(Y, X, weights=np.ones(N)), {}, "model must have a score, got"),
        (lambda: api.RLM(Y, X), {}, "model must have a plain fit, got"),
        (lambda: api.GLM(Y, X), {}, "the gradient of its loglike, got a slope"),
        (lambda: api.Logit(BINARY, X), {"prior_sd": -1.0}, "prior_sd must be positive"),
        (
            lambda: api.Logit(BINARY, X),
            {"prior_sd": [1.0, 2.0]},
            "prior_sd must be pos",
        ),
        (lambda: api.Logit(BINARY, X), {"prior_sd": "x"}, "prior_sd must be real"),
        (
            lambda: api.Logit(BINARY, X),
            {"prior_sd": np.nan},
            "prior_sd must be positive",
        ),
    ],
)
def test_what_has_no_log_density_is_refused(make, options, words):
    with pytest.raises((TypeError, ValueError), match=words):
        sp.from_statsmodels(make(), **options)
