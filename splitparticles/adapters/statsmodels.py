"""Models of statsmodels."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._validation import as_floats, refuse_nonfinite
from ..scores.model import Model
from .imported import imported
from .value_and_score import model_of

STEP = 1e-5  # of a difference, over one plus the size of the parameters

MISMATCH = 1e-4, 1e-10  # of a score and differences, relative and absolute


def from_statsmodels(model: Any, *, prior_sd: ArrayLike | None = None) -> Model:
    r"""Model of the parameters of a likelihood, under a normal prior or a flat one.

    Least squares have no parameter for their noise: their likelihood is that of the
    best noise, as with :math:`\sigma^2` integrated out under :math:`1 / \sigma^2`.

    Parameters
    ----------
    model : statsmodels model
        With ``loglike``, ``score`` and ``hessian`` of its parameters, such as Logit.
    prior_sd : float or array_like, shape (d,), optional
        Standard deviations of a normal prior of mean zero; a flat prior if None.

    Returns
    -------
    Model
        Started at the fit's parameters, which have the names ``exog_names``.

    Raises
    ------
    ImportError
        Without statsmodels.
    TypeError, ValueError
        When the model has no score, or one that is not the gradient of its ``loglike``,
        as a GLM with an estimated scale; or when prior_sd is not positive.

    Examples
    --------
    >>> import splitparticles as sp, statsmodels.api as sm  # doctest: +SKIP
    >>> model = sp.from_statsmodels(sm.Logit(y, X), prior_sd=5.0)  # doctest: +SKIP
    """
    base = imported("statsmodels.base.model", "statsmodels")
    if not isinstance(model, base.LikelihoodModel):
        raise TypeError(f"model must be a model of statsmodels, got {model!r}")
    x0, names = _fitted(model)
    precision = _precision(prior_sd, x0.size)
    has_hessian = _checked_derivatives(model, x0)

    @np.errstate(all="ignore")  # far out, where exponentials overflow
    def both(x):
        values = np.array([model.loglike(row) for row in x])
        scores = np.array([model.score(row) for row in x])
        return values - 0.5 * x**2 @ precision, scores - precision * x

    @np.errstate(all="ignore")
    def product(x, v):
        pairs = zip(x, v, strict=True)
        return np.array([model.hessian(row) @ w for row, w in pairs]) - precision * v

    products = product if has_hessian else None
    return model_of(both, x0, names=names, score_product=products)


def _fitted(model):
    """Parameters (d,) of the fit, and their names."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a start need not have converged
        try:
            params = np.asarray(model.fit(disp=0).params, dtype=float)
        except TypeError as error:  # of models with other parameters too
            raise TypeError(f"model must have a plain fit, got {error}") from None
    names = list(model.exog_names)
    if params.ndim == 2:  # a column for each category but the first
        names = [f"{name}[{k}]" for k in range(params.shape[1]) for name in names]
    x0 = params.ravel(order="F")
    refuse_nonfinite(x0, "params of the fit")
    return x0, names


def _precision(prior_sd, d):
    """Precisions (d,) of the prior, zero for a flat one."""
    if prior_sd is None:
        return np.zeros(d)
    sd = as_floats(prior_sd, "prior_sd", f"of shape ({d},), or one number")
    if sd.shape not in ((), (d,)) or not ((sd > 0) & np.isfinite(sd)).all():
        raise ValueError(
            f"prior_sd must be positive and finite, one number or ({d},), got {sd}"
        )
    return np.full(d, sd) ** -2.0


@np.errstate(all="ignore")
def _checked_derivatives(model, x0):
    """Whether the Hessian is the score's; the score must be the likelihood's."""
    step = STEP * (1.0 + np.abs(x0))
    x = x0 + 1e3 * step  # at the fit itself slopes are zero
    try:
        slope = model.score(x) @ step
    except NotImplementedError:
        raise TypeError(f"model must have a score, got {model!r}") from None
    rise = (model.loglike(x + step) - model.loglike(x - step)) / 2.0
    if not np.isclose(rise, slope, *MISMATCH):
        raise ValueError(
            "model must have a score that is the gradient of its loglike, got a slope "
            f"of {slope} for a rise of {rise}, as of a GLM with an estimated scale"
        )
    change = (model.score(x + step) - model.score(x - step)) / 2.0
    return bool(np.isclose(change, model.hessian(x) @ step, *MISMATCH).all())
