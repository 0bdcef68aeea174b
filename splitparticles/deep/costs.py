"""Costs of a network: multiply-accumulates and parameters, at any widths.

Both are sums over tensors, each in proportion to the numbers of neurons that it has on
its two sides; so neighbours multiply, and a cost is known without a network built.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .network import Network


def parameters(network: "Network", widths: Mapping[str, int] | None = None) -> int:
    """Number of parameters of a network.

    Parameters
    ----------
    network : Network
    widths : mapping of str to int, optional
        Neurons of some sites, by name; those of the network when left out.
    """
    return _total(network, network.sizes, widths)


def macs(network: "Network", widths: Mapping[str, int] | None = None) -> int:
    """Multiply-accumulates of convolutions and linear layers, for one input.

    Parameters
    ----------
    network : Network
    widths : mapping of str to int, optional
        Neurons of some sites, by name; those of the network when left out.
    """
    return _total(network, network.products, widths)


def _total(network, amounts, widths):
    """Sum of amounts by (submodule, tensor), scaled by the widths of their sides."""
    now = network.widths
    widths = {} if widths is None else widths
    scaled = {
        key: amount * math.prod(widths.get(s, now[s]) for s in network.sides[key])
        for key, amount in amounts.items()
    }
    whole = {key: math.prod(now[s] for s in network.sides[key]) for key in amounts}
    return sum(scaled[key] // whole[key] for key in amounts)
