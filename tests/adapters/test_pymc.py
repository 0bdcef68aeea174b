import numpy as np
import pytest
from adapter_checks import (
    EFFECTS,
    ERRORS,
    check_gamma_run,
    check_model,
    eight_schools,
    points,
    schools_to_user,
    user_columns,
)
from scipy import stats

import splitparticles as sp

pm = pytest.importorskip("pymc")


@pytest.fixture(scope="module")
def schools():
    with pm.Model(coords={"school": list("ABCDEFGH")}) as model:
        mu = pm.Normal("mu", 0, 5)
        tau = pm.HalfCauchy("tau", 5)
        z = pm.Normal("z", 0, 1, dims="school")
        theta = pm.Deterministic("theta", mu + tau * z, dims="school")
        pm.Normal("y", theta, ERRORS, observed=EFFECTS, dims="school")
    return model


@pytest.fixture(scope="module")
def adapted(schools):
    return sp.from_pymc(schools)


def test_a_model_is_its_posterior_with_its_jacobian(adapted):
    check_model(adapted, eight_schools, constant=1e-6, slopes=1e-7)


def test_it_has_the_names_coords_and_dims_of_the_model(adapted):
    assert adapted.names == ["mu", "tau_log__", *(f"z[{k}]" for k in range(8))]
    entries = [f"{name}[{k}]" for name in ("z", "theta") for k in range(8)]
    assert adapted.user_names == ["mu", "tau", *entries]
    assert adapted.coords == {"school": list("ABCDEFGH")}
    assert adapted.dims == {"z": ["school"], "theta": ["school"]}


def test_constrained_values_and_deterministics_come_back(adapted):
    user = user_columns(adapted, x := points(adapted))
    found = [user[name] for name in ["mu", "tau", *(f"theta[{k}]" for k in range(8))]]
    np.testing.assert_allclose(np.transpose(found), schools_to_user(x), rtol=1e-12)


def test_a_start_is_where_initvals_say(schools):
    model = sp.from_pymc(schools, initvals={"tau": 3.0, "z": np.arange(8.0)})
    x0 = dict(zip(model.names, model.x0, strict=True))
    assert x0["tau_log__"] == pytest.approx(np.log(3.0)) and x0["z[7]"] == 7.0
    with pytest.raises(ValueError, match=r"initvals must be of .* got \['sigma'\]"):
        sp.from_pymc(schools, initvals={"sigma": 3.0})


@pytest.fixture(scope="module")
def other():
    """Transforms of several kinds, a factor, and what depends on no parameter."""
    with pm.Model() as model:
        p = pm.Dirichlet("p", [2.0, 3.0, 4.0])
        u = pm.Uniform("u", -1, 2, shape=(2, 1))
        pm.Deterministic("fixed", pm.math.constant(np.array([1.0, 2.0])))
        pm.Potential("factor", -3.0 * (u**2).sum() + p[0])
    return model


def test_other_constraints_hold(other):
    model = sp.from_pymc(other)

    def log_density(z):
        sticks = np.hstack([z[:, :2], -z[:, :2].sum(1, keepdims=True)])
        p = np.exp(sticks) / np.exp(sticks).sum(1, keepdims=True)
        u = 1 / (1 + np.exp(-z[:, 2:]))
        log_j = np.log(p).sum(1) + np.log(3.0) + np.log(u * (1 - u)).sum(1)
        prior = np.array([stats.dirichlet([2, 3, 4]).logpdf(row) for row in p])
        return log_j + prior - 3.0 * ((3 * u - 1) ** 2).sum(1) + p[:, 0]

    check_model(model, log_density, slopes=1e-7)
    user = user_columns(model, points(model, n=50, scale=3.0))
    np.testing.assert_allclose(sum(user[f"p[{k}]"] for k in range(3)), 1.0)
    assert ((-1 < user["u[1,0]"]) & (user["u[1,0]"] < 2)).all()
    assert (user["fixed[1]"] == 2.0).all()


def test_a_run_is_the_posterior():
    with pm.Model() as model:
        pm.Gamma("rate", 3.0, 2.0)
    check_gamma_run(sp.from_pymc(model))


def test_what_has_no_score_is_refused():
    for bad in (3, None, pm.Model):
        with pytest.raises(TypeError, match="model must be a pymc.Model, got"):
            sp.from_pymc(bad)
    with pm.Model() as model:
        pm.Normal("y", 0, 1, observed=1.0)
    with pytest.raises(ValueError, match="must have a free variable, got none"):
        sp.from_pymc(model)
    with model:
        pm.Normal("a")
        pm.Bernoulli("switch", 0.5)
        pm.Poisson("k", 3.0)
    with pytest.raises(ValueError, match=r"got discrete \['switch', 'k'\]"):
        sp.from_pymc(model)
