"""Compilation of loops, one copy for each kernel's profile.

A *loop* is a plain function over arrays whose first argument is the kernel, the
named tuple of its parameters, and whose last two are the first and the last row
to fill::

    @compiled
    def _sum(kernel, x, y, v, h, first, last): ...

Each profile gets its own compiled copy of the loop, made when it is first called,
never at import: the loop's code with the name ``profile`` standing for that kernel's.

The copies are kept on disk (`splitparticles._compiled.cache`).

The flags are decided here and nowhere else: ``nogil``, so that blocks of rows run on
threads (`in_row_blocks`); ``error_model="numpy"``, so that a division is one
instruction; of the fast-math flags only those that reorder sums.  None that lets the
compiler assume that NaN and infinity do not occur: they must come out as what they are.
"""

import functools
import logging
import math
import threading
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numba

from . import vector_math as _vector_math
from .cache import first_call

FLAGS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"reassoc", "contract", "nsz"},
}

# A profile is copied into its loop, however long: a call would keep the loop from the
# vector units.
PROFILE_FLAGS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "forceinline": True,
}

# What only compiled code calls needs no way in from Python: a tenth less to compile.
FROM_LOOPS_ONLY: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

config: Any = numba.config  # its attributes come from the environment

IS_COMPILED = not config.DISABLE_JIT

logger = logging.getLogger("splitparticles")

_profiles: dict[type, Callable] = {}

_one_at_a_time = threading.Lock()


# ------------------------------------------------------------------ profiles
def profile_of(kernel_class: type) -> Callable:
    r"""Declare the profile of a radial kernel: a decorator.

    A radial kernel is :math:`k(x, y) = \varphi(|x - y|^2)`.  Its class is a named
    tuple of float parameters; its profile returns :math:`\varphi` and its first
    four derivatives in :math:`u = |x - y|^2`.  MMD uses them up to the second, KSD
    up to the third for gradients and the fourth for splitting matrices.

    Parameters
    ----------
    kernel_class : type
        The named tuple that holds the kernel's parameters.

    Returns
    -------
    decorator
        Takes the profile, a function ``(kernel, u) -> (phi, phi1, phi2, phi3,
        phi4)`` of one float that Numba can compile, and returns it unchanged.

    Raises
    ------
    TypeError
        When `kernel_class` is not a named tuple or the profile does not take two
        arguments.

    Examples
    --------
    >>> import math
    >>> from typing import NamedTuple
    >>> import splitparticles as sp
    >>> class Bell(NamedTuple):
    ...     bandwidth: float = 1.0
    >>> @sp.profile_of(Bell)
    ... def bell(kernel, u):
    ...     a = -1.0 / kernel.bandwidth**2
    ...     phi = math.exp(a * u)
    ...     return phi, a * phi, a**2 * phi, a**3 * phi, a**4 * phi
    >>> round(sp.mmd([[0.0]], [[1.0]], kernel=Bell(2.0)), 6)
    0.66513
    """
    is_tuple = isinstance(kernel_class, type) and issubclass(kernel_class, tuple)
    if not (is_tuple and hasattr(kernel_class, "_fields")):
        raise TypeError(f"kernel_class must be a named tuple, got {kernel_class!r}")

    def declare(function: Callable) -> Callable:
        code = getattr(function, "__code__", None)
        if code is None or code.co_argcount != 2:
            raise TypeError(
                "a profile is a plain function of (kernel, u), "
                f"got {getattr(function, '__name__', function)!r}"
            )
        _profiles[kernel_class] = function
        return function

    return declare


def has_profile(kernel: object) -> bool:
    """Whether `kernel` is a radial kernel that loops can use."""
    return type(kernel) in _profiles


def profile(kernel, u):
    """Profile of `kernel` and its four derivatives at ``u = |x - y|^2``."""
    return _profiles[type(kernel)](kernel, u)


def _specialised(function: Callable, **names) -> Callable:
    """Return the same code, with some of its global names standing for other things."""
    return FunctionType(
        function.__code__,
        {**function.__globals__, **names},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )


def _compiled_profile(function: Callable) -> Callable:
    """Compile a profile, its ``math`` replaced by what LLVM can vectorise."""
    if not IS_COMPILED:
        return function
    replaced = {
        name: _vector_math
        for name, value in function.__globals__.items()
        if value is math
    }
    return numba.njit(**PROFILE_FLAGS, **FROM_LOOPS_ONLY)(
        _specialised(function, **replaced)
    )


# --------------------------------------------------------------------- loops
class compiled:
    """Decorator: a loop, compiled for each kernel class when first called with it."""

    def __init__(self, loop: Callable):
        functools.update_wrapper(self, loop)
        self.loop = loop
        self.copies: dict[Callable | None, Callable] = {}

    def __call__(self, kernel, *arguments):
        """Run the loop."""
        if hasattr(kernel, "in_loops"):
            kernel = kernel.in_loops()
        copy = self.copies.get(_profiles.get(type(kernel)))
        if copy is None:
            copy = self.compile(kernel, arguments)
        return copy(kernel, *arguments)

    def compile(self, kernel, arguments):
        """Copy of the loop for the kernel's profile, compiled or loaded from disk."""
        kernel_profile = _profiles.get(type(kernel))
        if kernel_profile is None:
            raise TypeError(
                f"kernel must be a kernel tuple with sums, got {kernel!r}; a radial "
                "one of your own needs a profile (profile_of)"
            )

        def make():
            loop = _specialised(self.loop, profile=_compiled_profile(kernel_profile))
            return numba.njit(**FLAGS, no_cfunc_wrapper=True)(loop)

        with _one_at_a_time:
            if kernel_profile not in self.copies:
                logger.info(
                    "compiling or loading %s for %r", self.loop.__name__, kernel
                )
                no_rows = (kernel, *arguments[:-2], 0, 0)
                self.copies[kernel_profile] = first_call(
                    make, no_rows, kernel_profile, type(kernel)
                )
        return self.copies[kernel_profile]


def helper(function: Callable) -> Callable:
    """Compiled function that loops alone call: it has no way in from Python.

    One that sums has to join its loop (`splitparticles._compiled.llvm`).  Of others
    each loop brings a copy of its own, and which one is called, and so the last bits,
    may depend on whether the loops were compiled in this process or loaded.
    """
    return numba.njit(**FLAGS, **FROM_LOOPS_ONLY)(function)
