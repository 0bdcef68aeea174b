"""Models by a log density without a gradient."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import ArrayLike

from .._validation import as_callable, as_flag, as_floats, as_instance, as_positions
from ..scores.model import Model
from ..transforms import Real, Transform
from .bounds import transform_of


def from_log_density(
    f: Callable,
    x0: ArrayLike,
    *,
    transform: Transform | None = None,
    bounds: Iterable | None = None,
    vectorized: bool = False,
) -> Model:
    """Model of a log density, whose score comes by differences: 2 d rows a score.

    Parameters
    ----------
    f : callable
        (d,) -> number, or (n, d) -> (n,) if `vectorized`; up to a constant.
    x0 : array_like, shape (d,) or (n0, d)
        Where a run starts, as `f` takes it.
    transform : Transform, optional
        Of `splitparticles.transforms`, onto the set where `f` is defined.
    bounds : iterable of pairs, optional
        (low, high) of each coordinate instead, None where there is none.
    vectorized : bool

    Returns
    -------
    Model
        `to_user` gives the coordinates that `f` takes, inside the set.

    Raises
    ------
    TypeError, ValueError
        When x0 lies outside the set, or `transform` and `bounds` are both given.

    Examples
    --------
    >>> import numpy as np, splitparticles as sp
    >>> def log_gamma(x):
    ...     return 2.0 * np.log(x[0]) - 2.0 * x[0]
    >>> model = sp.from_log_density(log_gamma, [1.0], bounds=[(0.0, None)])
    >>> model.score([[0.0]]).round(6)  # 3 - 2 x, x = exp(z)
    array([[1.]])
    """
    as_callable(f, "f", "(d,) -> number, or (n, d) -> (n,)")
    as_flag(vectorized, "vectorized")
    x0 = as_floats(x0, "x0", "of shape (d,) or (n0, d)")
    cloud = as_positions(x0[None] if x0.ndim == 1 else x0, "x0")
    if transform is not None and bounds is not None:
        raise ValueError("transform and bounds do not go together, got both")
    if bounds is not None:
        transform = transform_of(bounds, cloud)
    elif transform is None:
        transform = Real(cloud.shape[1])
    start = _start(as_instance(transform, Transform, "transform"), cloud)
    target = transform.target(f, vectorized=vectorized)
    return Model(
        score=target.score,
        log_density=target.log_density,
        dim=target.dim,
        x0=start[0] if x0.ndim == 1 else start,
        to_user=transform.to_user,
    )


def _start(transform: Transform, cloud: np.ndarray) -> np.ndarray:
    """Start points in the coordinates of a transform."""
    try:
        return transform.to_real(cloud)
    except ValueError as error:
        raise ValueError(f"x0 must be a point of the transform: {error}") from None
