"""Growth: how a particle set gains particles."""

from .growth import Grown, Growth
from .insertion import Insertion
from .new_particle import NewParticle
from .random_split import RandomSplit
from .several import BestOf, OrElse
from .signed_split import SignedSplit
from .steepest_split import SteepestSplit

__all__ = [
    "BestOf",
    "Growth",
    "Grown",
    "Insertion",
    "NewParticle",
    "OrElse",
    "RandomSplit",
    "SignedSplit",
    "SteepestSplit",
]
