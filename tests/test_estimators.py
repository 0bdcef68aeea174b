"""Estimators that grow by splitting: scikit-learn's checks, sizes, data."""

import subprocess
import sys

import numpy as np
import pytest

sklearn = pytest.importorskip("sklearn")
from sklearn.datasets import load_diabetes, load_wine  # noqa: E402
from sklearn.linear_model import Ridge  # noqa: E402
from sklearn.model_selection import train_test_split  # noqa: E402
from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402

import splitparticles as sp  # noqa: E402
from splitparticles.estimators import (  # noqa: E402
    Compressor,
    SplittingClassifier,
    SplittingRegressor,
)
from splitparticles.estimators.held_rows import chosen_stage, parts_of  # noqa: E402

FEW = {"n_neurons": 2, "move": sp.LBFGS(max_iter=20)}


# a weight is no number of rows: as many rows as there are decide on working coordinates
NOT_PASSED = {"check_sample_weight_equivalence_on_dense_data": "N steers coordinates"}
ESTIMATORS = [SplittingRegressor(**FEW), SplittingClassifier(**FEW), Compressor(8)]


@pytest.mark.slow
@parametrize_with_checks(
    ESTIMATORS,
    expected_failed_checks=lambda e: NOT_PASSED if isinstance(e, Compressor) else {},
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_the_checks_of_scikit_learn_pass(estimator, check):
    check(estimator)


def waves(n=300, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-3.0, 3.0, size=(n, 2))
    return x, np.sin(2.0 * x[:, 0]) + 0.5 * np.abs(x[:, 1]), rng


@pytest.mark.slow
def test_a_curved_surface_is_learnt():
    x, y, _ = waves()
    fresh, truth, _ = waves(seed=1)
    fitted = SplittingRegressor(16, random_state=0).fit(x, y)
    assert fitted.score(fresh, truth) > 0.97 > 0.5 > Ridge().fit(x, y).score(x, y)
    assert fitted.n_neurons_ <= 16 and fitted.n_features_in_ == 2
    both = np.column_stack([y, -3.0 * y])
    pair = SplittingRegressor(16, random_state=0).fit(x, both)
    assert pair.predict(fresh).shape == (300, 2)
    assert pair.score(fresh, np.column_stack([truth, -3.0 * truth])) > 0.95


@pytest.mark.slow
def test_held_back_rows_choose_the_size():
    x, y, rng = waves(80)
    noisy = y + rng.normal(size=80)
    options = {"decay": 0.0, "random_state": 0, "move": sp.LBFGS(max_iter=50)}
    fitted = SplittingRegressor(12, **options).fit(x, noisy)
    losses = fitted.validation_losses_
    assert fitted.decay_ == fitted.network_.decay == 0.0
    assert len(losses) < 12  # it stopped early
    assert np.argmin(losses) == fitted.n_neurons_ - 1
    assert min(losses) not in losses[-fitted.patience :]
    whole = SplittingRegressor(12, validation_fraction=0, **options).fit(x, noisy)
    assert whole.n_neurons_ > fitted.n_neurons_
    fresh, truth, _ = waves(seed=1)
    assert fitted.score(fresh, truth) > whole.score(fresh, truth)


def test_the_same_state_is_the_same_network():
    x, y, _ = waves(50)
    one, two = (SplittingRegressor(3, random_state=3).fit(x, y) for _ in range(2))
    assert np.array_equal(one.neurons_.positions, two.neurons_.positions)


@pytest.mark.slow
def test_real_data_and_neurons_of_two_kinds():
    X, y = load_wine(return_X_y=True)
    train, test, labels, truth = train_test_split(X, y, random_state=0, stratify=y)
    kinds = [sp.activations.RBF(), sp.activations.Tanh()]
    fitted = SplittingClassifier(8, activation=kinds, random_state=0)
    fitted.fit(train, np.array(["a", "b", "c"])[labels])
    assert fitted.score(test, np.array(["a", "b", "c"])[truth]) > 0.9
    p = fitted.predict_proba(test)
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    kind = fitted.neurons_.positions[:, -1]
    assert np.array_equal(kind, np.rint(kind))
    X, y = load_diabetes(return_X_y=True)
    train, test, outputs, truth = train_test_split(X, y, random_state=0)
    fitted = SplittingRegressor(random_state=0).fit(train, outputs)
    assert fitted.score(test, truth) > 0.3


# ----------------------------------------------------------------------- held rows
def corner(n, p, noise, seed):
    """Labels of a corner in two of p inputs, a share `noise` of them wrong."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p))
    return x, (x[:, 0] > np.abs(x[:, 1]) - 0.5) ^ (rng.random(n) < noise)


@pytest.mark.slow
def test_a_plane_that_parts_few_rows_does_not_end_the_growth():
    x, y = corner(200, 30, 0.0, seed=0)
    fresh, truth = corner(2000, 30, 0.0, seed=1)
    plane = SplittingClassifier(1, decay=1e-4, random_state=0).fit(x, y)
    fitted = SplittingClassifier(random_state=0).fit(x, y)
    assert fitted.n_neurons_ > 1 and fitted.decay_ > 1e-3
    assert fitted.score(fresh, truth) > plane.score(fresh, truth) + 0.02


@pytest.mark.slow
def test_noise_asks_for_a_stronger_decay():
    clean, noisy = (
        SplittingClassifier(random_state=0).fit(*corner(400, 2, noise, seed=0))
        for noise in (0.0, 0.3)
    )
    assert noisy.decay_ > 3.0 * clean.decay_
    x, y, rng = waves(200)
    clean = SplittingRegressor(random_state=0).fit(x, y)
    noisy = SplittingRegressor(random_state=0).fit(x, y + rng.normal(size=200))
    assert noisy.decay_ > 3.0 * clean.decay_


def test_rows_without_a_pattern_give_the_share_of_their_class():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(300, 3)), np.arange(300) % 10 == 0
    fitted = SplittingClassifier(random_state=0).fit(x, y)
    np.testing.assert_allclose(fitted.predict_proba(x)[:, 1].mean(), 0.1, atol=0.02)
    odds = np.log(fitted.predict_proba(x)[:, 1] / fitted.predict_proba(x)[:, 0])
    np.testing.assert_allclose(fitted.decision_function(x), odds)


@pytest.mark.parametrize(("fraction", "n_parts"), [(0.2, 5), (0.3, 3), (0.9, 2)])
def test_each_row_is_held_back_once_and_classes_alike(fraction, n_parts):
    rng = np.random.default_rng(1)
    classes = rng.permutation(np.repeat([0, 1, 2], [3, 17, 40]))
    parts = parts_of(60, fraction, classes, rng)
    assert len(parts) == n_parts
    held = np.concatenate([part.held for part in parts])
    assert np.array_equal(np.sort(held), np.arange(60))
    for part in parts:
        rows = np.concatenate([part.train, part.held])
        assert np.array_equal(np.sort(rows), np.arange(60))
        shares = np.bincount(classes[part.held], minlength=3) - [
            3 / n_parts,
            17 / n_parts,
            40 / n_parts,
        ]
        assert np.abs(shares).max() <= 1.0
    (few,) = parts_of(9, fraction, None, rng)
    assert np.array_equal(few.train, np.arange(9)) and len(few.held) == 9


def test_the_chosen_network_is_the_mean_of_those_that_held_rows_back():
    x, y = corner(60, 2, 0.2, seed=0)
    network = sp.Network(sp.activations.Tanh(), sp.losses.Logistic(), x, y)
    # too small, right but too sure, wrong: (c, a, b)
    pairs = [[0.1, 1.0], [30.0, 20.0], [-9.0, -5.0], [30.0, 20.0]]
    neurons = np.array([[1.0, 1.0, -0.3, 0.1], [1.0, 0.5, 0.2, 0.0]])
    stages = [
        [sp.ParticleSet(neurons[: k + 1] * [pair[k], 1.0, 1.0, 1.0]) for k in (0, 1)]
        for pair in pairs
    ]
    halves = [network.of_rows(np.arange(k, 60, 2)) for k in (0, 1)]

    def path(k):
        yield from (stage[k] for stage in stages)

    choice = chosen_stage([path(0), path(1)], halves, patience=1)
    expected = [least_loss(halves, members) for members in stages]
    count = len(choice.losses)
    np.testing.assert_allclose(
        choice.losses, [e[0] for e in expected[:count]], rtol=1e-4
    )
    assert choice.losses[-1] > 1.02 * min(choice.losses) and count == 3
    assert choice.stage == np.argmin(choice.losses) == 1
    members = stages[choice.stage]
    mean = np.mean([network.predict(member) for member in members], axis=0)
    scale = expected[choice.stage][1]
    assert scale < 0.5
    np.testing.assert_allclose(network.predict(choice.neurons), scale * mean, rtol=0.02)


def least_loss(networks, members):
    """Least mean loss over a grid of factors up to one, and the factor."""
    scales = np.exp(np.linspace(-3.0, 0.0, 3001))
    f = np.concatenate([n.predict(m) for n, m in zip(networks, members, strict=True)])
    y = np.concatenate([n.targets[:, 0] for n in networks])
    losses = [np.mean(np.logaddexp(0.0, s * f) - y * s * f) for s in scales]
    return min(losses), scales[np.argmin(losses)]


# --------------------------------------------------------------------- compressor
@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    rows = rng.normal([1.0, -5.0], [1.0, 3.0], size=(400, 2))
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame(rows, columns=["mass", "rate"])


def test_a_compressor_is_compress_and_distances_to_its_points(table):
    weights = np.linspace(0.0, 1.0, 400)
    fitted = Compressor(8, weights="optimal", random_state=0)
    assert fitted.fit(table, sample_weight=weights) is fitted
    expected = sp.compress(table, 8, weights_of_draws=weights, weights="optimal", rng=0)
    np.testing.assert_array_equal(fitted.points_, expected.positions)
    np.testing.assert_array_equal(fitted.weights_, expected.weights)
    distances = fitted.transform(table)
    gaps = table.to_numpy()[:, None] - expected.positions
    np.testing.assert_allclose(distances, np.linalg.norm(gaps, axis=2), atol=1e-6)


def test_pandas_goes_in_and_comes_out(table):
    fitted = Compressor(4).set_output(transform="pandas").fit(table)
    assert fitted.feature_names_in_.tolist() == ["mass", "rate"]
    distances = fitted.transform(table[::2])
    assert distances.columns.tolist() == [f"compressor{k}" for k in range(4)]
    assert distances.index.equals(table.index[::2])
    rows = fitted.result_.to_dataframe()
    assert rows.columns.tolist() == ["mass", "rate", "weight"] and len(rows) == 4
    with pytest.raises(ValueError, match="feature names"):
        fitted.transform(table[["rate", "mass"]])


def test_fewer_points_than_asked_have_as_many_columns(table):
    same = table.iloc[[0] * 20]
    fitted = Compressor(8).fit(same)
    n = len(fitted.points_)
    assert n < 8 and fitted.transform(same).shape == (20, n)
    assert len(fitted.get_feature_names_out()) == n


def test_networks_take_pandas(table):
    y = (table.mass > 1.0).rename("heavy")
    fitted = SplittingClassifier(2, random_state=0).fit(table, y)
    same = SplittingClassifier(2, random_state=0).fit(table.to_numpy(), y.to_numpy())
    assert fitted.feature_names_in_.tolist() == ["mass", "rate"]
    assert np.array_equal(fitted.predict(table), same.predict(table.to_numpy()))
    regressor = SplittingRegressor(2, random_state=0).fit(table, table.mass**2)
    assert regressor.feature_names_in_.tolist() == ["mass", "rate"]
    assert regressor.predict(table).shape == (400,)


def test_no_other_module_imports_scikit_learn():
    code = (
        "import sys, splitparticles; assert 'sklearn' not in sys.modules\n"
        "sys.modules['sklearn'] = None\n"
        "try:\n    import splitparticles.estimators\n"
        "except ImportError as error:\n    assert 'needs scikit-learn' in str(error)\n"
        "else:\n    raise AssertionError"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
