"""Stan's door by Stan itself, as PyStan compiles it, with BridgeStan's methods."""

import numpy as np
import pytest

import splitparticles as sp

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # of PyStan's server
]

CODE = """
data { int n; vector[n] y; }
parameters { real mu; real<lower=0> tau; simplex[3] p; }
transformed parameters { real twice = 2 * mu; }
model {
  mu ~ normal(0, 5);
  tau ~ gamma(3, 2);
  p ~ dirichlet([2, 3, 4]');
  y ~ normal(mu, 1);
}
"""
Y = np.array([0.5, 1.5, 2.5, 1.0])


class Bridged:
    """A model of PyStan with the methods that are asked of BridgeStan's."""

    def __init__(self, model):
        self.model = model

    def model_info(self):
        return "STAN_THREADS=false"

    def param_unc_num(self):
        return 4

    def param_unc_names(self):
        return ["mu", "tau", "p.1", "p.2"]

    def param_names(self, *, include_tp=False, include_gq=False):
        names = ["mu", "tau", "p.1", "p.2", "p.3"]
        return [*names, "twice"] if include_tp else names

    def param_constrain(self, theta_unc, *, include_tp=False, include_gq=False):
        return np.array(self.model.constrain_pars(theta_unc.tolist(), include_tp))

    def log_density_gradient(self, theta_unc, *, propto=True, jacobian=True):
        row = theta_unc.tolist()
        return self.model.log_prob(row), np.array(self.model.grad_log_prob(row))


@pytest.fixture(scope="module")
def model():
    stan = pytest.importorskip("stan")
    built = stan.build(CODE, {"n": len(Y), "y": Y.tolist()}, random_seed=1)
    return sp.from_stan(Bridged(built))


def test_slopes_are_those_of_stan_s_own_density(model):
    x = np.random.default_rng(0).normal(size=(5, 4))
    steps = 1e-5 * np.eye(4)
    rises = [model.log_density(x + h) - model.log_density(x - h) for h in steps]
    slopes = np.array(rises).T / 2e-5
    np.testing.assert_allclose(model.score(x), slopes, rtol=1e-6, atol=1e-7)


def test_a_run_is_the_posterior_in_stan_s_parameters(model):
    result = sp.sample(model, rng=0)
    names = ["mu", "tau", *(f"p[{k}]" for k in range(3)), "twice"]
    assert result.success and result.names == names
    precision = 1.0 / 25.0 + len(Y)
    mean = [Y.sum() / precision, 1.5, *(np.array([2, 3, 4]) / 9)]
    a = np.array([2.0, 3.0, 4.0])
    sd = [precision**-0.5, 0.75**0.5, *np.sqrt(a * (9 - a) / 810)]
    np.testing.assert_allclose((result.mean()[:5] - mean) / sd, 0.0, atol=0.05)
    np.testing.assert_allclose(result.std()[:5] / sd, 1.0, atol=0.07)
    np.testing.assert_allclose(result.positions[:, 5], 2.0 * result.positions[:, 0])
    np.testing.assert_allclose(result.positions[:, 2:5].sum(axis=1), 1.0)
