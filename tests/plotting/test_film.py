"""Films: where the particles are in each frame, and the files."""

import gc
from dataclasses import replace

import numpy as np
import pytest
from artists import TARGET, only
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from PIL import Image, ImageSequence

import splitparticles as sp
from splitparticles.plotting import animate
from splitparticles.plotting.film import FRAMES

pytestmark = pytest.mark.filterwarnings("ignore:Animation was deleted")


@pytest.fixture(autouse=True)
def collected_films():
    """A film that was not saved warns when it is collected: not in a later test."""
    yield
    gc.collect()


def frames(film, ax):
    """Positions, areas and titles of all frames."""
    shown = []
    for frame in film.new_frame_seq():
        film._draw_frame(frame)
        dots = only(ax, PathCollection)
        shown.append((dots.get_offsets().copy(), dots.get_sizes(), ax.get_title()))
    return shown


def test_particles_leave_their_parent_and_rest_where_the_round_ended(run, ax):
    shown = frames(animate(run, ax=ax), ax)
    assert len(shown) == FRAMES * run.n_rounds
    for k, this in enumerate(run.rounds):
        positions, sizes, title = shown[FRAMES * (k + 1) - 1]
        np.testing.assert_allclose(positions, this.particles.positions)
        weights = this.particles.weights
        np.testing.assert_allclose(sizes / sizes.sum(), weights / weights.sum())
        n = len(weights)
        assert title == ("1 particle" if n == 1 else f"{n} particles")
    # just after the splits each one is beside where its parent was at rest
    before = run.rounds[0].particles.positions
    near, _, _ = shown[FRAMES]
    far = run.rounds[1].particles.positions
    moved, whole = np.abs(near - before).max(), np.abs(far - before).max()
    assert 0.0 < moved < 0.05 * whole
    totals = [sizes.sum() for _, sizes, _ in shown]
    np.testing.assert_allclose(totals, totals[0])


def test_the_last_frame_has_the_final_weights(run, ax):
    weights = np.array([0.1, 0.2, 0.3, 0.4])
    final = replace(run, particles=run.particles.weighted(weights))
    _, sizes, _ = frames(animate(final, ax=ax, seconds_a_round=0.05), ax)[-1]
    np.testing.assert_allclose(sizes / sizes.sum(), weights)


def test_inserted_particles_grow_where_they_are_put(run, ax):
    first = run.rounds[0]
    inserted = first._replace(grown=first.grown._replace(parents=np.array([-1])))
    shown = frames(animate(replace(run, rounds=[inserted, *run.rounds[1:]]), ax=ax), ax)
    positions, sizes, _ = shown[FRAMES]
    np.testing.assert_allclose(positions[1], run.rounds[1].particles.positions[1])
    assert sizes[1] < 0.05 * sizes[0]


def test_a_film_on_the_line_shows_stems_over_the_target(ax):
    target = sp.targets.Gaussian([0.0], [[1.0]])
    line = sp.sample(target.score, [0.0], 4, rng=0, names=["rate"])
    film = animate(line, ax=ax, target=target)
    film._draw_frame(FRAMES * line.n_rounds - 1)
    stems = np.stack(only(ax, LineCollection).get_segments())
    np.testing.assert_allclose(stems[:, 1, 0], line.positions[:, 0])
    np.testing.assert_allclose(stems[:, 1, 1], 1.0)
    only(ax, PolyCollection)
    assert ax.get_xlabel() == "rate"


def test_the_background_is_a_target_or_draws(run):
    for options, kinds in (
        ({"target": TARGET}, 2),
        ({"draws": np.random.default_rng(0).normal(size=(100, 2))}, 2),
        ({}, 1),
    ):
        ax = Figure().subplots()
        animate(run, ax=ax, **options)
        assert len(ax.collections) == kinds
        assert sum(isinstance(a, ContourSet) for a in ax.collections) == kinds - 1


def test_a_gif_has_all_frames_and_one_layout(run, tmp_path):
    path = tmp_path / "film.GIF"
    animate(run, path, seconds_a_round=0.2)
    with Image.open(path) as film:
        pictures = [frame.convert("L") for frame in ImageSequence.Iterator(film)]
        seconds = [
            frame.info["duration"] / 1e3 for frame in ImageSequence.Iterator(film)
        ]
    assert sum(seconds) == pytest.approx(
        0.2 * run.n_rounds
    )  # equal ones are put together
    assert len(pictures) > run.n_rounds
    left = [np.array(picture)[:, :55] for picture in pictures]  # labels and numbers
    assert all((other == left[0]).all() for other in left)
    assert [p.name for p in tmp_path.iterdir()] == ["film.GIF"]


def test_html_is_what_a_notebook_shows(run, tmp_path):
    film = animate(run, tmp_path / "film.html", seconds_a_round=0.05)
    html = (tmp_path / "film.html").read_text()
    assert html.count("data:image/png;base64") == run.n_rounds
    assert film._repr_html_().count("data:image/png") == run.n_rounds


def test_a_file_is_whole_or_as_it_was(run, tmp_path, monkeypatch):
    path = tmp_path / "film.gif"
    path.write_bytes(b"old")

    def fails(*arguments):
        raise OSError("disk full")

    monkeypatch.setattr("splitparticles._files.whole.os.replace", fails)
    with pytest.raises(OSError, match="disk full"):
        animate(run, path, seconds_a_round=0.05)
    assert path.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("path", ["film.mp4", "film", 3, b"film.gif"])
def test_other_files_are_refused(run, path):
    with pytest.raises(ValueError, match=r"path must end in .gif or .html, got"):
        animate(run, path)


def test_a_result_without_rounds_is_refused(run):
    with pytest.raises(ValueError, match="result must have rounds"):
        animate(replace(run, rounds=[]))


def test_target_is_refused_away_from_all_its_coordinates(run):
    with pytest.raises(ValueError, match="target can be drawn for d = 1 or 2"):
        animate(run, coordinates=(0,), target=TARGET)
