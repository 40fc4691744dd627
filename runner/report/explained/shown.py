"""What a page shows of the servers that were explained: their findings, tables and flame graphs, by adapter. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from runner.explaining.view import View
from runner.report.explained import flames, tables
from runner.report.explained.tables import Drawn


@dataclass(frozen=True, slots=True)
class Picture:
    """A flame graph on a page, and what it is called."""

    title: str
    svg: Markup


@dataclass(frozen=True, slots=True)
class Shown:
    """One server; ``reasons`` say why something was not seen, ``tools`` what looked."""

    title: str
    findings: tuple[str, ...]
    reasons: tuple[str, ...]
    tables: tuple[Drawn, ...]
    pictures: tuple[Picture, ...]
    tools: str


def by_adapter(views: Sequence[View]) -> Mapping[str, Sequence[Shown]]:
    """The servers of each adapter."""
    found: dict[str, list[Shown]] = defaultdict(list)
    for one in views:
        found[one.explained.adapter].append(_shown(one))
    return dict(found)


def _shown(view: View) -> Shown:
    overviews = (_without_server(drawn) for drawn in tables.overviews([view]))
    pictures = []
    for sampled in view.explained.sampled:
        flame = flames.flame(view.title, sampled)
        pictures.append(Picture(f"Flame graph at depth {sampled.depth}", Markup(flames.inline(flame))))  # noqa: S704
    return Shown(
        title=view.title,
        findings=tuple(tables.sentence(one.text, one.evidence, one.option) for one in view.findings),
        reasons=tuple(tables.reasons(view)),
        tables=tuple(drawn for drawn in (*overviews, *tables.details(view)) if drawn.rows),
        pictures=tuple(pictures),
        tools=", ".join(view.explained.tools),
    )


def _without_server(drawn: Drawn) -> Drawn:
    """On a server's own view its name is its title."""
    return Drawn(drawn.title, drawn.headings[1:], tuple(cells[1:] for cells in drawn.rows), drawn.note)
