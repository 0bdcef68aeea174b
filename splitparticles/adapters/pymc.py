"""Models of PyMC."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..scores.model import Model
from .blocks import Blocks, start_blocks
from .imported import imported
from .value_and_score import model_of


def from_pymc(model: Any, *, initvals: Mapping[str, Any] | None = None) -> Model:
    """Model of a PyMC model in its unconstrained coordinates.

    One compiled function gives log density and score of a whole batch.  To compile it
    takes seconds, or a minute for a model with many distributions.

    Parameters
    ----------
    model : pymc.Model
        All its free variables are continuous.
    initvals : mapping, optional
        Start values of free variables by their names, as ``pymc.sample`` takes them.

    Returns
    -------
    Model
        `to_user` gives the free variables, constrained, and then the Deterministics;
        `coords` and `dims` are those of the model.

    Raises
    ------
    ImportError
        Without PyMC.
    TypeError, ValueError
        When a free variable is discrete, there is none, or initvals has another name.

    Examples
    --------
    >>> import pymc as pm, splitparticles as sp  # doctest: +SKIP
    >>> with pm.Model() as rates:  # doctest: +SKIP
    ...     rate = pm.Gamma("rate", 3.0, 2.0, shape=2)
    >>> sp.from_pymc(rates).user_names  # doctest: +SKIP
    ['rate[0]', 'rate[1]']
    """
    pm = imported("pymc", "pymc")
    if not isinstance(model, pm.Model):
        raise TypeError(f"model must be a pymc.Model, got {model!r}")
    _refuse_discrete(model)
    start = _start(model, initvals)
    inputs = model.continuous_value_vars
    blocks, x0 = start_blocks({value.name: start[value.name] for value in inputs})

    both = _compiled(start, inputs, [model.logp()], with_gradient=True)
    variables = [*model.free_RVs, *model.deterministics]
    images = _compiled(start, inputs, model.replace_rvs_by_values(variables))
    # what depends on no coordinate has no rows
    pairs = zip(images(x0[None]), variables, strict=True)
    user = Blocks({v.name: a.shape[a.ndim - v.ndim :] for a, v in pairs})
    dims = model.named_vars_to_dims.items()
    return model_of(
        both,
        x0,
        names=blocks.names,
        to_user=lambda x: user.joined(images(np.array(x)), len(x)),
        user_names=user.names,
        coords={k: list(v) for k, v in model.coords.items() if v is not None},
        dims={name: list(axes) for name, axes in dims if name in user.shapes},
    )


def _refuse_discrete(model):
    discrete = [
        rv.name for rv in model.free_RVs if rv.dtype.startswith(("int", "bool"))
    ]
    if discrete:
        raise ValueError(
            f"model must have continuous free variables, got discrete {discrete}: "
            "sum over them first, as pymc_extras.marginalize does"
        )
    if not model.free_RVs:
        raise ValueError("model must have a free variable, got none")


def _start(model, initvals):
    """Start point by the names of the unconstrained variables."""
    from pymc.initial_point import make_initial_point_fn

    unknown = set(initvals or ()) - {rv.name for rv in model.free_RVs}
    if unknown:
        raise ValueError(
            f"initvals must be of {[rv.name for rv in model.free_RVs]}, "
            f"got {sorted(unknown)}"
        )
    return make_initial_point_fn(model=model, overrides=initvals)(0)


def _compiled(start, inputs, outputs, *, with_gradient=False):
    """Function x (n, d) -> outputs of each row; and the gradient of the only one."""
    import pytensor
    from pymc.pytensorf import join_nonshared_inputs
    from pytensor.graph.replace import vectorize_graph

    outputs, row = join_nonshared_inputs(start, outputs, inputs)
    if with_gradient:
        outputs = [*outputs, pytensor.grad(outputs[0], row)]
    batch = pytensor.tensor.matrix("x", dtype=row.dtype)
    batched = vectorize_graph(outputs, {row: batch})
    function = pytensor.function([batch], batched, on_unused_input="ignore")
    return lambda x: function(x.astype(row.dtype))
