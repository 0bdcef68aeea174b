"""Two posteriors in the words of each library, their exact moments, and its own NUTS.

Libraries are imported inside, in the process of one source.
"""

import numpy as np
from scipy.special import logsumexp

import splitparticles as sp

EFFECTS = np.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
ERRORS = np.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])
N = 40
X = np.column_stack([np.ones(N), np.random.default_rng(3).normal(size=(N, 3))])
Y = X @ [0.5, 1.0, -1.0, 0.0] + np.random.default_rng(4).normal(size=N)


# ----------------------------------------------------------- exact, by quadrature
def exact_schools():
    """Means and sd of mu, log tau and theta_k: normal given tau, then a grid of it."""
    log_tau = np.linspace(-12, 6, 4001)[:, None]
    tau2 = np.exp(2 * log_tau)
    precision = 1 / (tau2 + ERRORS**2)
    v_mu = 1 / (1 / 25 + precision.sum(1))
    m_mu = v_mu * (precision @ EFFECTS)
    log_w = 0.5 * (np.log(v_mu) + m_mu**2 / v_mu + np.log(precision).sum(1))
    log_w -= 0.5 * (precision @ EFFECTS**2)
    log_w += log_tau[:, 0] - np.log1p(tau2[:, 0] / 25)
    shrink = ERRORS**2 * precision  # weight of mu in theta's mean
    m_theta = shrink * m_mu[:, None] + (1 - shrink) * EFFECTS
    v_theta = shrink * tau2 + shrink**2 * v_mu[:, None]
    means = np.hstack([m_mu[:, None], log_tau, m_theta])
    variances = np.hstack([v_mu[:, None], 0 * log_tau, v_theta])
    return of_mixture(log_w, means, variances)


def exact_regression():
    """Means and sd of b and log sigma: b ~ N(0, 1), sigma half normal of scale 1."""
    log_s = np.linspace(-3, 3, 2001)
    means, variances, log_w = [], [], []
    for s in np.exp(log_s):
        precision = np.eye(4) + X.T @ X / s**2
        b = np.linalg.solve(precision, X.T @ Y / s**2)
        _, log_det = np.linalg.slogdet(precision)
        fit = 0.5 * b @ precision @ b - 0.5 * Y @ Y / s**2 - 0.5 * log_det
        log_w.append(fit - N * np.log(s) - 0.5 * s**2 + np.log(s))
        means.append([*b, np.log(s)])
        variances.append([*np.diag(np.linalg.inv(precision)), 0.0])
    return of_mixture(np.array(log_w), np.array(means), np.array(variances))


def exact_least_squares():
    """Student posterior of b under a flat prior and 1 / sigma^2."""
    b = np.linalg.solve(X.T @ X, X.T @ Y)
    scale = ((Y - X @ b) ** 2).sum() / (N - 4 - 2)
    return b, np.sqrt(scale * np.diag(np.linalg.inv(X.T @ X)))


def of_mixture(log_w, means, variances):
    w = np.exp(log_w - logsumexp(log_w))
    mean = w @ means
    return mean, np.sqrt(w @ (variances + (means - mean) ** 2))


# ---------------------------------------------------------------- columns of a judge
def by_name(names, values):
    return dict(zip(names, values.T, strict=True))


def named_schools(names, values):
    c = by_name(names, values)
    return np.stack([c["mu"], np.log(c["tau"]), *(c[f"theta[{k}]"] for k in range(8))])


def named_regression(names, values):
    c = by_name(names, values)
    return np.stack([*(c[f"b[{k}]"] for k in range(4)), np.log(c["sigma"])])


def raw_schools(names, values):
    c = by_name(names, values)
    tau = np.exp(c["log_tau"])
    theta = [c["mu"] + tau * c[f"z[{k}]"] for k in range(8)]
    return np.stack([c["mu"], c["log_tau"], *theta])


def raw_regression(names, values):
    return values.T


def scaled_regression(names, values):
    return np.vstack([values.T[:4], np.log(values.T[4])])


# ----------------------------------------------------------------------- pymc
def pymc_schools():
    import pymc as pm

    with pm.Model() as model:
        mu = pm.Normal("mu", 0, 5)
        tau = pm.HalfCauchy("tau", 5)
        z = pm.Normal("z", 0, 1, shape=8)
        theta = pm.Deterministic("theta", mu + tau * z)
        pm.Normal("y", theta, ERRORS, observed=EFFECTS)
    return model


def pymc_regression():
    import pymc as pm

    with pm.Model() as model:
        b = pm.Normal("b", 0, 1, shape=4)
        sigma = pm.HalfNormal("sigma", 1)
        pm.Normal("y", pm.math.dot(X, b), sigma, observed=Y)
    return model


def pymc_nuts(model):
    import pymc as pm

    options = dict(chains=4, cores=1, progressbar=False, random_seed=1)
    posterior = pm.sample(1000, tune=1000, model=model, **options)["posterior"]
    columns = {}
    for name in posterior.data_vars:
        values = posterior[name].values.reshape(4000, -1)
        entries = values.T if posterior[name].ndim > 2 else [values[:, 0]]
        for k, column in enumerate(entries):
            columns[f"{name}[{k}]" if posterior[name].ndim > 2 else name] = column
    return list(columns), np.stack(list(columns.values()), axis=1)


# -------------------------------------------------------------------- numpyro
def numpyro_schools():
    import numpyro
    import numpyro.distributions as dist

    def model():
        mu = numpyro.sample("mu", dist.Normal(0, 5))
        tau = numpyro.sample("tau", dist.HalfCauchy(5))
        z = numpyro.sample("z", dist.Normal(0, 1).expand([8]))
        theta = numpyro.deterministic("theta", mu + tau * z)
        numpyro.sample("y", dist.Normal(theta, ERRORS), obs=EFFECTS)

    return model


def numpyro_regression():
    import numpyro
    import numpyro.distributions as dist

    def model():
        b = numpyro.sample("b", dist.Normal(0, 1).expand([4]))
        sigma = numpyro.sample("sigma", dist.HalfNormal(1))
        numpyro.sample("y", dist.Normal(X @ b, sigma), obs=Y)

    return model


def numpyro_nuts(model):
    import jax
    from numpyro.infer import MCMC, NUTS

    mcmc = MCMC(
        NUTS(model),
        num_warmup=1000,
        num_samples=1000,
        num_chains=4,
        chain_method="vectorized",
        progress_bar=False,
    )
    mcmc.run(jax.random.PRNGKey(1))
    columns = {}
    for name, values in mcmc.get_samples().items():
        for index in np.ndindex(*values.shape[1:]):
            key = f"{name}[{index[0]}]" if index else name
            columns[key] = np.asarray(values[(slice(None), *index)])
    return list(columns), np.stack(list(columns.values()), axis=1)


# ------------------------------------------------------ jax, torch and functions
def log_schools(p, square, exp, log1p):
    """Log density for any library, by its functions."""
    mu, log_tau, z = p["mu"], p["log_tau"], p["z"]
    tau = exp(log_tau)
    off = (EFFECTS - mu - tau * z) / ERRORS
    prior = -0.5 * square(mu / 5) - log1p(square(tau / 5)) + log_tau
    return prior - 0.5 * square(z).sum() - 0.5 * square(off).sum()


def log_regression(p, square, exp, features, outcomes):
    """Log density for any library, by its functions."""
    b, log_sigma = p["b"], p["log_sigma"]
    off = (outcomes - features @ b) * exp(-log_sigma)
    prior = -0.5 * square(b).sum() - 0.5 * exp(2 * log_sigma) + log_sigma
    return prior - N * log_sigma - 0.5 * square(off).sum()


SCHOOLS_START = {"mu": 0.0, "log_tau": 0.0, "z": np.zeros(8)}
REGRESSION_START = {"b": np.zeros(4), "log_sigma": 0.0}


def jax_schools():
    import jax.numpy as jnp

    return lambda p: log_schools(p, jnp.square, jnp.exp, jnp.log1p)


def jax_regression():
    import jax.numpy as jnp

    return lambda p: log_regression(p, jnp.square, jnp.exp, X, Y)


def blackjax_nuts(log_density, start):
    """NUTS of blackjax: window adaptation, then draws of one chain."""
    import blackjax
    import jax
    import jax.numpy as jnp

    start = jax.tree_util.tree_map(jnp.asarray, start)
    warm_key, key = jax.random.split(jax.random.PRNGKey(1))
    warmup = blackjax.window_adaptation(blackjax.nuts, log_density)
    (state, parameters), _ = warmup.run(warm_key, start, num_steps=1000)
    kernel = blackjax.nuts(log_density, **parameters).step

    def step(state, key):
        state, _ = kernel(key, state)
        return state, state.position

    _, draws = jax.jit(lambda s, k: jax.lax.scan(step, s, k))(
        state, jax.random.split(key, 4000)
    )
    names = sp.from_jax(log_density, start).names
    leaves = [np.asarray(draws[name]).reshape(4000, -1) for name in sorted(draws)]
    return names, np.hstack(leaves)


def torch_schools():
    import torch

    effects, errors = torch.from_numpy(EFFECTS), torch.from_numpy(ERRORS)

    def log_density(p):
        tau = p["log_tau"].exp()
        off = (effects - p["mu"] - tau * p["z"]) / errors
        prior = -0.5 * (p["mu"] / 5) ** 2 - torch.log1p((tau / 5) ** 2) + p["log_tau"]
        return prior - 0.5 * (p["z"] ** 2).sum() - 0.5 * (off**2).sum()

    return log_density


def torch_regression():
    import torch

    features, outcomes = torch.from_numpy(X), torch.from_numpy(Y)
    return lambda p: log_regression(p, torch.square, torch.exp, features, outcomes)


def function_schools():
    def log_density(x):
        p = {"mu": x[0], "log_tau": x[1], "z": x[2:]}
        return log_schools(p, np.square, np.exp, np.log1p)

    return log_density


def function_regression():
    def log_density(x):
        p = {"b": x[:4], "log_sigma": np.log(x[4])}
        return log_regression(p, np.square, np.exp, X, Y) - p["log_sigma"]

    return log_density
