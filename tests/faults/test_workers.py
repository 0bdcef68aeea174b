"""Workers of any kind and odd environments get what the main process gets."""

import functools
import json
import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

import splitparticles as sp

DRAWS = np.random.default_rng(0).gamma(2.0, size=(200, 2))
ENTRIES = {
    "sample": lambda: sp.sample(lambda x: -x - 0.1 * x**3, [0.5, 0.5], 12, rng=0),
    "compress": lambda: sp.compress(DRAWS, 12, rng=0),
}


def bits(name):
    return ENTRIES[name]().positions.tobytes()


def by_joblib(backend):
    def answers(name):
        joblib = pytest.importorskip("joblib")
        jobs = [joblib.delayed(bits)(name) for _ in range(3)]
        return joblib.Parallel(n_jobs=2, backend=backend)(jobs)

    return answers


def by_dask(scheduler):
    def answers(name):
        dask = pytest.importorskip("dask")
        jobs = [dask.delayed(bits)(name, dask_key_name=f"{name}{k}") for k in range(3)]
        return dask.compute(*jobs, scheduler=scheduler)

    return answers


def started(method):
    def answers(name):
        if method not in multiprocessing.get_all_start_methods():
            pytest.skip("not there")
        context = multiprocessing.get_context(method)
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            return list(pool.map(bits, [name] * 3, timeout=60))

    return answers


def by_threads(name):
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(bits, [name] * 4))


WORKERS = {
    "threads": by_threads,
    "spawn": started("spawn"),
    "fork": started("fork"),
    "forkserver": started("forkserver"),
    "joblib, processes": by_joblib("loky"),
    "joblib, threads": by_joblib("threading"),
    "dask, threads": by_dask("threads"),
    "dask, processes": by_dask("processes"),
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("kind", WORKERS)
def test_workers_get_the_same_bits(kind, name):
    assert set(WORKERS[kind](name)) == {bits(name)}


ENVIRONMENTS = {  # None: unset
    "no home": {"HOME": None, "USERPROFILE": None, "XDG_CACHE_HOME": None},
    "no compiler": {"NUMBA_DISABLE_JIT": "1"},
    "bounds checked": {"NUMBA_BOUNDSCHECK": "1"},
    "no asserts": {"PYTHONOPTIMIZE": "2"},
    "one thread": {"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    "another hash": {"PYTHONHASHSEED": "7"},
    "development mode": {"PYTHONDEVMODE": "1"},
    "no encoding": {"LC_ALL": "C", "PYTHONUTF8": "0"},
}
SCRIPT = """
import json, numpy as np, splitparticles as sp
x = np.random.default_rng(0).gamma(2.0, size=(30, 2))
score = lambda x: -x - 0.1 * x**3
start = sp.ParticleSet([[0.5, 0.5]])
run = sp.descend(sp.KSD(sp.Gaussian(2.0), score), start, n_particles=3, rng=0)
print(json.dumps([sp.ksd(x, score), sp.mmd(x, -x), run.value]))
"""


@functools.cache
def figures(case=None):
    environment = {**os.environ, **ENVIRONMENTS.get(case, {})}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={name: v for name, v in environment.items() if v is not None},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout), done.stderr


@pytest.mark.slow
@pytest.mark.compiles
@pytest.mark.parametrize("case", ENVIRONMENTS)
def test_odd_environments_give_the_same_figures(case):
    (wanted, _), (found, told) = figures(), figures(case)
    np.testing.assert_allclose(found, wanted, rtol=1e-7)
    assert "Traceback" not in told
