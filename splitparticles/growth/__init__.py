"""Growth: how a particle set gains particles."""

from .growth import Growth, Grown
from .random_split import RandomSplit
from .steepest_split import SteepestSplit

__all__ = ["Growth", "Grown", "RandomSplit", "SteepestSplit"]
