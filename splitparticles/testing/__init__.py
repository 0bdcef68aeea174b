"""Family checks and oracles, for tests of kernels, objectives, moves and growths.

Hand an instance of your own to the check of its family; each raises AssertionError
where a promise of the family is not kept.
"""

from .checks import check_growth, check_move, check_objective
from .oracles import close, differences, kernel_matrix, stein_matrix

__all__ = [
    "check_growth",
    "check_move",
    "check_objective",
    "close",
    "differences",
    "kernel_matrix",
    "stein_matrix",
]
