"""Progress on stderr: a tqdm bar where tqdm is installed, a line a round otherwise."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_line(wanted: bool, total: int) -> Iterator[Callable]:
    """Yield a function that reports a `Round`."""
    if not wanted:
        yield lambda this: None
        return
    try:
        from tqdm import tqdm
    except ImportError:
        yield lambda this: print(_words(this), file=sys.stderr)
        return
    with tqdm(total=total, unit=" particles", file=sys.stderr) as bar:

        def report(this):
            bar.update(len(this.particles) - bar.n)
            bar.set_postfix_str(_words(this))

        yield report


def _words(this) -> str:
    discrepancy = max(2.0 * this.value, 0.0) ** 0.5
    return (
        f"{len(this.particles)} particles, discrepancy {discrepancy:.3g}, "
        f"{this.n_score_evals} score rows"
    )
