"""
How a score is learned
======================

`sample` learns a score from some hundred rows: an *emulator* predicts it, and particles
descend and split on that.  Which rows does it ask, and how soon is the emulator right?
"""

# %%
# Four doses of a drug were given to five animals each, of which 0, 1, 3 and 5 died
# (Racine, Grieve, Flühler and Smith 1986).  The posterior of a logistic regression on
# the log dose is skewed: the data rule out a flat curve, but hardly a steep one.

import matplotlib.pyplot as plt
import numpy as np

import splitparticles as sp
from splitparticles.emulator import fit

log_dose = np.repeat([-0.86, -0.30, -0.05, 0.73], 5)
died = np.concatenate([np.arange(5) < deaths for deaths in (0, 1, 3, 5)]) * 1.0
features = np.column_stack([np.ones(20), log_dose])
posterior = sp.targets.LogisticRegression(features, died, prior_sd=10.0)


def run(emulator):
    """Result of `sample`, and the rows that each call of its score was asked."""
    calls = []

    def score(x):
        calls.append(x)
        return posterior.score(x)

    return sp.sample(score, [0.0, 0.0], n_particles=64, emulator=emulator, rng=0), calls


# %%
# With ``emulator=False`` particles descend on the true score.  The truth is a sum over
# a grid.  NUTS asks for one row after another: where `sample` takes 221 rows in 28
# calls, it takes 8,324 for 64 points as good (nutpie, low-rank adaptation; five
# parameters, kidscore of ``python tests/benchmarks/learning_rivals.py``).


def on_grid(log_density):
    """Log masses of the points of a grid, by their log densities."""
    return log_density - np.logaddexp.reduce(log_density)


x, y = np.meshgrid(np.linspace(-9, 15, 300), np.linspace(-5, 65, 300))
grid = np.column_stack([x.ravel(), y.ravel()])
truth = on_grid(posterior.log_density(grid))
exact = sp.ParticleSet(grid, np.exp(truth))
runs = {"learned score": run("auto"), "true score": run(False)}
print("                rows  calls   mean error / sd   sd ratios")
for name, (result, calls) in runs.items():
    worst = (np.abs(result.mean() - exact.mean()) / exact.std()).max()
    ratios = (result.std() / exact.std()).round(3)
    print(f"{name:14s}{result.n_score_evals:6d}{len(calls):7d}{worst:18.4f}  ", *ratios)

# %%
# The first calls climb to the mode, twelve scouts look for other modes, and rounds of
# 18 rows, and some more for the tails, follow.  After each call an emulator is fitted
# here to all rows so far, in coordinates that whiten the posterior, and tested by 2,000
# fresh rows from each of the density's powers 1, 1/2 and 1/4: bulk and tails.

result, calls = runs["learned score"]
sizes, asked = [len(call) for call in calls], np.vstack(calls)
known = np.cumsum(sizes)[sizes.index(12) - 1 :]  # rows, since the end of the climb
number = np.cumsum([size >= 18 for size in sizes]).repeat(sizes)  # round of each row
white = sp.Preconditioner.of_covariance(result.mean(), result.cov())


def rows(x):
    """Points and their scores in the white coordinates."""
    z = white.to_working(x)
    return z, white.pulled(z, posterior.score(x))


z, s = rows(asked)
emulators = {n: fit(z[:n], s[:n]) for n in known}
errors = {}
for name, power in {"1": 1, "1/2": 1 / 2, "1/4": 1 / 4}.items():
    flat = sp.ParticleSet(grid, np.exp(on_grid(power * truth)))
    z, s = rows(flat.resample(2000, rng=1))
    missed = [((one.score(z) - s) ** 2).sum(axis=1) for one in emulators.values()]
    errors[name] = np.mean(missed / np.maximum((s**2).sum(axis=1), 2), axis=1)
falls = [f"{error[0] / error[-1]:.0f}" for error in errors.values()]
print("since the climb the errors have become less by factors of", *falls)

# %%
# Grey is the true density, lines are the emulated one at the same levels, dots are the
# rows asked: black before the rounds, then coloured by round.  The scouts' far rows
# mislead at first; the far tails, which hold hardly any mass, stay a guess.

levels = truth.max() - 0.5 * np.arange(5.0, -0.1, -1.0) ** 2
dots = {"vmin": 1, "vmax": number[-1] + 1, "linewidths": 0, "zorder": 3}
dots["cmap"] = plt.get_cmap("plasma").with_extremes(under="black")
greys = [str(0.95 - 0.09 * k) for k in range(5)]
stages = 1, number[-1] // 2 + 1, number[-1], number[-1]
shown = [known[0], *(np.count_nonzero(number <= k) for k in stages)]
plt.rcParams["axes.titlesize"] = "medium"
figure, axes = plt.subplots(2, 3, figsize=(8, 5.6), layout="constrained")
*views, close, right = axes.flat
for ax, n in zip([*views, close], shown, strict=True):
    emulated = on_grid(emulators[n].log_density(white.to_working(grid)))
    ax.contourf(x, y, truth.reshape(x.shape), levels, colors=greys)
    lines = {"colors": "C0", "linestyles": "solid", "linewidths": 1}
    ax.contour(x, y, emulated.reshape(x.shape), levels[:-1], **lines)
    ax.set(xlabel="intercept", ylabel="slope", xlim=(-6, 10), ylim=(-7, 50))
for ax, n in zip(views, shown, strict=False):
    ax.scatter(*asked[:n].T, s=10, c=number[:n], **dots)
    when = f"round {number[n - 1]}" if number[n - 1] else "the climb"
    ax.set_title(f"{n} rows: after {when}")
close.scatter(*result.positions.T, s=10, c="black", zorder=3)
close.set(xlim=(-2, 5), ylim=(-2, 28), title="64 particles")
for name, error in errors.items():
    right.plot(known, error, color="0.6", zorder=1)
    right.scatter(known, error, s=16, c=number[known - 1], **dots)
    right.text(1.04 * known[-1], error[-1], name, va="center")
right.set(yscale="log", xlabel="rows", title="error at powers 1, 1/2, 1/4")
right.set_xlim(right=1.2 * known[-1])
figure.savefig("learn_the_score.png", dpi=150)
