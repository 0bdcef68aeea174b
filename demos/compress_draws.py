"""
Ten thousand draws become fifty points
======================================

A long chain or a simulator leaves thousands of draws, and whatever comes next (a costly
model, a plot, a colleague) wants a few.  Keeping every two-hundredth draw keeps the
noise of fifty draws.  `compress` places fifty points instead, where together they
stand for all the draws.
"""

# %%
# Draws from a banana, and 3,000 more that are held out to judge by.

import matplotlib.pyplot as plt
import numpy as np

import splitparticles as sp

banana = sp.targets.Banana(curvature=0.5, scale=1.5)
rng = np.random.default_rng(0)
draws, held_out = banana.sample(10_000, rng), banana.sample(3_000, rng)

# %%
# Points of equal weight can be used like draws.  Optimal weights let points stand far
# out in the arms, for little mass.  They lower the discrepancy that `compress`
# minimises; other distances need not follow.  The yardstick is twenty random sets of
# fifty draws.

equal = sp.compress(draws, 50)
optimal = sp.compress(draws, 50, weights="optimal")
print(f"discrepancy minimised, equal weights:   {equal.discrepancy:.4f}")
print(f"discrepancy minimised, optimal weights: {optimal.discrepancy:.4f}\n")
chosen = rng.choice(len(draws), (20, 50), replace=False)
random_sets = [sp.ParticleSet(draws[rows]) for rows in chosen]


def figures(points):
    """Energy distance to the held-out draws, worst error of mean and of sd."""
    energy = sp.energy_distance(points.positions, held_out, weights_x=points.weights)
    sd = np.sqrt(np.diag(banana.cov))
    mean_error = np.abs(points.mean() - banana.mean) / sd
    return energy, mean_error.max(), np.abs(points.std() / sd - 1).max()


table = {
    "50 points, equal weights": figures(equal),
    "50 points, optimal weights": figures(optimal),
    "50 random draws, on average": np.mean([figures(p) for p in random_sets], axis=0),
    "all 10,000 draws": figures(sp.ParticleSet(draws)),
}
print("                             energy distance  mean error / sd  sd error / sd")
for name, row in table.items():
    print(f"{name:28s}" + "{:16.5f}{:17.4f}{:15.4f}".format(*row))
ratio = table["50 random draws, on average"][0] / table["50 points, equal weights"][0]
print(f"fifty points beat fifty random draws {ratio:.0f} times in energy distance")

# %%
# The area of a dot is its weight.

figure, axes = plt.subplots(
    1, 3, figsize=(10, 4), sharex=True, sharey=True, layout="constrained"
)
panels = {
    "50 random draws": random_sets[0],
    "50 points, equal weights": equal,
    "50 points, optimal weights": optimal,
}
for ax, (title, points) in zip(axes, panels.items(), strict=True):
    ax.scatter(*draws.T, s=1, color="0.8", linewidths=0, rasterized=True)
    sp.plotting.particles(points, ax=ax, area=35)
    ax.set_title(title, fontsize=11)
    ax.set(xlim=(-5, 5), ylim=(-4.5, 9), xlabel="", ylabel="")
figure.savefig("compress_draws.png", dpi=150)
