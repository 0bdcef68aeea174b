"""Shared by the benchmarks: reference posteriors, rulers and the floor.

The reference draws and the rulers are not part of this project; a folder that holds
``rulers.py`` and ``posteriors/targets.py`` is handed over on the command line.
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np

# Energy distance, as a ratio to that of as many iid exact draws, that support points
# fitted to exact Gaussian draws reach with n = 32: what an oracle gets.
FLOOR_DIMENSIONS = [2, 3, 4, 5, 8, 10, 13, 26]
FLOOR_RATIOS = [0.10, 0.17, 0.23, 0.26, 0.31, 0.32, 0.32, 0.38]


def energy_floor(d: int) -> float:
    """Energy ratio of support points at n = 32, linear in d between known ones."""
    return float(np.interp(d, FLOOR_DIMENSIONS, FLOOR_RATIOS))


def load_module(path: Path):
    """Import one file from a folder of the user's."""
    if not path.exists():
        sys.exit(f"{path} is not there; name the folder that holds it")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def reference(folder: Path):
    """Modules ``targets`` and ``rulers`` of the reference folder."""
    folder = Path(folder)
    return (
        load_module(folder / "posteriors" / "targets.py"),
        load_module(folder / "rulers.py"),
    )
