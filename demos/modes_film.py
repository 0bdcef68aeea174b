"""
A banana and two bells: a film of the splitting
===============================================

A density of three separate parts, one of them bent, is known by its score alone.
`sample` is started in one part; it finds the others, learns the score of each, and
particles split over the emulated density, round by round.
"""

# %%
# The mixture: a banana of mass 0.5 and two Gaussians.  Its score is that of the parts,
# weighted by their shares of the density.

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import softmax

import splitparticles as sp

MASSES = np.array([0.5, 0.3, 0.2])
banana = sp.targets.Banana(curvature=0.25, scale=1.5)
wide = sp.targets.Gaussian([-5.0, 7.0], [[1.2, 0.7], [0.7, 0.8]])
narrow = sp.targets.Gaussian([5.5, 6.0], [[0.3, 0.0], [0.0, 1.4]])
parts = [banana, wide, narrow]


def log_parts(x):
    """Log of each part of the density (3, n) at the rows of x (n, 2)."""
    return np.stack([part.log_density(x) for part in parts]) + np.log(MASSES)[:, None]


def log_density(x):
    """Log density at the rows of x (n, 2)."""
    return np.logaddexp.reduce(log_parts(x))


def score(x):
    """Gradient of the log density at the rows of x (n, 2)."""
    shares = softmax(log_parts(x), axis=0)[:, :, None]
    return (shares * np.stack([part.score(x) for part in parts])).sum(axis=0)


result = sp.sample(score, [0.0, 0.0], 64, log_density=log_density, rng=0)
print(result)

# %%
# Each particle belongs to the part that is densest where it is.

masses = result.expect(lambda x: np.eye(3)[log_parts(x).argmax(axis=0)])
rng = np.random.default_rng(1)
counts = rng.multinomial(4000, MASSES)
truth = np.vstack([part.sample(n, rng) for part, n in zip(parts, counts, strict=True)])
energy = sp.energy_distance(result.positions, truth)
draws = [truth[rng.choice(4000, 64, replace=False)] for _ in range(20)]
iid = np.mean([sp.energy_distance(x, truth) for x in draws])

# %%
# The film: shades are draws of the emulator, which cost no row.  In each round the
# particles move until they converge; then those split that gain by it.

film = sp.plotting.animate(result, "modes_film.gif", seconds_a_round=0.8)

# %%
# Some rounds of it, and the tree of the splits: a line leads from where a particle was
# at the end of a round to where it, or its half, is at the end of the next.

sizes = [len(this.particles) for this in result.rounds]
last = {n: this.particles for n, this in zip(sizes, result.rounds, strict=True)}
shown = [*last.items()][:: max(1, (len(last) - 1) // 2)][:3]
emulated = result.draws(4000, rng=0)
figure, axes = plt.subplots(
    1, len(shown) + 1, figsize=(11, 2.9), sharex=True, sharey=True, layout="constrained"
)
for ax, (n, particles) in zip(axes, shown, strict=False):
    ax.scatter(*emulated.T, s=1, color="0.85", linewidths=0)
    sp.plotting.particles(particles, ax=ax, area=30)
    ax.set_title(f"{n} particle{'s' * (n > 1)}", fontsize=11)
sp.plotting.tree(result, ax=axes[-1])
axes[-1].set_title("the splitting tree", fontsize=11)
for ax in axes:
    ax.set(xlabel="", ylabel="", xlim=(-9.5, 8.5), ylim=(-4, 11))
figure.savefig("modes_film.png", dpi=150)

print("masses of the parts", *masses.round(3), "for", *MASSES)
print(f"{result.n_score_evals} score rows; energy distance {energy:.4f}, ", end="")
print(f"of 64 exact draws {iid:.4f}, {iid / energy:.1f} times more")
