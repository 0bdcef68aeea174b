"""Reports of checks, and records of the user's functions that they call."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .._display import Summary


@dataclass(eq=False)
class Report:
    """Figures and warnings of a check, in the order in which they were found.

    >>> report = Report()
    >>> report.measure("rows", 12, 400, "too many rows")
    True
    >>> report.measure("asymmetry", 0.5, 0.001, "this is no gradient")
    False
    >>> report.ok
    False
    >>> print(report)
    this is no gradient (asymmetry is 0.5, more than 0.001)
      rows       12
      asymmetry   0.5
    """

    figures: dict[str, float] = field(default_factory=dict)
    """What was measured, whether or not there is a warning of it."""
    warnings: list[str] = field(default_factory=list)
    """For a reader; each names its figure, the value and the threshold it passed."""

    @property
    def ok(self) -> bool:
        """Whether there are no warnings."""
        return not self.warnings

    def measure(self, name: str, value: float, limit: float, text: str) -> bool:
        """Keep a figure, and warn in these words unless it is within its limit."""
        self.figures[name] = float(value)
        within = bool(value <= limit)  # NaN is not
        if not within:
            detail = f"{name} is {value:.3g}, more than {limit:.3g}"
            self.warnings.append(f"{text} ({detail})")
        return within

    def attempt(self, check: Callable, *arguments):
        """Value of ``check(self, ...)``; None, and a warning, where one misfits."""
        try:
            return check(self, *arguments)
        except MisfitError as misfit:
            self.warnings.append(str(misfit))
            return None

    def __repr__(self) -> str:
        return self._summary(self.warnings or ["ok"]).text()

    def _repr_html_(self) -> str:
        lines = ["ok"] if self.ok else []
        return self._summary(lines)._replace(warnings=self.warnings).html()

    def _summary(self, lines):
        values = [f"{value:.3g}" for value in self.figures.values()]
        return Summary(lines, [list(self.figures), values])


class MisfitError(Exception):
    """A function returned something of another shape or type than it should."""


class RecordedFunction:
    """A user's function of points with a record of its calls.

    Parameters
    ----------
    function : callable
        (n, d) -> (n, ...), or (d,) -> (...) when not `vectorized`.
    name : str
        Of the function, for messages.
    fit : callable
        (values, name, x) -> array of floats; raises TypeError or ValueError when the
        values are not such as belong to x.
    vectorized : bool
    """

    def __init__(self, function: Callable, name: str, fit: Callable, vectorized: bool):
        self.function, self.fit = function, fit
        self.name, self.vectorized = name, vectorized
        self.prefix = "" if name == "score" else f"{name}_"  # of figures in a report
        self.rows = 0
        self.changed = 0  # calls that wrote into their argument
        self.dtype = np.dtype(float)
        # The fastest call counts: the others were disturbed, or the first.
        self.seconds_per_call = self.seconds_per_row = np.inf

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Values at the rows of x (n, d), of which the function gets a copy.

        Raises
        ------
        MisfitError
            When the values do not fit.
        """
        passed, began = x.copy(), time.perf_counter()
        if self.vectorized:
            values = self._fitted(passed)
        else:
            values = np.array([self._fitted(row) for row in passed])
        seconds = (time.perf_counter() - began) / len(x)
        self.seconds_per_row = min(self.seconds_per_row, seconds)
        if len(x) == 1 or not self.vectorized:
            self.seconds_per_call = min(self.seconds_per_call, seconds)
        self.rows += len(x)
        self.changed += not np.array_equal(passed, x)
        return values

    def _fitted(self, x):
        values = self.function(x)
        try:
            array = self.fit(values, self.name, x)
        except (TypeError, ValueError) as error:
            raise MisfitError(str(error)) from None
        self.dtype = np.asarray(values).dtype
        return array

    def write_costs(self, report: Report) -> None:
        """What the calls returned, what they changed, and what they cost."""
        if not (self.dtype.kind == "f" and self.dtype.itemsize >= 8):
            text = f"{self.name} returns {self.dtype}, not float64: differences of it"
            report.warnings.append(f"{text} are rough")
        text = f"{self.name} writes into its argument"
        report.measure(f"{self.prefix}changed_arguments", self.changed, 0, text)
        for cost in ("rows", "seconds_per_call", "seconds_per_row"):
            value = float(getattr(self, cost))
            if np.isfinite(value):
                report.figures[self.prefix + cost] = value


def shown(point: np.ndarray) -> str:
    """Text of a point (d,), short enough for a warning."""
    return np.array2string(point, precision=4, threshold=6, edgeitems=2)
