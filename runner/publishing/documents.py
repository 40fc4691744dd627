"""Blocks of a document that a command prints: a table or a picture between a comment that names it and ``end``.

``<!-- pipebench report RUN --format brief --only a,b -->`` is followed by what that prints, and
``<!-- pipebench export RUN --format svg --chart overview --only a,b -->`` by a picture, whose files, for light paper
and for dark, are kept with the charts of the run. ``<!-- pipebench publish -->`` is the index of all runs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from runner.errors import RecordError
from runner.report import formats
from runner.report.charts import charts, vega
from runner.report.charts.drawing import Drawing
from runner.report.formats import Report

_CODE = r"^```.*?^```$"
_BLOCK = re.compile(
    _CODE + r"|(?P<head>^<!-- pipebench (?:publish|(?P<command>report|export) (?P<run>[^\s-]\S*)"
    r"(?P<options>(?: --[a-z]+ \S+)*)) -->\n)(?P<text>.*?)(?=^<!-- end -->$)",
    re.DOTALL | re.MULTILINE,
)
"""One without a run is the index of all. A block of code, where a comment is an example, matches without a head."""

_OPTIONS = {"report": {"--format", "--only", "--columns"}, "export": {"--format", "--chart", "--only", "--width"}}
PICTURE_WIDTH = 830
"""Pixels that a picture is wide unless its comment says otherwise: a README's column."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart that a document shows: its files, for light paper and for dark, and what they hold."""

    drawing: Drawing
    light: Path
    dark: Path
    source: str
    width: int

    def files(self) -> Iterator[tuple[Path, str]]:
        """Both files with their SVG."""
        chart = self.drawing.chart(self.source, self.width)
        yield self.light, vega.svg(chart)
        yield self.dark, vega.svg(chart, dark=True)

    def markup(self, document: Path) -> str:
        """The picture as HTML in a document, so that it follows the reader's theme."""
        light, dark = (Path(os.path.relpath(path, document.parent)).as_posix() for path in (self.light, self.dark))
        return (
            "<picture>\n"
            f'  <source media="(prefers-color-scheme: dark)" srcset="{dark}">\n'
            f'  <img alt="{escape(self.drawing.description)}" src="{light}" width="{self.width}">\n'
            "</picture>"
        )


def has_blocks(text: str) -> bool:
    """Whether a document holds anything that a command prints."""
    return any(found["head"] for found in _BLOCK.finditer(text))


def printed_anew(text: str, document: Path, read: Callable[[str], Report], root: Path, index: Callable[[], str]) -> str:
    """A document with each block as the command in the comment above it prints it now.

    ``read`` gives the report of a run by its path below ``root``, ``index`` the table of all runs.
    """

    def block(found: re.Match[str]) -> str:
        if not found["head"]:
            return found[0]
        if found["command"] == "export":
            shown = _picture(found, document, read, root).markup(document)
        elif found["run"]:
            options = _options(found)
            report = _only(read(found["run"]), options)
            shown = formats.printed(report, options.get("--format", "markdown"), _names(options.get("--columns")))
        else:
            shown = index()
        return f"{found['head']}\n{shown.strip()}\n\n"

    return _BLOCK.sub(block, text)


def pictures(text: str, document: Path, read: Callable[[str], Report], root: Path) -> Iterator[Picture]:
    """The pictures of a document."""
    for found in _BLOCK.finditer(text):
        if found["command"] == "export":
            yield _picture(found, document, read, root)


def of_another_run(text: str, newer: Callable[[str], str]) -> str:
    """A document whose comments name the run that ``newer`` gives for the one that they name."""

    def block(found: re.Match[str]) -> str:
        return found[0].replace(found["run"], newer(found["run"]), 1) if found["run"] else found[0]

    return _BLOCK.sub(block, text)


def _picture(found: re.Match[str], document: Path, read: Callable[[str], Report], root: Path) -> Picture:
    options = _options(found)
    report = _only(read(found["run"]), options)
    (drawing,) = formats.charts_named(report, _names(options.get("--chart", "overview")))
    folder, name = root / found["run"] / "charts", f"{document.stem.lower()}-{drawing.name}"
    width = int(options.get("--width", PICTURE_WIDTH))
    return Picture(drawing, folder / f"{name}.svg", folder / f"{name}-dark.svg", charts.source(report.run), width)


def _options(found: re.Match[str]) -> Mapping[str, str]:
    words = found["options"].split()
    options = dict(zip(words[::2], words[1::2], strict=True))
    if unknown := options.keys() - _OPTIONS[found["command"]]:
        raise RecordError(f"a document's comment has {min(unknown)}, which pipebench {found['command']} cannot print")
    return options


def _only(report: Report, options: Mapping[str, str]) -> Report:
    return report.only(_names(options["--only"])) if "--only" in options else report


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(filter(None, (text or "").split(",")))
