"""Growth: how a particle set gains particles."""

from .growth import Grown, Growth
from .random_split import RandomSplit
from .steepest_split import SteepestSplit

__all__ = ["Growth", "Grown", "RandomSplit", "SteepestSplit"]
