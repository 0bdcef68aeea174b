r"""Transforms of constrained parameters: maps between z in R^dim and x in a set.

Particles move freely, so a target with a constraint is sampled in coordinates without
one, where its density is :math:`\log p(x(z)) + \log |\det \partial x / \partial z|`.
Formulas hold for :math:`|z| \le 700`, beyond which exponentials stay about the same.
Points lie strictly inside the set, however close to its edge rounding takes them.
"""

from .constraints import Bounded, Joint, Ordered, Positive, Real, Simplex
from .transform import Transform, TransformedTarget

__all__ = [
    "Bounded",
    "Joint",
    "Ordered",
    "Positive",
    "Real",
    "Simplex",
    "Transform",
    "TransformedTarget",
]
