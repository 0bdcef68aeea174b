"""Checkpoints: a run that was stopped anywhere goes on to the same bits."""

import errno
import os
import signal
from functools import partial

import numpy as np
import pytest
from stopped_runs import DRAWS, RUNS, X0, Sampled, Score, compressed, log_density, same

import splitparticles as sp
from splitparticles._files import journal, whole


@pytest.fixture(scope="module", params=RUNS)
def whole_run(request, tmp_path_factory):
    """A run, its result without a checkpoint, and the content of its checkpoint."""
    run = RUNS[request.param]
    path = tmp_path_factory.mktemp("whole") / "run"
    plain = run()
    assert same(run(path), plain)
    return run, plain, path.read_bytes()


@pytest.mark.parametrize("share", np.linspace(0.0, 1.0, 8))
def test_a_file_cut_anywhere_leads_to_the_same_bits(tmp_path, whole_run, share):
    run, plain, content = whole_run
    path = tmp_path / "run"
    first = len(journal.MAGIC) + 4  # cut in the header, there is no checkpoint
    header = journal.HEAD.unpack_from(content, len(journal.MAGIC))
    first += journal.HEAD.size + header[0]
    path.write_bytes(content[: first + round(share * (len(content) - first))])
    assert same(run(path), plain)
    assert path.read_bytes() == content


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_damaged_record_is_asked_again_with_all_after_it(tmp_path, whole_run, share):
    run, plain, content = whole_run
    damaged = bytearray(content)
    damaged[round(share * len(content))] ^= 1
    (tmp_path / "run").write_bytes(damaged)
    assert same(run(tmp_path / "run"), plain)
    assert (tmp_path / "run").read_bytes() == content


@pytest.mark.parametrize("emulator", ["auto", False])
@pytest.mark.parametrize("calls", [1, 7, 20])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_what_was_answered_before_a_failure_is_not_asked_again(
    tmp_path, emulator, calls, error
):
    run, path = Sampled(emulator=emulator), tmp_path / "run"
    plain = run()
    failing, going_on = Score(calls, error), Score()
    if error is RuntimeError:
        with pytest.raises(RuntimeError):
            run(path, failing)
    else:
        assert run(path, failing).stop is sp.Stop.INTERRUPTED
    # a score that fails has other data, so it is asked once what it answered
    assert same(run(path, going_on), plain)
    assert failing.rows + going_on.rows == plain.n_score_evals + 1
    again = Score()
    assert same(run(path, again), plain) and again.rows == 1


@pytest.mark.parametrize("limit", [{"max_score_evals": 60}, {"max_time": 1e-9}])
def test_limits_may_be_others_and_rows_are_asked_once(tmp_path, limit):
    run = partial(sp.sample, np.negative, 2, 8, checkpoint=tmp_path / "run")  # no rng
    assert not run(**limit).success
    result = run()
    assert result.success
    size = (tmp_path / "run").stat().st_size
    assert same(run(), result) and (tmp_path / "run").stat().st_size == size


def test_the_same_function_is_not_asked_at_all(tmp_path):
    run = partial(sp.sample, np.negative, 2, 8, checkpoint=tmp_path / "run", rng=0)
    whole = run()
    kept = [
        facts["kind"]
        for facts, _ in journal.records_of(tmp_path / "run")
        if facts.get("kind")
    ]
    assert kept == ["score"] * whole.n_score_calls


@pytest.mark.parametrize("rng", [None, 7, np.random.MT19937(7), np.random.Philox(1)])
def test_any_generator_goes_on_where_it_was(tmp_path, rng):
    def make():
        return type(rng)(7) if isinstance(rng, np.random.BitGenerator) else rng

    run = Sampled(rng=None)
    first = run(tmp_path / "run", rng=make())
    assert same(run(tmp_path / "run", rng=make()), first)
    assert same(run(tmp_path / "run"), first)
    with pytest.raises(ValueError, match="rng="):
        run(tmp_path / "run", rng=8)


def test_points_of_one_row_are_kept_one_by_one(tmp_path):
    asked = []

    def score(point):
        asked.append(point)
        if len(asked) == 30:
            raise RuntimeError("tired")
        return 1.0 - point

    run = partial(sp.sample, score, X0, 8, vectorized=False, rng=0)
    with pytest.raises(RuntimeError, match="tired"):
        run(checkpoint=tmp_path / "run")
    result = run(checkpoint=tmp_path / "run")
    assert len(asked) == result.n_score_evals + 2  # the one that failed, and the check
    assert same(run(), result)


OTHERS = {
    "x0": {"x0": [1.0, 2.5]},
    "n_particles": {"n_particles": 16},
    "vectorized": {"vectorized": False},
    "objective": {"objective": lambda s, p: sp.KSD(sp.Gaussian(), s)},
    "preconditioner": {"preconditioner": np.diag([1.0, 2.0])},
    "weights": {"weights": "optimal"},
    "tempering": {"tempering": False},
    "emulator": {"emulator": False},
    "move": {"move": sp.LBFGS(max_iter=7)},
    "growth": {"growth": sp.Insertion()},
    "tol": {"tol": 0.1},
    "rng": {"rng": 4},
    "log_density": {"log_density": log_density},
    "score is not that": {"score": lambda x: -2.0 * x},
    "score": {"score": lambda x: Score()(x) + 1e-3},
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_run_is_refused_by_name_and_the_file_stays(tmp_path, name):
    path, options = tmp_path / "run", {"score": Score(), "x0": X0, "n_particles": 8}
    options |= {"rng": 3, "checkpoint": path}
    sp.sample(**options)
    content = path.read_bytes()
    with pytest.raises(ValueError, match=f"{name}.*checkpoint|checkpoint.*{name}"):
        sp.sample(**(options | OTHERS[name]))
    assert path.read_bytes() == content


OTHER_DRAWS = {
    "draws": {"draws": DRAWS + 1e-9},
    "weights_of_draws": {"weights_of_draws": np.arange(600.0)},
    "n_particles": {"n_particles": 8},
    "objective": {"objective": lambda x, w: sp.MMD(sp.Gaussian(), x, w)},
    "weights": {"weights": "optimal"},
    "rng": {"rng": 1},
}


@pytest.mark.parametrize("name", OTHER_DRAWS)
def test_other_draws_are_refused_by_name(tmp_path, name):
    options = {"draws": DRAWS, "n_particles": 16, "rng": 3}
    options["checkpoint"] = tmp_path / "run"
    sp.compress(**options)
    with pytest.raises(ValueError, match=name):
        sp.compress(**(options | OTHER_DRAWS[name]))


def test_the_run_of_another_function_is_refused(tmp_path):
    compressed(tmp_path / "run")
    with pytest.raises(ValueError, match="of a run of compress, got sample"):
        Sampled()(tmp_path / "run")


def test_a_function_that_only_looks_different_is_taken(tmp_path):
    plain = Sampled()(tmp_path / "run")
    wrapped = Score()
    assert same(Sampled()(tmp_path / "run", lambda x: wrapped(x)), plain)
    assert wrapped.calls == 1


def test_rounding_at_a_mode_is_no_other_function(tmp_path):
    def score(x, rounding=1e-16):
        return rounding - x

    run = partial(sp.sample, x0=[0.0, 0.0], n_particles=4, rng=0)
    run(score, checkpoint=tmp_path / "run")
    run(lambda x: score(x, 3e-16), checkpoint=tmp_path / "run")
    with pytest.raises(ValueError, match="score is not that"):
        run(lambda x: score(x, 1e-9), checkpoint=tmp_path / "run")


def test_a_bad_argument_leaves_no_file(tmp_path):
    for bad in ({"tol": -1.0}, {"names": ["a"]}, {"growth": 3}, {"max_time": 0.0}):
        with pytest.raises((TypeError, ValueError)):
            Sampled()(tmp_path / "run", **bad)
        assert os.listdir(tmp_path) == []


NO_CHECKPOINTS = {
    "empty": b"",
    "text": b"a,b\n1,2\n",
    "cut in its header": journal.MAGIC + b"\x00" * 10,
    "zip": b"PK\x03\x04" + bytes(100),
}


@pytest.mark.parametrize("kind", NO_CHECKPOINTS)
def test_what_is_no_checkpoint_is_refused_and_stays(tmp_path, kind):
    path = tmp_path / "run"
    path.write_bytes(NO_CHECKPOINTS[kind])
    with pytest.raises(sp.CheckpointError, match="no checkpoint"):
        Sampled()(path)
    assert path.read_bytes() == NO_CHECKPOINTS[kind]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_pipes_and_folders_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    os.mkdir(tmp_path / "folder")
    for name in ("pipe", "folder"):
        with pytest.raises(sp.CheckpointError, match="no regular file"):
            Sampled()(tmp_path / name)
    with pytest.raises(OSError):
        Sampled()(tmp_path / "none" / "run")


def test_a_file_in_use_is_refused(tmp_path):
    pytest.importorskip("fcntl")
    run = Sampled()

    def nested(x):
        with pytest.raises(sp.CheckpointError, match="in use by another run"):
            run(tmp_path / "run")
        raise RuntimeError("seen")

    with pytest.raises(RuntimeError, match="seen"):
        run(tmp_path / "run", nested)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_header_that_cannot_be_written_leaves_nothing(
    tmp_path, monkeypatch, code, call
):
    def fails(*arguments):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(whole.os, call, fails)
        with pytest.raises(OSError) as caught:
            Sampled()(tmp_path / "run")
    assert caught.value.errno == code and os.listdir(tmp_path) == []
    assert Sampled()(tmp_path / "run").success


@pytest.mark.parametrize("run", ["learned", "compressed"])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.8, 0.99])
def test_a_disk_that_is_full_ends_the_run_and_nothing_is_lost(tmp_path, run, share):
    resource = pytest.importorskip("resource")
    run, path = RUNS[run], tmp_path / "run"
    plain = run(tmp_path / "other")
    size = (tmp_path / "other").stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with open(tmp_path / "other", "rb") as file:
        file.read(len(journal.MAGIC))
        header = journal.HEAD.unpack(file.read(journal.HEAD.size))[0] + 100
    try:
        most = header + round(share * (size - header))
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, limits[1]))
        with pytest.raises(OSError) as caught:
            run(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert isinstance(caught.value.result, sp.Result)
    assert path.stat().st_size <= most
    assert same(run(path), plain)


def test_a_sync_that_fails_ends_the_run_with_its_result(tmp_path, monkeypatch):
    plain = Sampled()()
    monkeypatch.setattr(journal, "SYNC", 0.0)
    real, calls = os.fsync, []

    def fails(descriptor):
        calls.append(descriptor)
        if len(calls) == 9:
            raise OSError(errno.EIO, "no disk")
        real(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(journal.os, "fsync", fails)
        with pytest.raises(OSError, match="no disk") as caught:
            Sampled()(tmp_path / "run")
    assert caught.value.result.stop is sp.Stop.FAILED
    assert same(Sampled()(tmp_path / "run"), plain)


def test_a_journal_that_was_full_has_no_gaps(tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "LARGEST", 2000)
    one = journal.Journal(tmp_path / "run", {})
    assert one.add({"k": 0}, [np.zeros(10)])
    assert not one.add({"k": 1}, [np.zeros(1000)])
    assert not one.add({"k": 2}, [np.zeros(10)])
    one.close()
    assert [facts for facts, _ in journal.records_of(tmp_path / "run")] == [
        {},
        {"k": 0},
    ]


@pytest.mark.parametrize("kind", ["list", "array", "series"])
def test_weights_of_any_kind_are_those_of_the_run(tmp_path, kind):
    weights = np.arange(1.0, 601.0)
    makers = {"list": np.ndarray.tolist, "array": np.copy}
    if kind == "series":
        makers[kind] = pytest.importorskip("pandas").Series
    runs = [
        compressed(tmp_path / "run", weights_of_draws=makers[kind](weights))
        for _ in range(2)
    ]
    assert same(*runs)
    with pytest.raises(TypeError, match="weights_of_draws must be real numbers"):
        compressed(tmp_path / "other", weights_of_draws=["a"] * 600)
    assert not (tmp_path / "other").exists()


def test_a_full_checkpoint_is_said_and_goes_on_from_what_it_holds(
    tmp_path, monkeypatch
):
    plain = Sampled()()
    monkeypatch.setattr(journal, "LARGEST", 6000)
    result = Sampled()(tmp_path / "run")
    assert result.positions.tobytes() == plain.positions.tobytes()
    assert "is full" in result.warnings[-1]
    assert (tmp_path / "run").stat().st_size <= 6000
    again = Sampled()(tmp_path / "run")
    assert again.positions.tobytes() == plain.positions.tobytes()
