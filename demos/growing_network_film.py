"""
A network grows: a film
=======================

A network of one hidden layer begins with a single tanh neuron and is to follow a curve
that wiggles faster and faster.  It trains until it gets no further; then the neuron
that gains most by it splits in two, and training goes on.  Below the curve the loss
falls in stairs, a split at the head of each.
"""

# %%
# Noisy points of the curve, and the mean squared loss of c tanh(a x + b), summed over
# the neurons (c, a, b).

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation, PillowWriter

import splitparticles as sp


def curve(x):
    """The truth."""
    return np.sin(0.85 * (x + 2.2) ** 2)


NEURONS, PIECES = 6, 8
rng = np.random.default_rng(0)
x = np.sort(rng.uniform(-2.0, 2.0, 200))
y = curve(x) + 0.1 * rng.standard_normal(200)
F = sp.Network(sp.activations.Tanh(), sp.losses.Squared(), x[:, None], y, decay=1e-5)

# %%
# The loop, a round at a time, each in short moves that can be watched.

particles = sp.ParticleSet([[0.5, 1.0, 0.0]], [1.0])
split, move = sp.SteepestSplit(fraction=1e-9), sp.LBFGS(max_iter=30)
frames, losses, splits = [particles], [F.value(particles)], []
while True:
    for _ in range(PIECES):
        particles = move(F, particles).particles
        frames.append(particles)
        losses.append(F.value(particles))
    grown = split(F, particles, NEURONS - len(particles), rng)
    if len(grown.parents) == 0:
        break
    particles = grown.particles
    splits.append(len(frames) - 1)

for at in [*splits, len(frames) - 1]:
    n = len(frames[at])
    print(f"{n:2d} neuron{'s' * (n > 1):1s}  loss {losses[at]:.5f}")

# %%
# The film.  Thin lines are the neurons, each of which bends at its own place; the thick
# one is their sum.

figure, (top, below) = plt.subplots(
    2, 1, figsize=(6, 5.6), height_ratios=[2, 1], layout="constrained"
)
grid = np.linspace(-2.0, 2.0, 300)


def draw(frame):
    """The network at one frame."""
    these = frames[frame]
    top.clear()
    top.plot(x, y, ".", color="0.75", ms=4)
    for position, weight in zip(these.positions, these.weights, strict=True):
        alone = F.predict(sp.ParticleSet([position], [weight]), grid[:, None])
        top.plot(grid, alone, color="C1", lw=0.7)
    top.plot(grid, F.predict(these, grid[:, None]), color="C0", lw=2)
    top.set(xlim=(-2, 2), ylim=(-3, 3), xlabel="x")
    top.set_title(f"{len(these)} neuron{'s' * (len(these) > 1)}")
    marker.set_data([frame], [losses[frame]])


below.plot(losses, color="C0")
for at in splits:
    below.axvline(at, color="0.85", zorder=0)
(marker,) = below.plot([], [], "ko")
below.set(yscale="log", xlabel=f"moves of {move.max_iter} steps", ylabel="loss")
below.set_title("grey lines are splits", fontsize=10)
draw(0)
figure.draw_without_rendering()
figure.set_layout_engine("none")  # laid out once, for all frames
film = FuncAnimation(figure, draw, frames=len(frames))
film.save("growing_network_film.gif", PillowWriter(fps=6), dpi=70)
plt.close(figure)

# %%
# Before each of some splits, and at the end.

stages = [splits[0], splits[1], splits[2], len(frames) - 1]
stills, axes = plt.subplots(1, 4, figsize=(11, 3), sharey=True, layout="constrained")
for ax, at in zip(axes, stages, strict=True):
    n = len(frames[at])
    ax.plot(x, y, ".", color="0.75", ms=4)
    ax.plot(grid, F.predict(frames[at], grid[:, None]), color="C0", lw=2)
    ax.set_title(f"{n} neuron{'s' * (n > 1)}, loss {losses[at]:.4f}", fontsize=10)
    ax.set(xlabel="x")
stills.savefig("growing_network_film.png", dpi=150)
off = np.sqrt(np.mean((F.predict(particles, grid[:, None]) - curve(grid)) ** 2))
print(f"{len(particles)} neurons, {off:.3f} off the curve, where the noise is 0.1")
