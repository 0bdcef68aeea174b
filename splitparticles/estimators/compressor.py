"""Compressor of a table to a few weighted rows."""

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.metrics import euclidean_distances
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    validate_data,
)

from ..compression.compress import compress
from .random_state import generator_of


class Compressor(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """A few weighted points that stand for the rows of a table, as `compress` has them.

    A transformer keeps the number of rows: the points are attributes, and `transform`
    gives the distances to them, as k-means does.

    Parameters
    ----------
    n_particles : int
        Points at most.
    weights : "equal" or "optimal"
    random_state : int, numpy.random.RandomState or None

    Attributes
    ----------
    points_ : ndarray, shape (n, d)
    weights_ : ndarray, shape (n,)
    result_ : Result
        With ``to_dataframe()``, the points and weights under the names of the columns.

    Examples
    --------
    >>> import numpy as np
    >>> from splitparticles.estimators import Compressor
    >>> rows = np.random.default_rng(0).normal(size=(500, 2))
    >>> compressor = Compressor(8).fit(rows)
    >>> compressor.points_.shape, compressor.transform(rows).shape
    ((8, 2), (500, 8))
    """

    def __init__(self, n_particles=64, *, weights="equal", random_state=None):
        self.n_particles = n_particles
        self.weights = weights
        self.random_state = random_state

    def fit(self, X, y=None, sample_weight=None):
        """Compress rows (N, d), of weights (N,) that are equal if left out."""
        X = validate_data(self, X, dtype=np.float64)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        names = vars(self).get("feature_names_in_")  # of a data frame
        self.result_ = compress(
            X,
            self.n_particles,
            weights_of_draws=sample_weight,
            weights=self.weights,
            rng=generator_of(self.random_state),
            names=None if names is None else list(names),
        )
        self.points_, self.weights_ = self.result_.positions, self.result_.weights
        self._n_features_out = len(self.points_)
        return self

    def transform(self, X):
        """Distances (N, n) of rows (N, d) to the points."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        return euclidean_distances(X, self.points_)
