"""Tables in texts: CSV with any usual separator, Stan's, R's and getdist's."""

import codecs
import csv
import gzip
import re
from collections.abc import Callable
from operator import length_hint

import numpy as np

UNNAMED = {"", "Unnamed: 0"}  # an index that pandas or R wrote

MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def decoded(content: bytes) -> str:
    """Text of a file: gzipped or not, in UTF-8, marked UTF-16 or Latin-1."""
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    encoding = next((e for mark, e in MARKS.items() if content.startswith(mark)), None)
    try:
        text = content.decode(encoding or "utf-8")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    if "\0" in text:
        raise ValueError("this is not a text file")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def table_of(text: str, parameters: list[str] | None, wanted: Callable):
    """Names of the columns, their finite numbers (N, d), and notes.

    Parameters
    ----------
    text : str
    parameters : list of str or None
        Of a chain of getdist's, which has no header.
    wanted : callable
        From the names of all columns to those of the columns to read.
    """
    numbered = [(k, line.strip(" ")) for k, line in enumerate(text.split("\n"), 1)]
    numbered = [(k, line) for k, line in numbered if line.strip()]
    comments = [(k, line) for k, line in numbered if line.startswith("#")]
    rows = [(k, line) for k, line in numbered if not line.startswith("#")]
    if not rows:
        raise ValueError("it is empty")
    notes: list[str] = []
    separator = _separator(rows[0][1])
    names = _fields(rows[0][1], separator)
    if all(map(_is_number, names)):
        names = _names_without_header(rows, comments, separator, parameters, notes)
    else:
        names, rows = _below_header(names, rows, separator)
    n_warm_up = _warm_up(comments, rows)
    if n_warm_up:
        notes.append(f"{n_warm_up} rows of Stan's warm-up are left out")
    rows = rows[n_warm_up:]
    if not rows:
        raise ValueError("all rows are Stan's warm-up")
    if separator == ";" and any("," in line for _, line in rows):
        rows = [(number, line.replace(",", ".")) for number, line in rows]
        notes.append("commas are taken for decimal points")
    count = len(_fields(rows[0][1], separator))
    if count != len(names):
        raise ValueError(f"rows of {count} numbers under {len(names)} names")
    read = wanted(names)
    columns = [k for k, name in enumerate(names) if name in read]
    # NumPy looks at the length of rows only where it reads all columns.
    table = _numbers(rows, separator, columns if read != names else None)
    names = read
    for row, k in np.argwhere(~np.isfinite(table))[:1]:
        fault = f"{table[row, k]} is not finite"
        raise ValueError(f"line {rows[row][0]}, column {names[k]}: {fault}")
    return *_without_index(names, table, notes), notes


def _below_header(names, rows, separator):
    """Names of the columns, and the rows after the header that has them."""
    if not rows[1:]:
        raise ValueError("there is a header and no row")
    count = len(_fields(rows[1][1], separator))
    if separator is None and count == 1:
        names = [rows[0][1].strip('"')]
    if separator in (None, "\t") and count == len(names) + 1:
        names = ["", *names]  # R names the rows, and not their column
    return names, rows[1:]


def _separator(line):
    """Separator that a line has most of; None for white space."""
    bare = re.sub(r'"[^"]*"', "", line)
    separator = max(",;\t", key=bare.count)
    return separator if separator in bare else None


def _fields(line, separator):
    """Fields of a line, without their quotes."""
    reader = csv.reader([line], delimiter=separator or " ", skipinitialspace=True)
    return [field.strip() for field in next(reader)]


def _is_number(text) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _names_without_header(rows, comments, separator, parameters, notes):
    """Names of the columns of numbers alone: a comment's, or those of getdist."""
    number, line = rows[0]
    fields = _fields(line, separator)
    for k, comment in reversed(comments):
        names = _fields(comment.lstrip("# \t"), separator)
        if k < number and len(names) == len(fields):
            return names
    counts = [float(_fields(line, separator)[0]) for _, line in rows]
    if separator is None and parameters is None and _are_counts(counts):
        parameters = [f"param{k}" for k in range(1, len(fields) - 1)]
    if separator in (",", ";") or not parameters:
        raise ValueError(f"line {number} should name the columns, got {line[:60]}")
    notes.append("its columns are taken for getdist's: weight, -log L and parameters")
    return ["weight", "minuslogpost", *parameters]


def _are_counts(values) -> bool:
    """Whether numbers are how often each row was visited."""
    return all(value >= 0.0 and value == int(value) for value in values)


def _warm_up(comments, rows) -> int:
    """Number of rows before Stan's sampler was adapted."""
    text = "\n".join(line for _, line in comments)
    settings = dict(
        re.findall(r"^#\s*(save_warmup|num_warmup|thin)\s*=\s*(\w+)", text, re.M)
    )
    adapted = [k for k, line in comments if "Adaptation terminated" in line]
    before = sum(k < adapted[0] for k, _ in rows) if adapted else 0
    if before or settings.get("save_warmup", "0") in ("0", "false"):
        return before
    if "num_warmup" not in settings:
        raise ValueError("Stan's warm-up is in it, and nothing says how many rows")
    return -(-int(settings["num_warmup"]) // int(settings.get("thin", 1)))


def _numbers(rows, separator, columns):
    """Numbers (N, d) of rows; an error that names the line in the file."""
    left = iter(rows)
    try:
        return np.loadtxt(
            (line for _, line in left),
            delimiter=separator,
            quotechar='"',
            comments=None,
            ndmin=2,
            usecols=columns,
        )
    except ValueError as error:
        # NumPy takes line by line and counts rows from zero: the last one taken is it.
        number, line = rows[len(rows) - length_hint(left) - 1]
        fault = str(error).partition(" at row")[0]
        raise ValueError(f"line {number}: {fault}: {line[:60]}") from None


def _without_index(names, table, notes):
    """Names and columns without an index, which has no name and only increases."""
    if names and names[0] in UNNAMED:
        index = table[:, 0]
        if (np.diff(index) > 0).all() and (index == np.floor(index)).all():
            notes.append("the first column has no name and numbers the rows: left out")
            names, table = names[1:], table[:, 1:]
    for k, name in enumerate(names):
        if not name:
            raise ValueError(f"column {k + 1} has no name")
    return names, table
