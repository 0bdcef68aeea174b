"""Import of a library that only its adapter needs."""

import importlib
from types import ModuleType


def imported(module: str, extra: str) -> ModuleType:
    """Return the module; ImportError that names the extra where it is missing."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"from_{extra} needs {module}, got {error}: "
            f'pip install "splitparticles[{extra}]"'
        ) from error
