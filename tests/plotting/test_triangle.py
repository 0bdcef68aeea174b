"""Corner plots: what is drawn where, over which draws, and that labels are apart."""

from dataclasses import replace

import numpy as np
import pytest
from artists import only
from matplotlib import pyplot as plt
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.contour import ContourSet

import splitparticles as sp
from splitparticles.plotting import corner

NAMES = ["mass", "log_length_scale", "theta[0]", r"$\mu$"]
SCALES = np.array([1.0, 1e-3, 50.0, 2e4])
MIDDLE = np.array([0.0, 0.12345, 1e3, -3e5])


@pytest.fixture(scope="module")
def draws():
    return np.random.default_rng(1).normal(MIDDLE, SCALES, size=(2000, 4))


@pytest.fixture(scope="module")
def result(draws):
    return sp.compress(draws, 8, names=NAMES)


def kinds(ax):
    return [type(artist) for artist in ax.collections]


def test_each_pair_has_dots_over_a_density_and_each_coordinate_stems(result):
    panels = corner(result)
    assert panels.shape == (4, 4)
    for i, j in zip(*np.tril_indices(4, -1), strict=True):
        dots = only(panels[i, j], PathCollection)
        np.testing.assert_array_equal(dots.get_offsets(), result.positions[:, [j, i]])
        only(panels[i, j], ContourSet)
    for i in range(4):
        stems = only(panels[i, i], LineCollection).get_segments()
        np.testing.assert_array_equal(
            [stem[1][0] for stem in stems], result.positions[:, i]
        )
        only(panels[i, i], PolyCollection)
    for ax in panels[np.triu_indices(4, 1)]:
        assert not ax.axison and not ax.collections


def test_stems_and_areas_are_proportional_to_the_weights(result):
    weights = np.arange(8.0) - 1.0
    particles = result.particles.weighted(weights)
    panels = corner(replace(result, particles=particles), coordinates=[2, 0], area=3.0)
    sizes = only(panels[1, 0], PathCollection).get_sizes()
    np.testing.assert_allclose(sizes, 24.0 * abs(weights) / abs(weights).sum())
    stems = np.array(only(panels[0, 0], LineCollection).get_segments())
    np.testing.assert_allclose(stems[:, 1, 1] / stems[-1, 1, 1], abs(weights) / 6.0)
    assert panels[0, 0].get_title(loc="left") == ""  # no quantiles
    for weights in ([1.0, -1.0], [0.0, 0.0]):
        (ax,) = corner(sp.ParticleSet([[1.0], [2.0]], weights)).flat
        assert len(only(ax, LineCollection).get_segments()) == 2


def test_coordinates_are_chosen_by_name_or_number(result):
    panels = result.plot(coordinates=["theta[0]", 0])
    assert panels.shape == (2, 2)
    labels = panels[1, 0].get_xlabel(), panels[1, 0].get_ylabel()
    assert labels == ("theta[0]", "mass")
    offsets = only(panels[1, 0], PathCollection).get_offsets()
    np.testing.assert_array_equal(offsets, result.positions[:, [2, 0]])
    for wrong in (["tau"], [0, 4], [0, 0], []):
        with pytest.raises(ValueError, match="coordinates must be some of 4"):
            corner(result, coordinates=wrong)


def test_many_coordinates_are_cut_with_a_note_unless_they_are_chosen():
    particles = sp.ParticleSet(np.random.default_rng(0).normal(size=(5, 10)))
    panels = corner(particles)
    assert panels.shape == (8, 8)
    notes = [text.get_text() for text in panels[0, 0].figure.texts]
    assert notes == ["the first 8 of 10 coordinates"]
    panels = corner(particles, coordinates=range(9))
    assert panels.shape == (9, 9) and not panels[0, 0].figure.texts


def test_titles_are_the_median_and_its_distances():
    positions = np.linspace(-1.0, 1.0, 101)[:, None]
    (ax,) = corner(sp.ParticleSet(positions)).flat
    assert ax.get_title(loc="left") == "x0 = 0.00 +0.69 \N{MINUS SIGN}0.69"
    (still,) = corner(sp.ParticleSet([[2.0], [2.0]])).flat
    assert still.get_title(loc="left") == "x0 = 2 +0 \N{MINUS SIGN}0"


# ------------------------------------------------------------------------- draws
def peak(ax):
    """Where a density is largest, and its height."""
    x, y = only(ax, PolyCollection).get_paths()[0].vertices.T
    return x[y.argmax()], y.max()


def test_draws_are_those_given_else_of_the_emulator_else_compressed(draws, result):
    moved = pytest.importorskip("pandas").DataFrame(draws + 2.0 * SCALES)
    for given, middle in ((None, MIDDLE), (moved, MIDDLE + 2.0 * SCALES)):
        panels = corner(result, draws=given)
        for k in range(4):
            at, height = peak(panels[k, k])
            assert abs(at - middle[k]) < 0.6 * SCALES[k] and height == 1.0

    def sampler(m, rng):
        return MIDDLE - 2.0 * SCALES + SCALES * rng.normal(size=(m, 4))

    at, _ = peak(corner(replace(result, sampler=sampler))[0, 0])
    assert abs(at + 2.0) < 0.6
    bare = corner(replace(result, compressed=None))
    assert kinds(bare[0, 0]) == [LineCollection]
    assert (
        kinds(bare[1, 0]) == kinds(corner(result.particles)[1, 0]) == [PathCollection]
    )


@pytest.mark.parametrize("n", [500, 20_000])
def test_draws_are_weighted_and_thinned_over_all_rows(n):
    x = np.repeat([-3.0, 3.0], n) + np.random.default_rng(0).normal(size=2 * n)
    weights = np.where(x < 0.0, 1.0, 3.0)
    (ax,) = corner(sp.compress(x, 4, weights_of_draws=weights)).flat
    x, y = only(ax, PolyCollection).get_paths()[0].vertices.T
    left, right = (y[np.abs(x - middle) < 0.5].max() for middle in (-3.0, 3.0))
    assert left / right == pytest.approx(1.0 / 3.0, abs=0.06)


def test_rows_without_weight_are_not_drawn():
    x = np.arange(10_000.0)
    weights = np.zeros(10_000)
    weights[[7, 8, 9]] = 1.0
    (ax,) = corner(sp.compress(x, 3, weights_of_draws=weights)).flat
    low, high = ax.get_xlim()
    assert 6.0 < low < 7.0 and 9.0 < high < 10.0


def test_greys_enclose_what_they_say():
    x = np.random.default_rng(0).normal(size=(4000, 2))
    ax = corner(sp.ParticleSet([[0.0, 0.0]]), draws=x)[1, 0]
    path = only(ax, ContourSet).get_paths()[3]  # from 60 to 40 %
    radii = np.linalg.norm(path.vertices, axis=1)
    expected = np.sqrt(-2.0 * np.log([0.6, 0.4]))  # around 40 and 60 % of a normal law
    is_outer = radii > expected.mean()
    assert radii[~is_outer].mean() == pytest.approx(expected[0], rel=0.05)
    assert radii[is_outer].mean() == pytest.approx(expected[1], rel=0.05)


def test_modes_far_apart_stay_narrow():
    x = np.random.default_rng(0).normal(size=4000) + np.repeat([0.0, 60.0], 2000)
    (ax,) = corner(sp.ParticleSet([[0.0]]), draws=x).flat
    x, y = only(ax, PolyCollection).get_paths()[0].vertices.T
    assert y[(x > 5.0) & (x < 55.0)].max() < 1e-3


@pytest.mark.parametrize("width", [0.0, 1e-300, 1e-20, 1e200])
def test_degenerate_draws_are_drawn(width):
    x = 1.0 + width * np.random.default_rng(0).normal(size=(50, 2))
    panels = corner(sp.ParticleSet(x[:3]), draws=x)
    panels[0, 0].figure.canvas.draw()


# ------------------------------------------------------------------------ layout
def boxes(figure):
    """Boxes of all texts of a figure that are not empty."""
    figure.canvas.draw()
    texts = []
    for ax in figure.axes:
        if ax.axison:
            texts += [ax.xaxis.label, ax.yaxis.label, ax._left_title]
            for axis in (ax.xaxis, ax.yaxis):
                for tick in axis._update_ticks():
                    if tick.label1.get_visible():
                        texts.append(tick.label1)
    return [(t.get_text(), t.get_window_extent()) for t in texts if t.get_text()]


@pytest.mark.parametrize("k", [1, 2, 4])
def test_no_labels_overlap(result, k):
    figure = corner(result, coordinates=range(k))[0, 0].figure
    labels = boxes(figure)
    assert len(labels) > 2 * k
    for i, (text, box) in enumerate(labels):
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1, text
        for other_text, other in labels[:i]:
            assert not box.overlaps(other), (text, other_text)


def test_given_axes_are_drawn_into(result):
    axes = plt.figure().subplots(2, 2)
    panels = corner(result, coordinates=(0, 1), axes=axes)
    assert (panels == axes).all()
    (ax,) = corner(result, coordinates=(0,), axes=axes[0, 0]).flat
    assert ax is axes[0, 0]
    with pytest.raises(ValueError, match=r"axes must be an array of \(3, 3\) Axes"):
        corner(result, coordinates=(0, 1, 2), axes=axes)


def test_plot_without_axes_is_a_corner_of_all(result):
    assert result.plot().shape == (4, 4)
