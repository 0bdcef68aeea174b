"""Estimators with scikit-learn's conventions: networks that grow, and a few points.

No other module imports scikit-learn.
"""

try:
    import sklearn  # noqa: F401
except ImportError as error:
    raise ImportError("splitparticles.estimators needs scikit-learn") from error

from .compressor import Compressor
from .splitting import SplittingClassifier, SplittingRegressor

__all__ = ["Compressor", "SplittingClassifier", "SplittingRegressor"]
