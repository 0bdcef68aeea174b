"""Keywords of a function that are misspelt: an error that says what was meant."""

import difflib
import functools
import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Returned = TypeVar("Returned")


def explains_keywords(
    function: Callable[Parameters, Returned],
) -> Callable[Parameters, Returned]:
    """Decorator: an unknown keyword gets an error that says what was meant."""
    # Python 3.13 suggests the name itself.
    names = list(inspect.signature(function).parameters)

    @functools.wraps(function)
    def checked(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Returned:
        for name in kwargs:
            if name in names:
                continue
            hint = f"it takes {', '.join(names)}"
            if name in ("seed", "random_state", "key", "random_seed"):
                hint = "use rng="
            elif close := difflib.get_close_matches(name, names, n=1):
                hint = f"did you mean {close[0]}=?"
            raise TypeError(f"{function.__name__}() has no argument {name!r}; {hint}")
        return function(*args, **kwargs)

    return checked
