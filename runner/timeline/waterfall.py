"""Timelines drawn as waterfalls, for a terminal and as SVG: one lane a request, time to the right. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from textwrap import wrap
from typing import TYPE_CHECKING

from runner.rows import figures
from runner.timeline.events import Lane, Timeline, ticks

if TYPE_CHECKING:
    from rich.text import Text

MIN_COLUMNS = 20
"""Of a terminal, for the lanes; below that the picture says nothing."""

_WIDTH = 760
_LEFT = 128
_RIGHT = 90
_TOP = 44
_LINE = 20
_LINE_LETTERS = 100
_LANE = 24
_BAR = 12
_BOTTOM = 48
_LEGEND = 24
_STYLE = """
  svg { font: 13px system-ui, sans-serif }
  .ground { fill: #ffffff } .ink { fill: #1f2328 } .faint { fill: #59636e } .grid { stroke: #d1d9e0 }
  .wait { fill: #9ec5f4 } .read { fill: #0550ae } .none { stroke: #cf222e; fill: none }
  .title { font-weight: 600; font-size: 15px }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } .ink { fill: #f0f6fc } .faint { fill: #9198a1 } .grid { stroke: #3d444d }
    .wait { fill: #1f4b85 } .read { fill: #79c0ff } .none { stroke: #ff7b72 }
  }
"""


def terminal(timelines: Sequence[Timeline], width: int) -> list[Text]:
    """Lines of at most ``width`` columns, on one scale of time; without colour they say the same."""
    from rich.text import Text  # noqa: PLC0415 - only where it is drawn

    marks = ticks(max((one.span_us for one in timelines), default=0))
    lanes = [lane for one in timelines for lane in one.lanes]
    label = max((len(lane.label) for lane in lanes), default=0)
    aside = max((len(_when(lane)) for lane in lanes), default=0)
    columns = max(MIN_COLUMNS, width - label - aside - 4)
    drawn: list[Text] = []
    for one in timelines:
        drawn += [Text(one.title, style="bold"), Text(one.shows), Text()]
        for lane in one.lanes:
            line = Text(f"{lane.label:>{label}} │", no_wrap=True, overflow="crop")
            for sign, style in _lane_signs(lane, columns, marks[-1]):
                line.append(sign, style=style)
            line.append(f"│ {_when(lane)}")
            drawn.append(line)
        drawn.append(Text(f"{'':>{label}} └{'─' * columns}┘", no_wrap=True))
        drawn += [Text(_axis(marks, columns, label), no_wrap=True), Text()]
    drawn.append(Text(f"{'':>{label}}  {'  '.join(_signs(lanes))}", style="dim", no_wrap=True))
    return drawn


def svg(timelines: Sequence[Timeline]) -> str:
    """One picture of all on one scale of time: titles, an axis with its unit, and the same in words."""
    marks = ticks(max((one.span_us for one in timelines), default=0))
    heights = [_head(one) + _LANE * len(one.lanes) + _BOTTOM for one in timelines]
    height = sum(heights) + _LEGEND
    title = " · ".join(one.title for one in timelines)
    words = " ".join(f"{one.title}: {one.shows}: {'; '.join(map(_in_words, one.lanes))}." for one in timelines)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"',
        'role="img" aria-labelledby="title desc">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="desc">{escape(words)}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="ground" width="{_WIDTH}" height="{height}"/>',
    ]
    top = 0
    for one, tall in zip(timelines, heights, strict=True):
        parts += _svg_panel(one, top, marks)
        top += tall
    lanes = [lane for one in timelines for lane in one.lanes]
    return "\n".join([*parts, *_legend(lanes, top + 8), "</svg>", ""])


def _head(timeline: Timeline) -> int:
    """The height of the title and of what is written below it."""
    return _TOP + _LINE * len(wrap(timeline.shows, _LINE_LETTERS))


def _svg_panel(timeline: Timeline, top: int, marks: Sequence[int]) -> list[str]:
    unit_us, unit = _unit(marks[-1])
    scale = (_WIDTH - _LEFT - _RIGHT) / marks[-1]
    first = top + _head(timeline)
    bottom = first + _LANE * len(timeline.lanes)
    parts = [f'<text class="ink title" x="16" y="{top + 26}">{escape(timeline.title)}</text>']
    for number, line in enumerate(wrap(timeline.shows, _LINE_LETTERS)):
        parts.append(f'<text class="faint" x="16" y="{top + 46 + number * _LINE}">{escape(line)}</text>')
    for mark in marks:
        x = _LEFT + mark * scale
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{first}" y2="{bottom}"/>')
        parts.append(
            f'<text class="faint" x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{mark / unit_us:g}</text>'
        )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    what = f"{unit} since the first request was sent"
    parts.append(f'<text class="faint" x="{middle:.0f}" y="{bottom + 36}" text-anchor="middle">{what}</text>')
    for number, lane in enumerate(timeline.lanes):
        parts += _svg_lane(lane, first + number * _LANE, scale, marks[-1])
    return parts


def _svg_lane(lane: Lane, top: int, scale: float, end_us: int) -> list[str]:
    middle, bar = top + _LANE / 2, top + (_LANE - _BAR) / 2
    baseline = middle + 4.5
    made = [
        f'<text class="ink" x="{_LEFT - 10}" y="{baseline:.1f}" text-anchor="end">{escape(lane.label)}</text>',
        f'<text class="faint" x="{_WIDTH - _RIGHT + 8}" y="{baseline:.1f}">{escape(_when(lane))}</text>',
    ]

    def rect(kind: str, begin_us: int, finish_us: int) -> str:
        wide = max((finish_us - begin_us) * scale, 3)
        left = min(_LEFT + begin_us * scale, _LEFT + end_us * scale - wide)
        return f'<rect class="{kind}" x="{left:.1f}" y="{bar:.1f}" width="{wide:.1f}" height="{_BAR}"/>'

    if lane.is_moment:
        x, r = _LEFT + lane.sent_us * scale, _BAR / 2
        made.append(f'<path class="read" d="M{x:.1f} {middle - r:.1f}l{r} {r}l{-r} {r}l{-r} {-r}z"/>')
    elif lane.done_us is None:
        made.append(rect("none", lane.sent_us, end_us))
    else:
        first = lane.done_us if lane.first_byte_us is None else lane.first_byte_us
        made += [rect("wait", lane.sent_us, first), rect("read", first, lane.done_us)]
    return made


def _legend(lanes: Sequence[Lane], y: int) -> list[str]:
    kinds = [("wait", "waits"), ("read", "is answered")]
    if any(lane.done_us is None for lane in lanes):
        kinds.append(("none", "was not answered"))
    made = []
    for number, (kind, text) in enumerate(kinds):
        x = _LEFT + 110 * number
        made.append(f'<rect class="{kind}" x="{x}" y="{y - 10}" width="12" height="{_BAR}"/>')
        made.append(f'<text class="faint" x="{x + 18}" y="{y}">{text}</text>')
    return made


def _lane_signs(lane: Lane, columns: int, end_us: int) -> list[tuple[str, str]]:
    """The signs of a lane with their styles: nothing before it is sent, a line while it waits, a block as it comes."""

    def column(at_us: int) -> int:
        return min(columns - 1, at_us * columns // end_us)

    sent = column(lane.sent_us)
    if lane.is_moment:
        return [(" " * sent, ""), ("◆", "bold"), (" " * (columns - sent - 1), "")]
    if lane.done_us is None:
        return [(" " * sent, ""), ("─" * (columns - sent - 1), "red"), ("✗", "bold red")]
    done = column(lane.done_us)
    first = done if lane.first_byte_us is None else min(done, column(lane.first_byte_us))
    return [
        (" " * sent, ""),
        ("─" * (first - sent), "cyan"),
        ("█" * (done - first + 1), "green"),
        (" " * (columns - done - 1), ""),
    ]


def _signs(lanes: Sequence[Lane]) -> list[str]:
    """What the signs mean that were drawn."""
    moments = any(lane.is_moment for lane in lanes)
    lost = any(lane.done_us is None for lane in lanes)
    return ["─ waits", "█ answered"] + ["◆ statement"] * moments + ["✗ no answer"] * lost


def _axis(marks: Sequence[int], columns: int, label: int) -> str:
    """The ticks' labels below their columns, those left out that would touch another; the last has the unit."""
    unit_us, unit = _unit(marks[-1])
    line = ""
    for mark in marks:
        text = f"{mark / unit_us:g}" + (f" {unit}" if mark == marks[-1] else "")
        at = mark * columns // marks[-1] - len(text) // 2
        if not line or at > len(line):
            line = line.ljust(max(at, 0)) + text
    return " " * (label + 2) + line


def _unit(end_us: int) -> tuple[int, str]:
    for unit_us, unit in ((1, "µs"), (1000, "ms")):
        if end_us < 10_000 * unit_us:
            return unit_us, unit
    return 1_000_000, "s"


def _when(lane: Lane) -> str:
    return "no answer" if lane.done_us is None else figures.duration(lane.done_us)


def _in_words(lane: Lane) -> str:
    if lane.is_moment:
        return f"{lane.label} at {figures.duration(lane.sent_us)}"
    began = f"{lane.label} sent at {figures.duration(lane.sent_us)}"
    if lane.done_us is None:
        return f"{began}, not answered"
    first = "" if lane.first_byte_us is None else f"first byte at {figures.duration(lane.first_byte_us)}, "
    return f"{began}, {first}done at {figures.duration(lane.done_us)}"
