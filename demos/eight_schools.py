"""
Eight schools with 64 particles
===============================

Eight schools coached their pupils for a test; each reports an effect and its
standard error (Rubin 1981).  How far should the noisy effects shrink towards each
other?  All that `sample` needs to know of the posterior is its score, the gradient of
the log density: it learns the score from a few hundred rows, and one particle starts to
split, until 64 of them stand for a posterior in ten dimensions.
"""

# %%
# The model: school j has the effect theta_j = mu + tau eta_j, where eta_j ~ N(0, 1),
# mu ~ N(0, 5^2), tau ~ half-Cauchy(5), and it reports y_j ~ N(theta_j, sigma_j^2).
# The parameters (eta_1, ..., eta_8, mu, log tau) are free to roam the real line.

import time
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np

import splitparticles as sp

Y = np.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
SIGMA = np.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])


def score(z):
    """Gradient of the log density at the rows of z (n, 10)."""
    eta, mu, tau = z[:, :8], z[:, 8:9], np.exp(z[:, 9:])
    pull = (Y - mu - tau * eta) / SIGMA**2
    slope_mu = pull.sum(axis=1, keepdims=True) - mu / 25
    # the last 1 is the Jacobian of tau = exp(log tau)
    prior_tau = -2 * tau**2 / (25 + tau**2) + 1
    slope_log_tau = tau * (pull * eta).sum(axis=1, keepdims=True) + prior_tau
    return np.hstack([tau * pull - eta, slope_mu, slope_log_tau])


def effects(z):
    """(theta_1, ..., theta_8, mu, tau) at the rows of z."""
    tau = np.exp(z[:, 9:])
    return np.hstack([z[:, 8:9] + tau * z[:, :8], z[:, 8:9], tau])


# %%
# Expectations are sums over the particles.

names = [f"eta_{j}" for j in range(1, 9)] + ["mu", "log tau"]
start = time.perf_counter()
result = sp.sample(score, np.zeros(10), n_particles=64, names=names, rng=0)
seconds = time.perf_counter() - start
mean = result.expect(effects)
sd = np.sqrt(result.expect(lambda z: (effects(z) - mean) ** 2))

# %%
# The reference comes from a long MCMC run: 10,000 draws by ten chains of NUTS
# (posteriordb; Magnusson et al., posteriordb).  Errors are in its standard deviations.

# fmt: off
LONG_MEAN = np.array([6.151, 4.940, 3.906, 4.796, 3.614, 4.051, 6.317, 4.884,
                      4.411, 3.602])
LONG_SD = np.array([5.616, 4.645, 5.280, 4.771, 4.614, 4.796, 5.003, 5.317,
                    3.309, 3.198])
# fmt: on
error, ratio = (mean - LONG_MEAN) / LONG_SD, sd / LONG_SD
print("            particles        long run\n           mean     sd     mean     sd")
rows = [f"theta_{j}" for j in range(1, 9)] + ["mu", "tau"]
for name, *row in zip(rows, mean, sd, LONG_MEAN, LONG_SD, strict=True):
    print(f"{name:8s}" + "{:7.2f}{:7.2f}  {:7.2f}{:7.2f}".format(*row))
print(f"\n{result.n_score_evals} score rows, {seconds:.2f} s (more if compiled anew)")
print(f"worst error of a mean {np.abs(error).max():.3f} sd, ", end="")
print(f"sd ratios {ratio.min():.2f} to {ratio.max():.2f}")

# %%
# Left: the schools' effects can be integrated out by hand, which leaves the true
# density of (mu, log tau) to shade behind the particles.  Right: what each school
# reported, and what the posterior makes of it.


def marginal(x):
    """Log density of (mu, log tau) at the rows of x."""
    mu, tau2 = x[:, :1], np.exp(2 * x[:, 1:])
    fit = np.log(SIGMA**2 + tau2) + (Y - mu) ** 2 / (SIGMA**2 + tau2) + mu**2 / 200
    return x[:, 1] - np.log1p(tau2[:, 0] / 25) - 0.5 * fit.sum(axis=1)


figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
look = {"target": SimpleNamespace(log_density=marginal), "extent": (-7, 16, -5.0, 3.5)}
sp.plotting.particles(result.positions[:, 8:], ax=left, **look)
left.set(aspect="auto", xlabel=r"$\mu$", ylabel=r"$\log\,\tau$")
left.set_title("64 particles and the true density", fontsize=11)
for shift, centre, width, color, size, label in [
    (-0.25, Y, SIGMA, "0.7", 5, "reported"),
    (0.0, mean[:8], sd[:8], "C0", 8, "64 particles"),
    (0.25, LONG_MEAN[:8], LONG_SD[:8], "black", 4, "long MCMC run"),
]:
    look = {"fmt": "o", "color": color, "ms": size, "elinewidth": size / 2}
    right.errorbar(centre, np.arange(8) + shift, xerr=width, label=label, **look)
right.set_yticks(range(8), [f"school {letter}" for letter in "ABCDEFGH"])
right.set(xlabel="effect of coaching", ylim=(7.6, -0.6))
right.set_title("mean and standard deviation", fontsize=11)
right.legend(frameon=False, loc="center right")
figure.savefig("eight_schools.png", dpi=150)
