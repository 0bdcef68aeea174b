"""Chains of nutpie on a log density in Python, asked for many chains in one batch."""

import queue
import threading
import time
from concurrent.futures import Future
from typing import NamedTuple

import numpy as np

try:
    import nutpie
    from nutpie.compiled_pyfunc import from_pyfunc
except ImportError:
    nutpie = None


class Chain(NamedTuple):
    """Draws (m, d) after the warm-up, and the gradients spent up to each."""

    draws: np.ndarray
    gradients: np.ndarray


class Together:
    """Log density and score of one point, asked by several threads at a time.

    Whatever has been asked while the last batch was computed makes the next batch.
    """

    def __init__(self, logp_score):
        self.logp_score, self.queue = logp_score, queue.SimpleQueue()
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.queue.put(None)
        self.thread.join()

    def serve(self):
        """Answer until the end is asked for."""
        while (asked := [self.queue.get()]) != [None]:
            time.sleep(1e-4)
            while not self.queue.empty():
                asked.append(self.queue.get())
            try:
                z = np.array([z for z, _ in asked])
                answers = zip(*self.logp_score(z), strict=True)
            except Exception as error:
                for _, future in asked:
                    future.set_exception(error)
                continue
            for (_, future), answer in zip(asked, answers, strict=True):
                future.set_result(answer)

    def __call__(self, z):
        future = Future()
        self.queue.put((np.array(z), future))
        return future.result()


def model(together, d, most):
    """Model of nutpie with starts in [-2, 2]^d.

    After so many gradients a chain meets zero density, and so ends at no cost.
    """

    def one_chain():
        asked = 0

        def logp_score(z):
            nonlocal asked
            asked += 1
            if asked > most:
                return -np.inf, np.zeros(d)
            log_density, score = together(z)
            return float(log_density), np.ascontiguousarray(score)

        return logp_score

    def start(seed):
        return np.random.default_rng(seed).uniform(-2.0, 2.0, d)

    return from_pyfunc(
        d,
        one_chain,
        lambda *_: lambda z: {"z": np.array(z)},
        [np.dtype("float64")],
        [(d,)],
        ["z"],
        make_initial_point_fn=start,
    )


def chains(logp_score, d, settings, draws, n_chains, most=np.inf):
    """Yield for each (tune, low_rank) its chains, all of them run at once."""
    with Together(logp_score) as together, np.errstate(all="ignore"):
        runs = [
            nutpie.sample(
                model(together, d, most),
                draws=draws,
                tune=tune,
                chains=n_chains,
                cores=n_chains,
                seed=1,
                progress_bar=False,
                low_rank_modified_mass_matrix=low_rank,
                blocking=False,
            )
            for tune, low_rank in settings
        ]
        traces = [run.wait() for run in runs]
    for trace in traces:
        warmup = trace.warmup_sample_stats.n_steps.values.sum(axis=1)
        spent = trace.sample_stats.n_steps.values.cumsum(axis=1) + warmup[:, None]
        z = trace.posterior.z.values
        yield [Chain(x[s <= most], s[s <= most]) for x, s in zip(z, spent, strict=True)]
