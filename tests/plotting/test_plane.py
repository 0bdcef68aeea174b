"""Particles in the plane are judged by their artists: how many, where, how large."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from artists import TARGET, THREE, only
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.contour import ContourSet

import splitparticles as sp
from splitparticles import plotting

NAN = float("nan")


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
