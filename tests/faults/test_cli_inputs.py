"""Tables that people have, and what the command line takes them for.

Each case is a file or some, what is said of it, and the draws that reach `compress`.
"""

import gzip
import io
import sys

import numpy as np
import pytest
from cli_contents import (
    AB,
    ADAPTED,
    GETDIST,
    LATIN,
    NOTHING_SAID,
    PLAIN,
    ROWS,
    STAN,
    W,
    npy,
    npz,
)

from splitparticles.cli import main

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
