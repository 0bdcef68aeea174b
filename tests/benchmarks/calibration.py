"""Simulation-based calibration of `sample`: ranks of true parameters are uniform.

    python tests/benchmarks/calibration.py [--simulations 200] [--particles 64]

Parameters are drawn from a prior and data from the model; `sample` by default is asked
for the posterior.  The share of it below the true parameter, by draws and by weighted
particles, is then uniform: chi-square p over ten bins, the least of the parameters, and
how often central intervals hold the truth.  Right answers pass p > 0.001.
"""

import argparse
import time
import warnings
from collections import Counter

import numpy as np
from scipy.special import expit
from scipy.stats import chisquare

import splitparticles as sp
from splitparticles.testing.oracles import differences

BINS = 10

DRAWS = 2000


class Normal:
    """Means theta_j ~ N(mu, 1) of four groups, mu ~ N(0, 4), one observation each."""

    noise = np.array([0.3, 0.7, 1.0, 3.0])

    def __init__(self, rng):
        mu = 2.0 * rng.normal()
        self.truth = np.append(mu, mu + rng.normal(size=4))
        self.y = self.truth[1:] + self.noise * rng.normal(size=4)

    def log_density(self, x):
        """Log density at rows x, (n,)."""
        mu, theta = x[:, :1], x[:, 1:]
        squares = ((theta - mu) ** 2).sum(axis=1) + mu[:, 0] ** 2 / 4.0
        return -0.5 * (squares + (((self.y - theta) / self.noise) ** 2).sum(axis=1))

    def score(self, x):
        """Gradient of the log density, (n, d)."""
        mu, theta = x[:, :1], x[:, 1:]
        away = theta - mu
        slope = away.sum(axis=1, keepdims=True) - mu / 4.0
        return np.hstack([slope, (self.y - theta) / self.noise**2 - away])


class Logistic:
    """Logistic regression of forty rows on an intercept and two covariates."""

    prior_sd = 1.5

    def __init__(self, rng):
        self.truth = self.prior_sd * rng.normal(size=3)
        covariates = rng.normal(size=(40, 2)) @ [[1.0, 0.6], [0.0, 0.8]]
        self.rows = np.column_stack([np.ones(40), covariates])
        self.y = rng.random(40) < expit(self.rows @ self.truth)

    def log_density(self, x):
        """Log density at rows x, (n,)."""
        z = x @ self.rows.T
        likelihood = (self.y * z - np.logaddexp(0.0, z)).sum(axis=1)
        return likelihood - 0.5 * ((x / self.prior_sd) ** 2).sum(axis=1)

    def score(self, x):
        """Gradient of the log density, (n, d)."""
        return (self.y - expit(x @ self.rows.T)) @ self.rows - x / self.prior_sd**2


class Autoregression:
    """AR(1) of fifty steps, by the Fisher transform of phi and the log of sigma."""

    def __init__(self, rng):
        self.truth = rng.normal(size=2) * [1.0, 0.5]
        phi, sigma = np.tanh(self.truth[0]), np.exp(self.truth[1])
        self.y = np.zeros(51)
        for t in range(50):
            self.y[t + 1] = phi * self.y[t] + sigma * rng.normal()

    def _parts(self, x):
        phi, precision = np.tanh(x[:, 0]), np.exp(-2.0 * x[:, 1])
        return phi, precision, self.y[1:] - phi[:, None] * self.y[:-1]

    def log_density(self, x):
        """Log density at rows x, (n,)."""
        _, precision, e = self._parts(x)
        prior = x[:, 0] ** 2 + (x[:, 1] / 0.5) ** 2
        return -0.5 * (precision * (e**2).sum(axis=1) + prior) - 50.0 * x[:, 1]

    def score(self, x):
        """Gradient of the log density, (n, d)."""
        phi, precision, e = self._parts(x)
        in_phi = precision * (e @ self.y[:-1]) * (1.0 - phi**2) - x[:, 0]
        in_sigma = precision * (e**2).sum(axis=1) - 50.0 - x[:, 1] / 0.25
        return np.column_stack([in_phi, in_sigma])


MODELS = {"normal-normal": Normal, "logistic": Logistic, "AR(1)": Autoregression}


def check_model(model, rng):
    """Refuse a score that is not the gradient of its log density."""
    x = model.truth + 0.3 * rng.normal(size=(5, len(model.truth)))
    slopes = differences(model.log_density, x)
    np.testing.assert_allclose(model.score(x), slopes, rtol=1e-5, atol=1e-5)


def share_below(positions, weights, truth):
    """Distribution functions of weighted points at the truth, (d,)."""
    shares = []
    for column, value in zip(positions.T, truth, strict=True):
        order = np.argsort(column)
        middle = np.cumsum(weights[order]) - 0.5 * weights[order]
        shares.append(np.interp(value, column[order], middle, 0.0, 1.0))
    return np.array(shares)


def simulated(kind, number, n_particles):
    """Shares below the truth by draws and by particles, and how the run ended."""
    rng = np.random.default_rng([number, len(kind.__name__)])
    model = kind(rng)
    check_model(model, rng)
    result = sp.sample(model.score, np.zeros(len(model.truth)), n_particles, rng=rng)
    below = [share_below(result.positions, result.weights, model.truth)]
    if result.sampler is not None:
        x = result.draws(DRAWS, rng=rng)
        below.append(share_below(x, np.full(DRAWS, 1.0 / DRAWS), model.truth))
    return below, result


def report(way, below):
    """Print p and coverage of shares (simulations, d)."""
    counts = [np.histogram(column, BINS, (0.0, 1.0))[0] for column in below.T]
    p = [chisquare(count).pvalue for count in counts]
    inside = [(np.abs(below - 0.5) < 0.5 * level).mean() for level in (0.5, 0.9)]
    print(
        f"  {way:9s} {len(below)} runs, {below.shape[1]} parameters: least p "
        f"{min(p):.3g}, 50 % interval {inside[0]:.1%}, 90 % interval {inside[1]:.1%}",
        flush=True,
    )


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=200)
    parser.add_argument("--particles", type=int, default=64)
    options = parser.parse_args()
    warnings.simplefilter("ignore", sp.SamplingWarning)
    for name, kind in MODELS.items():
        began, ends, rows = time.perf_counter(), Counter(), []
        shares = {"particles": [], "draws": []}
        for number in range(options.simulations):
            below, result = simulated(kind, number, options.particles)
            for way, share in zip(shares, below, strict=False):
                shares[way].append(share)
            ends[result.stop.name if result.success else str(result.warnings[:1])] += 1
            rows.append(result.n_score_evals)
        seconds = (time.perf_counter() - began) / options.simulations
        print(f"{name}: {dict(ends)}, {np.median(rows):.0f} rows, {seconds:.2f} s each")
        for way, share in shares.items():
            report(way, np.array(share))


if __name__ == "__main__":
    main()
