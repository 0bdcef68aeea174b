"""Gaussian-process regression of a log density from scores, and chains on it."""

from .chains import Chains, chains
from .emulator import Emulator
from .fit import fit
from .mixing import effective_size, r_hat

__all__ = ["Emulator", "fit", "Chains", "chains", "r_hat", "effective_size"]
