"""Arms of learning_rivals.py that ask for the score: ours, NUTS, Pathfinder ..."""

from functools import partial

import numpy as np
from judging import finite, in_jax
from nuts_chains import chains, nutpie
from rival_tries import Problem, Try, importance_weights
from rivals import Svgd, blackjax, jax

import splitparticles as sp
from splitparticles.modes.climb import find_mode

WARMUPS, DRAWS = (300, 1000), (500, 1000, 2000, 4000, 8000)
PATHS, PATH_DRAWS, ELBO_DRAWS = 8, 1000, 25
FREEDOM, STUDENT_DRAWS = 5.0, (1024, 4096, 16384)
SVGD_STEPS = (100, 500)


def ours(emulator, problem: Problem):
    """`sample`, on an emulator or on the true score."""
    for seed, x0, asked in problem.starts():
        run = sp.sample(asked.score, x0, problem.options.n, emulator=emulator, rng=seed)
        assert (run.n_score_evals, run.n_score_calls) == (asked.rows, asked.calls)
        yield Try(
            "default",
            asked.rows,
            asked.calls,
            lambda run=run: (run.positions, run.weights),
        )


def nuts(low_rank, problem: Problem):
    """First draws of one chain a start, compressed."""
    if nutpie is None:
        return
    asked = next(problem.starts())[2]
    options, settings = problem.options, [(tune, low_rank) for tune in WARMUPS]
    runs = chains(asked, problem.d, settings, DRAWS[-1], options.starts, options.most)
    for (tune, _), run in zip(settings, runs, strict=True):
        for m in DRAWS:
            for chain in run:
                if len(chain.draws) >= m:
                    spent = int(chain.gradients[m - 1])
                    points = problem.compressed(chain.draws[:m])
                    yield Try(f"{tune} + {m}", spent, spent, points)
                else:
                    most = options.most
                    yield Try(f"{tune} + {m}", most, most, lambda: None)


def pathfinder(paths, problem: Problem):
    """Draws of one path, or of several with importance weights."""
    if blackjax is None:
        return
    for seed, x0, asked in problem.starts():
        rng, log_density = np.random.default_rng(seed), in_jax(asked)
        starts = np.vstack([x0, rng.uniform(-2.0, 2.0, (paths - 1, problem.d))])
        draws, log_proposal = [], []

        @jax.jit
        def path(key, x, log_density=log_density):
            method = blackjax.vi.pathfinder
            one, two = jax.random.split(key)
            state, _ = method.approximate(one, log_density, x, ELBO_DRAWS)
            return method.sample(two, state, PATH_DRAWS)

        keys = jax.random.split(jax.random.key(seed), paths)
        for key, start in zip(keys, starts, strict=True):
            x, logq = path(key, start)
            draws.append(np.asarray(x))
            log_proposal.append(np.asarray(logq))
        draws, weights = np.concatenate(draws), None
        if paths > 1 and np.isfinite(draws).all():
            log_p = asked(draws)[0]
            weights = importance_weights(log_p, np.concatenate(log_proposal))
        points = problem.compressed(draws, weights)
        yield Try(f"{paths} paths", asked.rows, asked.calls, points)


def laplace(problem: Problem):
    """Student draws about the mode with importance weights."""
    for seed, x0, asked in problem.starts():
        mode = find_mode(asked.score, x0)
        rows, calls, d = asked.rows, asked.calls, problem.d
        for m in STUDENT_DRAWS:
            rng = np.random.default_rng(seed)
            scale = np.sqrt(rng.chisquare(FREEDOM, size=(m, 1)) / FREEDOM)
            z = rng.normal(size=(m, d)) / scale
            points = lambda: None  # noqa: E731
            if mode.converged:
                x = mode.preconditioner.to_user(z)
                squares = (z**2).sum(axis=1)
                log_t = -0.5 * (FREEDOM + d) * np.log1p(squares / FREEDOM)
                weights = importance_weights(asked(x)[0], log_t)
                points = problem.compressed(x, weights)
            yield Try(f"{m} draws", rows + m, calls + 1, points)


def svgd(problem: Problem):
    """Last clouds from n draws of N(start, I)."""
    if blackjax is None:
        return
    for seed, x0, asked in problem.starts():
        n = problem.options.n
        cloud = x0 + np.random.default_rng(seed).normal(size=(n, problem.d))
        method = Svgd(lambda x, asked=asked: (None, finite(asked(x)[1])))
        for steps in SVGD_STEPS:
            for k, x in enumerate(method.clouds(cloud, n * steps)):
                setting = f"{steps} steps, optimiser {k}"
                yield Try(setting, n * steps, steps, lambda x=x: (x, None))


ARMS = {
    "ours": partial(ours, "auto"),
    "KSD": partial(ours, False),
    "NUTS": partial(nuts, False),
    "NUTS low rank": partial(nuts, True),
    "Pathfinder": partial(pathfinder, 1),
    "Pathfinder 8": partial(pathfinder, PATHS),
    "Laplace-t": laplace,
    "SVGD": svgd,
}
