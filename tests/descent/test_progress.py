"""Progress on stderr: it moves within a round, and changes nothing."""

import io
import re
import subprocess
import sys
import threading

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.descent import progress

DRAWS = np.random.default_rng(0).normal(size=(60, 2))


class Clock:
    """Time that passes only when it is told to."""

    now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    fake = Clock()
    monkeypatch.setattr(progress, "time", fake)
    return fake


class Terminal(io.StringIO):
    def isatty(self):
        return True


def slow(clock, seconds):
    """Score of a standard normal each call of which takes some seconds."""

    def score(x):
        clock.now += seconds
        return -x

    return score


def descended(clock, seconds=0.4, n=8, **options):
    F = sp.KSD(sp.Gaussian(2.0), slow(clock, seconds))
    return sp.descend(F, [[0.3, 0.1]], n_particles=n, **options)


def read(text):
    """Particles, rows and seconds of each line."""
    pattern = r"(\d+) of 8 particles(?:.*?(\d+) score rows)?.*?, ([\d.]+) s"
    return [(int(n), int(r or 0), float(s)) for n, r, s in re.findall(pattern, text)]


@pytest.mark.parametrize("is_missing", [False, True])
def test_lines_come_within_a_round_and_no_second_has_two(
    clock, capsys, monkeypatch, is_missing
):
    if is_missing:
        monkeypatch.setitem(sys.modules, "tqdm", None)
        monkeypatch.setitem(sys.modules, "tqdm.auto", None)
        monkeypatch.setattr(sys, "stderr", Terminal())
    descended(clock, progress=True)
    text = sys.stderr.getvalue() if is_missing else capsys.readouterr().err
    lines = read(text)
    assert len(lines) == text.count("\n") > 10 and lines[-1][0] == 8
    numbers, rows, seconds = map(np.array, zip(*lines, strict=True))
    assert (np.diff(seconds)[:-1] >= 1.0 - 1e-9).all()  # all but the end
    for n in (1, 2, 4, 8):
        assert (np.diff(rows[numbers == n]) >= 0).all() and np.ptp(rows[numbers == n])


def test_a_bar_moves_within_a_round(clock, monkeypatch):
    pytest.importorskip("tqdm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    threads = threading.active_count()
    descended(clock, progress=True)
    assert threading.active_count() == threads
    looks = re.findall(r"(\d+)%\|[^|]*\| (\d+) of 8", sys.stderr.getvalue())
    percents, numbers = np.array(looks, dtype=int).T
    assert (np.diff(percents) >= 0).all() and percents[-1] == 100
    for n in (1, 2, 4, 8):
        assert np.ptp(percents[numbers == n]) >= 3
    assert "about" in sys.stderr.getvalue()


def test_it_changes_no_bit_and_is_off_by_default(capsys):
    runs = [
        lambda shown: sp.compress(DRAWS, 8, rng=0, progress=shown),
        lambda shown: sp.sample(lambda x: -x, [1.0, 0.0], 8, rng=0, progress=shown),
    ]
    for run in runs:
        quiet = run(False)
        assert capsys.readouterr().err == ""
        shown = run(True)
        assert capsys.readouterr().err.endswith(" s\n")
        assert quiet.positions.tobytes() == shown.positions.tobytes()


def test_rows_and_calls_are_shown_while_the_score_is_learned(clock, capsys):
    result = sp.sample(slow(clock, 0.6), [1.0, 0.0], 8, rng=0, progress=True)
    text = capsys.readouterr().err
    learning = re.findall(r"0 of 8 particles, (\d+) score rows in (\d+) calls", text)
    rows, calls = np.array(learning, dtype=int).T
    assert len(rows) > 3 and (np.diff(rows) > 0).all() and (np.diff(calls) > 0).all()
    end = f"8 of 8 .*{result.n_score_evals} score rows in {result.n_score_calls} calls"
    assert re.search(end, text)


def test_time_left_follows_from_doublings_and_the_deadline(clock):
    seen = []
    shown = progress.Shown(16, np.inf, lambda *look: seen.append(look), 1.0)
    shown.begin(1, np.inf, False)
    clock.now += 50.0  # preparation
    shown.begin(2, 1.0, False)
    assert shown.left(clock.now) == np.inf
    clock.now += 4.0
    shown.begin(4, 1.0, False)
    s = progress.SLOWER
    assert shown.left(clock.now) == pytest.approx(4.0 * (s + s**2 + s**3))
    clock.now += 1.0
    assert shown.left(clock.now) == pytest.approx(4.0 * (s + s**2 + s**3) - 1.0)
    clock.now += 100.0  # longer than guessed: what comes after is left
    assert shown.left(clock.now) == pytest.approx(4.0 * (s**2 + s**3))
    shown.deadline = clock.now + 2.0
    assert shown.left(clock.now) == 2.0
    shown.tick()
    assert seen[-1][1] == "4 of 16 particles, discrepancy 1.41, 155.0 s, about 2 s left"
    shown.begin(8, 1.0, True)
    shown.deadline = np.inf
    assert shown.left(clock.now) == pytest.approx(101.0 * (s + progress.LAST * s**2))
    shown.begin(16, 1.0, True)
    clock.now += 1e9
    assert shown.left(clock.now) == 0.0


def test_max_time_alone_says_what_is_left(clock, capsys, monkeypatch):
    monkeypatch.setattr("splitparticles._validation.scalars.time", clock)
    monkeypatch.setattr("splitparticles.stop.time", clock)
    descended(clock, seconds=2.0, progress=True, max_time=60.0)
    lines = capsys.readouterr().err.splitlines()
    taken, left = map(float, re.search(r"([\d.]+) s, about (\d+) s", lines[0]).groups())
    assert taken + left == pytest.approx(60.0, abs=1.0)
    assert float(re.search(r"([\d.]+) s$", lines[-1])[1]) >= 60.0


@pytest.mark.parametrize("stream", ["none", "closed"])
def test_without_a_stderr_runs_go_on(clock, monkeypatch, stream):
    closed = io.StringIO()
    closed.close()
    closed.isatty = lambda: False
    monkeypatch.setattr(sys, "stderr", None if stream == "none" else closed)
    assert len(descended(clock, progress=True).positions) == 8


def test_rounds_that_are_left_close_their_bar(clock, monkeypatch):
    pytest.importorskip("tqdm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    F = sp.KSD(sp.Gaussian(2.0), slow(clock, 0.4))
    run = sp.rounds(F, [[0.3, 0.1]], n_particles=8, progress=True)
    for this in run:
        if len(this.particles) == 4:
            break
    run.close()
    text = sys.stderr.getvalue()
    assert text.endswith("\n") and "4 of 8" in text and "100%" not in text


def test_an_error_of_the_score_closes_the_bar_and_passes(monkeypatch):
    def broken(x):
        if len(x) > 2:
            raise ArithmeticError("mine")
        return -x

    monkeypatch.setattr(sys, "stderr", Terminal())
    F = sp.KSD(sp.Gaussian(2.0), broken)
    with pytest.raises(ArithmeticError, match="mine"):
        sp.descend(F, [[0.3, 0.1]], n_particles=8, progress=True)
    assert sys.stderr.getvalue().endswith("\n")


def test_estimators_show_their_growth(capsys):
    estimators = pytest.importorskip("splitparticles.estimators")
    options = {"random_state": 0, "move": sp.LBFGS(max_iter=5)}
    shown = estimators.SplittingRegressor(3, progress=True, **options)
    shown.fit(DRAWS, DRAWS[:, 0])
    assert "of 3 particles" in capsys.readouterr().err


def test_tqdm_is_imported_only_when_it_is_asked_for():
    code = (
        "import sys, splitparticles as sp\n"
        "sp.compress([[0.0], [1.0]], 2)\n"
        "sp.compress([[0.0], [1.0]], 2, progress=True)\n"
        "assert 'tqdm' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "2 of 2 particles" in done.stderr and done.stdout == ""
