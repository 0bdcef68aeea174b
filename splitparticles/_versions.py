"""Version of the package, and of what it runs on."""

import platform
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from ._compiled.compiler import IS_COMPILED
from ._compiled.threads import n_cores

# The only place; the build reads it without importing the file.
__version__ = "0.1.0"

MADE_BY = f"splitparticles {__version__} with NumPy {np.__version__}"

REQUIRED = "numpy", "scipy", "numba", "matplotlib"
OPTIONAL = "scikit-learn", "dask", "pandas", "arviz", "tqdm"


def show_versions() -> None:
    """Versions and threads of this installation, printed for a bug report.

    >>> show_versions()  # doctest: +ELLIPSIS
    Python          ...
    """
    lines = {
        "Python": platform.python_version(),
        "platform": platform.platform(),
        "splitparticles": __version__,
        **{name: _installed(name) or "missing" for name in REQUIRED},
        **{name: _installed(name) for name in OPTIONAL},
        "threads": n_cores(),
        "loops": "compiled" if IS_COMPILED else "not compiled (NUMBA_DISABLE_JIT)",
    }
    for name, value in lines.items():
        if value is not None:
            print(f"{name:<15} {value}")


def _installed(name: str) -> str | None:
    """Version of a distribution, None where there is none."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
