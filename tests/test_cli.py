"""The command line, end to end."""

import io
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.cli import main
from splitparticles.draws.tables import TableError, read_tables


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def draws():
    return np.random.default_rng(0).gamma(3.0, size=(300, 2)) * [1.0, 20.0]


def write(path, rows, header="rate,size"):
    lines = [header, *(",".join(map(repr, map(float, row))) for row in rows)]
    path.write_text("\n".join(lines) + "\n")


def read(path):
    return np.loadtxt(path, delimiter=",", skiprows=1)


def test_a_table_becomes_points_and_a_picture(folder, capsys):
    write(folder / "draws.csv", draws())
    options = ["-n", "6", "-o", "points.csv", "--picture", "points.png"]
    assert main(["compress", "draws.csv", *options]) == 0
    assert (folder / "points.csv").read_text().startswith("rate,size,weight\n")
    expected = sp.compress(draws(), 6, rng=0)
    np.testing.assert_allclose(read("points.csv")[:, :2], expected.positions, rtol=1e-9)
    assert (folder / "points.png").read_bytes()[:4] == b"\x89PNG"
    said = capsys.readouterr()
    assert said.out == "" and "6 particles in 2 dimensions" in said.err
    assert {p.name for p in folder.iterdir()} == {
        "draws.csv",
        "points.csv",
        "points.png",
    }


def test_pipes(folder, capsys, monkeypatch):
    write(folder / "draws.csv", draws())
    text = (folder / "draws.csv").read_text()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert main(["compress", "-", "-n", "3", "-q", "--nearest"]) == 0
    said = capsys.readouterr()
    points = np.loadtxt(io.StringIO(said.out), delimiter=",", skiprows=1)
    assert said.err == ""
    for row in points[:, :2]:
        assert np.isclose(draws(), row).all(axis=1).any()


def test_columns_and_weights(folder):
    write(folder / "draws.csv", draws())
    options = ["--columns", "size", "--weights", "optimal", "-q", "-o", "p.csv"]
    assert main(["compress", "draws.csv", "-n", "4", *options]) == 0
    points = read("p.csv")
    assert points.shape == (4, 2) and np.isclose(points[:, 1].sum(), 1.0)
    assert np.ptp(points[:, 1]) > 1e-3


def test_stan_csv(folder):
    lines = ["# stan_version_major = 2", "lp__,mu,tau", "# Adaptation terminated"]
    lines += [f"-3.0,{a},{b}" for a, b in draws()[:50]] + ["#  Elapsed Time: 1 s"]
    (folder / "chain.csv").write_text("\n".join(lines))
    assert main(["compress", "chain.csv", "-n", "3", "-q", "-o", "p.csv"]) == 0
    assert (folder / "p.csv").read_text().startswith("mu,tau,weight\n")


@pytest.mark.parametrize("kind", ["npy", "npz"])
def test_arrays(folder, kind):
    if kind == "npy":
        np.save("draws.npy", draws())
    else:
        np.savez("draws.npz", theta=draws(), names=np.array(["a", "b"]))
    assert main(["compress", f"draws.{kind}", "-n", "3", "-q", "-o", f"p.{kind}"]) == 0
    found = np.load(f"p.{kind}")
    expected = sp.compress(draws(), 3, rng=0).positions
    if kind == "npy":
        assert np.array_equal(found[:, :2], expected)
    else:
        assert np.array_equal(found["positions"], expected)
        assert found["names"].tolist() == ["a", "b"]


@pytest.mark.parametrize(
    "text, words",
    [
        ("a,b\n1,2\n3\n", "line 3: the number of columns changed from 2 to 1"),
        ("a,b\n1,2,3\n", "rows of 3 numbers under 2 names"),
        ("a,b\n1,2\n\n3,x\n", "line 4: could not convert string 'x' to float64: 3,x"),
        ("a,b\n1,2\n3,nan\n", "line 3, column b: nan is not finite"),
        ("a,b\n# note\n1,inf\n", "line 3, column b: inf is not finite"),
        ("", "it is empty"),
        ("a,b\n", "no row"),
        ("1,2\n3,4\n", "line 1 should name the columns"),
        ("lp__,n__\n1,2\n", "the sampler's own"),
    ],
)
def test_faults_are_said_in_one_line_and_nothing_is_written(
    folder, capsys, text, words
):
    (folder / "bad.csv").write_text(text)
    (folder / "old.csv").write_text("as it was")
    assert main(["compress", "bad.csv", "-n", "3", "-o", "old.csv"]) == 2
    said = capsys.readouterr().err
    assert words in said and "bad.csv" in said and said.count("\n") == 1
    assert (folder / "old.csv").read_text() == "as it was"


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: np.save("bad.npy", np.float64(3)), "shape (N, d)"),
        (lambda: np.savez("bad.npy.npz", a=np.zeros((2, 2)), b=np.eye(2)), "one array"),
        (lambda: Path("bad.npy").write_bytes(b"\xff\xfe\x00"), "bad.npy"),
    ],
)
def test_files_that_are_no_tables(folder, capsys, make, words):
    make()
    name = "bad.npy.npz" if (folder / "bad.npy.npz").exists() else "bad.npy"
    assert main(["compress", name]) == 2
    assert words in capsys.readouterr().err


def test_wrong_options_are_said(folder, capsys):
    write(folder / "draws.csv", draws())
    assert main(["compress", "draws.csv", "--columns", "rate,sise"]) == 2
    assert "no column 'sise'" in capsys.readouterr().err
    assert main(["compress", "nowhere.csv"]) == 2
    assert "nowhere.csv" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["compress"])


@pytest.mark.parametrize(
    "stop", [s for s in sp.Stop if not s.success and s is not sp.Stop.MAX_TIME]
)
def test_a_run_without_success_writes_nothing_and_says_why(
    folder, capsys, monkeypatch, stop
):
    write(folder / "draws.csv", draws())

    def compress(*arguments, **options):
        result = sp.compress(draws(), 2, rng=0)
        return replace(result, stop=stop, warnings=["for this reason"])

    monkeypatch.setattr("splitparticles.cli.compress", compress)
    code = main(["compress", "draws.csv", "-q", "-o", "p.csv", "--picture", "p.png"])
    interrupted = stop is sp.Stop.INTERRUPTED
    assert code == (130 if interrupted else 1)
    message = capsys.readouterr().err
    assert ("interrupted" in message) == interrupted
    for words in (stop.message, "for this reason", "nothing was written"):
        assert words in message
    assert os.listdir(folder) == ["draws.csv"]


def test_a_run_out_of_time_says_so(folder, capsys):
    write(folder / "draws.csv", draws())
    options = ["--max-time", "1e-9", "-o", "p.csv"]
    assert main(["compress", "draws.csv", *options]) == 1
    message = capsys.readouterr().err
    assert "max_time is over" in message and "interrupted" not in message
    assert os.listdir(folder) == ["draws.csv"]


def test_out_of_time_writes_the_points_so_far(folder, capsys, monkeypatch):
    write(folder / "draws.csv", draws())

    def compress(*arguments, **options):
        return replace(sp.compress(draws(), 2, rng=0), stop=sp.Stop.MAX_TIME)

    monkeypatch.setattr("splitparticles.cli.compress", compress)
    assert main(["compress", "draws.csv", "-q", "-n", "5", "-o", "p.csv"]) == 1
    assert "max_time is over; 2 of 5 points were written" in capsys.readouterr().err
    assert len((folder / "p.csv").read_text().splitlines()) == 3


def test_an_interrupt_while_the_table_is_read_ends_with_130(
    folder, capsys, monkeypatch
):
    def read_tables(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("splitparticles.cli.read_tables", read_tables)
    assert main(["compress", "draws.csv"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_it_runs_where_it_is_not_installed(capsys, monkeypatch):
    from importlib import metadata

    def version(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setattr("splitparticles.cli.version", version, raising=False)
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.strip() == sp.__version__


def test_it_is_a_module_too(folder):
    write(folder / "draws.csv", draws())
    command = [
        sys.executable,
        "-m",
        "splitparticles",
        "compress",
        "draws.csv",
        "-n",
        "2",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("rate,size,weight\n")


# ------------------------------------------------------------------- output
def test_names_that_need_quotes_come_back(folder):
    names = ["t[1,2]", 'a "b"', "größe"]
    x = np.random.default_rng(0).normal(size=(50, 3))
    np.savez("draws.npz", x=x, names=names)
    for path in ("p.csv", "p.tsv", "p.npz"):
        assert main(["compress", "draws.npz", "-n", "5", "-q", "-o", path]) == 0
        found = read_tables([path])
        expected = sp.compress(x, 5, rng=0)
        assert found.names == names
        assert np.array_equal(found.rows, expected.positions)
        assert np.array_equal(found.weights, expected.weights)


def test_parquet(folder):
    pytest.importorskip("pyarrow")
    write(folder / "draws.csv", draws())
    assert main(["compress", "draws.csv", "-n", "5", "-q", "-o", "p.parquet"]) == 0
    found = read_tables(["p.parquet"])
    expected = sp.compress(draws(), 5, rng=0)
    assert found.names == ["rate", "size"]
    assert np.array_equal(found.rows, expected.positions)
    assert np.array_equal(found.weights, expected.weights)
    with pytest.raises(TableError, match="no column 'x'; there are rate, size"):
        read_tables(["p.parquet"], ["x"])


def test_parquet_without_pyarrow_is_refused_before_the_run(folder, capsys, monkeypatch):
    monkeypatch.setattr("splitparticles.draws.written.find_spec", lambda name: None)
    assert main(["compress", "draws.csv", "-o", "p.parquet"]) == 2
    assert "pyarrow, which is not installed" in capsys.readouterr().err
    assert os.listdir(folder) == []


def test_a_picture_that_fails_leaves_no_table(folder, capsys, monkeypatch):
    write(folder / "draws.csv", draws())

    def picture(*arguments):
        raise MemoryError

    monkeypatch.setattr("splitparticles.cli._picture", picture)
    options = ["-n", "2", "-o", "p.csv", "--picture", "p.png", "-q"]
    assert main(["compress", "draws.csv", *options]) == 2
    assert "MemoryError" in capsys.readouterr().err
    assert os.listdir(folder) == ["draws.csv"]


ENDS = {  # redirections, exit code, words on stderr
    "closed stdin": ("- -n 2 <&-", 2, "stdin is closed"),
    "closed stdout": ("draws.csv -n 2 >&-", 2, "stdout is closed"),
    "closed stderr": ("draws.csv -n 2 2>&-", 0, ""),
    "full": ("draws.csv -n 2 -q >/dev/full", 2, "No space left"),
    "full stderr": ("draws.csv -n 2 -q 2>/dev/full", 0, ""),
    "a pipe that nothing reads": ("draws.csv -n 2 -q | true", 1, ""),
    "ascii": ("accents.csv -n 2 -q", 0, ""),
    "a pipe in": ("<(cat draws.csv) -n 2 -q", 0, ""),
    "stdout by name": ("draws.csv -n 2 -q -o /dev/fd/1 | cat", 0, ""),
    "stdout by name, a file": ("draws.csv -n 2 -q -o /dev/fd/1 >>p.csv", 0, ""),
}


@pytest.mark.skipif(os.name == "nt", reason="another shell there")
@pytest.mark.parametrize("case", ENDS)
def test_ends_of_a_pipe(folder, case):
    write(folder / "draws.csv", draws()[:20])
    write(folder / "accents.csv", draws()[:20], "größe,b")
    (folder / "p.csv").write_text("first\n")
    arguments, code, words = ENDS[case]
    command, *rest = arguments.split(" |")
    line = " | ".join([f"{sys.executable} -m splitparticles compress {command}", *rest])
    done = subprocess.run(
        ["bash", "-c", f"{line}; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
    )
    said = done.stderr.decode()
    assert done.returncode == code, said
    assert words in said and "Traceback" not in said and "Exception" not in said
    table = (folder / "p.csv").read_text()
    if case == "stdout by name, a file":
        assert table.startswith("first\nrate,size,weight\n")
    else:
        assert table == "first\n"
        wanted = 3 if code == 0 else 0
        assert done.stdout.count(b"\n") == wanted


@pytest.mark.skipif(os.name == "nt", reason="no such signal there")
def test_ctrl_c_ends_with_130(folder):
    x = np.random.default_rng(0).normal(size=(20_000, 8))
    write(folder / "draws.csv", x, ",".join("abcdefgh"))
    # shells start what runs in their background deaf to Ctrl-C
    code = (
        "import signal, sys; from splitparticles.cli import main; "
        "signal.signal(signal.SIGINT, signal.default_int_handler); "
        "sys.exit(main('compress draws.csv -n 2000 -o p.csv'.split()))"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as run:
        said = run.stderr.read(1)  # the run has begun
        run.send_signal(signal.SIGINT)
        said += run.stderr.read()
    assert run.returncode == 130, said
    assert b"interrupted" in said and b"Traceback" not in said
    assert os.listdir(folder) == ["draws.csv"]


# ----------------------------------------------------------------- diagnose
def points_of(path, rows):
    assert main(["compress", rows, "-n", "20", "-q", "-o", path]) == 0


@pytest.mark.parametrize("kind", ["csv", "npz"])
def test_good_points_are_ok(folder, capsys, kind):
    write(folder / "draws.csv", draws())
    points_of(f"p.{kind}", "draws.csv")
    assert main(["diagnose", f"p.{kind}", "draws.csv"]) == 0
    said = capsys.readouterr().out
    expected = sp.diagnose(sp.compress(draws(), 20, rng=0), draws=draws())
    assert said.startswith("ok\n")
    assert f"energy_of_iid             {expected.figures['energy_of_iid']:.3g}" in said


def test_points_of_another_law_are_doubted(folder, capsys):
    write(folder / "draws.csv", draws())
    write(folder / "others.csv", draws() + [2.0, 0.0])
    points_of("p.csv", "others.csv")
    assert main(["diagnose", "p.csv", "draws.csv"]) == 1
    assert "no nearer to the draws" in capsys.readouterr().out


def test_weights_of_draws_and_the_order_of_columns_count(folder, capsys):
    x = draws()
    weights = np.where(x[:, 0] > 3.0, 1.0, 0.0)
    rows = np.column_stack([x[:, 1], weights, x[:, 0]])
    write(folder / "weighted.csv", rows, "size,weight,rate")
    write(folder / "some.csv", x[weights > 0])
    write(folder / "all.csv", x)
    points_of("some.npz", "some.csv")
    points_of("all.npz", "all.csv")
    assert main(["diagnose", "some.npz", "weighted.csv"]) == 0
    assert main(["diagnose", "all.npz", "weighted.csv"]) == 1


def test_points_without_names_may_have_weights(folder):
    np.save("draws.npy", draws())
    points_of("p.npy", "draws.npy")
    assert main(["diagnose", "p.npy", "draws.npy"]) == 2  # the last is no coordinate
    options = ["--weights-column", "x2", "-q"]
    assert main(["diagnose", "p.npy", "draws.npy", *options]) == 0


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["draws.csv", "nowhere.csv"], "nowhere.csv"),
        (["draws.csv", "others.csv"], "no column 'rate'; there are a, b"),
        (["nan.csv", "draws.csv"], "nan is not finite"),
    ],
)
def test_faults_of_points_and_draws(folder, capsys, arguments, words):
    write(folder / "draws.csv", draws())
    write(folder / "others.csv", draws(), "a,b")
    write(folder / "nan.csv", [[np.nan, 1.0]])
    assert main(["diagnose", *arguments]) == 2
    assert words in capsys.readouterr().err
