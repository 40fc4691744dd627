"""What a chart shows, before anyone draws it: rows of dots, and panels of lines, on axes with units. Pure values.

The same shape becomes a picture by Vega-Lite (:mod:`dots`, :mod:`lines`) and a part of a page
(:mod:`runner.report.pages.drawn`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from runner.rows import figures

_DURATION = (
    "datum.value < 1e3 ? format(datum.value, '~r') + ' µs' : datum.value < 1e6 ? "
    "format(datum.value / 1e3, '~r') + ' ms' : format(datum.value / 1e6, '~r') + ' s'"
)


class Unit(Enum):
    """What an axis counts; the value is how Vega labels a tick, as an expression of its language."""

    COUNT = "datum.value ? format(datum.value, '~s') : '0'"
    FIGURE = "format(datum.value, '~r')"
    TIMES = "'×' + format(datum.value, '~r')"  # noqa: RUF001 - times
    DURATION = _DURATION
    PERCENTILE = "format(100 - 100 / datum.value, '~r') + (datum.value < 5000 ? ' %' : '')"

    def text(self, value: float) -> str:
        """How a tick is labelled elsewhere."""
        if self is Unit.COUNT:
            power = next((power for power in (9, 6, 3) if value >= 10**power), 0)
            return f"{value / 10**power:g}{({9: 'G', 6: 'M', 3: 'k', 0: ''})[power]}"
        if self is Unit.DURATION:
            power, name = next(((p, n) for p, n in ((6, "s"), (3, "ms")) if value >= 10**p), (0, "µs"))
            return f"{value / 10**power:g} {name}"
        if self is Unit.PERCENTILE:
            return f"{100 - 100 / value:.10g}" + (" %" if value < 5000 else "")
        return f"{'×' if self is Unit.TIMES else ''}{value:g}"  # noqa: RUF001 - times


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis: its title, what it counts, and where it is ruled (``None``: where that is round)."""

    title: str | None
    unit: Unit
    values: tuple[float, ...] | None = None
    logarithmic: bool = True


@dataclass(frozen=True, slots=True)
class Dot:
    """A value with its interval; ``bound``: it is a lower bound. ``mark`` is one of its chart's marks."""

    value: float
    low: float | None = None
    high: float | None = None
    bound: bool = False
    mark: int = 0


@dataclass(frozen=True, slots=True)
class DotRow:
    """A row of dots: ``key`` is the adapter's name, ``text`` the figure in words, or why there is none."""

    key: str
    label: str
    dots: tuple[Dot, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Dots:
    """Rows of dots in their order on one axis; ``marks`` names what tells the dots of a row apart, one or more.

    ``close``: the axis ends where the values do, for values that hardly differ. ``joined``: a row's dots are steps of
    one figure, with a line from one to the next; otherwise they are different figures, each at a height of its own.
    """

    rows: tuple[DotRow, ...]
    marks: tuple[str, ...]
    axis: Axis
    close: bool = False
    joined: bool = True

    @property
    def range(self) -> tuple[float, float]:
        """The ends of the axis."""
        edges = [edge for row in self.rows for dot in row.dots for edge in (dot.value, dot.low, dot.high) if edge]
        return (near if self.close else around)(edges or [1.0])

    @property
    def ticks(self) -> tuple[float, ...]:
        """Where the axis is ruled."""
        return even_ticks(*self.range) if self.close else ticks(*self.range, most=3)


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a line with its interval; ``bound``: it is a lower bound."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    bound: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """The lines of one server, in the order of their chart's names; ``wall`` is an ``x`` that it cannot go beyond."""

    key: str
    label: str
    lines: tuple[tuple[Point, ...], ...]
    wall: float | None = None


@dataclass(frozen=True, slots=True)
class Curves:
    """A panel a server on the same axes; ``names`` are of a panel's lines, ``baseline`` is the label of one panel."""

    panels: tuple[Panel, ...]
    names: tuple[str, ...]
    x: Axis
    y: Axis
    baseline: str | None = None

    @property
    def x_range(self) -> tuple[float, float]:
        """The ends of the horizontal axis."""
        xs = [point.x for point in self.points] + [panel.wall for panel in self.panels if panel.wall is not None]
        return (min(xs), max(xs)) if min(xs) < max(xs) else (min(xs), min(xs) * 10)

    @property
    def y_range(self) -> tuple[float, float]:
        """The ends of the vertical axis."""
        return around([edge for point in self.points for edge in (point.y, point.low, point.high) if edge])

    @property
    def x_ticks(self) -> tuple[float, ...]:
        """Where the horizontal axis is ruled."""
        low, high = self.x_range
        return tuple(value for value in self.x.values or ticks(low, high, most=4) if low <= value <= high)

    @property
    def points(self) -> Sequence[Point]:
        """All points of all panels."""
        return [point for panel in self.panels for line in panel.lines for point in line]


Shape = Dots | Curves


def around(values: Sequence[float]) -> tuple[float, float]:
    """A range that holds all of the values, ended at 1, 2 or 5 times a power of ten."""
    below = [step for step in _steps(min(values) / 10, min(values)) if step <= min(values)]
    above = [step for step in _steps(max(values), max(values) * 10) if step >= max(values)]
    low, high = below[-1], above[0]
    return (low, high) if low < high else (low, high * 10)


def near(values: Sequence[float]) -> tuple[float, float]:
    """A range that holds all of the values and hardly more: a fifteenth of it at each end, and 1 % at least."""
    low, high = min(values), max(values)
    room = max((high / low) ** (1 / 15), 1.01)
    return low / room, high * room


def even_ticks(low: float, high: float, *, most: int = 5) -> tuple[float, ...]:
    """Where an axis that spans little is ruled: at even steps of 1, 2 or 5 times a power of ten."""
    step = next(step for step in _steps((high - low) / 100, high - low) if (high - low) / step < most)
    return tuple(round(step * number, 12) for number in range(math.ceil(low / step), math.floor(high / step) + 1))


def ticks(low: float, high: float, *, most: int = 6) -> tuple[float, ...]:
    """Where an axis is ruled: at 1, 2 and 5 times the powers of ten, at fewer of them where that is too many."""
    for leading in ((1, 2, 5), (1, 3), (1,)):
        steps = [step for step in _steps(low, high, leading) if low <= step <= high]
        if len(steps) <= most:
            break
    return tuple(steps[:: max(1, math.ceil(len(steps) / most))])


def place(value: float, ends: tuple[float, float], *, logarithmic: bool = True) -> float:
    """Where a value lies between the ends of an axis: 0 at the lower, 1 at the upper."""
    low, high = ends
    if logarithmic:
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)


def interval_text(text: str, dot: Dot | None) -> str:
    """A figure with the half-width of its interval beside it, where it has one."""
    if dot is None or dot.high is None:
        return text
    return f"{text} {figures.plus_minus(dot.high / dot.value - 1)}"


def _steps(low: float, high: float, leading: Iterable[int] = (1, 2, 5)) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [float(f"{digit}e{decade}") for decade in decades for digit in leading]
