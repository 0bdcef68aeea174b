"""
What one split does
===================

A particle is at rest between the two bells of its target.  The gradient of the
discrepancy vanishes there, so no small move helps; yet one point is a poor picture of
a density.  Splitting it in two does help, and its splitting matrix S says how much
before anything is tried: halves that part to x + e v and x - e v change the objective
by e^2 v'Sv / 2.  The direction decides: here the best split takes away nearly all of
the objective, one in a random direction a third of it.
"""

# %%
# The objective is half the squared maximum mean discrepancy (MMD) to a mixture of two
# Gaussians.

import matplotlib.pyplot as plt
import numpy as np

import splitparticles as sp

bells = sp.GaussianMixture(
    weights=[0.5, 0.5],
    means=[[-1.8, -1.2], [1.8, 1.2]],
    covariances=[[[0.4, -0.1], [-0.1, 0.4]]] * 2,
)
objective = sp.MMD(sp.Gaussian(2.5), bells)
one = sp.ParticleSet([[0.0, 0.0]])

(S,) = objective.splitting_matrices(one)
eigenvalues, eigenvectors = np.linalg.eigh(S)
print(f"size of the gradient there: {np.abs(objective.gradient(one)).max():.1e}")
print(f"eigenvalues of the splitting matrix: {eigenvalues.round(4)}")

# %%
# Both eigenvalues are negative: every direction helps a little.  The eigenvector of the
# least one, the steepest direction, points at the bells.  For small steps prediction
# and truth agree.

angle = np.random.default_rng(6).uniform(0, np.pi)
directions = {
    "steepest": eigenvectors[:, 0],
    "random": np.array([np.cos(angle), np.sin(angle)]),
    "least steep": eigenvectors[:, 1],
}


def predicted(v, step):
    """Change of the objective to second order in the step."""
    return 0.5 * step**2 * (v @ S @ v)


def actual(v, step):
    """Change of the objective by the split itself."""
    return objective.value(one.split([0], [v], step)) - objective.value(one)


worst = 0.0
print("direction      step    predicted       actual   ratio")
for name, v in directions.items():
    for step in (0.8, 0.4, 0.2, 0.1):
        guess, truth = predicted(v, step), actual(v, step)
        print(f"{name:11s}{step:8.3f} {guess:12.3e} {truth:12.3e} {truth / guess:7.4f}")
    worst = max(worst, abs(truth / guess - 1))
print(f"at the smallest step the ratio is 1 within {worst:.4f}")

# %%
# The witness function says where mass should go: towards blue.  Before the split that
# is away from the particle on all sides; it falls fastest along the black arrows.
# After it, at the step that the growth chose, hardly anything is left to gain: each
# picture has its own scale of colours.

grown = sp.SteepestSplit()(objective, one, 1, None)
figure, axes = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")
extent = (-3.6, 3.6, -3.6, 3.6)
x, y = np.meshgrid(np.linspace(*extent[:2], 100), np.linspace(*extent[2:], 100))
height = bells.log_density(np.column_stack([x.ravel(), y.ravel()])).reshape(x.shape)
levels = height.max() - 0.5 * np.array([9.0, 4.0, 1.0])
for ax, these, when in (
    (axes[0], one, "before"),
    (axes[1], grown.particles, "after"),
):
    sp.plotting.witness(objective, these, ax=ax, extent=extent)
    ax.contour(x, y, height, levels, colors="0.2", linestyles="solid", linewidths=0.8)
    ax.set_title(f"witness {when} the split", fontsize=11)

steps = np.linspace(0.0, 3.0, 60)
share = 100.0 / objective.value(one)
colours = dict(zip(directions, ["black", "C1", "C2"], strict=True))
for name, v in directions.items():
    look = {"color": colours[name], "width": 0.06, "length_includes_head": True}
    for side in (-1.5, 1.5):
        axes[0].arrow(0, 0, *side * v, head_width=0.28, zorder=4, **look)
    change = share * np.array([actual(v, step) for step in steps])
    axes[2].plot(steps, change, color=colours[name], label=name)
    axes[2].plot(steps, share * predicted(v, steps), "--", color=colours[name], lw=0.8)
    print(f"{name}: at its best step {change.min():.0f} % of the objective")
axes[2].plot([], [], "--", color="0.4", lw=0.8, label="second order")
axes[2].plot(grown.steps, share * grown.expected, "ko", label="step chosen")
axes[2].set(xlabel="step", ylim=(-105, 30))
axes[2].set_title("change of the objective in %", fontsize=11)
axes[2].legend(frameon=False, fontsize="small")
figure.savefig("what_one_split_does.png", dpi=150)
