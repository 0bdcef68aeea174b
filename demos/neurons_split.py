"""
Neurons that split over the data
================================

A classifier of two classes, one around the other, begins as a single tanh neuron: a
line across the plane.  It trains until it converges, the neuron that gains most splits,
and again.  The animation follows the lines; beside them stand the loss, with the splits
marked, and the lowest splitting eigenvalue of each neuron before and after each split:
below zero a split lowers the loss, and the more neurons there are the less it does.
"""

# %%
# A network's particles are its neurons, here (c, a, b) of c tanh(a x + b); the
# objective is the mean logistic loss.

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation, PillowWriter

import splitparticles as sp

rng = np.random.default_rng(0)
angle, inside = rng.uniform(0.0, 2.0 * np.pi, 400), np.arange(400) % 2 == 0
radius = np.where(inside, 0.6, 1.7) + 0.25 * rng.standard_normal(400)
x = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
F = sp.Network(sp.activations.Tanh(), sp.losses.Logistic(), x, inside, decay=1e-3)

# %%
# The loop, a round at a time; each move is cut into short ones, to be watched.

NEURONS, PIECES = 8, 6
particles = sp.ParticleSet([[0.5, 0.4, 0.7, 0.1]], [1.0])
split, move = sp.SteepestSplit(fraction=1e-9), sp.LBFGS(max_iter=10)
frames, losses, splits, spectra = [particles], [F.value(particles)], [], []


def least(particles):
    """Lowest splitting eigenvalue of each neuron."""
    return np.linalg.eigvalsh(F.splitting_matrices(particles))[:, 0]


while True:
    for _ in range(PIECES):
        particles = move(F, particles).particles
        frames.append(particles)
        losses.append(F.value(particles))
    before = least(particles)
    grown = split(F, particles, NEURONS - len(particles), rng)
    if len(grown.parents) == 0:
        break
    splits.append(len(frames) - 1)
    particles = grown.particles
    spectra.append((before, least(particles)))

right = ((F.predict(particles) > 0.0) == inside).mean()

# %%
# The picture of the end, and the film.

figure, axes = plt.subplots(1, 3, figsize=(12, 3.9), layout="constrained")
low, high = -2.6, 2.6
grid = np.stack(np.meshgrid(*[np.linspace(low, high, 80)] * 2), axis=-1)


def draw(frame):
    """The plane at one frame."""
    axes[0].clear()
    height = F.predict(frames[frame], grid.reshape(-1, 2)).reshape(80, 80)
    look = {"levels": [-1e9, 0.0, 1e9], "colors": ["#f6e3d3", "#d8e6f3"]}
    axes[0].contourf(grid[..., 0], grid[..., 1], height, **look)
    axes[0].scatter(*x.T, s=6, c=np.where(inside, "C0", "C1"))
    for c, *a, b in frames[frame].positions:
        along = np.linspace(-4.0, 4.0, 2)
        foot, turn = -b * np.array(a) / np.dot(a, a), np.array([-a[1], a[0]])
        line = foot + along[:, None] * turn / np.linalg.norm(a)
        axes[0].plot(*line.T, "k-", linewidth=0.4 + 0.2 * min(abs(c), 8.0))
    axes[0].set(xlim=(low, high), ylim=(low, high), aspect="equal")
    n = len(frames[frame])
    axes[0].set_title(f"{n} neuron{'s' * (n > 1)}")
    marker.set_data([frame], [losses[frame]])


axes[1].plot(losses, color="C0")
for at in splits:
    axes[1].axvline(at, color="0.85", zorder=0)
(marker,) = axes[1].plot([], [], "ko")
axes[1].set(yscale="log", xlabel="tens of steps", title="loss; lines are splits")
axes[1].set_yticks([0.3, 0.4, 0.5, 0.6], ["0.3", "0.4", "0.5", "0.6"])
axes[1].minorticks_off()
for k, (before, after) in enumerate(spectra):
    axes[2].plot(np.full(len(before), k + 0.85), before, "C0.", label="before")
    axes[2].plot(np.full(len(after), k + 1.15), after, "C1.", label="after")
axes[2].axhline(0.0, color="0.8", zorder=0)
axes[2].set(xlabel="split", title="lowest eigenvalues of neurons")
axes[2].set_yscale("symlog", linthresh=1e-4)
axes[2].set_ylim(bottom=-1.0)
handles, labels = axes[2].get_legend_handles_labels()
axes[2].legend(handles[:2], labels[:2], frameon=False)

film = FuncAnimation(figure, draw, frames=range(0, len(frames), 2))
film.save("neurons_split.gif", PillowWriter(fps=6), dpi=60)
draw(len(frames) - 1)
figure.savefig("neurons_split.png", dpi=150)
print(f"{len(particles)} neurons, {100.0 * right:.1f} % of the points on their side")
