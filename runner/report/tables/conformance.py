"""Results for people: the matrix in a terminal and in Markdown, transcripts, and docs/conformance.md. Pure.

Colour is rich's affair, and so is ``NO_COLOR``; every outcome has a sign of its own, so none is told by colour alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from runner.conformance.case import Case, CaseResult, Event, EventKind, Level, Outcome, Theme
from runner.conformance.cases.catalogue import CASES
from runner.conformance.classify import Counts, ServerClass
from runner.conformance.record import BY_NAME, Conformance
from runner.conformance.running.ladder import Ladder, Rung
from runner.report.markdown import escape, table

SIGNS = {Outcome.PASS: "✓", Outcome.NOTE: "~", Outcome.FAIL: "✗"}
STYLES = {Outcome.PASS: "green", Outcome.NOTE: "yellow", Outcome.FAIL: "bold red"}
NOT_RUN = "·"
CLASS_STYLES = {
    ServerClass.CONCURRENT: "green",
    ServerClass.SERIAL: "green",
    ServerClass.DEGRADES: "yellow",
    ServerClass.BROKEN: "bold red",
}
LEGEND = (
    "✓ pass   ~ note: permitted, but clients must cope   "
    "✗ fail: breaks a MUST, or loses, reorders or corrupts a response"
)
COUNTED: tuple[tuple[str, Callable[[Counts], int]], ...] = (
    ("pass", lambda counts: counts.passed),
    ("note", lambda counts: counts.noted),
    ("fail", lambda counts: counts.failed),
)
INTRODUCTION = """\
# Pipelining conformance

<!-- Generated from runner/conformance/cases/. Do not edit: change the cases, then run
     python -m runner.report.tables.conformance > docs/conformance.md -->

`pipebench check` puts {count} cases to a server, each with a deadline, and shows the bytes of those that do not
pass (`--verbose`). They are written from RFC 9112 (HTTP/1.1) and RFC 9110 (HTTP semantics); each quotes what it
stands on. `G(p)` is `GET p HTTP/1.1`, `Host: x` and an empty line; `G` is `G(/)`. Requests go out in one write
unless the case says otherwise. A requirement without a key word (MUST, SHOULD, MAY) has none in the text.

| outcome | meaning |
| :-: | --- |
| ✓ pass | what must come back came back |
| ~ note | permitted but worse, such as closing early: clients must cope |
| ✗ fail | breaks a MUST, or loses, reorders or corrupts a response |

`GET /` comes first, alone: a server that does not answer it as it must is put to no case, and the first error of its
log is shown. A framework on another's server (`runs_on` in its metadata) that is checked alone has that server checked
beside it, with an application that uses no framework: what both fail is the server's.

A fail stands only if it repeats, alone, on a freshly started server and with twice the time. What a server did
once and not again is a note that says so; a stall that does not repeat may have been the machine's. A race that is
lost once is proof. A connection counts as closed only if no request is answered on it half a second later. What an
earlier case settled is not asked, and shown as not tried. [What these cases cover](conformance-coverage.md): public
bugs, and the test suites of others.

| class | meaning |
| --- | --- |
| concurrent | every core case passes, and pipelined requests are worked on at the same time |
| serial | every core case passes, and pipelined requests are worked on one after the other |
| degrades | answers some of a batch, announces that it closes, and closes |
| broken | a core case fails, or a request kills the server or hangs it for good |

The core cases are those that every pipelining client relies on: {core}.
"""
ARROWS = {EventKind.SENT: ">", EventKind.RECEIVED: "<"}


def matrix(found: Sequence[Conformance]) -> RenderableType:
    """All cases by theme, a column for each adapter; for a single one, what came of each case."""
    single = len(found) == 1
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_footer=False)
    table.add_column("#", justify="right", style="dim")
    table.add_column("case", no_wrap=True)
    table.add_column("level", no_wrap=True, style="dim")
    for each in found:
        table.add_column(each.title, justify="left" if single else "center", no_wrap=not single)
    for theme, cases in _by_theme(_cases_of(found)):
        table.add_row("", Text(theme, style="bold"))
        for case in cases:
            cells = [_cell(each.result(case.name), with_detail=single) for each in found]
            table.add_row(str(case.number), case.name, str(case.level), *cells)
        table.add_section()
    table.add_row("", Text("class", style="bold"), "", *[_class_text(each) for each in found])
    for name, pick in COUNTED:
        table.add_row("", name, "", *[Text(_number(each, pick)) for each in found])
    return Group(table, Text(LEGEND, style="dim"))


def untried(found: Conformance) -> RenderableType:
    """Why a server was put to no case at all, and the lines of its log about it."""
    return Group(
        Text(f"{found.title}: {found.problem}", style="bold"), *(Text(f"  {line}", style="dim") for line in found.log)
    )


def remarks(found: Conformance) -> RenderableType:
    """What is not a pass, one line each, with the requirement."""
    if found.problem:
        return untried(found)
    lines = [Text(line, style=STYLES[result.outcome]) for result, line in _remark_lines(found)]
    return Group(Text(f"{found.title}: {_class_words(found)}", style="bold"), *lines)


def beside(found: Conformance, server: Conformance) -> RenderableType:
    """Which of a framework's fails and notes its server shows as well, under an application without a framework."""
    remarkable = [one for one in found.results if one.outcome in {Outcome.NOTE, Outcome.FAIL}]

    def is_servers(result: CaseResult) -> bool:
        its = server.result(result.case)
        return its is not None and its.outcome.severity >= result.outcome.severity

    lines = [Text(f"{found.title} runs on {server.title} {server.version or ''}".rstrip() + ", checked beside it.")]
    if server.problem:
        return Group(*lines, Text(f"{server.title}: {server.problem}"))
    for whose, chosen in (
        (f"{server.title} does the same by itself", [one for one in remarkable if is_servers(one)]),
        (f"of {found.title}'s own", [one for one in remarkable if not is_servers(one)]),
    ):
        names = "   ".join(f"{SIGNS[one.outcome]} {one.case}" for one in chosen)
        lines.append(Text(f"{whose}: {names or 'nothing'}"))
    return Group(*lines)


def transcript(result: CaseResult) -> str:
    """The bytes of one case as they went: ``>`` sent, ``<`` received, every line end written out."""
    case = BY_NAME.get(result.case)
    where = f"  ({case.section})" if case and case.section != Level.NONE else ""
    lines = [f"{SIGNS[result.outcome]} {result.case}{where}: {result.detail}"]
    lines += [line for event in result.events for line in _event_lines(event)]
    return "\n".join(lines)


def markdown(found: Sequence[Conformance]) -> str:
    """A Markdown table with a line a server, the fewest fails first, the cases by number; under it what is no pass."""
    cases = sorted(_cases_of(found), key=lambda case: case.number)
    ordered = sorted(found, key=lambda each: (bool(each.problem), each.counts.failed, each.counts.noted, each.title))
    counted = [name for name, _ in COUNTED]
    headings = ["server", "version", "class", *counted, *(str(case.number) for case in cases)]
    lines = table(
        headings,
        headings[:3],
        (
            [
                escape(each.title),
                escape(each.version or NOT_RUN),
                _class_words(each),
                *(_number(each, pick) for _, pick in COUNTED),
                *(_sign(each.result(case.name)) for case in cases),
            ]
            for each in ordered
        ),
    )
    lines += ["", LEGEND.replace("   ", " · "), ""]
    for theme, members in _by_theme(cases):
        lines.append(f"- {theme}: " + ", ".join(f"{case.number} `{case.name}`" for case in members))
    lines.append("")
    for each in ordered:
        remarks_ = [f"- {escape(line)}" for _, line in _remark_lines(each)]
        if remarks_ or each.problem:
            lines += [f"**{escape(each.title)}** {escape(each.version or '')}".rstrip(), ""]
            lines += [escape(each.problem), ""] if each.problem else [*remarks_, ""]
    return "\n".join(lines)


def ladder(found: Ladder) -> RenderableType:
    """The rungs in the order in which they were tried, and what they come to."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("connections", justify="right")
    table.add_column("depth", justify="right")
    table.add_column("")
    table.add_column("what came", overflow="fold")
    for rung in sorted(found.rungs, key=lambda rung: (rung.connections, rung.depth)):
        outcome = Outcome.PASS if rung.holds else Outcome.FAIL
        sign = Text(SIGNS[outcome], style=STYLES[outcome])
        table.add_row(str(rung.connections), str(rung.depth), sign, _rung_words(rung))
    return Group(table, Text(ladder_words(found)))


def ladder_words(found: Ladder) -> str:
    """The ladder in a sentence or two."""
    words = [f"largest depth: {_at_least(found.depth, found.depth_limit)}"]
    if found.beyond_depth is not None:
        words.append(f"at {found.beyond_depth.depth}: {_rung_words(found.beyond_depth)}")
    if found.depth:
        connections = _at_least(found.connections, found.connections_limit)
        words.append(f"connections at depth {found.width_depth}: {connections}")
    if found.beyond_connections is not None:
        words.append(f"at {found.beyond_connections.connections}: {_rung_words(found.beyond_connections)}")
    return "; ".join(words)


def document(cases: Sequence[Case] = CASES) -> str:
    """docs/conformance.md."""
    core = ", ".join(f"`{case.name}`" for case in cases if case.core)
    return INTRODUCTION.format(count=len(cases), core=core) + "\n".join(_chapters(cases))


def _chapters(cases: Sequence[Case]) -> Iterator[str]:
    for theme, group in _by_theme(cases):
        members = list(group)
        yield f"\n## {theme}\n"
        yield "| # | case | send | must come back | requirement |"
        yield "| --: | --- | --- | --- | --- |"
        for case in members:
            sends, wants = _escaped(case.sends), _escaped(case.wants)
            yield f"| {case.number} | `{case.name}` | {sends} | {wants} | {_requirement(case)} |"
        yield ""
        for case in members:
            quote = f" {case.section}: “{case.quote}”." if case.quote else ""
            yield f"- `{case.name}`: {case.why} Hurt: {case.hurts}.{quote}"
    yield ""


def _cases_of(found: Iterable[Conformance]) -> list[Case]:
    run = {result.case for each in found for result in each.results}
    return [case for case in CASES if case.name in run]


def _by_theme(cases: Iterable[Case]) -> Iterator[tuple[Theme, Iterator[Case]]]:
    order = list(Theme)
    return groupby(sorted(cases, key=lambda case: (order.index(case.theme), case.number)), key=lambda case: case.theme)


def _requirement(case: Case) -> str:
    return case.section if case.level is Level.NONE else f"{case.level}, {case.section}"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _sign(result: CaseResult | None) -> str:
    return NOT_RUN if result is None or result.outcome is Outcome.UNTRIED else SIGNS[result.outcome]


def _cell(result: CaseResult | None, *, with_detail: bool) -> Text:
    if result is None:
        return Text(NOT_RUN, style="dim")
    if result.outcome is Outcome.UNTRIED:
        return Text(f"{NOT_RUN} {result.detail}" if with_detail else NOT_RUN, style="dim")
    sign = Text(SIGNS[result.outcome], style=STYLES[result.outcome])
    return sign.append(f" {result.detail}", style="default not bold") if with_detail else sign


def _number(found: Conformance, pick: Callable[[Counts], int]) -> str:
    return str(pick(found.counts)) if found.results else NOT_RUN


def _class_words(found: Conformance) -> str:
    if found.problem:
        return "not tried"
    server_class = found.classification.server_class
    return server_class.value if server_class else "unknown"


def _class_text(found: Conformance) -> Text:
    server_class = found.classification.server_class
    return Text(_class_words(found), style=CLASS_STYLES[server_class] if server_class else "dim")


def _remark_lines(found: Conformance) -> Iterator[tuple[CaseResult, str]]:
    remarkable = [result for result in found.results if result.outcome in {Outcome.NOTE, Outcome.FAIL}]
    for result in sorted(remarkable, key=lambda result: -result.outcome.severity):
        case = BY_NAME.get(result.case)
        requirement = f" ({_requirement(case)})" if case else ""
        yield result, f"{SIGNS[result.outcome]} {result.case}{requirement}: {result.detail}"


def _event_lines(event: Event) -> Iterator[str]:
    stamp = f"{event.at_s:8.3f} s  "
    if event.kind not in ARROWS:
        yield f"{stamp}= {event.data.decode('latin-1') or event.kind.value}"
        return
    for line in event.data.splitlines(keepends=True) if b"\n" in event.data else [event.data]:
        yield f"{stamp}{ARROWS[event.kind]} {line.decode('latin-1').encode('unicode_escape').decode('ascii')}"
        stamp = " " * len(stamp)


def _rung_words(rung: Rung) -> str:
    return rung.detail if rung.fault is None or rung.holds else f"{rung.fault}: {rung.detail}"


def _at_least(number: int, limit: int) -> str:
    return f"{number} (the most that was tried)" if number >= limit else str(number)


if __name__ == "__main__":
    sys.stdout.write(document())
