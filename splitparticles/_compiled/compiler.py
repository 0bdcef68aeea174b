"""How loops are compiled: the one place that decides.

A *loop* is a plain function over arrays whose first argument is the kernel, the
named tuple of its parameters, and whose last two are the first and the last row
to fill::

    @compiled
    def _sum(kernel, x, y, v, h, first, last): ...

Each profile gets its own compiled copy of the loop, made when it is first called,
never at import: the loop's code with the name ``profile`` standing for that kernel's.

Two decisions stand here and nowhere else.

* **Flags.**  ``nogil``, so that blocks of rows run on threads (`in_row_blocks`);
  ``error_model="numpy"``, so that a division is one instruction; of the fast-math
  flags only those that reorder sums.  None that lets the compiler assume that NaN
  and infinity do not occur: they must come out as what they are.
* **The store.**  Compiled code is kept on disk by `splitparticles._store`.
"""

import functools
import logging
import math
import threading
import time
from collections.abc import Callable
from types import FunctionType

import numba

from . import vector_math as _vector_math
from .cache import store_on_disk

FLAGS = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"reassoc", "contract", "nsz"},
}

# A profile is copied into its loop, however long: a call would keep the loop from the
# vector units.
PROFILE_FLAGS = {"nogil": True, "error_model": "numpy", "forceinline": True}

# What only compiled code calls needs no way in from Python: a tenth less to compile.
FROM_LOOPS_ONLY = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

IS_COMPILED = not numba.config.DISABLE_JIT


_profiles: dict[type, Callable] = {}


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
    if not (issubclass(kernel_class, tuple) and hasattr(kernel_class, "_fields")):
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
        self._copies: dict[Callable | None, Callable] = {}

    def __call__(self, kernel, *arguments):
        """Run the loop."""
        if hasattr(kernel, "in_loops"):
            kernel = kernel.in_loops()
        copy = self._copies.get(_profiles.get(type(kernel)))
        if copy is None:
            copy = self._compile(kernel, arguments)
        return copy(kernel, *arguments)

    def _compile(self, kernel, arguments):
        own_profile = _profiles.get(type(kernel))
        if own_profile is None:
            raise TypeError(
                f"kernel must be a kernel tuple with sums, got {kernel!r}; a radial "
                "one of your own needs a profile (profile_of)"
            )
        with _one_at_a_time:
            if own_profile not in self._copies:
                loop = _specialised(self.loop, profile=_compiled_profile(own_profile))
                copy = numba.njit(**FLAGS, no_cfunc_wrapper=True)(loop)
                store_on_disk(copy, own_profile, type(kernel))
                with _patience:
                    copy(kernel, *arguments[:-2], 0, 0)
                self._copies[own_profile] = copy
            return self._copies[own_profile]


class _Patience:
    """Says once, in one line, that this process has been compiling for two seconds."""

    def __init__(self):
        self.left = 2.0

    def __enter__(self):
        self._began = time.perf_counter()
        self._timer = threading.Timer(self.left, self._say)
        self._timer.daemon = True
        if self.left < math.inf:
            self._timer.start()

    def __exit__(self, *error):
        self._timer.cancel()
        self.left = max(self.left - (time.perf_counter() - self._began), 0.0)

    def _say(self):
        self.left = math.inf
        logging.getLogger("splitparticles").warning(
            "compiling the loops for this kernel; they are kept for the next time"
        )


_one_at_a_time = threading.Lock()

_patience = _Patience()


def helper(function: Callable) -> Callable:
    """Decorate a compiled function that loops call and Python never may: no way in."""
    return numba.njit(**FLAGS, **FROM_LOOPS_ONLY)(function)
