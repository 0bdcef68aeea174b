"""Particles to draw, and the artists that a picture of them has."""

import splitparticles as sp

THREE = sp.ParticleSet([[0.0, 0.0], [1.0, 2.0], [3.0, 1.0]], [0.2, 0.3, 0.5])
CORNERS = [[-2.0, -3.0], [-2.0, 3.0], [2.0, -3.0], [2.0, 3.1]]
TARGET = sp.targets.Gaussian([0.0, 1.0], [[1.0, 0.0], [0.0, 4.0]])


def only(ax, kind):
    """The only artist of a kind."""
    (artist,) = [a for a in ax.collections if isinstance(a, kind)]
    return artist
