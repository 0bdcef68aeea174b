"""`sample` by its default call in 31 to 100 dimensions: are the spreads right?

    pip install scikit-learn            # its breast cancer data
    python tests/benchmarks/high_dimension.py [-n 128] [--starts 3] [--only NAME]

Gaussians are compared with their closed form, the two posteriors with a long run of
Hamiltonian Monte Carlo, many chains in step; its R-hat and its own standard error are
in the first line.  Starts are uniform in [-2, 2]^d.  Means are off by so many
standard deviations; standard deviations are ratios to the true ones, along the
coordinates and along the principal axes of the true covariance, where a narrow valley
shows; the worst start of each.  The mark: ratios between 0.9 and 1.1, or a warning
that says how many particles it would take.  `diagnose` is asked as well: how many of
the results it doubts, and what it says of the worst.
"""

import argparse
import re
import time
from typing import NamedTuple

import numpy as np

import splitparticles as sp

CHAINS, WARMUP, DRAWS = 128, 300, 400
LEAPS = 16  # steps of a trajectory, on average; in whitened coordinates


class Truth(NamedTuple):
    """Mean and covariance, and what is known of their error."""

    mean: np.ndarray
    covariance: np.ndarray
    note: str = "closed form"


# -------------------------------------------------------------------- targets
class Gaussian:
    """A Gaussian with variances from 1 to 1 / condition along rotated axes."""

    def __init__(self, d, condition):
        rng = np.random.default_rng(d)
        self.d = d
        axes = np.linalg.qr(rng.normal(size=(d, d)))[0]
        precisions = np.geomspace(1.0, condition, d)
        self.mean = rng.normal(size=d)
        self.precision = (axes * precisions) @ axes.T
        self.truth = Truth(self.mean, (axes / precisions) @ axes.T)

    def score(self, x):
        """Gradient of the log density."""
        return (self.mean - x) @ self.precision


class Hierarchy:
    """Group means y_j ~ N(mu + tau eta_j, s_j^2), eta_j ~ N(0, 1), simulated.

    Coordinates eta (48), mu ~ N(0, 5^2), log tau with tau half-normal of scale 5.
    """

    def __init__(self, groups=48):
        rng = np.random.default_rng(groups)
        self.d = groups + 2
        self.noise = rng.uniform(0.5, 2.0, groups)
        self.y = 1.0 + rng.normal(size=groups) + self.noise * rng.normal(size=groups)

    def log_density(self, z):
        """Log density up to a constant, with the log-Jacobian of tau."""
        eta, mu, log_tau = z[:, :-2], z[:, -2], z[:, -1]
        tau = np.exp(log_tau)
        off = (self.y - mu[:, None] - tau[:, None] * eta) / self.noise
        squares = (eta**2).sum(axis=1) + (off**2).sum(axis=1)
        return -0.5 * (squares + (mu / 5.0) ** 2 + (tau / 5.0) ** 2) + log_tau

    def score(self, z):
        """Gradient of the log density."""
        eta, mu, tau = z[:, :-2], z[:, -2], np.exp(z[:, -1])
        pull = (self.y - mu[:, None] - tau[:, None] * eta) / self.noise**2
        out = np.empty_like(z)
        out[:, :-2] = tau[:, None] * pull - eta
        out[:, -2] = pull.sum(axis=1) - mu / 25.0
        out[:, -1] = tau * (pull * eta).sum(axis=1) - tau**2 / 25.0 + 1.0
        return out


def cancer():
    """Logistic regression on the standardised breast cancer data, prior N(0, 1)."""
    from sklearn.datasets import load_breast_cancer

    features, labels = load_breast_cancer(return_X_y=True)
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    features = np.column_stack([np.ones(len(features)), features])
    target = sp.targets.LogisticRegression(features, labels, 1.0)
    target.d = target.dim
    return target


TARGETS = {
    "Gaussian 50, condition 1e6": lambda: Gaussian(50, 1e6),
    "breast cancer": cancer,
    "hierarchy": Hierarchy,
    "Gaussian 100": lambda: Gaussian(100, 1.0),
}


# ---------------------------------------------------------------------- truth
def trajectory(target, x, L, step, rng):
    """One step of every chain: new points, and how probable they were."""

    def value(x):
        return target.log_density(x), target.score(x) @ L

    old, slope = value(x)
    p = rng.normal(size=x.shape)
    energy = old - 0.5 * (p**2).sum(axis=1)
    there, step = x, step * rng.uniform(0.1, 1.2, (len(x), 1))  # small: none is stuck
    for _ in range(rng.integers(LEAPS // 2, LEAPS + LEAPS // 2 + 1)):
        p = p + 0.5 * step * slope
        there = there + step * p @ L.T
        new, slope = value(there)
        p = p + 0.5 * step * slope
    change = new - 0.5 * (p**2).sum(axis=1) - energy
    probability = np.exp(np.minimum(np.nan_to_num(change, nan=-np.inf), 0.0))
    taken = rng.uniform(size=len(x)) < probability
    return np.where(taken[:, None], there, x), probability.mean()


def long_run(target):
    """Truth by Hamiltonian Monte Carlo, whitened by the spread of its chains."""
    rng = np.random.default_rng(0)
    x, L, step = rng.normal(size=(CHAINS, target.d)), np.eye(target.d), 0.1
    kept = []
    for k in range(WARMUP + DRAWS):
        x, probability = trajectory(target, x, L, step, rng)
        if k < WARMUP:
            step *= np.exp(0.2 * (probability - 0.8))
        if k in (WARMUP // 4, WARMUP // 2):
            recent = np.concatenate(kept[-WARMUP // 8 :])
            L, step = np.linalg.cholesky(np.cov(recent.T)), 0.3
        kept.append(x)
    return truth_of(np.array(kept[WARMUP:]))


def truth_of(draws):
    """Truth by draws (steps, chains, d)."""
    means, flat = draws.mean(axis=0), draws.reshape(-1, draws.shape[2])
    within, between = draws.var(axis=0).mean(axis=0), means.var(axis=0, ddof=1)
    r_hat = np.sqrt(1.0 + between / within).max()
    error = np.sqrt(between / len(means) / within).max()
    note = f"{len(flat)} draws, R-hat {r_hat:.3f}, means known to {error:.4f} sd"
    return Truth(flat.mean(axis=0), np.cov(flat.T), note)


# ------------------------------------------------------------------ the table
def spreads(particles, truth):
    """Worst mean error, ratios along coordinates, ratios along principal axes."""
    sd = np.sqrt(np.diag(truth.covariance))
    variances, axes = np.linalg.eigh(truth.covariance)
    away = particles.mean() - truth.mean
    along = np.sqrt(np.einsum("ik,ij,jk->k", axes, particles.cov(), axes) / variances)
    error = max(np.abs(away / sd).max(), np.abs(away @ axes / variances**0.5).max())
    return error, np.sqrt(np.diag(particles.cov())) / sd, along


def line(name, target, truth, n, starts):
    """One line of the table, and the warnings of its runs."""
    errors, ratios, axes, rows, seconds, warned, doubts = [], [], [], [], [], [], []
    for seed in range(starts):
        start = np.random.default_rng(seed).uniform(-2, 2, target.d)
        began = time.perf_counter()
        result = sp.sample(target.score, start, n, rng=seed)
        seconds.append(time.perf_counter() - began)
        error, ratio, along = spreads(result.particles, truth)
        errors.append(error)
        ratios.extend(ratio)
        axes.extend(along)
        rows.append(result.n_score_evals)
        warned.append(result.warnings)
        doubts.append(sp.diagnose(result, score=target.score).warnings)
    inside = 0.9 <= min(ratios + axes) and max(ratios + axes) <= 1.1
    told = all(re.search(r"take \d+ or more", " ".join(texts)) for texts in warned)
    mark = "right" if inside else "told" if told else "MISSED"
    print(
        f"{name:27s} {target.d:3d} {n:4d} {max(errors):9.3f}"
        f"  {min(ratios):5.3f} .. {max(ratios):5.3f}  {min(axes):5.3f} .. "
        f"{max(axes):5.3f}  {max(rows):8d} {max(seconds):8.1f}  {mark}"
    )
    for text in sorted({text for texts in warned for text in texts}):
        print(f"    warned: {text}")
    print(f"    diagnose doubts {starts - doubts.count([])} of {starts}")
    for text in max(doubts, key=len):
        print(f"        {text}")
    print(f"    truth: {truth.note}", flush=True)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=128)
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    print(
        f"{'target':27s}   d    n  mean err  sd, coordinates    principal axes"
        "      rows  seconds  mark"
    )
    for name, make in TARGETS.items():
        if options.only not in name:
            continue
        try:
            target = make()
        except ImportError as error:
            print(f"{name:27s} skipped: {error}")
            continue
        known = getattr(target, "truth", None)
        truth = known or long_run(target)
        line(name, target, truth, options.n, options.starts)


if __name__ == "__main__":
    main()
