"""Deep networks that grow, against networks from scratch and pruned, at equal compute.

    python tests/benchmarks/deep_networks.py keywords FOLDER --out FILE.json
    python tests/benchmarks/deep_networks.py mobilenet FOLDER --out FILE.json
    python tests/benchmarks/deep_networks.py vgg FOLDER --out FILE.json
    python tests/benchmarks/deep_networks.py energy FOLDER --out FILE.json
    python tests/benchmarks/deep_networks.py regimes FOLDER --out FILE.json
    python tests/benchmarks/deep_networks.py eigenvalues FOLDER --out FILE.json
    python tests/benchmarks/deep_networks.py table --out FILE.json

FOLDER holds keywords_logmel.npz and cifar10_jpeg.npz.  CPU minutes on one thread, three
seeds: keywords 25, mobilenet 25, vgg 30, energy 15, regimes 60, eigenvalues 10.  A run
that is cut goes on where it was: what is in the file is not run again.
"""

import argparse
import json
from functools import partial
from pathlib import Path

import numpy as np
import torch
from deep_arms import (
    Task,
    described,
    grown,
    pruned_arm,
    random_splits,
    scores,
    scratch,
    uniform,
)

from splitparticles import deep
from splitparticles.deep.relative import Relative
from splitparticles.growth.candidates import halves

IMAGES = 2_000  # of CIFAR-10, to train on
TESTS = 3_000


def shifted(x, generator):
    """Spoken words, some frames earlier or later."""
    frames = int(torch.randint(-4, 5, (1,), generator=generator))
    return torch.roll(x, frames, 2)


def mirrored(x, generator):
    """Images, mirrored or not, some pixels to a side."""
    if torch.rand(1, generator=generator) < 0.5:
        x = x.flip(3)
    down, right = torch.randint(-2, 3, (2,), generator=generator).tolist()
    return torch.roll(x, (down, right), (2, 3))


def keyword_task(folder, **options):
    """Twelve spoken words, by depthwise separable networks."""
    data = deep.keywords(folder / "keywords_logmel.npz")
    base = {"epochs": 8, "rounds": 3, "width": 12, "augment": shifted}
    return Task(data=data, **{"make": deep.ds_cnn, **base, **options})


def image_task(folder, make, width, **options):
    """Small part of CIFAR-10."""
    data = deep.cifar10(folder / "cifar10_jpeg.npz", rows=IMAGES, rng=0)
    data = data._replace(test_x=data.test_x[:TESTS], test_y=data.test_y[:TESTS])
    base = {"epochs": 4, "rounds": 3, "augment": mirrored, "trials": 0}
    base["charges"] = False  # with so few images a growth costs as much as a round
    return Task(data=data, make=make, width=width, **{**base, **options})


# ------------------------------------------------------------------------- arms
def splitting(task, cost=None, budget=None):
    """Growth by splits; trials of steps cost what training could have."""
    cost, budget = cost or task.cost, budget or task.growth
    return deep.Across(cost=cost, budget=budget, trials=task.trials)


def six_arms(task, name, store, seeds):
    """Split, random split, uniform, scratch and two prunings, from one seed network."""
    growths = {
        "split": splitting(task),
        "uniform": uniform(task),
        "random split": random_splits(task),
    }
    for seed in seeds:
        first, even, _ = (
            store.once(name, label, seed, partial(logged, task, growth, seed))
            for label, growth in growths.items()
        )
        for label, wide in (("split", first["widths"]), ("uniform", even["widths"])):
            run = partial(scratch, task, wide, seed)
            store.once(name, f"scratch, widths of {label}", seed, of(task, run))
        for by in ("bn", "l1"):
            run = partial(pruned_arm, task, even["widths"], seed, by)
            store.once(name, f"{by}-prune", seed, of(task, run))


def logged(task, growth, seed):
    """Row of a grown network, with one for each of its rounds."""
    log = []
    return {**of(task, partial(grown, task, growth, seed, log))(), "rounds": log}


def of(task, run):
    """Function that returns the row of a table."""
    return lambda: described(task, *run())


def energy(folder, store, seeds):
    """What the budget counts: MACs, parameters, both; against uniform growth."""
    task = keyword_task(folder, epochs=6)
    budgets = {
        "MACs": (deep.macs, 0.6),
        "parameters": (deep.parameters, 0.6),
        "both": ((deep.macs, deep.parameters), (0.6, 0.6)),
    }
    for seed in seeds:
        for label, (cost, budget) in budgets.items():
            run = partial(grown, task, splitting(task, cost, budget), seed)
            store.once("energy", f"split, {label}", seed, of(task, run))
        for label, cost in (("MACs", deep.macs), ("parameters", deep.parameters)):
            own = task._replace(cost=cost)
            run = partial(grown, own, uniform(own), seed)
            store.once("energy", f"uniform, {label}", seed, of(own, run))


def smooth_ds_cnn(width):
    """Network for words of smooth ramps: its splitting matrices are exact."""
    module = deep.ds_cnn(width)
    for k, part in enumerate(module):
        if isinstance(part, torch.nn.ReLU):
            module[k] = torch.nn.SiLU()
    return module


REGIMES = {
    "later rate .03": {"later_lr": 0.03},
    "trained network given, one round": {
        **{"epochs": 12, "rounds": 1, "later_lr": 0.03, "sunk": True}
    },
    "smooth ramps, later rate .03": {"make": smooth_ds_cnn, "later_lr": 0.03},
    "2 epochs a round": {"epochs": 2},
    "from a tiny network": {"width": 4, "rounds": 6, "growth": 0.8, "epochs": 4},
}


def regimes(folder, store, seeds):
    """Split, random split and scratch on the keywords, by how they are trained."""
    for seed in seeds:
        for label, options in REGIMES.items():
            task = keyword_task(folder, **options)
            run = partial(logged, task, splitting(task), seed)
            first = store.once(label, "split", seed, run)
            sunk = first["rounds"][0]["units"] if task.sunk else 0.0
            run = partial(grown, task, random_splits(task), seed)
            store.once(label, "random split", seed, of(task, run))
            run = partial(scratch, task, first["widths"], seed, sunk)
            store.once(label, "scratch, widths of split", seed, of(task, run))


def eigenvalues(folder, store, seeds):
    """Least eigenvalues against the fall of the loss by a split, at once and later."""
    for epochs in (4, 16):
        task = keyword_task(folder, epochs=epochs, rounds=0)
        for seed in seeds:
            run = partial(_single_splits, task, seed)
            store.once("eigenvalues", f"{epochs} epochs", seed, run)


def _single_splits(task, seed, later=2, many=16):
    network, _ = grown(task, None, seed)
    before = scores(network, task.data.x, task.data.y)[0]
    splits = []
    for name, layer in network.sites.items():
        relative = Relative(layer)
        values, vectors = np.linalg.eigh(
            relative.splitting_matrices(relative.particles)[:, :-1, :-1]
        )
        for i in range(len(values)):
            v = np.append(vectors[i, :, 0], 0.0) * relative.scales[i]
            splits.append((values[i, 0], name, i, v))
    splits.sort(key=lambda split: split[0])
    picked = np.unique(np.linspace(0, len(splits) - 1, many).astype(int))

    def trained(net):
        move = deep.SGD(epochs=later, lr=0.1 * task.lr, augment=task.augment)
        net = net.copy()
        move(net, np.random.default_rng(1))
        return scores(net, task.data.x, task.data.y)[0]

    unsplit, rows = trained(network), []
    now = network.value
    for k in picked:
        least, name, i, v = splits[k]
        step, fall = min(
            (
                (e, network.split({name: halves([i], [v], [least])}, e)[0].value - now)
                for e in (0.05, 0.1, 0.2, 0.4, 0.8)
            ),
            key=lambda pair: pair[1],
        )
        split, _ = network.split({name: halves([i], [v], [least])}, step)
        rows.append([float(least), name, step, float(fall), trained(split) - unsplit])
    return {"rows": rows, "loss": before, "unsplit": unsplit}


# ------------------------------------------------------------------------ results
class Store:
    """Results in a file, each computed once."""

    def __init__(self, path):
        self.path = path
        self.results = json.loads(path.read_text()) if path.exists() else {}

    def once(self, *key_and_run):
        *key, run = key_and_run
        key = " | ".join(map(str, key))
        if key not in self.results:
            self.results[key] = run()
            self.path.write_text(json.dumps(self.results, default=float))
            kept = {k: v for k, v in self.results[key].items() if k != "rounds"}
            print(key, kept, flush=True)
        return self.results[key]


def table(store):
    """Means over seeds, with standard errors."""
    groups: dict[str, list[dict]] = {}
    for key, row in store.results.items():
        groups.setdefault(key.rpartition(" | ")[0], []).append(row)
    for name, rows in groups.items():
        if "accuracy" not in rows[0]:
            _print_correlations(name, rows)
            continue
        a = 100.0 * np.array([row["accuracy"] for row in rows])
        error = a.std(ddof=1) / len(a) ** 0.5 if len(a) > 1 else np.nan
        macs, many, units, seconds = (
            np.mean([row[k] for row in rows])
            for k in ("macs", "parameters", "units", "seconds")
        )
        print(
            f"{name:48} {a.mean():5.1f} +- {error:.1f} %  {macs / 1e6:.3f} M MACs "
            f"{many:7.0f} parameters  compute {units / 1e6:5.1f}  {seconds:5.0f} s  "
            f"{a.round(1)}"
        )


def _print_correlations(name, rows):
    for k, row in enumerate(rows):
        at = np.array([[r[0], r[3], r[4]] for r in row["rows"]])
        ranks = at.argsort(axis=0).argsort(axis=0)
        print(
            f"{name} seed {k}: rank correlation of the least eigenvalue with the "
            f"fall at once {np.corrcoef(ranks[:, 0], ranks[:, 1])[0, 1]:.2f}, after "
            f"fine-tuning {np.corrcoef(ranks[:, 0], ranks[:, 2])[0, 1]:.2f}; mean "
            f"falls {at[:, 1].mean():.1e}, {at[:, 2].mean():.1e}"
        )


def main():
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    kinds = ["keywords", "mobilenet", "vgg", "energy", "regimes", "eigenvalues"]
    parser.add_argument("what", choices=[*kinds, "table"])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    store, seeds = Store(arguments.out), range(arguments.seeds)
    if arguments.what == "keywords":
        six_arms(keyword_task(arguments.folder), "keywords", store, seeds)
    elif arguments.what == "mobilenet":
        task = image_task(arguments.folder, deep.mobilenet_v1, 8)
        six_arms(task, "mobilenet", store, seeds)
    elif arguments.what == "vgg":
        task = image_task(arguments.folder, deep.vgg, 4)
        six_arms(task, "vgg", store, seeds)
    elif arguments.what != "table":
        run = {"energy": energy, "regimes": regimes, "eigenvalues": eigenvalues}
        run[arguments.what](arguments.folder, store, seeds)
    table(store)


if __name__ == "__main__":
    main()
