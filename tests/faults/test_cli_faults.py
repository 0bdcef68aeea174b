"""Tables that are none: the words that name the fault, and files as they were."""

import gzip
import os

import numpy as np
import pytest
from cli_contents import ADAPTED, GETDIST, PLAIN, ROWS, STAN, npy, npz

from splitparticles.cli import main

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
