"""Plots of particles, their splitting tree, rounds and the witness, and a film.

Functions with `ax` draw into these axes, or into new ones, and return them.  The
plane is drawn in equal aspect; projections from more dimensions are not.

>>> import splitparticles as sp
>>> from matplotlib.figure import Figure
>>> result = sp.sample(lambda x: -x, [0.0, 0.0], 8, rng=0)
>>> axes = Figure().subplots(2, 2).ravel()
>>> for plot, ax in zip((particles, tree, history, spectrum), axes):
...     assert plot(result, ax=ax) is ax
"""

from .branches import tree
from .film import animate
from .plane import particles
from .rounds import history, spectrum
from .triangle import corner
from .witness_plane import witness

__all__ = ["animate", "corner", "history", "particles", "spectrum", "tree", "witness"]
