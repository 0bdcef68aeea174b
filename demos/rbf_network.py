"""
A network of Gaussian neurons learns from a teacher
===================================================

On one teacher a network that grows by optimal splits ends twelve times below one that
grows by random splits.  Where each new neuron is the better of a split and an
insertion, the loss is three times lower again.  Training all ten neurons from scratch
ends below them all, but their number has to be known.

This is the first experiment of the splitting papers.  The teacher is a network f(x) =
sum_i c_i exp(-(a_i x + b_i)^2 / 2) of fifteen neurons; another network learns it, from
one neuron on.  A network is a measure on neurons, so this is the same loop as
everywhere here: descend until the neurons converge, then add one.  Five ways are the
published ones: the optimal split, a random split, a new random neuron, gradient
boosting (a new neuron while the others are frozen), and training from scratch; two are
ours.  All take the same number of steps of plain gradient descent.
"""

# %%
# One teacher is shown here.  Over twenty (``tests/benchmarks/rbf_toy.py``, figures in
# ``docs/networks.rst``) the published order, optimal split first, appears where rounds
# are short; where they are long a new random neuron and training from scratch are
# better, for a Gaussian neuron does not see the residual far from it, and a split is a
# local move.  An insertion looks everywhere, and the better of both is below all
# published arms where steps are few.

import matplotlib.pyplot as plt
import numpy as np

import splitparticles as sp

NEURONS, STEPS, AT_ONCE = 10, 400, 20
rng = np.random.default_rng(4)
x = rng.uniform(-5.0, 5.0, size=1000)
teacher = rng.standard_normal((15, 3))  # c, a, b
bells = np.exp(-0.5 * (np.outer(x, teacher[:, 1]) + teacher[:, 2]) ** 2)
F = sp.RBFNetwork(x, bells @ teacher[:, 0], masses=False)
first = sp.ParticleSet(rng.standard_normal((1, 3)), [1.0])

# %%
# A growth adds one neuron, a move trains: all of them, or the newest alone.

descent = sp.GradientDescent(search=False, step=0.1, max_iter=AT_ONCE, tol=0.0)
one = {"fraction": 1e-9}  # the best one only
split, insertion = sp.SteepestSplit(**one), sp.Insertion()
random_neuron = sp.NewParticle(draw=lambda rng: rng.standard_normal(3))
arms = {
    "optimal split": (split, descent),
    "random split": (sp.RandomSplit(**one), descent),
    "new neuron": (random_neuron, descent),
    "boosting": (random_neuron, sp.Newest(move=descent)),
    "signed split": (sp.SignedSplit(most=1, **one), descent),
    "split or insertion": (sp.BestOf(split, insertion), descent),
}


def trained(particles, move, steps):
    """Particles after some steps, and the loss every few of them."""
    losses = []
    for _ in range(steps // AT_ONCE):
        moved = move(F, particles)
        particles = moved.particles
        losses.append(moved.value)
    return particles, losses


def grown(growth, move):
    """Losses along the way from one neuron to many."""
    particles, losses = first, []
    for n in range(1, NEURONS + 1):
        particles, some = trained(particles, move if n > 1 else descent, STEPS)
        losses += some
        found = growth(F, particles, 1, np.random.default_rng(n)).particles
        particles = F.of_unit_weights(found)  # halved weights go into c
    return losses


curves = {name: grown(*arm) for name, arm in arms.items()}
scratch = sp.ParticleSet(rng.standard_normal((NEURONS, 3)), np.ones(NEURONS))
curves["from scratch"] = trained(scratch, descent, NEURONS * STEPS)[1]

# %%
# The loss against gradient steps, and what each has learnt in the end.

figure, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
steps = AT_ONCE * np.arange(1, NEURONS * STEPS // AT_ONCE + 1)
for name, losses in curves.items():
    ax.plot(steps, losses, "--" if name == "from scratch" else "-", label=name)
for n in range(1, NEURONS):
    ax.axvline(n * STEPS, color="0.9", zorder=0)
ax.set(yscale="log", xlabel="gradient steps", ylabel="loss", ylim=(8e-5, 2.5))
ax.set_title("grey lines: a neuron is added", fontsize=10)
ax.legend(frameon=False, fontsize="small", ncols=2)
figure.savefig("rbf_network.png", dpi=150)

for name, losses in curves.items():
    print(f"{name:20s} loss {losses[-1]:.2e}")
gain = curves["random split"][-1] / curves["optimal split"][-1]
ours = curves["optimal split"][-1] / curves["split or insertion"][-1]
print(f"optimal split: {gain:.1f} times below random; with insertions {ours:.1f} more")
