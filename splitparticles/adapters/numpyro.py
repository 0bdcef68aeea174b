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
    ValueError
        When the model has no latent site.

    Examples
    --------
    >>> import numpyro, numpyro.distributions as dist  # doctest: +SKIP
    >>> def rates():
    ...     numpyro.sample("rate", dist.Gamma(3.0, 2.0))
    >>> sp.from_numpyro(rates).user_names  # doctest: +SKIP
    ['rate']
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

    latent = Blocks({name: start[name].shape for name in sorted(start)})  # as a pytree
    user = Blocks({k: sites[k].shape for k in info.model_trace if k in sites})

    def image(row):
        point = dict(zip(latent.shapes, latent.split(row), strict=True))
        values = info.postprocess_fn(point)
        return [values[name] for name in user.shapes]

    on_batch = batched(jax, image)
    return replace(
        from_jax(lambda z: -info.potential_fn(z), start),
        to_user=lambda x: user.joined(on_batch(x), len(x)),
        user_names=user.names,
    )
