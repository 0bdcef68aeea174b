import numpy as np
import pytest

from splitparticles.emulator.evidence import log_evidence, most_evident
from splitparticles.emulator.metric import metric_of
from splitparticles.emulator.rows import Hyperparameters, Rows
from splitparticles.testing.oracles import stretched_covariance

GRID = (1.0, 2.0, 4.0), (1e-6, 1e-2), (0.0, 0.25, 0.5)


def rows(n=15, d=3, noise=0.0):
    rng = np.random.default_rng([n, d])
    z, A = rng.normal(size=(n, d)), rng.normal(size=(d, d))
    return Rows(z, np.sin(2.0 * z), np.full(n, noise), A @ A.T)


@pytest.mark.parametrize("exponent", [0.0, 0.25, 0.5])
def test_it_is_that_of_a_normal_with_its_scale_profiled_out(exponent):
    noise = np.linspace(0.01, 0.3, 15)
    known = rows()._replace(noise=noise)
    chosen = Hyperparameters(1.3, 0.02, exponent)
    kernel, M = chosen.kernel(3), metric_of(known.variation, exponent)[0]
    K = stretched_covariance(kernel, M, known.x, known.x)
    K += np.diag(np.repeat(noise + 0.02, 3)) / kernel.bandwidth**2  # -2 phi'(0)
    y = known.y.ravel()
    misfit = y @ np.linalg.solve(K, y)
    wanted = -0.5 * (y.size * np.log(misfit) + np.linalg.slogdet(K)[1])
    assert log_evidence(known, chosen) == pytest.approx(wanted, rel=1e-10)


def test_rows_that_meet_without_noise_have_none():
    x = np.zeros((2, 3))
    twins = Rows(x, x, np.zeros(2), np.eye(3))
    assert log_evidence(twins, Hyperparameters(1.0, 0.0, 0.0)) == -np.inf


@pytest.mark.parametrize("start", [(1.0, 1e-6, 0.5), (4.0, 1e-2, 0.0)])
def test_no_node_beside_the_one_found_has_more(start):
    known = rows(40)
    chosen = most_evident(known, GRID, start)
    largest = log_evidence(known, chosen)
    for k, axis in enumerate(GRID):
        i = axis.index(chosen[k])
        for value in axis[max(0, i - 1) : i + 2]:
            beside = Hyperparameters(*chosen[:k], value, *chosen[k + 1 :])
            assert log_evidence(known, beside) <= largest
