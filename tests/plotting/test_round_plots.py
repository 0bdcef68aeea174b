"""Discrepancies, eigenvalues and decreases of rounds."""

import numpy as np
import pytest

import splitparticles as sp
from splitparticles import plotting

NAN = float("nan")


def test_history_is_the_discrepancy_of_each_round(ax, run):
    plotting.history(run, ax=ax)
    drawn, rate = ax.get_lines()
    np.testing.assert_array_equal(
        drawn.get_xdata(), [len(this.particles) for this in run.rounds]
    )
    assert drawn.get_ydata()[-1] == pytest.approx(run.discrepancy, abs=1e-12)
    slope = np.polyfit(np.log(rate.get_xdata()), np.log(rate.get_ydata()), 1)[0]
    assert slope == pytest.approx(-0.5)
    assert ax.get_xscale() == ax.get_yscale() == "log"


def test_spectrum_shows_the_eigenvalues_and_the_decrease(ax, run):
    plotting.spectrum(run, ax=ax)
    (dots,) = ax.get_lines()
    wanted = [
        (len(this.particles), -index)
        for this in run.rounds
        for index in this.grown.splitting_index
    ]
    assert len(wanted) == 3
    np.testing.assert_allclose(np.transpose(dots.get_data()), wanted)
    (other,) = [a for a in ax.figure.axes if a is not ax]
    (line,) = other.get_lines()
    values = [this.value for this in run.rounds[:3]]
    np.testing.assert_allclose(line.get_ydata(), -np.diff(values))


def test_spectrum_needs_a_split(ax):
    alone = sp.compress([[0.0, 1.0], [2.0, 3.0]], 1)
    with pytest.raises(ValueError, match="no rounds with splits"):
        plotting.spectrum(alone, ax=ax)
