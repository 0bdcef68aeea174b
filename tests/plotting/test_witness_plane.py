"""Witnesses over the plane, and that nothing is imported before one is drawn."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from artists import CORNERS, TARGET, THREE, only
from matplotlib import pyplot as plt
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.contour import ContourSet

import splitparticles as sp
from splitparticles import plotting

NAN = float("nan")
ROOT = Path(__file__).resolve().parents[2]


def test_witness_has_symmetric_levels_and_the_particles_on_top(ax):
    objective = sp.KSD(sp.Gaussian(1.0), TARGET.score, TARGET.score_product)
    plotting.witness(objective, THREE, ax=ax, extent=(-1, 1, -2, 2), resolution=15)
    levels = only(ax, ContourSet).levels
    np.testing.assert_allclose(levels, -levels[::-1])
    np.testing.assert_array_equal(
        only(ax, PathCollection).get_offsets(), THREE.positions
    )


def test_witness_draws_the_splitting_directions(ax):
    two = sp.GaussianMixture([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.0]], [0.1, 0.1])
    F = sp.KSD(sp.Gaussian(0.1**0.5), two.score, two.score_product)
    p = sp.ParticleSet([[0.0, 0.0], [1.0, 0.0]])
    plotting.witness(F, p, ax=ax, resolution=10, directions=True)
    lines = only(ax, LineCollection).get_segments()
    assert len(lines) == 2
    values, vectors = np.linalg.eigh(F.splitting_matrices(p))
    for line, x, v in zip(lines, p.positions, vectors[:, :, 0], strict=True):
        np.testing.assert_allclose(np.mean(line, axis=0), x)
        assert abs(np.diff(line, axis=0)[0] @ v) == pytest.approx(
            np.linalg.norm(np.diff(line, axis=0))
        )
    lengths = [np.linalg.norm(np.diff(line, axis=0)) for line in lines]
    assert (lengths[0] < lengths[1]) == (values[0, 0] > values[1, 0])


def test_witness_makes_its_own_axes(run):
    objective = sp.MMD(sp.Gaussian(1.0), CORNERS)
    ax = plotting.witness(objective, run, resolution=10)
    assert ax.figure is plt.gcf()


@pytest.mark.parametrize("d", [1, 3])
def test_witness_is_refused_away_from_the_plane(d):
    objective = sp.KSD(sp.Gaussian(1.0), lambda x: -x)
    with pytest.raises(ValueError, match="particles must be in the plane"):
        plotting.witness(objective, np.zeros((1, d)))


def test_matplotlib_is_not_imported_with_the_module():
    code = (
        "import sys, splitparticles; splitparticles.plotting; "
        "assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
