"""Progress of a run on stderr: a tqdm bar on a terminal or in a notebook, or lines.

A run ticks at each evaluation of its objective or score, so that the bar moves within
a round.  Its units are doublings of the particles, one before them and one for the last
round; the time left is guessed from the last doublings, and at most what `max_time`
leaves.
"""

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from statistics import median

BAR, LINES = 0.1, 1.0  # seconds between two looks of a bar, and two lines

HALFWAY = 16  # evaluations after which half of a unit is taken to be over

SLOWER = 1.5  # time of a doubling over that of the one before, where it is not known

LAST = 4.0  # ordinary rounds that a last round with a move of its own takes


class Progress:
    """Where a run is; this one keeps it to itself."""

    rows: Callable[[], int]
    """() -> rows of the score so far."""
    calls: Callable[[], int]
    """() -> calls of the score, where they are counted."""

    def __init__(self):
        self.rows = self.calls = lambda: 0

    def tick(self) -> None:
        """Take note of an evaluation."""

    def begin(self, n: int, value: float, polishes: bool) -> None:
        """Begin a round of n particles; `polishes`: the last has its own move."""


class Shown(Progress):
    """Progress that is shown: ``show(fraction, text)`` every so many seconds."""

    def __init__(self, asked: int, deadline: float, show: Callable, every: float):
        super().__init__()
        self.asked, self.deadline, self.show, self.every = asked, deadline, show, every
        self.began = self.since = time.monotonic()
        self.next = self.began + every
        self.n, self.value, self.polishes = 0, math.inf, False
        self.ticks, self.fraction, self.text = 0, 0.0, ""
        self.durations: list[float] = []  # of doublings; the first has other work

    def tick(self):
        """Show where the run is, unless that has just been done."""
        self.ticks += 1
        now = time.monotonic()
        if now >= self.next:
            self.next = now + self.every
            self.tell(now)

    def begin(self, n, value, polishes):
        """Begin a round; time a doubling."""
        self.value = value if math.isfinite(value) else self.value
        self.polishes = polishes
        if n > self.n:
            now = time.monotonic()
            if self.n:
                self.durations.append((now - self.since) / math.log2(n / self.n))
            self.n, self.since, self.ticks = n, now, 0

    def left(self, now: float) -> float:
        """Seconds left, infinity where nothing is known of them."""
        known, left = self.durations[1:], math.inf
        if known:
            ratios = [b / max(a, 1e-9) for a, b in pairwise(known)]
            slower = SLOWER if len(ratios) < 3 else max(median(ratios[-3:]), 1.0)
            doublings = math.ceil(math.log2(max(self.asked / self.n, 1.0)))
            rounds = [known[-1] * slower ** (k + 1) for k in range(doublings + 1)]
            rounds[-1] *= LAST if self.polishes else 1.0
            left = max(rounds[0] - (now - self.since), 0.0) + sum(rounds[1:])
        return min(left, max(self.deadline - now, 0.0))

    def tell(self, now: float, *, over: bool = False) -> None:
        """Show what part of the run is over, and the text."""
        words = [f"{self.n} of {self.asked} particles"]
        if math.isfinite(self.value):
            words.append(f"discrepancy {max(2.0 * self.value, 0.0) ** 0.5:.3g}")
        if rows := self.rows():
            calls = f" in {self.calls()} calls" if self.calls() else ""
            words.append(f"{rows} score rows{calls}")
        words.append(f"{now - self.began:.1f} s")
        if not over and 0.0 < (left := self.left(now)) < math.inf:
            words.append(f"about {left:.0f} s left")
        self.fraction = max(self.fraction, self._part())
        if over and self.n >= self.asked:
            self.fraction = 1.0
        if (text := ", ".join(words)) != self.text:
            self.text = text
            with suppress(OSError, ValueError):  # stderr was closed
                self.show(self.fraction, text)

    def _part(self) -> float:
        """Units over, of one before the rounds, the doublings, and one for the last."""
        part = self.ticks / (self.ticks + HALFWAY)
        if not self.n:
            return part / (2.0 + math.log2(self.asked))
        if self.n < self.asked:
            part *= math.log2(min(2.0, self.asked / self.n))
        return (1.0 + math.log2(self.n) + part) / (2.0 + math.log2(self.asked))


@contextmanager
def watched(wanted: bool, asked: int, deadline: float = math.inf) -> Iterator[Progress]:
    """Progress of a run, shown where that is `wanted`."""
    if not wanted or sys.stderr is None:
        yield Progress()
        return
    bar = _bar()

    def show(fraction, text):
        if bar is None:
            print(text, file=sys.stderr, flush=True)
        else:
            bar.n = fraction
            bar.set_description_str(text)

    progress = Shown(asked, deadline, show, LINES if bar is None else BAR)
    try:
        yield progress
    finally:
        progress.tell(time.monotonic(), over=True)
        if bar is not None:
            bar.close()


def _bar():
    """A bar; None where tqdm is missing or stderr is a file or a pipe."""
    if not (sys.stderr.isatty() or "ipykernel" in sys.modules):
        return None
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None

    class Bar(tqdm):
        monitor_interval = 0  # no thread: ticks move it

    layout = "{percentage:3.0f}%|{bar:20}| {desc}"
    return Bar(total=1.0, file=sys.stderr, bar_format=layout)
