"""Tables that people have: what the command line takes them for, and what it refuses.

Each case is a file or some, what is said of it, and the draws that reach `compress`;
or a fault, with the words that name it.
"""

import gzip
import io
import os
import sys

import numpy as np
import pytest

import splitparticles as sp
from splitparticles.cli import main

ROWS = [[0.5, 10.0], [1.5, -20.0], [-2.0, 30.25]]
W = [1.0, 2.0, 5.0]
PLAIN = b"a,b\n0.5,10\n1.5,-20\n-2,30.25\n"
LATIN = "größe,b\n0.5,10\n1.5,-20\n-2,30.25\n"
STAN = b"""# num_samples = 3
#     num_warmup = 2 (Default: 1000)
#     save_warmup = %b
#     thin = 1
lp__,accept_stat__,a,b
-90,1,99,99
-91,1,98,98
%b-1,0.9,0.5,10
-2,0.8,1.5,-20
-3,0.7,-2,30.25
#  Elapsed Time: 1 seconds
"""
ADAPTED = b"# Adaptation terminated\n# Step size = 0.7\n"
GETDIST = b"  1  7.5  0.5  10\n  2  7.5  1.5  -20\n  5  7.5  -2  30.25\n"
AB = ["a", "b"]
NO_WEIGHTS, NOTHING_SAID = None, ""


def npy(array):
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def npz(**arrays):
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


# content, options, names, weights, words on stderr
TAKEN = {
    "plain": (PLAIN, "", AB, None, NOTHING_SAID),
    "no last newline": (PLAIN[:-1], "", AB, None, NOTHING_SAID),
    "windows lines": (PLAIN.replace(b"\n", b"\r\n"), "", AB, None, NOTHING_SAID),
    "old mac lines": (PLAIN.replace(b"\n", b"\r"), "", AB, None, NOTHING_SAID),
    "blank lines": (PLAIN.replace(b"\n", b"\n\n"), "", AB, None, NOTHING_SAID),
    "spaces": (PLAIN.replace(b",", b" , "), "", AB, None, NOTHING_SAID),
    "comments": (b"# of a run\n" + PLAIN + b"# end", "", AB, None, NOTHING_SAID),
    "tabs": (PLAIN.replace(b",", b"\t"), "", AB, None, NOTHING_SAID),
    "semicolons": (PLAIN.replace(b",", b";"), "", AB, None, NOTHING_SAID),
    "white space": (PLAIN.replace(b",", b"   "), "", AB, None, NOTHING_SAID),
    "commas for points": (
        PLAIN.replace(b",", b";").replace(b".", b","),
        "",
        AB,
        None,
        "decimal points",
    ),
    "gzip": (gzip.compress(PLAIN), "", AB, None, NOTHING_SAID),
    "utf-8": (LATIN.encode(), "", ["größe", "b"], None, NOTHING_SAID),
    "utf-8 mark": (LATIN.encode("utf-8-sig"), "", ["größe", "b"], None, NOTHING_SAID),
    "latin-1": (LATIN.encode("latin-1"), "", ["größe", "b"], None, NOTHING_SAID),
    "utf-16": (LATIN.encode("utf-16"), "", ["größe", "b"], None, NOTHING_SAID),
    "utf-16 big": (
        b"\xfe\xff" + LATIN.encode("utf-16-be"),
        "",
        ["größe", "b"],
        None,
        NOTHING_SAID,
    ),
    "gzipped utf-16": (
        gzip.compress(LATIN.encode("utf-16")),
        "",
        ["größe", "b"],
        None,
        NOTHING_SAID,
    ),
    "a comma in a name": (
        PLAIN.replace(b"b", b'"t[1,2]"'),
        "",
        ["a", "t[1,2]"],
        None,
        NOTHING_SAID,
    ),
    "a quote in a name": (
        PLAIN.replace(b"b", b'"t""2"'),
        "",
        ["a", 't"2'],
        None,
        NOTHING_SAID,
    ),
    "write.csv of R": (
        b'"","a","b"\n"1",0.5,10\n"2",1.5,-20\n"3",-2,30.25\n',
        "",
        AB,
        None,
        "numbers the rows",
    ),
    "write.csv2 of R": (
        b'"";"a";"b"\n"1";0,5;10\n"2";1,5;-20\n"3";-2;30,25\n',
        "",
        AB,
        None,
        "decimal points",
    ),
    "write.table of R": (
        b'"a" "b"\n"1" 0.5 10\n"2" 1.5 -20\n"3" -2 30.25\n',
        "",
        AB,
        None,
        "numbers the rows",
    ),
    "write.table of R with tabs": (
        b'"a"\t"b"\n"1"\t0.5\t10\n"2"\t1.5\t-20\n"3"\t-2\t30.25\n',
        "",
        AB,
        None,
        "numbers the rows",
    ),
    "all quoted": (
        b'"a","b"\n"0.5","10"\n"1.5","-20"\n"-2","30.25"\n',
        "",
        AB,
        None,
        NOTHING_SAID,
    ),
    "to_csv of pandas": (
        b",a,b\n0,0.5,10\n1,1.5,-20\n2,-2,30.25\n",
        "",
        AB,
        None,
        "numbers the rows",
    ),
    "to_csv of pandas, thinned": (
        b",a,b\n5,0.5,10\n10,1.5,-20\n15,-2,30.25\n",
        "",
        AB,
        None,
        "numbers the rows",
    ),
    "to_csv of pandas, twice": (
        b"Unnamed: 0,a,b\n0,0.5,10\n1,1.5,-20\n2,-2,30.25\n",
        "",
        AB,
        None,
        "numbers the rows",
    ),
    "stan": (
        STAN.replace(b"-90,1,99,99\n-91,1,98,98\n", b"") % (b"0", b""),
        "",
        AB,
        None,
        NOTHING_SAID,
    ),
    "stan with warm-up": (STAN % (b"1", ADAPTED), "", AB, None, "2 rows of Stan's"),
    "stan with warm-up, true": (
        STAN % (b"true", ADAPTED),
        "",
        AB,
        None,
        "2 rows of Stan's",
    ),
    "stan with warm-up, not adapted": (
        STAN % (b"1", b""),
        "",
        AB,
        None,
        "2 rows of Stan's",
    ),
    "stan with thinned warm-up": (
        (STAN % (b"1", b""))
        .replace(b"warmup = 2", b"warmup = 9")
        .replace(b"thin = 1", b"thin = 5"),
        "",
        AB,
        None,
        "2 rows of Stan's",
    ),
    "stan, a column of the sampler asked for": (
        b"a,b,lp__\n1,2,0.5\n",
        "--columns lp__",
        ["lp__"],
        None,
        NOTHING_SAID,
    ),
    "weights": (
        b"a,b,weight\n0.5,10,1\n1.5,-20,2\n-2,30.25,5\n",
        "",
        AB,
        W,
        "'weight' is taken for weights",
    ),
    "weights first": (
        b"weights,a,b\n1,0.5,10\n2,1.5,-20\n5,-2,30.25\n",
        "",
        AB,
        W,
        "'weights' is taken for weights",
    ),
    "weights by name": (
        b"a,mass,b\n0.5,1,10\n1.5,2,-20\n-2,5,30.25\n",
        "--weights-column mass",
        AB,
        W,
        "'mass' is taken for weights",
    ),
    "weights beside columns": (
        b"a,weight,b,c\n0.5,1,10,x\n1.5,2,-20,y\n-2,5,30.25,z\n",
        "--columns a,b",
        AB,
        W,
        "'weight' is taken for weights",
    ),
    "a weight that is a coordinate": (
        b"b,weight\n10,0.5\n-20,1.5\n30.25,-2\n",
        "--columns weight,b",
        ["weight", "b"],
        None,
        NOTHING_SAID,
    ),
    "columns of text beside": (
        b"day,a,b\nmon,0.5,10\ntue,1.5,-20\nwed,-2,30.25\n",
        "--columns a,b",
        AB,
        None,
        NOTHING_SAID,
    ),
    "columns in another order": (
        b"b,a\n10,0.5\n-20,1.5\n30.25,-2\n",
        "--columns a,b",
        AB,
        None,
        NOTHING_SAID,
    ),
    "a column with a comma": (
        b'"t[1,2]",b\n0.5,10\n1.5,-20\n-2,30.25\n',
        '--columns "t[1,2]",b',
        ["t[1,2]", "b"],
        None,
        NOTHING_SAID,
    ),
    "getdist": (GETDIST, "", ["param1", "param2"], W, "taken for getdist's"),
    "cobaya": (b"# weight minuslogpost a b\n" + GETDIST, "", AB, W, "weights"),
    "savetxt with a header": (
        b"# a b\n0.5 10\n1.5 -20\n-2 30.25\n",
        "",
        AB,
        None,
        NOTHING_SAID,
    ),
    "savetxt with a header and commas": (
        b"# a,b\n0.5,10\n1.5,-20\n-2,30.25\n",
        "",
        AB,
        None,
        NOTHING_SAID,
    ),
    "npy": (npy(np.array(ROWS)), "", ["x0", "x1"], None, NOTHING_SAID),
    "npy of float32": (npy(np.float32(ROWS)), "", ["x0", "x1"], None, NOTHING_SAID),
    "npy in Fortran's order": (
        npy(np.asfortranarray(ROWS)),
        "",
        ["x0", "x1"],
        None,
        NOTHING_SAID,
    ),
    "npy of chains": (npy(np.array([ROWS])), "", ["x0", "x1"], None, "1 steps of 3"),
    "npz": (npz(x=ROWS), "", ["x0", "x1"], None, NOTHING_SAID),
    "npz with names": (npz(x=ROWS, names=AB), "", AB, None, NOTHING_SAID),
    "npz with weights": (
        npz(x=ROWS, names=AB, weights=W),
        "",
        AB,
        W,
        "its weights are taken",
    ),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def taken(monkeypatch):
    """What `compress` was called with."""
    calls = {}

    def recorded(draws, n_particles, **options):
        calls.update(options, draws=np.array(draws))
        return sp.compress([[0.0] * draws.shape[1]], 1, rng=0)

    monkeypatch.setattr("splitparticles.cli.compress", recorded)
    return calls


def set_stdin(monkeypatch, content):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def assert_taken(taken, rows, names, weights):
    assert np.array_equal(taken["draws"], rows)
    assert taken["names"] == names
    if weights is None:
        assert taken["weights_of_draws"] is None
    else:
        assert np.array_equal(taken["weights_of_draws"], weights)


@pytest.mark.parametrize("way", ["file", "stdin"])
@pytest.mark.parametrize("case", TAKEN)
def test_a_table_is_taken_for_what_it_is(folder, capsys, monkeypatch, taken, case, way):
    content, options, names, weights, words = TAKEN[case]
    path = "-"
    if way == "file":
        path = "draws.txt"
        (folder / path).write_bytes(content)
    else:
        set_stdin(monkeypatch, content)
    options = ["--columns", options[10:]] if "--columns" in options else options.split()
    assert main(["compress", path, "-o", "p.csv", *options]) == 0
    rows = [[0.5]] if names == ["lp__"] else ROWS
    assert_taken(taken, rows, names, weights)
    where = "draws.txt" if way == "file" else "stdin"
    lines = capsys.readouterr().err.splitlines()
    said = [line for line in lines if line.startswith(f"splitparticles: {where}: ")]
    assert words in "".join(said) and bool(words) == bool(said)


@pytest.mark.parametrize("file", ["root.txt", "root_1.txt", "root.1.txt"])
def test_names_of_getdist_stand_in_a_file_beside(folder, taken, file):
    (folder / file).write_bytes(GETDIST)
    (folder / "root.paramnames").write_text("a  \\alpha\nb*  \\beta\n")
    assert main(["compress", file, "-q", "-o", "p.csv"]) == 0
    assert_taken(taken, ROWS, AB, W)


@pytest.mark.parametrize("separator", [b" ", b"\t"])
def test_weights_of_getdist_are_no_counts_where_names_are_given(
    folder, taken, separator
):
    content = b"0.25 7.5 0.5 10\n0.5 7.5 1.5 -20\n".replace(b" ", separator)
    (folder / "c.txt").write_bytes(content)
    (folder / "c.paramnames").write_text("a\nb\n")
    assert main(["compress", "c.txt", "-q", "-o", "p.csv"]) == 0
    assert_taken(taken, ROWS[:2], AB, [0.25, 0.5])


def test_chains_are_stacked(folder, taken):
    (folder / "1.csv").write_bytes(STAN % (b"1", ADAPTED))
    (folder / "2.csv").write_bytes(PLAIN)
    assert main(["compress", "1.csv", "2.csv", "-o", "p.csv"]) == 0
    assert_taken(taken, ROWS + ROWS, AB, None)


def test_options_reach_compress(folder, taken):
    (folder / "a.csv").write_bytes(PLAIN)
    options = ["--max-time", "7", "--threads", "1", "--seed", "3", "--tol", "0.25"]
    assert main(["compress", "a.csv", "-q", "-o", "p.csv", *options]) == 0
    wanted = {"max_time": 7.0, "n_threads": 1, "rng": 3, "tol": 0.25}
    assert {name: taken[name] for name in wanted} == wanted


# ------------------------------------------------------------------- faults
BAD_NPZ = npz(x=ROWS)
# content of draws.csv, further arguments, words on stderr
REFUSED = {
    "empty": (b"", [], "it is empty"),
    "blank": (b"\n \n", [], "it is empty"),
    "comments alone": (b"# a\n# b\n", [], "it is empty"),
    "a header alone": (b"a,b\n", [], "no row"),
    "no header": (b"1,2\n3,4\n", [], "line 1 should name the columns"),
    "no header, not getdist's": (b"0.5 2 1\n3 4 1\n", [], "should name the columns"),
    "no header, negative": (b"-1 2 1\n3 4 1\n", [], "should name the columns"),
    "two numbers are no chain": (b"1 2\n3 4\n", [], "should name the columns"),
    "short row": (b"a,b\n1,2\n3\n", [], "line 3"),
    "long row": (b"a,b\n1,2\n3,4,5\n", [], "line 3"),
    "a name too few": (b"a,b\n1,2,3\n", [], "3 numbers under 2 names"),
    "text": (b"a,b\n1,2\n3,x\n", [], "line 3: could not convert string 'x'"),
    "NA of R": (b"a,b\n1,2\nNA,4\n", [], "line 3: could not convert string 'NA'"),
    "a missing number": (b"a,b\n1,2\n3,\n", [], "line 3"),
    "complex": (b"a,b\n1,2\n3,4j\n", [], "line 3"),
    "a date": (b"a,b\n1,2024-01-02\n", [], "line 2"),
    "nan": (b"a,b\n1,nan\n", [], "line 2, column b: nan is not finite"),
    "too large": (b"a,b\n1,1e999\n", [], "line 2, column b: inf is not finite"),
    "a column without a name": (b"a,,b\n1,2,3\n", [], "column 2 has no name"),
    "an index that is none": (b",a\n2,1\n1,2\n", [], "column 1 has no name"),
    "samplers alone": (b"lp__,n__\n1,2\n", [], "the sampler's own"),
    "warm-up alone": (STAN[: STAN.index(b"%b-1,")] % b"1", [], "all rows are Stan's"),
    "warm-up of unknown length": (
        b"# save_warmup = 1\na\n1\n",
        [],
        "nothing says how many",
    ),
    "two columns of weights": (b"a,weight,weights\n1,2,3\n", [], "weight or weights"),
    "negative weights": (b"a,weight\n1,-2\n", [], "must not be negative"),
    "weights all zero": (b"a,weight\n1,0\n2,0\n", [], "positive sum"),
    "no such column": (PLAIN, ["--columns", "a,c"], "no column 'c'; there are a, b"),
    "no such weights": (PLAIN, ["--weights-column", "c"], "no column 'c'"),
    "columns torn": (PLAIN, ["--columns", 'a\n"b'], "error"),
    "weights in one chain only": (
        PLAIN,
        ["second.csv"],
        "its columns are a, b, its weights, but those of draws.csv a, b",
    ),
    "other names in another chain": (PLAIN, ["third.csv"], "third.csv: its columns"),
    "a missing chain": (PLAIN, ["nowhere.csv"], "nowhere.csv"),
    "a folder": (PLAIN, ["."], "directory"),
    "zeros": (b"\0" * 99, [], "not a text file"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", [], "not a text file"),
    "half a gzip": (gzip.compress(PLAIN)[:-9], [], "draws.csv"),
    "a wrong gzip": (b"\x1f\x8bgarbage", [], "draws.csv"),
    "half a utf-16": (b"\xff\xfea\0b", [], "draws.csv"),
    "half an npz": (BAD_NPZ[:100], [], "draws.csv"),
    "an npz with a flipped byte": (
        BAD_NPZ[:190] + b"\xff" + BAD_NPZ[191:],
        [],
        "draws.csv",
    ),
    "a zip of something else": (b"PK\x03\x04", [], "draws.csv"),
    "an npz of nothing": (npz(), [], "one array"),
    "an npz of two": (npz(a=ROWS, b=ROWS), [], "one array"),
    "an npz with a name too few": (npz(a=ROWS, names=["a"]), [], "1 names for 2"),
    "npz weights of another length": (npz(a=ROWS, weights=[1.0]), [], "shape (3,)"),
    "half an npy": (npy(ROWS)[:-1], [], "draws.csv"),
    "npy of text": (npy(np.array([["a"]])), [], "numbers of shape (N, d), got <U1"),
    "npy of complex": (npy(np.array([[1j]])), [], "got complex128"),
    "npy of objects": (npy(np.array([[None]])), [], "allow_pickle"),
    "npy of dates": (npy(np.zeros((2, 2), "M8[s]")), [], "datetime64"),
    "npy of a scalar": (npy(3.5), [], "shape (N, d)"),
    "npy of four dimensions": (npy(np.zeros((2, 2, 2, 2))), [], "shape (N, d)"),
    "npy of no rows": (npy(np.zeros((0, 2))), [], "shape (N, d)"),
    "npy with a nan": (npy(np.array([[1.0], [np.nan]])), [], "row 1"),
    "no parquet": (b"PAR1 and more", [], "draws.csv"),
    "an output of no kind": (PLAIN, ["-o", "p.xlsx"], "not .xlsx"),
    "a picture of no kind": (PLAIN, ["--picture", "p.xyz"], "xyz"),
    "an output in no folder": (PLAIN, ["-o", "no/p.csv"], "no/p.csv"),
    "a picture in no folder": (PLAIN, ["--picture", "no/p.png"], "no/p.png"),
    "no points": (PLAIN, ["-n", "0"], "n_particles must be at least 1"),
    "no threads": (PLAIN, ["--threads", "0"], "n_threads"),
    "no time": (PLAIN, ["--max-time", "0"], "max_time"),
    "a nan for a time": (PLAIN, ["--max-time", "nan"], "max_time"),
    "a negative seed": (PLAIN, ["--seed", "-1"], "rng"),
    "a negative tolerance": (PLAIN, ["--tol", "-1"], "tol"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_fault_is_one_line_and_leaves_every_file_as_it_was(folder, capsys, case):
    content, arguments, words = REFUSED[case]
    (folder / "draws.csv").write_bytes(content)
    (folder / "second.csv").write_bytes(b"a,b,weight\n1,2,3\n")
    (folder / "third.csv").write_bytes(b"a,c\n1,2\n")
    (folder / "points.csv").write_text("as it was")
    before = sorted(os.listdir(folder))
    options = ["-q", "-o", "points.csv", *arguments]
    if arguments and arguments[0].endswith((".csv", ".")):
        options = [*arguments, "-q", "-o", "points.csv"]
    assert main(["compress", "draws.csv", *options]) == 2
    said = capsys.readouterr()
    assert words in said.err and said.out == ""
    assert said.err.startswith("splitparticles: error: ")
    assert sorted(os.listdir(folder)) == before
    assert (folder / "points.csv").read_text() == "as it was"


@pytest.mark.parametrize("seed", range(3))
def test_bytes_at_random_are_refused_without_a_traceback(folder, capsys, taken, seed):
    rng = np.random.default_rng(seed)
    wholes = [PLAIN, STAN % (b"1", ADAPTED), GETDIST, npy(ROWS), npz(x=ROWS)]
    wholes += [gzip.compress(PLAIN), b"PAR1" + PLAIN]
    for whole in wholes:
        for _ in range(30):
            content = bytearray(whole)
            for at in rng.integers(len(content), size=rng.integers(1, 6)):
                content[at] = rng.integers(256)
            cut = rng.integers(len(content) // 2, len(content) + 1)
            (folder / "draws").write_bytes(content[:cut])
            assert main(["compress", "draws", "-q", "-o", "p.csv"]) in (0, 2)
