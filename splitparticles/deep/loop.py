"""Rounds of a network that trains, grows, and trains again."""

from __future__ import annotations  # the pages are built without PyTorch

from collections.abc import Callable, Iterator, Mapping

from .._validation import as_callable, as_count, as_instance, as_optional, as_rng
from ..descent.round import Round
from ..growth.growth import nothing_grew
from .across import Across, checked_limit
from .network import Network
from .training import SGD


def rounds(
    network: Network,
    *,
    move: Callable | None = None,
    growth: Callable | None = None,
    limit: Mapping[str, float] | None = None,
    max_rounds: int | None = None,
    rng=None,
) -> Iterator[Round]:
    """Train and grow a network in place, round by round.

    Parameters
    ----------
    network : Network
    move : callable, optional
        ``move(network, rng) -> Moved`` that trains it in place.  Default: `SGD`.
    growth : callable, optional
        ``growth(network, limit, rng) -> Grown`` whose `particles` is a larger network.
        Default: `Across`.
    limit : mapping of str to float, optional
        Most that the network may cost: ``{"macs": 1e6, "parameters": 1e5}``.
    max_rounds : int, optional
        Rounds, the first training included.
    rng : None, int, Generator, optional

    Yields
    ------
    Round
        `particles` is a copy of the network at rest, `value` its loss on the rows that
        decide growth, `parents` the splitting trees by site.  The network itself grows
        when the next round is asked for.

    Raises
    ------
    TypeError, ValueError
        When an argument is not of its kind.

    Examples
    --------
    >>> import torch
    >>> from splitparticles import deep
    >>> x = torch.linspace(-2.0, 2.0, 64)[:, None]
    >>> module = torch.nn.Sequential(
    ...     torch.nn.Linear(1, 1), torch.nn.Tanh(), torch.nn.Linear(1, 1)
    ... )
    >>> network = deep.Network(module, torch.nn.functional.mse_loss, (x, x.abs()))
    >>> move = deep.SGD(epochs=20, lr=0.05, decay=0.0, batch=16)
    >>> growth = deep.Across(cost=deep.parameters, budget=1.0)
    >>> for this in deep.rounds(network, move=move, growth=growth, max_rounds=2, rng=0):
    ...     print(network.widths, bool(this.grown))
    {'0': 1} True
    {'0': 2} False
    """
    as_instance(network, Network, "network")
    move = SGD() if move is None else as_callable(move, "move", "(network, rng)")
    growth = Across() if growth is None else growth
    as_callable(growth, "growth", "(network, limit, rng)")
    checked_limit(limit)
    as_optional(as_count, max_rounds, "max_rounds")
    return _rounds(network, move, growth, limit, max_rounds, as_rng(rng))


def _rounds(network, move, growth, limit, max_rounds, rng):
    done = 0
    while True:
        moved, done = move(network, rng), done + 1
        if done == max_rounds:
            grown = nothing_grew(network)
        else:
            grown = growth(network, limit, rng)
        yield Round(
            particles=network.copy(),
            value=moved.value,
            bandwidth=None,
            moved=moved,
            grown=grown,
            actual=grown.particles.value - moved.value if grown else 0.0,
            parents=network.parents,
            n_score_evals=0,
        )
        if not grown:
            return
        network.become(grown.particles)
