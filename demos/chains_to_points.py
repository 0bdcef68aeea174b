"""
Chains become fifty points for a costly prediction
==================================================

An ensemble sampler leaves an array of steps, walkers and parameters: many thousand
draws.  The prediction that they are wanted for solves differential equations, one run a
draw.  `compress` takes the array as it is, and fifty runs are enough.
"""

# %%
# One patient took 4.02 mg of theophylline per kg of body weight; ten blood samples tell
# the concentration in mg/l (the first of twelve patients of Boeckmann, Sheiner and Beal
# 1994).  The drug enters at the rate ka and leaves at the rate ke, in a volume of V
# litres per kg; measurements are log-normal about that.  The parameters are log ka,
# log ke, log V and log sigma, with broad normal priors.

import matplotlib.pyplot as plt
import numpy as np
from scipy.integrate import solve_ivp

import splitparticles as sp

DOSE = 4.02
HOURS = np.array([0.25, 0.57, 1.12, 2.02, 3.82, 5.10, 7.03, 9.05, 12.12, 24.37])
LEVEL = np.array([2.84, 6.57, 10.50, 9.66, 8.58, 8.36, 7.47, 6.89, 5.94, 3.28])
NAMES = ["log ka", "log ke", "log V", "log sigma"]
PRIOR = np.log([1.5, 0.08, 0.5, 0.1])


def log_density(x):
    """Log density at the rows of x (n, 4), up to a constant."""
    ka, ke, volume, sigma = np.exp(x.T)[:, :, None]
    gone = np.exp(-ke * HOURS) - np.exp(-ka * HOURS)
    level = DOSE / volume * ka / (ka - ke) * gone
    e = np.log(LEVEL / np.maximum(level, 1e-12)) / sigma
    fit = -0.5 * (e**2).sum(axis=1) - len(HOURS) * x[:, 3]
    return fit - 0.5 * ((x - PRIOR) ** 2).sum(axis=1)


# %%
# Walkers move by stretches, each of one half towards or away from one of the other half
# (Goodman and Weare 2010).  The chain has the shape that emcee's ``get_chain()`` has.

STEPS, WALKERS = 1500, 32
rng = np.random.default_rng(0)
walkers = PRIOR + 0.1 * rng.standard_normal((WALKERS, 4))
halves = np.arange(WALKERS).reshape(2, -1)
chain = []
for _ in range(STEPS):
    for moved, still in (halves, halves[::-1]):
        x, others = walkers[moved], walkers[rng.choice(still, len(moved))]
        stretch = (
            1 + rng.uniform(size=len(x))
        ) ** 2 / 2  # of density 1 / sqrt, 1/2 to 2
        tried = others + stretch[:, None] * (x - others)
        gain = log_density(tried) - log_density(x) + 3 * np.log(stretch)
        taken = np.log(rng.uniform(size=len(x))) < gain
        walkers[moved] = np.where(taken[:, None], tried, x)
    chain.append(walkers.copy())
chain = np.array(chain[STEPS // 3 :])  # without the way from the start
print("chain of steps, walkers, parameters:", chain.shape)

# %%
# Fifty points, from the array as it is.

points = sp.compress(chain, 50, names=NAMES)
print(points)

# %%
# The prediction: the same dose every twelve hours for three days, where seven tenths of
# the way out, by the liver, saturate.  One run a point; here a run is quick, and all
# 32,000 draws are run too: that is the truth.


def levels(x):
    """Concentration (n, 72) by the hour, for the rows of x (n, 4)."""
    ka, ke, volume, _ = np.exp(x.T)

    def rates(_, state):
        gut, blood = state.reshape(2, -1)
        into = ka * gut
        return np.concatenate(
            [-into, into - 0.3 * ke * blood - 7 * ke * blood / (10 + blood)]
        )

    state, found = np.zeros((2, len(x))), []
    for after in np.split(np.arange(1.0, 73.0), 6):
        state[0] += DOSE / volume
        span = after[0] - 1, after[-1]
        run = solve_ivp(rates, span, state.ravel(), t_eval=after, rtol=1e-5, atol=1e-5)
        state = run.y[:, -1].reshape(2, -1)
        found.append(run.y[len(x) :])
    return np.hstack(found)


def asked(x):
    """Highest and lowest level of the third day (n, 2)."""
    third = levels(x)[:, 48:]
    return np.column_stack([third.max(axis=1), third.min(axis=1)])


def summary(values):
    """Means and standard deviations of what is asked."""
    return np.concatenate([values.mean(axis=0), values.std(axis=0)])


draws = chain.reshape(-1, 4)
of_all = asked(draws)
truth = summary(of_all)
scale = np.tile(of_all.std(axis=0), 2)
by_points = np.abs(summary(asked(points.positions)) - truth) / scale

# %%
# Thinning keeps fifty states at even distances, here from twenty offsets.

offsets = rng.integers(0, len(draws) // 50, 20)
rows = offsets[:, None] + np.arange(50) * (len(draws) // 50)
thinned = np.array([summary(of_all[some]) for some in rows])
by_thinning = np.sqrt((((thinned - truth) / scale) ** 2).mean(axis=0))
print("error / sd                       peak    trough   sd of peak  sd of trough")
for name, error in {"50 points": by_points, "50 thinned states": by_thinning}.items():
    print(f"{name:28s}" + "{:9.4f} {:9.4f} {:12.4f} {:13.4f}".format(*error))

# %%
# Left: chain and points.  Middle: fifty runs.  Right: the errors.

figure, axes = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")
axes[0].scatter(*draws[::8, :2].T, s=1, color="0.85", linewidths=0)
axes[0].plot(*points.positions[:, :2].T, "o", ms=4)
axes[0].set(xlabel=NAMES[0], ylabel=NAMES[1], title="32,000 states and fifty points")
for curve in levels(points.positions):
    axes[1].plot(np.arange(1, 73), curve, color="C0", lw=0.5)
axes[1].set(xlabel="hours", ylabel="mg/l", title="fifty runs", xticks=range(0, 73, 24))
place = np.arange(4)
axes[2].bar(place - 0.2, by_points, 0.4, label="50 points")
axes[2].bar(place + 0.2, by_thinning, 0.4, label="50 thinned states")
axes[2].set_xticks(
    place, ["mean\npeak", "mean\ntrough", "sd of\npeak", "sd of\ntrough"]
)
axes[2].set(ylim=(0, 0.42), title="error / sd")
axes[2].legend(frameon=False, loc="upper right")
for ax in axes:
    ax.title.set_fontsize(10)
figure.savefig("chains_to_points.png", dpi=150)
means, sds = np.sqrt((by_thinning.reshape(2, 2) ** 2).mean(axis=1))
means /= np.sqrt((by_points[:2] ** 2).mean())
sds /= np.sqrt((by_points[2:] ** 2).mean())
print(
    f"errors of means {means:.0f} times, of sds {sds:.1f} times less than by thinning"
)
