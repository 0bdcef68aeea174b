"""Validation of arguments: finite float64 arrays, numbers and callables, or an error.

Every error names the argument, what it got and what was wanted, and for bad
numbers the row and its coordinates.  Arrays are copied, so nothing that was passed
is ever modified, and compiled loops only see C-ordered float64.
"""

from .arrays import (
    as_floats,
    as_positions,
    as_weights,
    refuse_nonfinite,
    summing_to_one,
)
from .front_door import (
    as_rows,
    checked_names,
    refuse_large_matrices,
    refuse_too_large,
    start_cloud,
)
from .scalars import (
    as_callable,
    as_count,
    as_deadline,
    as_finite,
    as_flag,
    as_instance,
    as_negative,
    as_nonnegative,
    as_optional,
    as_positive,
    as_rng,
    as_share,
    as_size,
    check_fields,
    not_yet,
    with_checked_fields,
)

__all__ = [
    "as_callable",
    "as_count",
    "as_deadline",
    "as_finite",
    "as_flag",
    "as_floats",
    "as_instance",
    "as_negative",
    "as_nonnegative",
    "as_optional",
    "as_positions",
    "as_positive",
    "as_rng",
    "as_rows",
    "as_share",
    "as_size",
    "as_weights",
    "check_fields",
    "checked_names",
    "not_yet",
    "refuse_large_matrices",
    "refuse_nonfinite",
    "refuse_too_large",
    "start_cloud",
    "summing_to_one",
    "with_checked_fields",
]
