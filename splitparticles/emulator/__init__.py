"""Gaussian-process regression of a log density from scores, and chains on it."""

from .emulator import Emulator
from .fit import fit

__all__ = ["Emulator", "fit"]
