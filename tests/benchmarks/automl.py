"""Classifiers of tables without a choice to make: ours beside tuned nets and boosting.

    python tests/benchmarks/automl.py FOLDER [--splits 10] [--first 0] [--out FILE]
        [--sets NAME ...]

Takes 20 minutes of one idle core.  FOLDER holds the eight UCI tables of the papers'
slides as ``uci_NAME.npz``, arrays ``x`` (N, p) and ``y`` (N,), of which a split takes
3000 rows at most.  Three tenths of the rows are held out, classes alike.  The arms:

ours       ``SplittingClassifier()``, no option
net        ``MLPClassifier`` by L-BFGS, three widths and four decays, 3-fold CV
xgboost    three depths, two numbers of trees, two shares of rows, 3-fold CV
histogram  ``HistGradientBoostingClassifier``, three depths, two penalties, 3-fold CV

``--out`` keeps each result as it comes, and a run that was cut goes on from there.  Set
OMP_NUM_THREADS and OPENBLAS_NUM_THREADS to 1.
"""

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from splitparticles._compiled.threads import using_threads
from splitparticles.estimators import SplittingClassifier

SETS = [
    *("tic_tac_toe", "ionosphere", "leaf", "credit_default"),
    *("wholesale_region", "haberman", "seeds", "diabetic_retinopathy"),
]
ROWS = 3000
RESAMPLES = 2000


def tuned(classifier, grid, seed):
    """Classifier with the options of a grid that three folds choose."""
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    return GridSearchCV(classifier, grid, cv=folds)


def ours(seed):
    """Our classifier as it is."""
    return SplittingClassifier(random_state=seed)


def net(seed):
    """Tuned network of scikit-learn."""
    network = MLPClassifier(solver="lbfgs", max_iter=300, random_state=seed)
    grid = {
        "mlpclassifier__hidden_layer_sizes": [(4,), (16,), (64,)],
        "mlpclassifier__alpha": [1e-3, 0.1, 1.0, 10.0],
    }
    return tuned(make_pipeline(StandardScaler(), network), grid, seed)


def xgboost(seed):
    """Tuned trees of xgboost."""
    from xgboost import XGBClassifier

    grid = {"max_depth": [2, 4, 6], "n_estimators": [50, 200], "subsample": [0.7, 1.0]}
    trees = XGBClassifier(n_jobs=1, random_state=seed, learning_rate=0.1)
    return tuned(trees, grid, seed)


def histogram(seed):
    """Tuned trees of scikit-learn."""
    trees = HistGradientBoostingClassifier(random_state=seed)
    grid = {"max_depth": [2, 4, None], "l2_regularization": [0.0, 1.0]}
    return tuned(trees, grid, seed)


ARMS = {"ours": ours, "net": net, "xgboost": xgboost, "histogram": histogram}


def table_of(folder, name, seed):
    """Inputs and labels, at most `ROWS` of them."""
    with np.load(Path(folder) / f"uci_{name}.npz") as arrays:
        x, y = arrays["x"].astype(float), arrays["y"].astype(int)
    if len(x) > ROWS:
        rows = np.random.default_rng(seed).permutation(len(x))[:ROWS]
        x, y = x[rows], y[rows]
    return x, y


def result(folder, name, seed, arm):
    """Accuracy on rows held out, and CPU seconds of the fit."""
    x, y = table_of(folder, name, seed)
    train, test, labels, truth = train_test_split(
        x, y, test_size=0.3, stratify=y, random_state=seed
    )
    classifier, began = ARMS[arm](seed), time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(train, labels)
    seconds = time.process_time() - began
    return float(classifier.score(test, truth)), seconds


def results(options):
    """Results of all arms, kept in a file as they come."""
    kept = Path(options.out) if options.out else None
    known = json.loads(kept.read_text()) if kept and kept.exists() else {}
    seeds = range(options.first, options.first + options.splits)
    for seed in seeds:
        for name in options.sets:
            for arm in options.arms:
                key = f"{name} {seed} {arm}"
                if key not in known:
                    known[key] = result(options.folder, name, seed, arm)
                    if kept:
                        kept.write_text(json.dumps(known))
    shape = len(options.sets), len(seeds), len(options.arms), 2
    keys = [f"{n} {s} {a}" for n in options.sets for s in seeds for a in options.arms]
    return np.array([known[key] for key in keys]).reshape(shape)


def geometric_means(accuracy, net_index):
    """Geometric means over the sets of the ratios to the tuned net, (arms,)."""
    means = accuracy.mean(axis=1)
    return np.exp(np.log(means / means[:, [net_index]]).mean(axis=0))


def report(options, figures):
    """Print accuracies, ratios, their means with standard errors, and seconds."""
    accuracy, seconds = figures[..., 0], figures[..., 1]
    n_splits, index = accuracy.shape[1], options.arms.index("net")
    print(f"{'accuracy, %':22s}" + "".join(f"{arm:>22s}" for arm in options.arms))
    for k, name in enumerate(options.sets):
        mean = accuracy[k].mean(axis=0)
        error = accuracy[k].std(axis=0, ddof=1) / np.sqrt(n_splits)
        cells = [
            f"{100 * m:.1f} +- {100 * e:.1f} ({m / mean[index]:.3f})"
            for m, e in zip(mean, error, strict=True)
        ]
        print(f"{name:22s}" + "".join(f"{cell:>22s}" for cell in cells))
        spent = [f"{s:.1f} s" for s in seconds[k].mean(axis=0)]
        print(f"{'':22s}" + "".join(f"{cell:>22s}" for cell in spent))
    rng = np.random.default_rng(0)
    resampled = []
    for _ in range(RESAMPLES):  # the splits of each set by themselves, arms together
        rows = rng.integers(n_splits, size=(len(options.sets), n_splits, 1))
        drawn = np.take_along_axis(accuracy, rows, axis=1)
        resampled.append(geometric_means(drawn, index))
    cells = [
        f"{mean:.4f} +- {error:.4f}"
        for mean, error in zip(
            geometric_means(accuracy, index), np.std(resampled, axis=0), strict=True
        )
    ]
    print(f"{'geometric mean':22s}" + "".join(f"{cell:>22s}" for cell in cells))
    total = [f"{s:.0f} s" for s in seconds.sum(axis=(0, 1))]
    print(f"{'CPU seconds':22s}" + "".join(f"{cell:>22s}" for cell in total))


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--first", type=int, default=0, help="seed of the first split")
    parser.add_argument("--out")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    options = parser.parse_args()
    for n_classes in (2, 3):  # compile, or load, before a clock runs
        x = np.arange(30.0)[:, None] % 7.0
        SplittingClassifier(2).fit(x, np.arange(30) % n_classes)
    with using_threads(1):
        report(options, results(options))


if __name__ == "__main__":
    main()
