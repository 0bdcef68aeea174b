"""Pictures are judged by their artists: how many, where, and how large."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure

import splitparticles as sp
from splitparticles import plotting

ROOT = Path(__file__).resolve().parents[1]
THREE = sp.ParticleSet([[0.0, 0.0], [1.0, 2.0], [3.0, 1.0]], [0.2, 0.3, 0.5])
CORNERS = [[-2.0, -3.0], [-2.0, 3.0], [2.0, -3.0], [2.0, 3.1]]
NAN = float("nan")
TARGET = sp.targets.Gaussian([0.0, 1.0], [[1.0, 0.0], [0.0, 4.0]])


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture
def ax():
    return Figure().subplots()


@pytest.fixture(scope="module")
def run():
    objective = sp.MMD(sp.Gaussian(1.0), CORNERS)
    return sp.descend(objective, sp.ParticleSet([[0.1, 0.2]]), n_particles=4)


def only(ax, kind):
    (artist,) = [a for a in ax.collections if isinstance(a, kind)]
    return artist


# --------------------------------------------------------------------- particles
@pytest.mark.parametrize("given", [THREE, THREE.positions.tolist()])
def test_dots_stand_at_the_particles(given):
    ax = plotting.particles(given)
    dots = only(ax, PathCollection)
    np.testing.assert_array_equal(dots.get_offsets(), THREE.positions)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x0", "x1")
    assert ax.get_aspect() == 1.0


def test_areas_are_proportional_to_weights(ax):
    sizes = only(
        plotting.particles(THREE, ax=ax, area=10.0), PathCollection
    ).get_sizes()
    np.testing.assert_allclose(sizes, 30.0 * THREE.weights)


def test_negative_weights_have_their_size_and_another_colour(ax):
    signed = THREE.weighted([1.0, -1.0, 2.0])
    dots = only(plotting.particles(signed, ax=ax, area=4.0), PathCollection)
    np.testing.assert_allclose(dots.get_sizes(), [3.0, 3.0, 6.0])
    first, second, third = dots.get_facecolors()
    assert (first == third).all() and (first != second).any()


def test_options_reach_the_scatter(ax):
    dots = only(plotting.particles(THREE, ax=ax, color="red"), PathCollection)
    np.testing.assert_array_equal(dots.get_facecolors(), [[1.0, 0.0, 0.0, 1.0]])


def test_given_axes_are_used_and_returned(ax, run):
    assert plotting.particles(THREE, ax=ax) is ax
    assert plotting.tree(run, ax=ax) is ax
    assert plotting.history(run, ax=ax) is ax
    assert run.plot(ax=ax) is ax


def test_labels_are_the_names_of_a_result(ax, run):
    named = replace(run, names=["mass", "charge"])
    plotting.particles(named, ax=ax, coordinates=(1, 0))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("charge", "mass")
    dots = only(ax, PathCollection)
    np.testing.assert_array_equal(dots.get_offsets(), run.positions[:, ::-1])
    by_name = plotting.tree(named, coordinates=("charge", "mass"))
    assert by_name.get_xlabel() == "charge"


def test_particles_on_a_line_are_stems_as_tall_as_their_weights(ax):
    stems = only(
        plotting.particles(sp.ParticleSet([[1.0], [4.0]], [0.3, 0.7]), ax=ax),
        LineCollection,
    )
    expected = [[[1.0, 0.0], [1.0, 0.3]], [[4.0, 0.0], [4.0, 0.7]]]
    np.testing.assert_allclose(np.stack(stems.get_segments()), expected)


def test_one_coordinate_of_several_is_drawn_as_stems(ax):
    stems = only(plotting.particles(THREE, ax=ax, coordinates=(1,)), LineCollection)
    feet = [segment[0] for segment in stems.get_segments()]
    np.testing.assert_allclose(feet, [[0.0, 0.0], [2.0, 0.0], [1.0, 0.0]])
    assert ax.get_xlabel() == "x1"


@pytest.mark.parametrize("coordinates", [(0, 1), (1, 0)])
def test_target_is_asked_in_its_own_order(ax, coordinates):
    asked = []

    def log_density(x):
        asked.append(x)
        return TARGET.log_density(x)

    target = SimpleNamespace(log_density=log_density)
    extent = [(-1.0, 2.0), (-5.0, 6.0)]
    sides = extent[coordinates[0]] + extent[coordinates[1]]
    plotting.particles(
        THREE, ax=ax, target=target, coordinates=coordinates, extent=sides
    )
    only(ax, ContourSet)
    (points,) = asked
    np.testing.assert_allclose(points.min(axis=0), [-1.0, -5.0])
    np.testing.assert_allclose(points.max(axis=0), [2.0, 6.0])


@pytest.mark.parametrize(
    "coordinates", [(0, 2), (0, 0), (-1, 0), (), (0, 1, 1), (0.0,), ("x2",), None]
)
def test_wrong_coordinates_are_refused(coordinates):
    with pytest.raises(ValueError, match="coordinates must be one or two of 2"):
        plotting.particles(THREE, coordinates=coordinates)


def test_target_on_the_line_is_filled_to_the_largest_weight(ax):
    points = sp.ParticleSet([[-1.0], [1.0]], [0.25, 0.75])
    target = sp.targets.Gaussian([0.0], [[1.0]])
    plotting.particles(points, ax=ax, target=target, extent=(-2.0, 3.0))
    x, y = only(ax, PolyCollection).get_paths()[0].vertices.T
    assert (x.min(), x.max()) == (-2.0, 3.0)
    assert y.max() == pytest.approx(0.75, rel=1e-3)
    assert abs(x[y.argmax()]) < 0.01


@pytest.mark.parametrize(
    "extent", [(0.0, 1.0, 2.0), (0.0, 1.0), "abcd", (0, 1, 2, NAN)]
)
def test_a_wrong_extent_is_refused(ax, extent):
    with pytest.raises((TypeError, ValueError), match="extent must be"):
        plotting.particles(THREE, ax=ax, target=TARGET, extent=extent)


@pytest.mark.parametrize("d, coordinates", [(3, (0, 1)), (2, (0,))])
def test_target_is_refused_away_from_the_plane(d, coordinates):
    with pytest.raises(ValueError, match="target"):
        plotting.particles(np.ones((2, d)), target=TARGET, coordinates=coordinates)


# -------------------------------------------------------------------------- tree
def test_tree_leads_every_particle_from_round_to_round(ax, run):
    segments = np.stack(only(plotting.tree(run, ax=ax), LineCollection).get_segments())
    sizes = [len(this.particles) for this in run.rounds]
    assert len(segments) == sum(sizes[1:])
    ends = np.concatenate([this.particles.positions for this in run.rounds[1:]])
    np.testing.assert_array_equal(segments[:, 1], ends)
    # new particles begin where the parent that Result.parents names was at rest
    starts = []
    for this, size in zip(run.rounds, sizes[1:], strict=False):
        before = this.particles.positions
        starts += [
            before[k if k < len(before) else run.parents[k]] for k in range(size)
        ]
    assert 1 < max(sizes) == len(run.parents)
    np.testing.assert_array_equal(segments[:, 0], starts)


def test_tree_colours_count_the_rounds(ax, run):
    rounds = only(plotting.tree(run, ax=ax), LineCollection).get_array()
    assert sorted(set(rounds)) == list(range(1, run.n_rounds))


def test_tree_shows_where_a_round_was_cut_short(ax, run):
    cut = replace(run, particles=run.particles.moved_to(run.positions + 1.0))
    whole = plotting.tree(run, ax=Figure().subplots())
    more = len(only(plotting.tree(cut, ax=ax), LineCollection).get_segments())
    assert more == len(only(whole, LineCollection).get_segments()) + len(run.positions)


def test_inserted_particles_have_no_line_to_where_they_were_put(ax, run):
    inserted = [
        this._replace(
            grown=this.grown._replace(parents=np.full_like(this.grown.parents, -1))
        )
        for this in run.rounds
    ]
    plotting.tree(replace(run, rounds=inserted), ax=ax)
    sizes = [len(this.particles) for this in run.rounds]
    lines = only(ax, LineCollection).get_segments()
    assert len(lines) == sum(sizes[:-1])


def test_tree_of_one_round_is_empty(ax):
    objective = sp.MMD(sp.Gaussian(1.0), CORNERS)
    still = sp.descend(objective, THREE, n_particles=3, continuation=False)
    assert len(only(plotting.tree(still, ax=ax), LineCollection).get_segments()) == 0


@pytest.mark.parametrize("coordinates", [(0,), (0, 2), (1, 1)])
def test_tree_needs_two_coordinates(run, coordinates):
    with pytest.raises(ValueError, match="coordinates must be two of 2"):
        plotting.tree(run, coordinates=coordinates)


def test_tree_on_a_line_is_refused():
    line = sp.compress([[0.0], [1.0], [2.0]], 2)
    with pytest.raises(ValueError, match="coordinates must be two of 1"):
        plotting.tree(line)


@pytest.mark.parametrize("draw", [plotting.tree, plotting.history, plotting.spectrum])
def test_a_result_without_rounds_is_refused(run, draw):
    with pytest.raises(ValueError, match="result must have rounds"):
        draw(replace(run, rounds=[]))


# ----------------------------------------------------------------------- history
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


# ---------------------------------------------------------------------- spectrum
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


# ----------------------------------------------------------------------- witness
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


# ---------------------------------------------------------------------- importing
def test_matplotlib_is_not_imported_with_the_module():
    code = (
        "import sys, splitparticles; splitparticles.plotting; "
        "assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
