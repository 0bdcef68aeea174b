r"""Changes of variables: x in the user's coordinates for z in working ones.

The score of z, :math:`\nabla_z [\log p(x(z)) + \log |\det \partial x / \partial z|]`,
follows from that of x.  A subclass says how points and scores change; the rest follows.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

STEP = 1e-5  # of central differences, in working coordinates


class ChangeOfVariables(ABC):
    """Smooth change of variables x = x(z), one to one."""

    centre: np.ndarray
    """The point x of z = 0, (d,)."""

    @abstractmethod
    def to_user(self, z: ArrayLike) -> np.ndarray:
        """Points (n, d) in the user's coordinates."""

    @abstractmethod
    def to_working(self, x: ArrayLike) -> np.ndarray:
        """Points (n, d) in working coordinates."""

    @abstractmethod
    def pulled(self, z: np.ndarray, s: np.ndarray) -> np.ndarray:
        """Scores (n, d) at z from the scores s at x(z)."""

    @abstractmethod
    def log_determinant(self, z: np.ndarray) -> np.ndarray:
        r"""Return :math:`\log |\det \partial x / \partial z|`, (n,)."""

    def pulled_product(
        self, z: np.ndarray, v: np.ndarray, s: np.ndarray, product: Callable
    ) -> np.ndarray:
        """Jacobian of the score at z_i times v_i, (n, d), from products dx -> J dx.

        Central differences of the score s + J dx: no point has to be evaluated.
        """
        x = self.to_user(z)

        def beside(step):
            moved = z + step * v
            return self.pulled(moved, s + product(self.to_user(moved) - x))

        return (beside(STEP) - beside(-STEP)) / (2.0 * STEP)

    def score(self, score: Callable) -> Callable:
        """Return the score of z that belongs to a score of x."""
        return lambda z: self.pulled(z, score(self.to_user(z)))

    def product(self, product: Callable, score: Callable) -> Callable:
        """Return the Jacobian products (z, v) that belong to products (x, v)."""

        def working_product(z, v):
            x = self.to_user(z)
            return self.pulled_product(z, v, score(x), lambda dx: product(x, dx))

        return working_product

    def then(self, inner: "ChangeOfVariables") -> "ChangeOfVariables":
        """Composition x(inner(z)), of working coordinates of working coordinates."""
        return Composed(self, inner)

    def factors(self) -> tuple["ChangeOfVariables", "ChangeOfVariables | None"]:
        """Outer and inner change; the inner one is None where there is but one."""
        return self, None


@dataclass(frozen=True, eq=False)
class Composed(ChangeOfVariables):
    """Composition of two changes of variables, x = outer(inner(z))."""

    outer: ChangeOfVariables
    inner: ChangeOfVariables
    centre: np.ndarray = field(init=False, repr=False)

    def __post_init__(self):
        centre = self.outer.to_user(self.inner.centre[None])[0]
        object.__setattr__(self, "centre", centre)

    def to_user(self, z: ArrayLike) -> np.ndarray:
        """Points (n, d) in the user's coordinates."""
        return self.outer.to_user(self.inner.to_user(z))

    def to_working(self, x: ArrayLike) -> np.ndarray:
        """Points (n, d) in working coordinates."""
        return self.inner.to_working(self.outer.to_working(x))

    def pulled(self, z: np.ndarray, s: np.ndarray) -> np.ndarray:
        """Scores (n, d) at z from the scores s at x(z)."""
        return self.inner.pulled(z, self.outer.pulled(self.inner.to_user(z), s))

    def log_determinant(self, z: np.ndarray) -> np.ndarray:
        """Log determinants of the Jacobian, (n,)."""
        outer = self.outer.log_determinant(self.inner.to_user(z))
        return outer + self.inner.log_determinant(z)

    def then(self, inner: ChangeOfVariables) -> ChangeOfVariables:
        """Composition with a further change, which joins the inner one."""
        return Composed(self.outer, self.inner.then(inner))

    def factors(self) -> tuple[ChangeOfVariables, ChangeOfVariables]:
        """Outer and inner change."""
        return self.outer, self.inner
