"""Prototypes that grow: test accuracy against their number.

    python tests/benchmarks/prototypes.py FOLDER [--names digits MNIST]
        [--spaces code pixels] [--seeds 3]

FOLDER holds ``mnist.npz``: train_x (60000, 28, 28), train_y, test_x, test_y; three
thousand rows train.  Digits are scikit-learn's; seven tenths train.  Spaces: pixels,
and the code of 30 principal components of the training rows, from which prototypes can
be drawn (``prototype_figures.py``).  Bells have half the median bandwidth.

Arms grow one prototype at a time with 40 steps of L-BFGS a size, or start from random
rows, or from centres of k-means, with as many steps times prototypes; the work of
growths is not counted, seconds are printed.  Classifiers of scikit-learn stand beside
them.  Twenty minutes on one core.
"""

import argparse
import time
from pathlib import Path

import numpy as np

import splitparticles as sp

SPLIT, INSERTION = sp.SteepestSplit(fraction=1e-9), sp.Insertion()
GROWTHS = {
    "steepest splits": SPLIT,
    "random splits": sp.RandomSplit(fraction=1e-9),
    "insertions": INSERTION,
    "best of both": sp.BestOf(SPLIT, INSERTION),
}
SIZES = [1, 2, 5, 10, 20, 40]
STEPS, DECAY, CODE = 40, 1e-4, 30
ROWS = {"digits": None, "MNIST": 3000}  # to train on


# ------------------------------------------------------------------------- data
def rows_of(name, folder, seed):
    """Training and test images (N, p) in [0, 1], and labels."""
    rng = np.random.default_rng(seed)
    if name == "digits":
        from sklearn.datasets import load_digits

        x, y = load_digits(return_X_y=True)
        order = rng.permutation(len(x))
        x, y, n = x[order] / 16.0, y[order], 7 * len(x) // 10
        return x[:n], y[:n], x[n:], y[n:]
    with np.load(Path(folder) / "mnist.npz") as file:
        data = {key: file[key] for key in file.files}
    some = rng.choice(len(data["train_y"]), ROWS[name], replace=False)
    x, test = (data[f"{part}_x"].reshape(-1, 784) / 255.0 for part in ("train", "test"))
    return x[some], data["train_y"][some], test, data["test_y"]


class Task:
    """Objectives of the training and of the test rows, in pixels or in the code."""

    def __init__(self, name, space, folder, seed, decay=DECAY):
        from sklearn.decomposition import PCA

        x, y, test, truth = rows_of(name, folder, seed)
        self.pca = PCA(CODE, random_state=0).fit(x) if space == "code" else None
        self.x, self.test = (self.code(a) for a in (x, test))
        self.y, self.truth = y, truth
        kernel = sp.Gaussian(0.5 * sp.median_bandwidth(self.x))
        loss, options = sp.losses.Softmax(), {"kernel": kernel, "decay": decay}
        self.train = sp.PrototypeNetwork(loss, self.x, y, **options)

    def code(self, x):
        """Images in the coordinates of the task."""
        return x if self.pca is None else self.pca.transform(x)

    def images(self, points):
        """Points of the task as images."""
        return points if self.pca is None else self.pca.inverse_transform(points)

    def judged(self, particles):
        """Cross entropy and accuracy on the test rows."""
        f = self.train.predict(particles, self.test)
        loss = self.train.loss.value(f, np.eye(10)[self.truth]).mean()
        return float(loss), float((f.argmax(axis=1) == self.truth).mean())


# ------------------------------------------------------------------------- arms
def at_points(points):
    """Prototypes at points (n, p), without output weights."""
    return sp.ParticleSet(
        np.hstack([np.zeros((len(points), 10)), points]), np.ones(len(points))
    )


def some_rows(task, n, rng):
    """Prototypes at random rows."""
    return at_points(task.x[rng.choice(len(task.x), n, replace=False)])


def centres(task, n, rng):
    """Prototypes at the centres of k-means."""
    from sklearn.cluster import KMeans

    return at_points(
        KMeans(n, n_init=1, random_state=int(rng.integers(2**31)))
        .fit(task.x)
        .cluster_centers_
    )


def grown(task, growth, sizes, seed):
    """Prototypes of each size, grown one at a time; fewer where none gains."""
    F, rng, move = task.train, np.random.default_rng(seed), sp.LBFGS(max_iter=STEPS)
    particles = some_rows(task, 1, rng)
    for n in range(1, sizes[-1] + 1):
        particles = move(F, particles).particles
        if n in sizes:
            yield particles
        particles = F.of_unit_weights(growth(F, particles, 1, rng).particles)


def from_scratch(task, start, sizes, seed):
    """Prototypes of each size, trained anew with as many steps times prototypes."""
    for n in sizes:
        move = sp.LBFGS(max_iter=STEPS * (n + 1) // 2)
        begun = start(task, n, np.random.default_rng([seed, n]))
        yield move(task.train, begun).particles


def arms(sizes):
    """Name and runs of each arm."""
    for name, growth in GROWTHS.items():
        yield name, lambda task, seed, g=growth: grown(task, g, sizes, seed)
    for name, start in {"from random rows": some_rows, "from k-means": centres}.items():
        yield name, lambda task, seed, s=start: from_scratch(task, s, sizes, seed)


def references(task, seed):
    """Cross entropy and accuracy of classifiers of scikit-learn."""
    from sklearn.cluster import KMeans
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier

    def nearest_centres(n):
        of_classes = [
            KMeans(n, n_init=1, random_state=seed).fit(task.x[task.y == c])
            for c in range(10)
        ]
        centres = np.vstack([a.cluster_centers_ for a in of_classes])
        return KNeighborsClassifier(1).fit(centres, np.repeat(np.arange(10), n))

    fitted = {
        "nearest class mean": nearest_centres(1),
        "nearest of 4 centres a class": nearest_centres(4),
        "nearest neighbour": KNeighborsClassifier(1).fit(task.x, task.y),
        "logistic regression": LogisticRegression(max_iter=1000).fit(task.x, task.y),
        "MLP of 40 neurons": MLPClassifier(40, max_iter=500, random_state=seed).fit(
            task.x, task.y
        ),
    }
    for name, model in fitted.items():
        probable = hasattr(model, "coef_") or hasattr(model, "coefs_")
        entropy = np.nan
        if probable:
            p = model.predict_proba(task.test)[np.arange(len(task.truth)), task.truth]
            entropy = -np.log(np.maximum(p, 1e-300)).mean()
        yield name, (entropy, model.score(task.test, task.truth))


def mean_and_error(rows):
    """Means and standard errors over the first axis."""
    rows = np.array(rows, dtype=float)
    return rows.mean(axis=0), rows.std(axis=0, ddof=1) / np.sqrt(len(rows))


def table(options, name, space):
    """Print test cross entropy and accuracy against the number of prototypes."""
    some = SIZES[:-2] if (name, space) == ("MNIST", "pixels") else SIZES
    tasks = [Task(name, space, options.folder, s) for s in range(options.seeds)]
    print(f"\n{name}, {space}: cross entropy, accuracy in % (standard errors)")
    print(" " * 28 + "".join(f"{n:>26d}" for n in some) + "   seconds")
    for arm, run in arms(some):
        began, rows, last = time.perf_counter(), [], []
        for seed, task in enumerate(tasks):
            found = list(run(task, seed))
            rows.append([task.judged(particles) for particles in found])
            last.append(len(found[-1]))
        spent = (time.perf_counter() - began) / options.seeds
        cells = [in_words(*pair) for pair in zip(*mean_and_error(rows), strict=True)]
        short = "" if min(last) == some[-1] else f" reached {last}"
        line = "".join(f"{cell:>26s}" for cell in cells)
        print(f"{arm:28s}{line}{spent:10.1f}{short}", flush=True)
    of_others = {}
    for seed, task in enumerate(tasks):
        for model, pair in references(task, seed):
            of_others.setdefault(model, []).append(pair)
    for model, rows in of_others.items():
        print(f"{model:28s}{in_words(*mean_and_error(rows)):>26s}", flush=True)


def in_words(mean, error):
    """Cross entropy and accuracy with their standard errors."""
    accuracy = f"{100 * mean[1]:5.1f} ({100 * error[1]:.1f})"
    return f"{mean[0]:9.3f} ({error[0]:.3f}) {accuracy}"


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--names", nargs="+", default=["digits", "MNIST"])
    parser.add_argument("--spaces", nargs="+", default=["code", "pixels"])
    options = parser.parse_args()
    for name in options.names:
        for space in options.spaces:
            table(options, name, space)


if __name__ == "__main__":
    main()
