"""Models by a log density in JAX."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .._validation import as_callable
from ..scores.model import Model
from .blocks import start_blocks
from .imported import imported
from .padded import padded
from .value_and_score import model_of


def from_jax(log_density: Callable, x0: Any) -> Model:
    """Model of a log density in JAX, whose score and its products JAX derives.

    It runs in double precision whatever the flag ``jax_enable_x64`` says, and leaves
    the flag alone; where it is off, JAX's caches are cleared whenever something is
    compiled.  Batches are padded to powers of two, so that few shapes are.

    Parameters
    ----------
    log_density : callable
        Pytree of one point, like `x0` -> number, up to a constant.  Its parameters are
        real numbers without a constraint.
    x0 : pytree of array_like
        Where a run starts.  Its paths give the names, such as ``theta[0]``.

    Raises
    ------
    ImportError
        Without JAX.
    TypeError, ValueError
        When x0 has an entry that is no finite real number, or log_density returns no
        real number.

    Examples
    --------
    >>> import numpy as np, splitparticles as sp
    >>> def log_p(p):
    ...     return -0.5 * (p["mu"] ** 2 + ((p["theta"] - p["mu"]) ** 2).sum())
    >>> start = {"mu": 0.0, "theta": np.zeros(2)}
    >>> sp.from_jax(log_p, start).names  # doctest: +SKIP
    ['mu', 'theta[0]', 'theta[1]']
    """
    as_callable(log_density, "log_density", "pytree -> number")
    jax = imported("jax", "jax")
    tree = jax.tree_util
    paths, structure = tree.tree_flatten_with_path(x0)
    blocks, start = start_blocks({_name(tree, path): leaf for path, leaf in paths})

    def at(row):
        return log_density(tree.tree_unflatten(structure, blocks.split(row)))

    def along(row, v):
        return jax.jvp(jax.grad(at), (row,), (v,))[1]

    with double_precision(jax):
        _refuse_no_number(jax.eval_shape(at, start))
    return model_of(
        batched(jax, jax.value_and_grad(at)),
        start,
        names=blocks.names,
        score_product=batched(jax, along),
    )


def batched(jax, function: Callable) -> Callable:
    """Compiled function of batches by one of rows, in double precision.

    Parameters
    ----------
    jax : module
    function : callable
        Rows (d,), one or more -> pytree of arrays.

    Returns
    -------
    callable
        Arrays (n, d), as many -> the pytree of arrays (n, ...) of NumPy.
    """
    batch, compiled = jax.jit(jax.vmap(function)), {}

    def on_batch(*rows):
        longer = [padded(x) for x in rows]
        size = len(longer[0])
        if size not in compiled:
            with double_precision(jax):
                compiled[size] = batch.lower(*longer).compile()
        with jax.enable_x64(True):
            answers = compiled[size](*longer)
        return jax.tree_util.tree_map(lambda a: np.asarray(a)[: len(rows[0])], answers)

    return on_batch


@contextmanager
def double_precision(jax) -> Iterator[None]:
    """Double precision of what is traced, with caches of its own.

    JAX keeps traces in which arrays of NumPy are constants for either precision alike:
    later ones would fail, or be in single precision.
    """
    if jax.config.jax_enable_x64:
        yield
        return
    jax.clear_caches()
    try:
        with jax.enable_x64(True):
            yield
    finally:
        jax.clear_caches()


def _name(tree, path):
    """Name of a leaf, such as ``layer.w`` and ``theta[0]``; ``x`` for a lone one."""
    name = ""
    for key in path:
        text = tree.keystr((key,), simple=True)
        name += f"[{text}]" if isinstance(key, tree.SequenceKey) else f".{text}"
    return name[1:] if name.startswith(".") else f"x{name}"


def _refuse_no_number(answer):
    """Raise unless the abstract answer of a log density is one real number."""
    if getattr(answer, "shape", None) != () or answer.dtype.kind != "f":
        raise TypeError(f"log_density must return a real number, got {answer}")
