"""Runs that are stopped and go on, and when two results are the same."""

from functools import partial

import numpy as np

import splitparticles as sp

X0 = [1.0, 2.0]
DRAWS = np.random.default_rng(5).normal(size=(600, 2)) @ [[1.0, 0.4], [0.0, 2.0]]


class Score:
    """Score of a banana that counts its rows, and fails on demand."""

    def __init__(self, fails_at=np.inf, error=RuntimeError):
        self.rows, self.calls, self.fails_at, self.error = 0, 0, fails_at, error

    def __call__(self, x):
        self.calls += 1
        if self.calls > self.fails_at:
            raise self.error
        self.rows += len(x)
        bend = x[:, 1] - 0.3 * x[:, 0] ** 2
        return np.column_stack([-x[:, 0] + 0.6 * x[:, 0] * bend, -bend])


def log_density(x):
    return -0.5 * x[:, 0] ** 2 - 0.5 * (x[:, 1] - 0.3 * x[:, 0] ** 2) ** 2


class Sampled:
    """A run of `sample` by its own answers."""

    def __init__(self, **options):
        self.options = {"rng": 3, "n_particles": 8, **options}

    def __call__(self, path=None, score=None, **options):
        score = Score() if score is None else score
        return sp.sample(score, X0, checkpoint=path, **(self.options | options))


def compressed(path=None, **options):
    return sp.compress(DRAWS, 16, rng=3, checkpoint=path, **options)


RUNS = {
    "learned": Sampled(),
    "with a log density": Sampled(log_density=log_density),
    "descended": Sampled(emulator=False),
    "compressed": compressed,
    "weighted": partial(compressed, weights="optimal"),
}


def same(a, b):
    """Whether two results have the same bits."""
    rounds = zip(a.rounds, b.rounds, strict=True)
    return (
        a.positions.tobytes() == b.positions.tobytes()
        and a.weights.tobytes() == b.weights.tobytes()
        and (a.value, a.n_score_evals, a.n_score_calls)
        == (b.value, b.n_score_evals, b.n_score_calls)
        and all(r.value == s.value for r, s in rounds)
        and (a.stop, a.warnings) == (b.stop, b.warnings)
    )
