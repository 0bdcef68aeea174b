"""
What one split does
===================

A particle is at the mode of its target.  The gradient of the discrepancy vanishes
there, so no small move helps; yet one point is a poor picture of a density.  Splitting
it in two does help, and its splitting matrix S says how much before anything is tried:
halves that part to x + e v and x - e v change the objective by e^2 v'Sv / 2.  This demo
puts that parabola beside the change that really comes.
"""

# %%
# The objective is half the squared kernel Stein discrepancy (KSD) to a banana, known by
# its score alone.

import matplotlib.pyplot as plt
import numpy as np

import splitparticles as sp

banana = sp.targets.Banana(curvature=0.25, scale=1.5)
objective = sp.KSD(sp.Gaussian(1.0), banana.score, banana.score_product)
mode = [[0.0, -banana.curvature * banana.scale**2]]
one = sp.ParticleSet(mode)

(S,) = objective.splitting_matrices(one)
eigenvalues, eigenvectors = np.linalg.eigh(S)
print(f"size of the gradient at the mode: {np.abs(objective.gradient(one)).max():.1e}")
print(f"eigenvalues of the splitting matrix: {eigenvalues.round(3)}")

# %%
# Both eigenvalues are negative: every direction helps, and the eigenvector of the least
# one helps most.  For small steps prediction and truth agree.

angle = np.random.default_rng(3).uniform(0, np.pi)
directions = {
    "steepest": eigenvectors[:, 0],
    "random": np.array([np.cos(angle), np.sin(angle)]),
}


def predicted(v, step):
    """Change of the objective to second order in the step."""
    return 0.5 * step**2 * (v @ S @ v)


def actual(v, step):
    """Change of the objective by the split itself."""
    return objective.value(one.split([0], [v], step)) - objective.value(one)


worst = 0.0
print("direction    step    predicted       actual   ratio")
for name, v in directions.items():
    for step in (0.4, 0.1, 0.05, 0.025):
        guess, truth = predicted(v, step), actual(v, step)
        print(f"{name:9s}{step:8.3f} {guess:12.3e} {truth:12.3e} {truth / guess:7.4f}")
    worst = max(worst, abs(truth / guess - 1))
print(f"at the smallest step the ratio is 1 within {worst:.4f}")

# %%
# The witness function says where mass should go: towards blue.  At first that is away
# from the particle on all sides, which is why it cannot move but can split.  Once split
# at the best step, each half has a slope to follow.

grown = sp.SteepestSplit()(objective, one, 1, None)
figure, axes = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")
extent = (-3.6, 3.6, -4.0, 3.2)
x, y = np.meshgrid(np.linspace(*extent[:2], 100), np.linspace(*extent[2:], 100))
height = banana.log_density(np.column_stack([x.ravel(), y.ravel()])).reshape(x.shape)
levels = height.max() - 0.5 * np.array([9.0, 4.0, 1.0])
for ax, these, when in (
    (axes[0], one, "before"),
    (axes[1], grown.particles, "after"),
):
    sp.plotting.witness(objective, these, ax=ax, extent=extent)
    ax.contour(x, y, height, levels, colors="0.2", linestyles="solid", linewidths=0.8)
    ax.set_title(f"witness {when} the split", fontsize=11)

steps = np.linspace(0.0, 1.3, 60)
for k, (name, v) in enumerate(directions.items()):
    change = [actual(v, step) for step in steps]
    axes[2].plot(steps, change, color=f"C{k}", label=f"{name} direction")
    axes[2].plot(steps, predicted(v, steps), "--", color=f"C{k}")
axes[2].plot([], [], "--", color="0.4", label="second order")
axes[2].plot(grown.steps, grown.expected, "ko", label="step chosen")
axes[2].set(xlabel="step", ylim=(-3.2, 0.4))
axes[2].set_title("change of the objective", fontsize=11)
axes[2].legend(frameon=False)
figure.savefig("what_one_split_does.png", dpi=150)
