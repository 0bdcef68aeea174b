"""
How many particles?
===================

The error of n independent draws falls like one over the root of n.  Points that are
placed fall faster: quasi-Monte Carlo, which needs a map from the cube onto the law, and
particles, which need draws or a score.  All are held against fresh draws.
"""

# %%
# The law is a banana: simple enough that the map is known.

import matplotlib.pyplot as plt
import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import norm, qmc

import splitparticles as sp

SIZES, TRIES = 2 ** np.arange(2, 9), 20
banana = sp.targets.Banana(curvature=0.4, scale=1.5)
rng = np.random.default_rng(0)


def mapped(u):
    """Points of the cube (n, 2) onto the banana."""
    x, r = norm.ppf(u).T * [[banana.scale], [1.0]]
    return np.stack([x, r + banana.curvature * (x**2 - banana.scale**2)], axis=1)


def sobol(n):
    """Points (n, 2) of a scrambled Sobol sequence."""
    return mapped(qmc.Sobol(2, rng=rng).random(n))


draws = banana.sample(20_000, rng)
sets = {
    "independent draws": [[banana.sample(n, rng) for _ in range(TRIES)] for n in SIZES],
    "quasi-Monte Carlo": [[sobol(n) for _ in range(TRIES)] for n in SIZES],
    "compress": [[sp.compress(draws, n, rng=0).positions] for n in SIZES],
    "sample": [[sp.sample(banana.score, 2, n, rng=0).positions] for n in SIZES],
}

# %%
# The rulers: the energy distance to the law, and the means of eight functions, in
# standard deviations of the functions.  Pairs of one held-out draw with itself are left
# out, so that the energy distance of the law to itself is 0 on average.

held_out = banana.sample(10_000, rng)
blocks = np.split(held_out, 20)
spread = sum(cdist(block, held_out).sum() for block in blocks) / (10_000 * 9_999)


def energy(x):
    """Energy distance of points (n, 2) to the law."""
    between = 2 * cdist(x, held_out).mean() - spread
    return max(between - cdist(x, x).mean(), 1e-9)


def functions(x):
    """Eight functions of the rows of x, (n, 8)."""
    a, b = x.T
    values = [a, b, a**2, a * b, np.abs(a), np.cos(b), np.tanh(a + b), b > 2]
    return np.stack(values, axis=1)


many = functions(banana.sample(1_000_000, rng))
truth, sd = many.mean(axis=0), many.std(axis=0)


def squared(x):
    """Mean squared error of the means."""
    return np.mean(((functions(x).mean(axis=0) - truth) / sd) ** 2)


rulers = {"energy distance": energy, "squared error of means": squared}
panels = {
    title: {
        name: [np.mean([ruler(x) for x in some]) for some in of_sizes]
        for name, of_sizes in sets.items()
    }
    for title, ruler in rulers.items()
}

# %%
# Slopes are of the straight lines that fit best: -1 for independent draws, in squares.

figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
slopes = {}
for ax, (title, curves) in zip(axes, panels.items(), strict=True):
    for name, errors in curves.items():
        slope = np.polyfit(np.log(SIZES), np.log(errors), 1)[0]
        slopes[title, name] = slope
        ax.plot(SIZES, errors, "o-", ms=4, label=f"{name}, {slope:.1f}")
    ax.set_xscale("log", base=2)
    ax.set(yscale="log", xlabel="n", xticks=SIZES, xticklabels=SIZES)
    ax.set_title(title, fontsize=11)
    ax.legend(frameon=False, fontsize="small", title="slope")
figure.savefig("how_many_particles.png", dpi=150)

energies = panels["energy distance"]
print("   n" + "".join(f"{name:>20s}" for name in energies))
for n, *errors in zip(SIZES, *energies.values(), strict=True):
    print(f"{n:4d}" + "".join(f"{error:20.5f}" for error in errors))
at_64 = energies["independent draws"][4] * 64
for name in [*sets][1:]:
    print(f"64 of {name} are worth {at_64 / energies[name][4]:.0f} independent draws")
print("slopes", *(f"{slopes['energy distance', name]:.2f}" for name in sets))
