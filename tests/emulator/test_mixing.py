import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import rankdata

from splitparticles.emulator import effective_size, r_hat


def normal_scores(x):
    ranks = rankdata(x).reshape(x.shape)
    return ndtri((ranks - 0.375) / (x.size + 0.25))


def plain_ratio(x):
    """R-hat of one coordinate (n, m), by its definition."""
    n, m = x.shape
    W = np.mean([np.var(x[:, j], ddof=1) for j in range(m)])
    B = n * np.var(x.mean(axis=0), ddof=1)
    return np.sqrt(((n - 1) / n * W + B / n) / W)


def plain_size(x):
    """Effective size of one coordinate (n, m): Geyer's initial monotone sequence."""
    n, m = x.shape
    W = np.var(x, axis=0, ddof=1).mean()
    both = (n - 1) / n * W + np.var(x.mean(axis=0), ddof=1)
    c = x - x.mean(axis=0)
    rho = [1.0]
    for t in range(1, n):
        # covariances that share the factor n / (n - 1) of the variances
        lag = np.mean([(c[t:, j] * c[: n - t, j]).sum() / (n - 1) for j in range(m)])
        rho.append(1.0 - (W - lag) / both)
    total, before = 0.0, np.inf
    for t in range(0, n - 1, 2):
        pair = min(rho[t] + rho[t + 1], before)
        if pair <= 0.0:
            break
        total, before = total + pair, pair
    return m * n / (-1.0 + 2.0 * total)


def autoregressive(k, c, rho, rng):
    x = np.zeros((k, c, 1))
    x[0] = rng.normal(size=(c, 1))
    for t in range(1, k):
        x[t] = rho * x[t - 1] + np.sqrt(1.0 - rho**2) * rng.normal(size=(c, 1))
    return x


@pytest.mark.parametrize("k", [40, 41])
def test_both_are_those_of_the_plain_formulas(k, rng):
    states = np.concatenate(
        [autoregressive(k, 5, rho, rng) for rho in (0.0, 0.6)], axis=2
    )
    halves = np.concatenate([states[: k // 2], states[-(k // 2) :]], axis=1)
    for a in range(2):
        x = halves[:, :, a]
        folded = np.abs(x - np.median(x))
        wanted = max(plain_ratio(normal_scores(x)), plain_ratio(normal_scores(folded)))
        assert r_hat(states)[a] == pytest.approx(wanted)
        wanted = plain_size(normal_scores(x))
        assert effective_size(states)[a] == pytest.approx(wanted)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_correlation_costs_what_theory_says(rho, rng):
    states = autoregressive(2000, 32, rho, rng)
    wanted = states.size * (1.0 - rho) / (1.0 + rho)
    assert effective_size(states)[0] == pytest.approx(wanted, rel=0.15)
    assert r_hat(states)[0] < 1.02


def test_chains_that_disagree_are_seen(rng):
    apart = rng.normal(size=(200, 4, 1)) + np.arange(4)[None, :, None]
    assert r_hat(apart)[0] > 1.5
    wider = rng.normal(size=(200, 4, 1)) * np.array([1.0, 1.0, 1.0, 6.0])[:, None]
    assert r_hat(wider)[0] > 1.2
    drifting = rng.normal(size=(200, 4, 1)) + np.linspace(0.0, 4.0, 200)[:, None, None]
    assert r_hat(drifting)[0] > 1.2


def test_what_never_moves_has_no_figure():
    assert np.isnan(r_hat(np.ones((10, 3, 2)))).all()
    assert np.isnan(effective_size(np.ones((10, 3, 2)))).all()


def test_bad_states_are_refused():
    for figure in (r_hat, effective_size):
        with pytest.raises(ValueError, match="states must have shape"):
            figure(np.ones((3, 2, 1)))
        with pytest.raises(ValueError, match="states must be finite"):
            figure(np.full((8, 2, 1), np.nan))
