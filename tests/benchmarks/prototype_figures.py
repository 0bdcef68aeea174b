"""Prototypes: what their eigenvalues tell of a split, and what they look like.

    python tests/benchmarks/prototype_figures.py decay [--seeds 5] [--picture FILE]
    python tests/benchmarks/prototype_figures.py images --data FOLDER --picture FOLDER

FOLDER of data holds ``mnist.npz`` (see ``prototypes.py``).  ``decay`` (5 minutes):
networks at rest on the code of digits; the least eigenvalue of each prototype's
splitting matrix, and of its block of the point alone, against the fall of F when that
prototype is split, at once and after more training, beyond what the same training does
without a split.  ``images`` (2 minutes): grown prototypes as images, with the weights
of the classes.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from prototypes import GROWTHS, Task, grown, mean_and_error, some_rows

import splitparticles as sp

SIZES = 5, 10, 15, 20
REST = sp.LBFGS(max_iter=20_000, tol=1e-13)
TUNING = sp.LBFGS(max_iter=200)
TRIALS = np.geomspace(1e-3, 3.0, 20)


def at_rest(task, n, seed):
    """Network of n prototypes, trained from random rows until it rests."""
    rng = np.random.default_rng([seed, n])
    return REST(task.train, some_rows(task, n, rng))


def falls(F, particles):
    """Rows (n, 4): least eigenvalues, of all and of the point; falls of F."""
    S, k = F.splitting_matrices(particles), F.n_outputs
    values, vectors = np.linalg.eigh(S)
    points = np.linalg.eigvalsh(S[:, k:, k:])[:, 0]
    now = F.value(particles)
    tuned = TUNING(F, particles).value
    rows = []
    for i, v in enumerate(vectors[:, :, 0]):
        alone = np.full(len(TRIALS), i), np.tile(v, (len(TRIALS), 1)), TRIALS
        changes = F.split_change(particles, *alone)
        step = TRIALS[int(np.argmin(changes))]
        halves = F.of_unit_weights(particles.split([i], v[None], [step]))
        rows.append((-changes.min() / now, (tuned - TUNING(F, halves).value) / now))
    return np.column_stack([values[:, 0], points, np.array(rows)])


def rank_correlation(a, b):
    """Correlation of Spearman, of three pairs at least."""
    from scipy.stats import spearmanr

    return spearmanr(a, b).statistic if len(a) > 2 else np.nan


def told(rows):
    """What the eigenvalues of one network tell of the falls."""
    least, point, at_once, tuned = rows.T
    unstable = least < 0.0
    return {
        "share of eigenvalues below zero": unstable.mean(),
        "the same of the point's block": (point < 0.0).mean(),
        "correlation, unstable, at once": rank_correlation(
            -least[unstable], at_once[unstable]
        ),
        "correlation, unstable, tuned": rank_correlation(
            -least[unstable], tuned[unstable]
        ),
        "correlation, all, tuned": rank_correlation(-least, tuned),
        "fall of the steepest, at once": at_once[least.argmin()],
        "fall of the steepest, tuned": tuned[least.argmin()],
        "mean fall, unstable, tuned": tuned[unstable].mean(),
        "mean fall, stable, tuned": tuned[~unstable].mean()
        if sum(~unstable)
        else np.nan,
        "largest fall, tuned": tuned.max(),
    }


def decay(options):
    """Print what eigenvalues tell, at each size; draw it."""
    began, drawn = time.perf_counter(), {}
    for n in SIZES:
        tasks = [Task("digits", "code", "", seed) for seed in range(options.seeds)]
        rests = [at_rest(task, n, seed) for seed, task in enumerate(tasks)]
        pairs = zip(tasks, rests, strict=True)
        rows = [falls(task.train, rest.particles) for task, rest in pairs]
        drawn[n] = rows, [told(one) for one in rows]
        slope = max(rest.gradient_norm for rest in rests)
        seconds = time.perf_counter() - began
        print(f"{n} prototypes, largest slope {slope:.1e}, {seconds:.0f} s so far")
        for name in drawn[n][1][0]:
            values = np.array([one[name] for one in drawn[n][1]])
            values = values[np.isfinite(values)]
            if len(values) > 1:
                mean, error = mean_and_error(values)
                print(f"    {name:34s}{mean:10.4f} ({error:.4f})", flush=True)
    if options.picture:
        draw_decay(drawn, options.picture)


def draw_decay(drawn, path):
    """Draw falls against eigenvalues, and rank correlations against sizes."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    for k, (n, (rows, _)) in enumerate(drawn.items()):
        least, _, at_once, tuned = np.vstack(rows).T
        fell = at_once > 0.0
        axes[0].plot(least[fell], 100.0 * at_once[fell], f"C{k}.", label=f"{n}")
        axes[1].plot(least, 100.0 * tuned, f"C{k}.", label=f"{n} prototypes")
    axes[0].set(title="one split, at once", ylabel="fall of F, %", yscale="log")
    axes[1].set(title="one split and 200 steps more", ylabel="fall of F, %")
    for ax in axes[:2]:
        ax.set_xlabel("least splitting eigenvalue")
        ax.set_xscale("symlog", linthresh=1e-4)
        ax.set(xlim=(-0.06, 3e-4), xticks=[-1e-2, -1e-3, -1e-4, 0.0])
    axes[1].legend(frameon=False, fontsize="small")
    for name, label in {
        "correlation, unstable, at once": "at once, unstable ones",
        "correlation, unstable, tuned": "after 200 steps, unstable ones",
        "correlation, all, tuned": "after 200 steps, all",
    }.items():
        spread = [mean_and_error([one[name] for one in t]) for _, t in drawn.values()]
        mean, error = np.array(spread).T
        axes[2].errorbar(list(drawn), mean, error, fmt="o-", capsize=3, label=label)
    axes[2].axhline(1.0, color="k", linestyle="--", label="as the slide has it")
    axes[2].axhline(0.0, color="0.8", zorder=0)
    axes[2].set(title="rank correlation", xlabel="prototypes", ylim=(-1.9, 1.15))
    axes[2].set(xticks=list(drawn), yticks=[-1.0, 0.0, 1.0])
    axes[2].legend(frameon=False, fontsize="small", loc="lower right")
    figure.savefig(path, dpi=90)


# ----------------------------------------------------------------------- images
def images(options):
    """Draw twenty grown prototypes of each data set."""
    for name in ("digits", "MNIST"):
        task = Task(name, "code", options.data, 0)
        *_, particles = grown(task, GROWTHS["best of both"], [20], 0)
        entropy, right = task.judged(particles)
        print(f"{name}: 20 prototypes, {entropy:.3f}, {100 * right:.1f} %")
        path = Path(options.picture) / f"prototypes_{name.lower()}.png"
        draw_images(task, particles, path)


def draw_images(task, particles, path):
    """Draw each prototype as an image, above its weights of the classes."""
    from matplotlib import pyplot as plt

    c, points = np.split(particles.positions, [task.train.n_outputs], axis=1)
    c = c - c.mean(axis=1, keepdims=True)  # softmax does not see it
    pictures = task.images(points)
    side, most = round(np.sqrt(pictures.shape[1])), 1.1 * np.abs(c).max()
    order = np.lexsort([-c.max(axis=1), c.argmax(axis=1)])
    figure = plt.figure(figsize=(10, 4.4), layout="constrained")
    for panel, i in zip(figure.subfigures(2, 10).ravel(), order, strict=True):
        top, bottom = panel.subplots(2, 1, height_ratios=[1.8, 1])
        top.imshow(pictures[i].reshape(side, side), cmap="gray_r", vmin=0.0, vmax=1.0)
        top.axis("off")
        colors = ["C3" if k == c[i].argmax() else "0.6" for k in range(10)]
        bottom.bar(range(10), c[i], color=colors)
        bottom.set(ylim=(-0.4 * most, most), yticks=[], xticks=[int(c[i].argmax())])
        bottom.spines[["left", "top", "right"]].set_visible(False)
    figure.savefig(path, dpi=80)


def main():
    """Print a table, or draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", choices=["decay", "images"])
    parser.add_argument("--data")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--picture")
    options = parser.parse_args()
    {"decay": decay, "images": images}[options.table](options)


if __name__ == "__main__":
    main()
