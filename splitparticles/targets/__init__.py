r"""Test targets: densities with all the derivatives a split particle may ask for.

Each class is a `Target`: ``log_density``, ``score``, ``score_product`` and
``score_curvature`` take points of shape (n, d), one per row, and are described
there once.  Below, a class states its density and its parameters; its
derivatives are written out by hand, without loops over points.

==================== ========================================= ================
`Gaussian`           a linear score                            exact sampler
`GaussianMixture`    several modes                             exact sampler
`Banana`             a Gaussian twisted along a parabola       exact sampler
`Funnel`             a scale that varies by orders, d >= 2     exact sampler
`Ring`               mass on a circle, no preferred point      exact sampler
`LogisticRegression` a real posterior, log-concave             none
==================== ========================================= ================

Those with an exact sampler have ``sample(m, rng)``, and the exact ``mean`` (d,)
and ``cov`` (d, d); their log densities are normalised.
"""

from .banana import Banana
from .funnel import Funnel
from .gaussian_mixture import Gaussian, GaussianMixture
from .logistic_regression import LogisticRegression
from .ring import Ring
from .target import Target

__all__ = [
    "Banana",
    "Funnel",
    "Gaussian",
    "GaussianMixture",
    "LogisticRegression",
    "Ring",
    "Target",
]
