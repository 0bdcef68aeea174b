"""Arms of learning_rivals.py that emulate a log density without gradients.

Each runs in a process of its own with a limit of time.  What they need beyond the
log density is given for free: a box of six standard deviations about the mean of the
reference draws, of which two are called plausible.
"""

import multiprocessing
import sys
from functools import partial
from pathlib import Path

import numpy as np
from judging import Counted, reference
from rival_tries import Problem, Try

DRAWS = 8000
POSTERIORS = ("gp_regr", "garch11", "kidscore_interaction")  # three of d = 3, 4, 5


def pyvbmc(log_density, mean, sd, seed):
    """Draws (m, d) of the variational posterior."""
    from pyvbmc import VBMC

    plausible = mean - 2.0 * sd, mean + 2.0 * sd
    x0 = np.random.default_rng(seed).uniform(*plausible)
    box = mean - 6.0 * sd, mean + 6.0 * sd
    method = VBMC(
        log_density, x0, *box, *plausible, options={"display": "off"}, seed=seed
    )
    return method.optimize()[0].sample(DRAWS)[0]


def gpry(log_density, mean, sd, seed):
    """Draws (m, d) of nested sampling on the surrogate, with their weights."""
    from gpry.run import Runner

    box = np.column_stack([mean - 6.0 * sd, mean + 6.0 * sd])
    near = np.column_stack([mean - 2.0 * sd, mean + 2.0 * sd])
    method = Runner(log_density, box, ref_bounds=near, seed=seed, verbose=1)
    method.run()
    method.generate_mc_sample()
    samples = method.last_mc_samples()
    x, weights = samples["X"], samples["w"]
    if weights is None:
        return x
    rng = np.random.default_rng(seed)
    return x[rng.choice(len(x), DRAWS, p=weights / weights.sum())]


def work(method, folder, name, seed, pipe):
    """Run in a process of its own; send the evaluations and the draws."""
    sys.stdout = open("/dev/null", "w")  # noqa: SIM115
    target = reference(folder)[0].load(name)
    asked = Counted(target.logp_score)

    def log_density(x):
        return float(asked(np.atleast_2d(x))[0][0])

    draws = method(log_density, target.z.mean(axis=0), target.z.std(axis=0), seed)
    pipe.send((asked.rows, np.asarray(draws)))


def surrogate(method, problem: Problem):
    """One run from seed 0, if it ends in time."""
    folder, patience = Path(problem.options.folder), problem.options.patience
    if not problem.name.endswith(POSTERIORS):
        return
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe(duplex=False)
    process = spawn.Process(target=work, args=(method, folder, problem.name, 0, there))
    process.start()
    there.close()
    try:
        if not here.poll(patience):
            print(f"{problem.name} {method.__name__}: not done in {patience:.0f} s")
            return
        rows, draws = here.recv()
        yield Try("default", rows, rows, problem.compressed(draws))
    except EOFError:
        print(f"{problem.name} {method.__name__}: it failed")
    finally:
        process.kill()
        process.join()


ARMS = {"PyVBMC": partial(surrogate, pyvbmc), "GPry": partial(surrogate, gpry)}
