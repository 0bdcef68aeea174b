"""The same inputs and rng give the same bits, on any number of threads."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import splitparticles as sp
from splitparticles._compiled import threads
from splitparticles._compiled.threads import using_threads

RNG = np.random.default_rng(0)
X, Y, W = RNG.normal(size=(300, 2)), RNG.gamma(2.0, size=(400, 2)), RNG.random(300)


def score(x):
    """Of independent laws, and without BLAS."""
    return -x - 0.1 * x**3


def sampled(**options):
    return sp.sample(score, [0.5, 0.5], 16, rng=0, **options)


def descended(objective, **options):
    start = sp.ParticleSet([[0.5, 0.5]])
    return sp.descend(objective, start, n_particles=16, rng=0, **options).positions


def network():
    tanh, loss = sp.activations.Tanh(), sp.losses.Squared()
    objective = sp.Network(tanh, loss, X, W, masses=True)
    return objective.gradient(sp.ParticleSet(X[:20] @ np.ones((2, objective.dim))))


ENTRIES = {
    "sample": lambda: sampled().positions,
    "draws": lambda: sampled().draws(500, rng=1),
    "descent": lambda: sampled(emulator=False).positions,
    "compress": lambda: sp.compress(Y, 16, weights="optimal", rng=0).weights,
    "compress in chunks": lambda: sp.compress([Y[:90], Y[90:]], 16, rng=0).positions,
    "descend, MMD": lambda: descended(sp.MMD(sp.Gaussian(1.0), Y)),
    "descend, KSD": lambda: descended(sp.KSD(sp.Gaussian(2.0), score)),
    "random splits": lambda: descended(
        sp.MMD(sp.InverseMultiquadric(), Y), growth=sp.RandomSplit()
    ),
    "diagnose": lambda: np.array(
        list(map(float, sp.diagnose(sampled(), score=score).figures.values()))
    ),
    "mmd": lambda: np.array(sp.mmd(X, Y, weights_x=W)),
    "ksd": lambda: np.array(sp.ksd(X, score, weights=W)),
    "energy_distance": lambda: np.array(sp.energy_distance(X, Y)),
    "network": network,
    "pruned": lambda: (
        sp.pruned(
            sp.MMD(sp.Gaussian(1.0), Y), sp.ParticleSet(X[:40]), tol=0.5
        ).positions
    ),
}


def digest(name):
    return hashlib.sha256(np.ascontiguousarray(ENTRIES[name]())).hexdigest()


@pytest.fixture(scope="module")
def canonical():
    with using_threads(1):
        return {name: digest(name) for name in ENTRIES}


@pytest.mark.slow
@pytest.mark.parametrize("n_threads", [1, 2, 4])
@pytest.mark.parametrize("name", ENTRIES)
def test_threads_and_repetition_change_no_bit(name, n_threads, canonical, monkeypatch):
    monkeypatch.setattr(threads, "STEPS_WORTH_A_THREAD", 10)
    with using_threads(n_threads):
        assert [digest(name), digest(name)] == [canonical[name]] * 2


@pytest.mark.slow
@pytest.mark.compiles
@pytest.mark.parametrize("n_blas", ["1", "2"])
def test_neither_do_another_process_and_the_threads_of_blas(n_blas, canonical):
    code = "import test_determinism as t; print(*map(t.digest, t.ENTRIES))"
    folders = Path(__file__).parent, Path(sp.__file__).parents[1]
    path = os.pathsep.join(map(str, folders))
    blas = dict.fromkeys(["OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"], n_blas)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path, **blas},
        capture_output=True,
        text=True,
        check=True,
    )
    found = dict(zip(ENTRIES, done.stdout.split(), strict=True))
    assert found == canonical
