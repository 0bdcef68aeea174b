"""The demos run, draw their pictures and print figures that are good."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DEMOS = sorted((ROOT / "demos").glob("*.py"))

FILMS = {"growing_network_film", "modes_film", "neurons_split"}

pytestmark = pytest.mark.slow


def last_numbers(printed):
    """All numbers in the last line."""
    return [float(x) for x in re.findall(r"\d+(?:\.\d+)?", printed.splitlines()[-1])]


def eight_schools_are_shrunk_alike(printed):
    error, least, most = last_numbers(printed)
    assert error < 0.1
    assert 0.8 < least <= most < 1.2


def sixty_four_particles_beat_draws(printed):
    n, _, times_less = last_numbers(printed)
    assert n == 64
    assert times_less > 10


def prediction_holds_and_the_direction_decides(printed):
    *_, line, steepest, random, least = printed.splitlines()
    assert last_numbers(line)[1] < 0.01
    shares = [last_numbers(end)[0] for end in (steepest, random, least)]
    assert shares[0] > 95 and 2 * shares[1] < shares[0] and shares[2] < shares[1]


def fifty_points_beat_draws(printed):
    assert last_numbers(printed)[0] > 5


def a_few_hundred_rows_teach_the_score(printed):
    learned, descent = (
        [float(x) for x in line.split()[2:]] for line in printed.splitlines()[1:3]
    )
    assert learned[0] < 300 < 20 * learned[0] < descent[0]
    assert learned[2] < 0.02 and all(0.98 < ratio < 1.02 for ratio in learned[3:])
    bulk, flat, flatter = last_numbers(printed)
    assert bulk > 100 and flat > 10 and flatter > 2


def the_optimal_split_is_better_and_an_insertion_better_still(printed):
    below_random, more = last_numbers(printed)
    assert below_random > 2 and more > 1


def the_ring_is_cut_out(printed):
    neurons, right = last_numbers(printed)
    assert neurons == 8 and right > 97


def twenty_prototypes_tell_ten_digits(printed):
    prototypes, right = last_numbers(printed)
    assert prototypes == 20 and right > 96


def the_regression_is_that_of_the_grid(printed):
    rows, error, least, most = last_numbers(printed)
    assert rows < 600
    assert error < 0.03
    assert 0.97 < least <= most < 1.03
    *_, covered, _ = last_numbers(printed.rsplit("\n", 2)[0])
    assert 80 < covered <= 98


def particles_find_three_parts(printed):
    rows, ours, _, exact, times = last_numbers(printed)
    assert rows < 1000
    assert ours < exact / 8 and times > 8
    masses = last_numbers(printed.rsplit("\n", 2)[0])
    assert all(abs(a - b) < 0.02 for a, b in zip(masses[:3], masses[3:], strict=True))


def thirty_calls_are_enough(printed):
    steps, _, metropolis, calls, rows, ours = last_numbers(printed)
    assert calls < 40 and rows < 400
    assert steps > 5 * calls and ours < 0.03 < 2 * metropolis


def fifty_runs_predict(printed):
    means, sds = last_numbers(printed)
    assert means > 20 and sds > 1.1


def particles_fall_faster_than_draws(printed):
    iid, *placed = last_numbers(printed)
    assert 0.8 < iid < 1.2
    assert len(placed) == 3 and min(placed) > 1.25
    worth = [last_numbers(line)[1] for line in printed.splitlines()[-4:-1]]
    assert min(worth[1:]) > 1.5 * worth[0] > 300


def the_curve_is_followed(printed):
    neurons, off, noise = last_numbers(printed)
    assert neurons == 6 and off < noise == 0.1


GOOD = {
    "regression_posterior": the_regression_is_that_of_the_grid,
    "modes_film": particles_find_three_parts,
    "expensive_simulator": thirty_calls_are_enough,
    "chains_to_points": fifty_runs_predict,
    "how_many_particles": particles_fall_faster_than_draws,
    "growing_network_film": the_curve_is_followed,
    "prototypes": twenty_prototypes_tell_ten_digits,
    "rbf_network": the_optimal_split_is_better_and_an_insertion_better_still,
    "learn_the_score": a_few_hundred_rows_teach_the_score,
    "neurons_split": the_ring_is_cut_out,
    "eight_schools": eight_schools_are_shrunk_alike,
    "mmd_splitting": sixty_four_particles_beat_draws,
    "what_one_split_does": prediction_holds_and_the_direction_decides,
    "compress_draws": fifty_points_beat_draws,
}


@pytest.mark.parametrize("demo", DEMOS, ids=lambda path: path.stem)
def test_demo(demo, tmp_path):
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-W", "error", str(demo)],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    pictures = list(tmp_path.glob("*.png"))
    assert pictures and all(p.read_bytes()[:4] == b"\x89PNG" for p in pictures)
    films = list(tmp_path.glob("*.gif"))
    assert bool(films) == (demo.stem in FILMS)
    assert all(f.read_bytes()[:3] == b"GIF" for f in films)
    assert all(f.stat().st_size < 1.5e6 for f in films)
    GOOD[demo.stem](done.stdout)


def notebook_of(demo):
    """Notebook of the cells of a demo, as the gallery makes them."""
    nbformat = pytest.importorskip("nbformat")
    title, *cells = demo.read_text(encoding="utf-8").split("\n# %%\n")
    v4 = nbformat.v4
    return v4.new_notebook(
        cells=[v4.new_markdown_cell(title), *map(v4.new_code_cell, cells)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python"}},
    )


@pytest.mark.parametrize(
    "stem", ["what_one_split_does", "regression_posterior", "chains_to_points"]
)
def test_demo_runs_as_a_notebook(stem, tmp_path, monkeypatch):
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
    monkeypatch.delenv("MPLBACKEND", raising=False)
    notebook = notebook_of(ROOT / "demos" / f"{stem}.py")
    where = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=300, resources=where).execute()
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    printed = "".join(out.text for out in outputs if out.get("name") == "stdout")
    GOOD[stem](printed)
    pictures = [out for out in outputs if "image/png" in out.get("data", {})]
    assert len(pictures) == len(list(tmp_path.glob("*.png"))) > 0


def test_every_good_figure_belongs_to_a_demo():
    assert set(GOOD) == {demo.stem for demo in DEMOS}
