"""Networks that grow: speed, the papers' angle plot, and size against test error.

    python tests/benchmarks/networks.py speed
    python tests/benchmarks/networks.py angles [--picture FILE]
    python tests/benchmarks/networks.py sizes [--seeds 10] [--picture FILE]

``speed``: one gradient of a thousand neurons on ten thousand inputs, in float64, beside
NumPy and, where it is installed, torch; least times of alternating runs in one process.
``angles``: a converged neuron is split along all directions of a circle; the predicted
change of the loss beside the exact one.  ``sizes``: four data sets; networks grown by
splits, by insertions, by the better of both, and trained from scratch at each size,
with the same number of gradient steps (L-BFGS, a hundred a size).
"""

import argparse
import time
from functools import partial

import numpy as np

import splitparticles as sp


# ------------------------------------------------------------------------ speed
def speed(options):
    """Print seconds of one gradient, and ratios."""
    rows, neurons = 10_000, 1000
    print("          p  activation     ms: ours     NumPy     torch   ratios")
    for p in (1, 10, 50):
        rng = np.random.default_rng(p)
        x, y = rng.standard_normal((rows, p)), rng.standard_normal(rows)
        theta = rng.standard_normal((neurons, p + 2)) / np.sqrt(p)
        for name in ("RBF", "Tanh", "Softplus", "ReLU"):
            activation = getattr(sp.activations, name)()
            F = sp.Network(activation, sp.losses.Squared(), x, y)
            particles = sp.ParticleSet(theta, np.full(neurons, 1.0 / neurons))
            ways = {
                "ours": lambda F=F, q=particles: F.gradient(q),
                "NumPy": partial(numpy_gradient, name, x, y, theta),
            }
            try:
                ways["torch"] = torch_gradient(name, x, y, theta)
            except ImportError:
                pass
            gradients = {way: run() for way, run in ways.items()}
            oracle = gradients["NumPy"]
            for way, gradient in gradients.items():
                error = np.abs(gradient - oracle).max()
                assert error < 1e-10 * np.abs(oracle).max(), way
            times = {way: [] for way in ways}
            for _ in range(7):
                for way, run in ways.items():
                    began = time.perf_counter()
                    run()
                    times[way].append(time.perf_counter() - began)
            ms = {way: 1e3 * min(spent) for way, spent in times.items()}
            cells = "".join(f"{ms.get(w, np.nan):10.1f}" for w in ways)
            ratios = "  ".join(f"{ms[w] / ms['ours']:.1f}" for w in list(ways)[1:])
            print(f"{p:11d}  {name:12s} {cells}   {ratios}", flush=True)


def numpy_gradient(name, x, y, theta):
    """Gradient of half the mean squared error in (c, a, b), in plain NumPy."""
    c, a, b = theta[:, 0], theta[:, 1:-1], theta[:, -1]
    z = x @ a.T + b
    if name == "RBF":
        s = np.exp(-0.5 * z * z)
        s1 = -z * s
    elif name == "Tanh":
        s = np.tanh(z)
        s1 = 1.0 - s * s
    elif name == "Softplus":
        s = np.logaddexp(0.0, z)
        s1 = 1.0 / (1.0 + np.exp(-z))
    else:
        s, s1 = np.maximum(z, 0.0), (z > 0.0).astype(float)
    n = len(theta)
    r = (s @ c / n - y) / len(y) / n
    s1 *= r[:, None] * c
    return np.column_stack([r @ s, s1.T @ x, s1.sum(axis=0)])


def torch_gradient(name, x, y, theta):
    """The same by automatic differentiation, as one would write it."""
    import torch

    torch.set_num_threads(2)
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    act = {
        "RBF": lambda z: torch.exp(-0.5 * z * z),
        "Tanh": torch.tanh,
        "Softplus": torch.nn.functional.softplus,
        "ReLU": torch.relu,
    }[name]

    def gradient():
        t = torch.from_numpy(theta).requires_grad_()
        f = act(torch.addmm(t[:, -1], x, t[:, 1:-1].T)) @ t[:, 0] / len(t)
        (0.5 * ((f - y) ** 2).mean()).backward()
        return t.grad.numpy()

    return gradient


# ----------------------------------------------------------------------- angles
def angles(options):
    """Print predicted and exact changes of the loss around a circle."""
    x = np.random.default_rng(0).uniform(-4.0, 4.0, size=500)
    F = sp.RBFNetwork(x, np.tanh(3.0 * (x - 1.5)) + np.tanh(3.0 * (x + 1.5)))
    move = sp.LBFGS(max_iter=2000, tol=1e-14, weights=True)
    one = move(F, sp.ParticleSet([[-0.5, -1.5]], [-1.0])).particles
    S = F.splitting_matrices(one)[0]
    print(f"neuron at {one.positions[0]}, weight {one.weights[0]:.4f}")
    print(f"eigenvalues {np.linalg.eigvalsh(S)}")
    steps = np.array([0.03, 0.1, 0.3])
    table = []
    for angle in np.linspace(0.0, np.pi, 61):
        v = np.array([[np.cos(angle), np.sin(angle)]])
        exact = [
            F.split_change(one, np.array([0]), v, np.array([step]))[0] for step in steps
        ]
        table.append((angle, 0.5 * steps**2 * (v @ S @ v.T)[0, 0], np.array(exact)))
    print("angle" + "".join(f"   predicted, exact at step {step:g}" for step in steps))
    for angle, predicted, exact in table[::5]:
        cells = "".join(
            f"{a:18.3e}{b:12.3e}" for a, b in zip(predicted, exact, strict=True)
        )
        print(f"{np.degrees(angle):5.0f}{cells}")
    if options.picture:
        draw_angles(table, options.picture)


def draw_angles(table, path):
    """Draw the changes of the loss against the angle of the direction."""
    from matplotlib import pyplot as plt

    figure, ax = plt.subplots(layout="constrained")
    angle = np.degrees([row[0] for row in table])
    predicted, exact = (np.array([row[k] for row in table]) for k in (1, 2))
    ax.plot(angle, predicted[:, 0], "k--", label="predicted")
    for k, step in enumerate((0.03, 0.1, 0.3)):
        scaled = exact[:, k] * predicted[0, 0] / predicted[0, k]
        ax.plot(angle, scaled, label=f"exact, step {step:g}, scaled")
    ax.axhline(0.0, color="0.8", zorder=0)
    ax.set(xlabel="direction, degrees", ylabel="change of the loss by a split")
    ax.legend(frameon=False)
    figure.savefig(path)


# ------------------------------------------------------------------------ sizes
SIZES = [1, 2, 4, 6, 8, 12, 16]
STEPS = 100  # a size


def data_sets():
    """Name, loss, inputs and outputs of each."""
    from sklearn.datasets import (
        load_breast_cancer,
        load_diabetes,
        load_digits,
        load_wine,
    )

    x, y = load_diabetes(return_X_y=True)
    yield "diabetes", sp.losses.Squared(), x, (y - y.mean()) / y.std()
    x, y = load_breast_cancer(return_X_y=True)
    yield "breast cancer", sp.losses.Logistic(), x, y
    x, y = load_wine(return_X_y=True)
    yield "wine", sp.losses.Softmax(), x, y
    x, y = load_digits(return_X_y=True)
    yield "digits", sp.losses.Softmax(), x, y


def error(network, particles):
    """Squared error over the variance, or the share of wrong labels."""
    f, y = network.predict(particles), network.targets
    if isinstance(network.loss, sp.losses.Squared):
        return float(((f - y[:, 0]) ** 2).mean() / y.var())
    if f.ndim == 1:
        return float(((f > 0) != (y[:, 0] > 0.5)).mean())
    return float((f.argmax(axis=1) != y.argmax(axis=1)).mean())


def parts(seed, loss, y):
    """Rows to train on, and rows to test on."""
    from sklearn.model_selection import train_test_split

    kept = y if not isinstance(loss, sp.losses.Squared) else None
    return train_test_split(
        np.arange(len(y)), test_size=0.3, random_state=seed, stratify=kept
    )


def chosen(seed, loss, x, y):
    """Size that an estimator with its defaults chooses (at most 32), and its error."""
    from splitparticles import estimators

    train, test = parts(seed, loss, y)
    squared = isinstance(loss, sp.losses.Squared)
    kind = "SplittingRegressor" if squared else "SplittingClassifier"
    fitted = getattr(estimators, kind)(random_state=seed).fit(x[train], y[train])
    return fitted.n_neurons_, 1.0 - fitted.score(x[test], y[test])


def halves(seed, loss, x, y, several):
    """Network on the training rows, and the same on the test rows."""
    train, test = parts(seed, loss, y)
    spread = x[train].std(axis=0)
    x = (x - x[train].mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
    kinds = [sp.activations.Tanh(), sp.activations.RBF()] if several else None
    activation = kinds or sp.activations.Tanh()
    network = sp.Network(activation, loss, x, y, decay=1e-3)
    return network.of_rows(train), network.of_rows(test)


def grown(network, judge, growth, seed):
    """Errors at the sizes, grown one neuron at a time."""
    rng, move = np.random.default_rng(seed), sp.LBFGS(max_iter=STEPS)
    particles, errors = random_neurons(network, 1, rng), []
    for n in range(1, SIZES[-1] + 1):
        particles = move(network, particles).particles
        if n in SIZES:
            errors.append((network.value(particles), error(judge, particles)))
        enlarged = growth(network, particles, 1, rng)
        particles = network.of_unit_weights(enlarged.particles)
    return errors


def random_neurons(network, n, rng):
    """Neurons whose arguments are of order one, with small output weights."""
    neurons = rng.standard_normal((n, network.dim))
    p, k = network.inputs.shape[1], network.n_outputs
    neurons[:, k : k + p] /= np.sqrt(p)
    neurons[:, :k] /= np.sqrt(n)
    if network.labels[-1]:
        neurons[:, -1] = rng.integers(2, size=n)
    return sp.ParticleSet(neurons, np.ones(n))


def from_scratch(network, judge, seed):
    """Errors at the sizes, each trained anew with the steps of all before."""
    errors = []
    for n in SIZES:
        rng = np.random.default_rng([seed, n])
        move = sp.LBFGS(max_iter=n * STEPS)
        particles = move(network, random_neurons(network, n, rng)).particles
        errors.append((network.value(particles), error(judge, particles)))
    return errors


def sizes(options):
    """Print test errors against sizes."""
    split, insertion = sp.SteepestSplit(fraction=1e-9), sp.Insertion()
    growths = {"splits": split, "insertions": insertion}
    growths |= {"best of both": sp.BestOf(split, insertion)}
    figures = {}
    print(f"medians over {options.seeds} seeds: training loss, test error")
    print(f"{'':14s} {'':22s}" + "".join(f"{n:>16d}" for n in SIZES))
    for name, loss, x, y in data_sets():
        table = {}
        for seed in range(options.seeds):
            network, judge = halves(seed, loss, x, y, False)
            mixed, mixed_judge = halves(seed, loss, x, y, True)
            for way, growth in growths.items():
                table.setdefault(way, []).append(grown(network, judge, growth, seed))
            both = growths["best of both"]
            table.setdefault("both, of two kinds", []).append(
                grown(mixed, mixed_judge, both, seed)
            )
            table.setdefault("scratch", []).append(from_scratch(network, judge, seed))
        figures[name] = table
        for way, rows in table.items():
            loss_, wrong = np.median(np.array(rows), axis=0).T
            cells = [f"{a:8.4f} {b:.3f}" for a, b in zip(loss_, wrong, strict=True)]
            print(f"{name:14s} {way:22s}" + "".join(f"{c:>16s}" for c in cells))
        choices = [chosen(seed, loss, x, y) for seed in range(options.seeds)]
        size, wrong = np.percentile(choices, [25, 50, 75], axis=0).T
        print(
            f"{name:14s} an estimator chooses {size[1]:.0f} [{size[0]:.0f}, "
            f"{size[2]:.0f}] neurons: {wrong[1]:.3f} [{wrong[0]:.3f}, {wrong[2]:.3f}]",
            flush=True,
        )
    if options.picture:
        draw_sizes(figures, options.picture)


def draw_sizes(figures, path):
    """Draw median test errors with quartiles."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 4, figsize=(14, 3.4), layout="constrained")
    for ax, (name, table) in zip(axes, figures.items(), strict=True):
        for k, (way, rows) in enumerate(table.items()):
            wrong = np.array(rows)[:, :, 1]
            low, middle, high = np.percentile(wrong, [25, 50, 75], axis=0)
            ax.plot(SIZES, middle, "o-", color=f"C{k}", markersize=3, label=way)
            ax.fill_between(SIZES, low, high, color=f"C{k}", alpha=0.1, linewidth=0)
        ax.set(title=name, xlabel="neurons")
    axes[0].set_ylabel("test error")
    axes[0].legend(frameon=False, fontsize="small")
    figure.savefig(path)


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", choices=["speed", "angles", "sizes"])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--picture")
    options = parser.parse_args()
    {"speed": speed, "angles": angles, "sizes": sizes}[options.table](options)


if __name__ == "__main__":
    main()
