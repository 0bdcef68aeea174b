"""
The posterior of a regression
=============================

How far does a car go before it stops?  While the driver reacts it goes on, for the
distance a v; the brakes take b v^2.  Fifty stopping distances of the 1920s (Ezekiel
1930) tell a and b, and how unsure they are: `sample` turns the posterior into 64
particles, which a corner plot shows and from which curves and predictions follow.
"""

# %%
# A car stops after a v + b v^2 + s v e, in metres for v in metres a second: a is the
# reaction time, 1 / (2 b) the deceleration.  The errors e are of Student's law with 4
# degrees of freedom, so that one odd car does not decide.  The parameters are positive,
# so their logs are sampled, with the priors N(0, 1), N(log 0.1, 1), N(log 0.3, 1).

import matplotlib.pyplot as plt
import numpy as np
from scipy import stats

import splitparticles as sp

# fmt: off
MILES_AN_HOUR = [4, 4, 7, 7, 8, 9, 10, 10, 10, 11, 11, 12, 12, 12, 12, 13, 13, 13, 13,
                 14, 14, 14, 14, 15, 15, 15, 16, 16, 17, 17, 17, 18, 18, 18, 18, 19, 19,
                 19, 20, 20, 20, 20, 20, 22, 23, 24, 24, 24, 24, 25]
FEET = [2, 10, 4, 22, 16, 10, 18, 26, 34, 17, 28, 14, 20, 24, 28, 26, 34, 34, 46, 26,
        36, 60, 80, 20, 26, 54, 32, 40, 32, 40, 50, 42, 56, 76, 84, 36, 46, 68, 32, 48,
        52, 56, 64, 66, 54, 70, 92, 93, 120, 85]
# fmt: on
V, Y = 0.44704 * np.array(MILES_AN_HOUR), 0.3048 * np.array(FEET)
PRIOR = np.log([1.0, 0.1, 0.3])


def log_density(x):
    """Log density at the rows of x (n, 3), up to a constant."""
    a, b, s = np.exp(x.T)[:, :, None]
    e = (Y - a * V - b * V**2) / (s * V)
    fit = -2.5 * np.log1p(e**2 / 4) - x[:, 2:]
    return fit.sum(axis=1) - 0.5 * ((x - PRIOR) ** 2).sum(axis=1)


def score(x):
    """Its gradient (n, 3)."""
    a, b, s = np.exp(x.T)[:, :, None]
    e = (Y - a * V - b * V**2) / (s * V)
    pull = 5 * e / (4 + e**2)  # less the slope in e
    slopes = [a / s * pull, b * V / s * pull, e * pull - 1]
    return np.stack([slope.sum(axis=1) for slope in slopes], axis=1) - (x - PRIOR)


names = ["log a", "log b", "log s"]
result = sp.sample(score, PRIOR, 64, log_density=log_density, names=names, rng=0)
print(result)

# %%
# Three parameters can be summed over a grid: that is the truth to compare with.

ends = result.mean() + 6 * result.std() * np.array([[-1.5], [1.0]])
sides = [np.linspace(*end, 70) for end in ends.T]
grid = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1).reshape(-1, 3)
log_p = np.concatenate([log_density(part) for part in np.split(grid, 70)])
exact = sp.ParticleSet(grid, np.exp(log_p - np.logaddexp.reduce(log_p)))
error = np.abs(result.mean() - exact.mean()) / exact.std()
ratio = result.std() / exact.std()

# %%
# The corner plot: particles in the plane of each pair, over draws of the emulator,
# which cost no row of the score.  A slow driver in a car of good brakes leaves much the
# same distances as a quick one in a car of bad brakes: a and b cannot both be large.

panels = sp.plotting.corner(result)
panels[0, 0].figure.savefig("regression_posterior_corner.png", dpi=150)

# %%
# Each particle is a curve.  A prediction for a new car has its error too: for a speed
# the law of its distance is a mixture of Student laws, one a particle.

v = np.linspace(1.0, 12.0, 60)
a, b, s = np.exp(result.positions.T)[:, :, None]
curves = a * v + b * v**2
noise = stats.t(4).ppf((np.arange(200) + 0.5) / 200)
cars = (curves + s * v * noise[:, None, None]).reshape(-1, len(v))
levels = [0.05, 0.25, 0.75, 0.95]
low, lower, upper, high = np.quantile(cars, levels, axis=0)
covered = np.mean((np.interp(V, v, low) <= Y) & (np.interp(V, v, high) >= Y))

figure, ax = plt.subplots(figsize=(6, 4.2), layout="constrained")
ax.fill_between(v, low, high, color="C0", alpha=0.15, lw=0, label="90 % of new cars")
ax.fill_between(v, lower, upper, color="C0", alpha=0.25, lw=0, label="half of them")
for curve in curves:
    ax.plot(v, curve, color="C0", lw=0.5)
ax.plot([], [], color="C0", lw=0.5, label="64 particles")
ax.plot(V, Y, "ko", ms=4, label="fifty cars")
ax.set(xlabel="speed in m/s", ylabel="stopping distance in m", ylim=(-4, 45))
ax.legend(frameon=False, loc="upper left")
figure.savefig("regression_posterior.png", dpi=150)

reaction, brakes = result.expect(lambda x: np.exp(x[:, 0])), np.exp(-result.mean()[1])
print(f"reaction {reaction:.2f} s, brakes {brakes / 2:.1f} m/s^2", end="; ")
print(f"{100 * covered:.0f} % of the cars in the 90 % band")
print(
    f"{result.n_score_evals} score rows; worst mean error {error.max():.3f} sd, ",
    end="",
)
print(f"sd ratios {ratio.min():.3f} to {ratio.max():.3f}")
