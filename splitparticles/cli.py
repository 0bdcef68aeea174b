"""The command line: ``splitparticles compress draws.csv -n 50 -o points.csv``.

Tables go in and out, messages to stderr, so that both ends may be pipes.  Exit codes:
0, 1 for a run without success and for doubts of ``diagnose``, 2 for a fault of the
input, 130 for Ctrl-C.  Out of time, the points so far are written, and the code is 1.
What is written is whole or not there.
"""

import argparse
import csv
import io
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np

from ._files import written_whole
from ._versions import __version__
from .compression.compress import compress
from .descent.result import Result
from .draws.tables import Table, read_tables
from .draws.written import kind_of, table_bytes
from .particles import ParticleSet
from .sampling.diagnose import diagnose
from .stop import Stop

FAULTS = ValueError, TypeError, OSError, ImportError, MemoryError, csv.Error

REFERENCE_ROWS = 4_000  # of draws that points are compared with


def main(arguments: list[str] | None = None) -> int:
    """Entry point of the command line; returns the exit code.

    Parameters
    ----------
    arguments : list of str, optional
        ``sys.argv[1:]`` when left out.
    """
    options = _parser().parse_args(arguments)
    try:
        return _exit_code(options)
    except KeyboardInterrupt:
        _say("splitparticles: interrupted; nothing was written")
        return 130


def _exit_code(options) -> int:
    """Exit code of a command; faults of the input are said."""
    try:
        return options.run(options)
    except BrokenPipeError:  # the reader of stdout has enough
        return 1
    except FAULTS as error:
        _say(f"splitparticles: error: {str(error) or type(error).__name__}")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="splitparticles",
        description="A few well-placed weighted points for a distribution.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="command")
    one = commands.add_parser(
        "compress",
        help="a few points that stand for a table of draws",
        description="Compress draws to a few points, one row each.  Tables: CSV with "
        "a header (commas, semicolons, tabs or spaces; gzipped or not), Stan's CSV, "
        "R's and getdist's texts, .npy, .npz, .parquet.  Columns of samplers (lp__) "
        "and Stan's warm-up are left out; a column named weight or weights is taken "
        "for weights.",
    )
    one.set_defaults(run=_compress)
    add = one.add_argument
    add("draws", nargs="+", help="files of draws, such as chains; - for stdin")
    add("-n", "--points", type=int, default=64, help="points at most (%(default)s)")
    add(
        "-o",
        "--output",
        default="-",
        help="file of points: .csv, .tsv, .npy, .npz, .parquet; - for CSV on stdout",
    )
    add("--weights", choices=("equal", "optimal"), default="equal")
    add("--tol", type=float, help="stop when the discrepancy is below this")
    add(
        "--max-time",
        type=float,
        metavar="SECONDS",
        help="end after these, and write what is reached",
    )
    add("--threads", type=int, help="of the loops; all cores when left out")
    add("--columns", help="names of the columns to use, with commas between")
    add("--weights-column", metavar="NAME", help="column of the weights of the draws")
    add("--nearest", action="store_true", help="real draws in place of free points")
    add("--picture", metavar="FILE", help="also draw the points over the draws")
    _add_common(add)
    other = commands.add_parser(
        "diagnose",
        help="reasons not to trust points for a table of draws",
        description="Compare points with draws, better not those that they come from. "
        "Exit code 0 without doubts, 1 with some.",
    )
    other.set_defaults(run=_diagnose)
    add = other.add_argument
    add("points", help="file of points, as compress writes it; - for stdin")
    add("draws", nargs="+", help="files of draws")
    add("--columns", help="names of the columns to use, with commas between")
    add("--weights-column", metavar="NAME", help="column of the weights of the points")
    _add_common(add)
    return parser


def _add_common(add) -> None:
    add("--seed", type=int, default=0, help="of all random choices (%(default)s)")
    add("-q", "--quiet", action="store_true", help="say nothing on stderr")


def _compress(options) -> int:
    """Read, compress, write."""
    kind = kind_of(options.output)
    draws = _table(options.draws, options, options.weights_column)
    result = compress(
        draws.rows,
        options.points,
        weights_of_draws=draws.weights,
        weights=options.weights,
        tol=options.tol,
        max_time=options.max_time,
        n_threads=options.threads,
        rng=options.seed,
        names=draws.names,
        progress=not options.quiet and sys.stderr is not None,
    )
    reasons = "; ".join([result.message, *result.warnings])
    in_time = result.stop is not Stop.MAX_TIME
    if not result.success and (in_time or not np.isfinite(result.value)):
        _say(f"splitparticles: {reasons}; nothing was written")
        return 130 if result.stop is Stop.INTERRUPTED else 1
    positions = result.nearest_draws() if options.nearest else result.positions
    contents = {}
    if options.picture:
        contents[options.picture] = _picture(options.picture, result)
    points = table_bytes(kind, draws.names, positions, result.weights)
    if options.output != "-":
        contents[options.output] = points
    written_whole(contents)
    if options.output == "-":
        _to_stdout(points)
    if not in_time:
        n = len(result.positions)
        _say(f"splitparticles: {reasons}; {n} of {options.points} points were written")
    elif not options.quiet:
        _say(str(result))
    return 0 if in_time else 1


def _diagnose(options) -> int:
    """Read points and draws, compare, report."""
    points = _table([options.points], options, options.weights_column)
    draws = _table(options.draws, options, None, points.names)
    rows = draws.rows
    if draws.weights is not None:
        weighted = ParticleSet(rows, draws.weights)
        rows = weighted.resample(REFERENCE_ROWS, rng=options.seed)
    some = np.linspace(0, len(rows) - 1, min(len(rows), REFERENCE_ROWS)).astype(int)
    result = Result(
        ParticleSet(points.rows, points.weights),
        np.inf,
        [],
        np.full(len(points.rows), -1),
        Stop.MAX_PARTICLES,
        names=points.names,
    )
    report = diagnose(result, draws=rows[some], rng=options.seed)
    _to_stdout(f"{report}\n".encode())
    return 0 if report.ok else 1


def _table(paths, options, weights_column, columns=None) -> Table:
    """Table of some files; what was taken for what is said."""
    if options.columns:
        columns = next(csv.reader([options.columns]))
    table = read_tables(paths, columns, weights_column)
    for note in table.notes if not options.quiet else []:
        _say(f"splitparticles: {note}")
    return table


def _say(text: str) -> None:
    """Print a message, where there is something to print it on."""
    if sys.stderr is not None and not sys.stderr.closed:
        with suppress(OSError):  # nothing is left to say it on
            print(text, file=sys.stderr, flush=True)


def _to_stdout(content: bytes) -> None:
    """Write to stdout, all of it or an OSError."""
    if sys.stdout is None or sys.stdout.closed:
        raise OSError("stdout is closed")
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def _picture(path, result) -> bytes:
    """Corner plot of the points over the draws."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure = result.plot()[0, 0].figure
    content = io.BytesIO()
    figure.savefig(content, dpi=120, format=Path(path).suffix[1:] or "png")
    plt.close(figure)
    return content.getvalue()
