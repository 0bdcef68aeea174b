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
from scipy.special import gammaln

import splitparticles as sp

numpyro = pytest.importorskip("numpyro")
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpyro.distributions as dist  # noqa: E402


def schools(errors, y=None):
    mu = numpyro.sample("mu", dist.Normal(0, 5))
    tau = numpyro.sample("tau", dist.HalfCauchy(5))
    with numpyro.plate("school", 8):
        z = numpyro.sample("z", dist.Normal(0, 1))
        theta = numpyro.deterministic("theta", mu + tau * z)
        numpyro.sample("y", dist.Normal(theta, errors), obs=y)


def test_a_model_has_its_sign_its_jacobian_and_its_names():
    model = sp.from_numpyro(schools, ERRORS, y=EFFECTS)
    check_model(model, eight_schools, slopes=1e-8)
    assert model.names == ["mu", "tau", *(f"z[{k}]" for k in range(8))]
    user = user_columns(model, x := points(model))
    assert list(user) == model.names + [f"theta[{k}]" for k in range(8)]
    found = [user[name] for name in ["mu", "tau", *(f"theta[{k}]" for k in range(8))]]
    np.testing.assert_allclose(np.transpose(found), schools_to_user(x), rtol=1e-12)
    assert not jax.config.jax_enable_x64


def test_data_are_needed_for_a_posterior_only():
    prior = sp.from_numpyro(schools, ERRORS)
    assert prior.dim == 18  # y is a latent site then


def simplex(counts):
    p = numpyro.sample("p", dist.Dirichlet(jnp.array([2.0, 3.0, 4.0])))
    numpyro.sample("a", dist.Uniform(-1, 2).expand([2]).to_event(1))
    numpyro.sample("n", dist.Multinomial(10, p), obs=counts)


def test_constrained_sites_stay_inside():
    counts = np.array([5, 3, 2])
    model = sp.from_numpyro(simplex, counts)
    assert model.dim == 4
    far = user_columns(model, points(model, n=50, scale=3.0))
    p = np.array([far[f"p[{k}]"] for k in range(3)])
    np.testing.assert_allclose(p.sum(0), 1.0)
    assert (p > 0).all()
    assert all(((-1 < far[name]) & (far[name] < 2)).all() for name in ("a[0]", "a[1]"))

    def log_p(z):  # by the stick's fractions, of which the last ends the stick
        a, z1 = z[:, :2], z[:, 2:]
        f = 1 / (1 + np.exp(-(z1 - np.log([2.0, 1.0]))))
        p = np.stack([f[:, 0], (1 - f[:, 0]) * f[:, 1], (1 - f).prod(1)], axis=1)
        stick = np.log(f * (1 - f)).sum(1) + np.log(1 - f[:, 0])
        u = 1 / (1 + np.exp(-a))
        inside = np.log(u * (1 - u)).sum(1)  # widths 3 cancel the density 1/3
        prior = gammaln(9) - gammaln([2, 3, 4]).sum()
        constant = gammaln(11) - gammaln(counts + 1.0).sum()
        return stick + inside + prior + constant + np.log(p) @ (counts + [1, 2, 3])

    check_model(model, log_p, slopes=1e-8)


def test_a_run_is_the_posterior():
    model = sp.from_numpyro(lambda: numpyro.sample("rate", dist.Gamma(3.0, 2.0)))
    check_gamma_run(model)


def test_what_is_no_model_is_refused():
    with pytest.raises(TypeError, match="model must be a callable"):
        sp.from_numpyro(3)
    with pytest.raises(ValueError, match="model must have a latent site, got none"):
        sp.from_numpyro(lambda: numpyro.sample("y", dist.Normal(0, 1), obs=1.0))
