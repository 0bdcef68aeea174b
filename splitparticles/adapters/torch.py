"""Models by a log density in PyTorch."""

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from .._validation import as_callable
from ..scores.model import Model
from .blocks import start_blocks
from .imported import imported
from .value_and_score import model_of


def from_torch(log_density: Callable, x0: Any) -> Model:
    """Model of a log density in PyTorch, whose score PyTorch derives.

    Parameters
    ----------
    log_density : callable
        Tensor of one point, or a dictionary of them, like `x0` -> number, up to a
        constant.  While it runs, double precision is PyTorch's default, so that
        numbers inside have it too.  Its parameters are real, without a constraint.
    x0 : array_like or mapping of str to array_like
        Where a run starts: one tensor, named like ``x[0]``, or tensors by their names.

    Returns
    -------
    Model
        Whole batches go through ``torch.func.vmap``; rows one by one if `log_density`
        cannot, as where it asks for the value of a number.

    Raises
    ------
    ImportError
        Without PyTorch.
    TypeError, ValueError
        When x0 has an entry that is no finite real number, or log_density returns no
        number.

    Examples
    --------
    >>> import torch, splitparticles as sp  # doctest: +SKIP
    >>> sp.from_torch(lambda x: -(x**2).sum(), torch.zeros(2)).names  # doctest: +SKIP
    ['x[0]', 'x[1]']
    """
    as_callable(log_density, "log_density", "tensor -> number")
    torch = imported("torch", "torch")
    single = not isinstance(x0, Mapping)
    tensors = {"x": x0} if single else dict(x0)
    blocks, start = start_blocks({k: _as_array(torch, v) for k, v in tensors.items()})

    def at(row):
        parts = blocks.split(row)
        point = parts[0] if single else dict(zip(blocks.shapes, parts, strict=True))
        return log_density(point)

    def of_batches(function):
        def both(x):
            with _double(torch):
                scores, values = function(torch.from_numpy(x))
            return values.detach().numpy(), scores.detach().numpy()

        return both

    with _double(torch):
        _refuse_no_number(torch, at, torch.from_numpy(start.copy()))
    of_row = torch.func.grad_and_value(at)

    def one_by_one(x):
        scores, values = zip(*map(of_row, x), strict=True)
        return torch.stack(scores), torch.stack(values)

    whole = of_batches(torch.func.vmap(of_row))
    try:
        whole(np.stack([start, start]))
    except RuntimeError:  # no rule of vmap, or the value of a number is asked for
        whole = of_batches(one_by_one)
    return model_of(whole, start, names=blocks.names)


@contextmanager
def _double(torch):
    """Double precision as the default of new tensors."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _as_array(torch, value):
    """What an array of a tensor or of anything else."""
    return value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else value


def _refuse_no_number(torch, at, start):
    """Raise unless the log density returns one real number."""
    try:
        answer = at(start)
    except RuntimeError as error:
        error.add_note("log_density got float64: are all of its tensors float64?")
        raise
    is_number = isinstance(answer, torch.Tensor) and answer.ndim == 0
    if not (is_number and answer.is_floating_point()):
        raise TypeError(f"log_density must return a real number, got {answer!r}")
