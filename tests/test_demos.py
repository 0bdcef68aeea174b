"""The demos run, draw their pictures and print figures that are good."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DEMOS = sorted((ROOT / "demos").glob("*.py"))

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


def prediction_holds(printed):
    assert last_numbers(printed)[1] < 0.01


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


GOOD = {
    "prototypes": twenty_prototypes_tell_ten_digits,
    "rbf_network": the_optimal_split_is_better_and_an_insertion_better_still,
    "learn_the_score": a_few_hundred_rows_teach_the_score,
    "neurons_split": the_ring_is_cut_out,
    "eight_schools": eight_schools_are_shrunk_alike,
    "mmd_splitting": sixty_four_particles_beat_draws,
    "what_one_split_does": prediction_holds,
    "compress_draws": fifty_points_beat_draws,
}


@pytest.mark.parametrize("demo", DEMOS, ids=lambda path: path.stem)
def test_demo(demo, tmp_path):
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-W", "error", str(demo), str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    pictures = list(tmp_path.glob("*.png"))
    assert pictures and all(p.read_bytes()[:4] == b"\x89PNG" for p in pictures)
    GOOD[demo.stem](done.stdout)


def test_every_good_figure_belongs_to_a_demo():
    assert set(GOOD) == {demo.stem for demo in DEMOS}
