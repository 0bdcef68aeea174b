"""The command line: ``splitparticles compress draws.csv -n 50 -o points.csv``.

Tables go in and out, messages to stderr, so that both ends may be pipes.  A fault of a
table is one line that names the line in the file, with exit code 2; a run without
success ends with 1, Ctrl-C with 130.  A file that is written is whole or not there.
"""

import argparse
import sys

import numpy as np

from ._validation import checked_names
from ._versions import __version__
from .compression.compress import compress
from .draws.tables import TableError, read_table, write_table
from .stop import Stop


def main(arguments: list[str] | None = None) -> int:
    """Entry point of the command line; returns the exit code.

    Parameters
    ----------
    arguments : list of str, optional
        ``sys.argv[1:]`` when left out.
    """
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except (TableError, ValueError, TypeError, OSError, ImportError) as error:
        print(f"splitparticles: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("splitparticles: interrupted; nothing was written", file=sys.stderr)
        return 130


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
        description="Compress a table of draws to a few points, one row each.  "
        "Tables: CSV with a header line, Stan CSV, .npy, .npz.",
    )
    one.set_defaults(run=_compress)
    add = one.add_argument
    add("draws", help="file of draws; - for CSV on stdin")
    add("-n", "--points", type=int, default=64, help="points at most (%(default)s)")
    add("-o", "--output", default="-", help="file of points; - for CSV on stdout")
    add("--weights", choices=("equal", "optimal"), default="equal")
    add("--tol", type=float, help="stop when the discrepancy is below this")
    add("--columns", help="names of the columns to use, with commas between")
    add("--nearest", action="store_true", help="real draws in place of free points")
    add("--picture", metavar="FILE", help="also draw the points over the draws")
    add("--seed", type=int, default=0, help="of all random choices (%(default)s)")
    add("-q", "--quiet", action="store_true", help="say nothing on stderr")
    return parser


def _compress(options) -> int:
    """Read, compress, write."""
    names, draws = read_table(options.draws)
    if options.columns:
        wanted = options.columns.split(",")
        missing = [name for name in wanted if name not in names]
        if missing:
            raise ValueError(f"no column {missing[0]!r}; there are {', '.join(names)}")
        draws = draws[:, [names.index(name) for name in wanted]]
        names = wanted
    result = compress(
        draws,
        options.points,
        weights=options.weights,
        tol=options.tol,
        rng=options.seed,
        names=checked_names(names, draws.shape[1]),
        progress=not options.quiet,
    )
    if not result.success:
        message = f"{result.message}; nothing was written"
        print(f"splitparticles: {message}", file=sys.stderr)
        return 130 if result.stop is Stop.INTERRUPTED else 1
    positions = result.nearest_draws() if options.nearest else result.positions
    write_table(options.output, names, positions, result.weights)
    if options.picture:
        _picture(options.picture, result, draws)
    if not options.quiet:
        print(result, file=sys.stderr)
    return 0


def _picture(path, result, draws):
    """Points over the draws: neighbouring coordinates, in three panels at most."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from . import plotting

    background = draws[
        np.linspace(0, len(draws) - 1, min(len(draws), 3000)).astype(int)
    ]
    columns = np.arange(draws.shape[1])
    pairs = [tuple(columns[k : k + 2]) for k in range(max(min(len(columns) - 1, 3), 1))]
    size = (4.2 * len(pairs), 4.0)
    figure, axes = plt.subplots(
        1, len(pairs), figsize=size, squeeze=False, layout="constrained"
    )
    for pair, ax in zip(pairs, axes[0], strict=True):
        if len(pair) == 2:
            ax.plot(*background[:, pair].T, ".", color="0.75", ms=2, zorder=0)
        else:
            ax.hist(background[:, 0], 50, color="0.85", density=True, zorder=0)
        plotting.particles(result, ax=ax, coordinates=pair)
    figure.savefig(path, dpi=120)
    plt.close(figure)
