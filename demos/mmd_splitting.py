"""
From one particle to 64
=======================

How do you place particles so that they stand for a density?  Put one where it is best,
split it in two along the direction in which that helps most, let both run downhill on
the discrepancy, and again.  Here the discrepancy is the maximum mean discrepancy (MMD)
to a mixture of four Gaussians, in closed form: no draw is ever made.
"""

# %%
# A narrow kernel would leave one particle on the nearest bump: it cannot see further
# than its bandwidth.  So n particles follow a bandwidth as wide as their part of the
# plane, which shrinks as they split, until it is the one asked for.  All split at a
# time, so that their weights stay equal.

import matplotlib.pyplot as plt

import splitparticles as sp

mixture = sp.GaussianMixture(
    weights=[0.3, 0.25, 0.25, 0.2],
    means=[[-2.0, -1.2], [2.2, -1.6], [1.2, 1.8], [-1.8, 2.0]],
    covariances=[
        [[0.8, 0.4], [0.4, 0.5]],
        [[0.4, -0.2], [-0.2, 0.9]],
        [[0.9, 0.0], [0.0, 0.2]],
        [[0.2, 0.0], [0.0, 0.3]],
    ],
)
objective = sp.MMD(sp.Gaussian(0.5), mixture)
one = sp.ParticleSet([[0.0, 0.0]])
together = sp.SteepestSplit(everyone=True)
result = sp.descend(objective, one, n_particles=64, growth=together)

# %%
# In a round the particles converge and then split.  To second order in the step a
# split gains half the splitting eigenvalue times the step squared.  The step is chosen
# where the gain is best, hence not small: higher orders take a part of the prediction.
# The gains are of half the squared MMD at the bandwidth followed.

print("  n  bandwidth  squared MMD  predicted gain  actual gain")
for this in result.rounds:
    followed = this.bandwidth or objective.bandwidth
    print(f"{len(this.particles):3d} {followed:10.2f} {2 * this.value:12.6f}", end="")
    if len(this.grown.parents):
        print(f" {-this.predicted:15.1e} {-this.actual:12.1e}", end="")
    print()
draws = mixture.sample(64 * 200, rng=0).reshape(200, 64, 2)
iid = sum(2 * objective.value(sp.ParticleSet(x)) for x in draws) / len(draws)
print(f"squared MMD of 64 independent draws, on average: {iid:.6f}")
print(
    f"64 particles: {2 * result.value:.6f}, {iid / (2 * result.value):.0f} times less"
)

# %%
# Each panel shows the last round with that many particles, the last one the tree: a
# line leads from where a particle came to rest in one round to where it, or its half,
# does in the next; colours tell which.  Dots are the particles in the end.

extent = (-4.6, 4.6, -4.4, 4.2)
figure, axes = plt.subplots(
    2, 4, figsize=(10, 5.2), sharex=True, sharey=True, layout="constrained"
)
last = {len(this.particles): this for this in result.rounds}
for ax, (n, this) in zip(axes.flat, last.items(), strict=False):
    sp.plotting.particles(this.particles, ax=ax, target=mixture, extent=extent, area=25)
    ax.set_title(f"n = {n}", fontsize=10)
sp.plotting.tree(result, ax=axes[1, 3])
sp.plotting.particles(result, ax=axes[1, 3], area=12, color="black")
axes[1, 3].set_title("the splitting tree", fontsize=10)
for ax in axes.flat:
    ax.set(xlabel="", ylabel="", xticks=[], yticks=[])
figure.savefig("mmd_splitting.png", dpi=150)
