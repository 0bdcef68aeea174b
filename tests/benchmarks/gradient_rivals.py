"""Arms of learning_rivals.py that ask for the score: ours, NUTS, Pathfinder ..."""

from functools import partial

import numpy as np
from judging import Counted, finite, in_jax
from nuts_chains import chains, nutpie
from rival_tries import Problem, Try, importance_weights
from rivals import Svgd, blackjax, jax

import splitparticles as sp
from splitparticles.modes.climb import find_mode

WARMUPS, DRAWS = (300, 1000), (500, 1000, 2000, 4000, 8000)
PATHS, PATH_STEPS, PATH_DRAWS, ELBO_DRAWS = 8, 200, 1000, 25
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


def one_path(asked):
    """Compiled (key, start) -> draws, their log density and the steps of the path."""
    log_density, method = in_jax(asked), blackjax.vi.pathfinder

    @jax.jit
    def path(key, x):
        one, two = jax.random.split(key)
        state, info = method.approximate(
            one, log_density, x, ELBO_DRAWS, maxiter=PATH_STEPS, ftol=1e-12
        )
        draws, log_q = method.sample(two, state, PATH_DRAWS)
        return draws, log_q, jax.numpy.isfinite(info.path.elbo).sum()

    return path


def pathfinder(paths, problem: Problem):
    """Draws of one path, or of several at once with importance weights."""
    if blackjax is None:
        return
    asked = Counted(problem.logp_score)
    path = one_path(asked)
    for seed, x0, _ in problem.starts():
        rng = np.random.default_rng(seed)
        starts = np.vstack([x0, rng.uniform(-2.0, 2.0, (paths - 1, problem.d))])
        keys, parts, rows, calls = (
            jax.random.split(jax.random.key(seed), paths),
            [],
            0,
            0,
        )
        for key, start in zip(keys, starts, strict=True):
            asked.rows = asked.calls = 0
            *part, steps = map(np.asarray, path(key, start))
            parts.append(part)
            # it asks for draws of steps that its path did not take
            rows += asked.rows - ELBO_DRAWS * (PATH_STEPS + 1 - int(steps))
            calls = max(calls, asked.calls)
        draws, log_q = map(np.concatenate, zip(*parts, strict=True))
        weights = None
        if paths > 1 and np.isfinite(draws).all():
            weights = importance_weights(asked(draws)[0], log_q)
            rows, calls = rows + len(draws), calls + 1
        points = problem.compressed(draws, weights)
        yield Try(f"{paths} paths", rows, calls, points)


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
