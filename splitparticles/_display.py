"""Summaries for a shell and a notebook: lines, a table of aligned digits, warnings."""

import re
from contextlib import suppress
from html import escape
from math import isfinite
from typing import NamedTuple

SHOWN = 8  # coordinates in a summary or a picture, where none were chosen

HUGE = 1e9  # numbers from here on are in powers of ten

DECIMALS = 9  # so are numbers that need more


class Summary(NamedTuple):
    """Lines, the columns of a table, and warnings.

    >>> table = [["mass", "tau"], ["12.5", "0.25"]]
    >>> summary = Summary(["two <figures>"], table, warnings=["take care"])
    >>> print(summary.text())
    two <figures>
      mass  12.5
      tau    0.25
    warning: take care
    >>> summary.html()[:47]
    '<div>two &lt;figures&gt;<br><strong>warning: ta'
    """

    lines: list[str]
    columns: list[list[str]]
    """Texts of each column: the names of the rows, then numbers."""
    headers: list[str] | None = None
    warnings: list[str] = []
    more: int = 0
    """Rows that were left out."""

    def text(self) -> str:
        """Text in which decimal points stand below each other."""
        table = [f"  {'  '.join(row).rstrip()}" for row in self._rows()]
        more = [f"  and {self.more} more"] if self.more else []
        warnings = [f"warning: {w}" for w in self.warnings]
        return "\n".join([*self.lines, *table, *more, *warnings])

    def html(self) -> str:
        """The same in HTML, all text escaped, the warnings in bold before the table."""
        lines = [escape(line) for line in self.lines]
        lines += [f"<strong>warning: {escape(w)}</strong>" for w in self.warnings]
        cell = '<td style="white-space: pre; font-family: monospace">'
        rows = [
            "".join(f"{cell}{escape(text)}</td>" for text in row)
            for row in self._rows()
        ]
        table = "".join(f"<tr>{row}</tr>" for row in rows)
        more = f"and {self.more} more" if self.more else ""
        return f"<div>{'<br>'.join(lines)}<table>{table}</table>{more}</div>"

    def _rows(self):
        """Cells of each row, as wide as their column."""
        padded = []
        for k, column in enumerate(self.columns):
            cells = aligned(column) if k else column
            header = [self.headers[k]] if self.headers else []
            width = max(map(len, header + cells), default=0)
            just = str.rjust if k else str.ljust
            padded.append([just(cell, width) for cell in header + cells])
        return list(zip(*padded, strict=True))


def counted(n: int, noun: str) -> str:
    """Number and noun: 1 particle, 2 particles."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def rounded(value: float, scale: float) -> str:
    """Number to the second significant digit of a scale, such as its deviation.

    >>> rounded(-12.3456, 0.234), rounded(0.001, 23.4), rounded(2e12, 1.0)
    ('-12.35', '0', '2e+12')
    """
    decimals = 1 - int(f"{scale:.1e}"[4:]) if isfinite(scale) and scale > 0.0 else None
    if decimals is None or decimals > DECIMALS or not abs(value) < HUGE:
        return f"{value:.4g}"
    return f"{value:z.{max(decimals, 0)}f}"


def aligned(texts: list[str]) -> list[str]:
    """Numbers padded so that their decimal points stand below each other."""
    whole = [len(re.split(r"[.e]", text)[0]) for text in texts]
    shifted = [
        " " * (max(whole) - k) + text for k, text in zip(whole, texts, strict=True)
    ]
    width = max(map(len, shifted), default=0)
    return [text.ljust(width) for text in shifted]


def size_of(particles) -> str:
    """Number of particles and of coordinates."""
    n, d = particles.positions.shape
    return f"{counted(n, 'particle')} in {counted(d, 'dimension')}"


def summary_of(particles, labels: list[str]) -> Summary:
    """Number and moments of particles, a row for each of the first coordinates.

    Quartiles are left out where a weight is negative, moments where the weights sum
    to zero.
    """
    headers, columns, figures = [""], [labels[:SHOWN]], {}
    with suppress(ValueError):
        figures = {"mean": particles.mean(), "sd": particles.std()}
        quartiles = particles.quantile([0.25, 0.5, 0.75])
        figures |= dict(zip(("25 %", "50 %", "75 %"), quartiles, strict=True))
    for header, values in figures.items():
        pairs = zip(values[:SHOWN], figures["sd"][:SHOWN], strict=True)
        headers.append(header)
        columns.append([rounded(value, sd) for value, sd in pairs])
    more = max(len(labels) - SHOWN, 0)
    return Summary([size_of(particles)], columns, headers, more=more)
