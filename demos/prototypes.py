"""
Prototypes that can be looked at
================================

A classifier of handwritten digits whose hidden units are prototypes: points of the
images' space with a bell about each and a weight for every class.  It begins with one
prototype and grows by insertions and splits, whichever lowers the loss more; then the
prototypes are drawn as images, above the weights of the ten classes.
"""

# %%
# The images of scikit-learn's digits, and a code of them: their thirty principal
# components, from which a point can be drawn as an image.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

import splitparticles as sp

images, labels = load_digits(return_X_y=True)
images = images / 16.0
rng = np.random.default_rng(0)
train, test = np.split(rng.permutation(len(images)), [1200])
middle = images[train].mean(axis=0)
axes_of_code = np.linalg.svd(images[train] - middle, full_matrices=False)[2][:30]
code = (images - middle) @ axes_of_code.T

# %%
# A prototype's coordinates are the ten weights of the classes, then its point.  The
# bells are half as wide as the median distance of two images.

kernel = sp.Gaussian(0.5 * sp.median_bandwidth(code[train]))
loss = sp.losses.Softmax()
F = sp.PrototypeNetwork(loss, code[train], labels[train], kernel=kernel, decay=1e-4)

PROTOTYPES = 20
growth = sp.BestOf(sp.SteepestSplit(fraction=1e-9), sp.Insertion())
move = sp.LBFGS(max_iter=40)
particles = sp.ParticleSet(np.append(np.zeros(10), code[train[0]])[None], [1.0])
accuracy = []
for n in range(1, PROTOTYPES + 1):
    particles = move(F, particles).particles
    guessed = F.predict(particles, code[test]).argmax(axis=1)
    accuracy.append((guessed == labels[test]).mean())
    if n < PROTOTYPES:
        particles = F.of_unit_weights(growth(F, particles, 1, rng).particles)

# %%
# Each prototype as an image, in the order of its largest class weight.  A constant
# added to all weights of a prototype changes no probability; their mean is taken away.

weights, points = np.split(particles.positions, [10], axis=1)
weights = weights - weights.mean(axis=1, keepdims=True)
pictures = middle + points @ axes_of_code
order, most = np.argsort(weights.argmax(axis=1)), 1.1 * weights.max()

figure = plt.figure(figsize=(13, 4.4), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[1, 3])
axis = left.subplots()
axis.plot(np.arange(1, PROTOTYPES + 1), 100.0 * np.array(accuracy), "o-", markersize=3)
axis.set(xlabel="prototypes", title="accuracy on test rows, %", ylim=(0, 102))
for panel, i in zip(right.subfigures(2, 10).ravel(), order, strict=True):
    top, bottom = panel.subplots(2, 1, height_ratios=[1.8, 1])
    top.imshow(pictures[i].reshape(8, 8), cmap="gray_r", vmin=0.0, vmax=1.0)
    top.axis("off")
    likely = int(weights[i].argmax())
    bottom.bar(
        range(10), weights[i], color=["C3" if k == likely else "0.6" for k in range(10)]
    )
    bottom.set(ylim=(-0.4 * most, most), yticks=[], xticks=[likely])
    bottom.spines[["left", "top", "right"]].set_visible(False)

figure.savefig("prototypes.png", dpi=100)
print(
    f"{len(particles)} prototypes, {100.0 * accuracy[-1]:.1f} % of the test rows right"
)
