"""What the rounds of a run gained: discrepancies and splitting eigenvalues."""

import numpy as np

from .axes import axes_or_new
from .branches import rounds_of


def history(result, *, ax=None):
    """Discrepancy of each round against its number of particles, on log axes.

    The dashed line falls like the discrepancy of independent draws.

    Parameters
    ----------
    result : Result
        ValueError for one without rounds.
    ax : Axes, optional
    """
    if not result.history:
        raise ValueError("result must have rounds")
    n, values = np.transpose(result.history)
    discrepancy = np.sqrt(np.maximum(2.0 * values, 0.0))
    ax = axes_or_new(ax)
    ax.plot(n, discrepancy, "o-", label="particles")
    rate = discrepancy[0] * np.sqrt(n[0] / n)
    ax.plot(n, rate, "--", color="0.6", zorder=1, label="$n^{-1/2}$")
    ax.set(xscale="log", yscale="log", xlabel="particles", ylabel="discrepancy")
    ax.legend(frameon=False)
    return ax


def spectrum(result, *, ax=None):
    """Splitting eigenvalues of each round, and the decrease of F after its splits.

    Dots are the values ``-v' S v`` of the particles that split; the line is the
    decrease of F to the end of the next round.  Rounds without splits are left out.

    Parameters
    ----------
    result : Result
        Of a run; ValueError for one that was read from a file, without rounds, or
        whose rounds have no splits.
    ax : Axes, optional

    Returns
    -------
    Axes
        Of the eigenvalues; those of the decrease are its twin.
    """
    values = [*(this.value for this in rounds_of(result)), result.value]
    dots, decreases = [], []
    for this, decrease in zip(result.rounds, -np.diff(values), strict=True):
        index = -np.asarray(this.grown.splitting_index, dtype=float)
        n, index = len(this.particles), index[index > 0.0]
        dots += [(n, eigenvalue) for eigenvalue in index]
        decreases += [(n, decrease)] if len(index) else []
    if not dots:
        raise ValueError("result has no rounds with splits")
    ax = axes_or_new(ax)
    ax.plot(*np.transpose(dots), "o", color="C0", alpha=0.6, markeredgewidth=0)
    ax.set(xscale="log", yscale="log", xlabel="particles")
    ax.set_ylabel(r"$-\lambda$ of the particles that split", color="C0")
    twin = ax.twinx()
    twin.plot(*np.transpose(decreases), "s-", color="C1", markersize=4)
    if all(decrease > 0.0 for _, decrease in decreases):
        twin.set_yscale("log")
    twin.set_ylabel("decrease of F to the next round", color="C1")
    return ax
