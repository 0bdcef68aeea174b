"""The command line, end to end."""

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.cli import main


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
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
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
        (lambda: np.save("bad.npy", np.zeros(3)), "shape (N, d)"),
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
    "stop, code", [(sp.Stop.INTERRUPTED, 130), (sp.Stop.NOT_FINITE, 1)]
)
def test_a_run_without_success_writes_nothing_and_says_why(
    folder, capsys, monkeypatch, stop, code
):
    write(folder / "draws.csv", draws())

    def compress(*arguments, **options):
        return replace(sp.compress(draws(), 2, rng=0), stop=stop)

    monkeypatch.setattr("splitparticles.cli.compress", compress)
    assert main(["compress", "draws.csv", "-q", "-o", "p.csv"]) == code
    message = capsys.readouterr().err
    assert ("interrupted" in message) == (code == 130)
    assert stop.message in message and "nothing was written" in message
    assert not (folder / "p.csv").exists()


def test_an_interrupt_while_the_table_is_read_ends_with_130(
    folder, capsys, monkeypatch
):
    def read_table(path):
        raise KeyboardInterrupt

    monkeypatch.setattr("splitparticles.cli.read_table", read_table)
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
