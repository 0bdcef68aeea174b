r"""A score that is a sum over shards of data.

.. math:: s(x) = \sum_k s_k(x), \qquad \text{such as} \quad
          s_k(x) = \nabla \log p(\text{data}_k \mid x).

What goes through the shards is the user's: any function like the builtin ``map``, of
threads, of joblib, of a dask cluster.  The parts are added in the order of the shards,
so the sum is the same to the last bit wherever they were computed.  For a slow score of
one point, whose rows are to be spread, there is `MappedScore`.
"""

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from .._validation import as_callable
from .counted import checked


class ShardedScore:
    """A score to hand to `sample`, summed over shards.

    Parameters
    ----------
    shard_score : callable
        (x, shard) -> (n, d): what one shard adds to the score at x (n, d).  To run in
        other processes it has to be a function of a module.
    shards : iterable
        Whatever `shard_score` knows what to do with; kept as a list.
    map : callable
        (function, shards) -> results in the order of the shards: ``pool.map`` of
        threads or processes; ``lambda f, s: Parallel(4)(delayed(f)(k) for k in s)`` of
        joblib; ``lambda f, s: client.gather(client.map(f, s))`` of dask.

    Raises
    ------
    TypeError, ValueError
        When called, if a part is not a real array of the shape of x, or there are more
        or fewer parts than shards.

    Examples
    --------
    >>> import numpy as np, splitparticles as sp
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> data = np.random.default_rng(0).normal(3.0, 1.0, size=(400, 2))
    >>> def score_of(x, rows):
    ...     return rows.sum(axis=0) - len(rows) * x
    >>> with ThreadPoolExecutor(2) as pool:
    ...     score = sp.ShardedScore(score_of, np.split(data, 4), map=pool.map)
    ...     result = sp.sample(score, 2, 16, rng=0)
    >>> np.allclose(result.mean(), data.mean(axis=0), atol=1e-3)
    True
    """

    def __init__(self, shard_score: Callable, shards: Iterable, *, map: Callable = map):
        self.shard_score = as_callable(shard_score, "shard_score", "(x, shard)")
        if not isinstance(shards, Iterable):
            raise TypeError(f"shards must be an iterable, got {shards!r}")
        self.shards = list(shards)
        if not self.shards:
            raise ValueError("shards must have at least one entry, got none")
        self.map = as_callable(map, "map", "(function, shards)")

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Sum of the parts at x (n, d)."""
        parts = list(self.map(partial(self.shard_score, x), self.shards))
        if len(parts) != len(self.shards):
            raise ValueError(
                f"map must return {len(self.shards)} parts, got {len(parts)}"
            )
        total = np.zeros(np.shape(x))
        for k, part in enumerate(parts):
            total = total + checked(part, f"shard_score for shard {k}", x)
        return total
