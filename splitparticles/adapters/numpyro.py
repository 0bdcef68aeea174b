"""Models of NumPyro."""

from collections.abc import Callable
from dataclasses import replace

from .._validation import as_callable
from ..scores.model import Model
from .blocks import Blocks
from .imported import imported
from .jax import batched, double_precision, from_jax


def from_numpyro(model: Callable, *args, **kwargs) -> Model:
    """Model of a NumPyro model in its unconstrained coordinates.

    Parameters
    ----------
    model : callable
        A NumPyro model.
    *args, **kwargs
        What it takes, data such as ``y=y``.

    Returns
    -------
    Model
        `to_user` gives the constrained values and the deterministic sites; `x0` is
        where NumPyro itself starts, by one fixed key.

    Raises
    ------
    ImportError
        Without NumPyro.
    RuntimeError
        When it knows no valid start, as when data lie outside the support.
    """
    as_callable(model, "model", "as NumPyro has them")
    util = imported("numpyro.infer.util", "numpyro")
    jax = imported("jax", "numpyro")
    key = jax.random.PRNGKey(0)
    with double_precision(jax):
        info = util.initialize_model(key, model, model_args=args, model_kwargs=kwargs)
        start = info.param_info.z
        sites = jax.eval_shape(info.postprocess_fn, start)
    if not start:
        raise ValueError("model must have a latent site, got none")

    # leaves of both trees lie in the order of their names
    row_of = Blocks({name: start[name].shape for name in sorted(start)})
    user = Blocks({name: sites[name].shape for name in sorted(sites)})

    def image(row):
        latent = dict(zip(row_of.shapes, row_of.split(row), strict=True))
        values = info.postprocess_fn(latent)
        return [values[name] for name in user.shapes]

    on_batch = batched(jax, image)
    return replace(
        from_jax(lambda z: -info.potential_fn(z), start),
        to_user=lambda x: user.joined(on_batch(x), len(x)),
        user_names=user.names,
    )
