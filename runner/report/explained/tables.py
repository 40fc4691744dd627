"""The calls, the model, the shares and the findings of servers that were explained, as tables. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.explaining.calls import Batch
from runner.explaining.categories import Category
from runner.explaining.view import Modelled, Shares, View
from runner.judging.models.batching import Value
from runner.report.markdown import escape, table
from runner.rows import figures

if TYPE_CHECKING:
    from rich.console import RenderableType

LEFT = ("server", "call", "on", "function", "for", "fits")
OWN = tuple(category for category in Category if category is not Category.KERNEL)
CALLS_SHOWN = 14


@dataclass(frozen=True, slots=True)
class Drawn:
    """A table: what it is of, its headings and its rows; ``note`` says how to read it."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def overviews(views: Sequence[View]) -> Iterator[Drawn]:
    """The servers beside each other: calls of a batch, the model, where the time goes."""
    yield Drawn(
        "System calls of a batch",
        (
            "server",
            "depth",
            "sends",
            "bytes each",
            "reads",
            "empty reads",
            "waits",
            "wake-ups",
            "all calls",
            "a request",
        ),
        tuple(_batch_cells(view.title, batch) for view in views for batch in view.batches),
        "One connection, each batch sent when the server sleeps. Sends and reads that moved something; wake-ups by "
        "futex, eventfd or pipe.",
    )
    yield Drawn(
        "What a batch costs, and each request in it",
        ("server", "µs a batch", "±", "µs a request", "±", "deeper: at most", "fits"),
        tuple(_line_cells(view) for view in views),
        "CPU time of the server: a line through depths, fitted in each round; ± is half of the 95 % interval over "
        "rounds. Deeper: what is left beyond the deepest that was measured.",
    )
    yield Drawn(
        "The model beside what was measured",
        ("server", "depth", "CPU µs/request", "by the line", "off", "requests/s", "never idle", "busy"),
        tuple(_modelled_cells(view.title, one) for view in views for one in view.modelled),
        "Never idle: the rate of a server that spends all its time so.",
    )
    yield Drawn(
        "Where its time goes",
        ("server", "depth", "kernel", *map(str, OWN), "samples"),
        tuple(_share_cells(view.title, shares) for view in views for shares in view.shares),
        "The kernel's share of its CPU time is counted in the trials; the others are shares of the rest, by samples of "
        "its stack that found it outside of the kernel.",
    )


def details(view: View) -> Iterator[Drawn]:
    """One server: its calls by name, its hottest functions, its instructions by function."""
    depths = [f"depth {batch.depth}" for batch in view.batches]
    if view.paid:
        more = f", the first {CALLS_SHOWN} of {len(view.paid)}" if len(view.paid) > CALLS_SHOWN else ""
        yield Drawn(
            f"Calls of a batch{more}",
            ("call", "on", *depths, "paid a batch", "paid a request"),
            tuple(
                (one.name, one.on, *map(_number, one.numbers), _paid(one.of_batch), _paid(one.of_request))
                for one in view.paid[:CALLS_SHOWN]
            ),
        )
    for shares in view.shares:
        yield Drawn(
            f"Functions it was found in at depth {shares.depth}",
            ("function", "for", "of its own time"),
            tuple((one.function, one.category.value, _percent(one.own)) for one in shares.hottest),
            f"{shares.samples} samples by {shares.tool}; {_percent(shares.sampled_kernel)} of them in a system call.",
        )
    if view.functions:
        yield Drawn(
            "Instructions a request, by native function",
            ("function", *(f"depth {depth}" for depth in view.explained.depths), "paid a batch", "paid a request"),
            tuple(
                (
                    f"{one.cost.function} ({one.cost.file})" if one.cost.file else one.cost.function,
                    *map(figures.grouped_digits, one.cost.instructions),
                    _instructions(one.of_batch),
                    _instructions(one.of_request),
                )
                for one in view.functions
            ),
        )


def reasons(view: View) -> list[str]:
    """Why something was not seen, a line each."""
    seen = view.explained
    found = (
        ("system calls", seen.calls_reason),
        ("stacks", seen.sampled_reason),
        ("instructions", seen.functions_reason),
    )
    lines = [f"{what}: {reason}" for what, reason in found if reason is not None]
    if view.line is None:
        lines.append("model: fewer than two depths were measured")
    return lines


def sentence(text: str, evidence: str, option: str | None) -> str:
    """A finding in one line."""
    return f"{text[:1].upper()}{text[1:]}: {evidence}." + (f" {option[:1].upper()}{option[1:]}." if option else "")


def markdown(views: Sequence[View]) -> str:
    """All of it in GitHub's Markdown."""
    if not views:
        return "No server of this run was explained: `pipebench explain --run RUN` does so.\n"
    lines: list[str] = []
    for view in views:
        lines += [f"### {escape(view.title)}", ""]
        lines += [f"- {escape(sentence(one.text, one.evidence, one.option))}" for one in view.findings]
        lines += [f"- {escape(reason)}" for reason in reasons(view)]
        lines.append("")
    for drawn in overviews(views):
        lines += _as_markdown(drawn, 3)
    for view in views:
        for drawn in details(view):
            lines += _as_markdown(Drawn(f"{view.title}: {drawn.title}", drawn.headings, drawn.rows, drawn.note), 4)
    return "\n".join(lines)


def terminal(views: Sequence[View]) -> list[RenderableType]:
    """The servers beside each other and their findings, for rich; what is of one server alone with a single one."""
    from rich.text import Text  # noqa: PLC0415 - only where a table is drawn

    made: list[RenderableType] = []
    drawn = [*overviews(views), *(details(views[0]) if len(views) == 1 else ())]
    for one in drawn:
        if one.rows:
            made += [_rich(one), *([Text(one.note, style="dim")] if one.note else []), Text()]
    for view in views:
        made.append(Text(view.title, style="bold"))
        made += [Text(f"  {sentence(one.text, one.evidence, one.option)}") for one in view.findings]
        made += [Text(f"  {reason}") for reason in reasons(view)]
    return made


def _rich(drawn: Drawn) -> RenderableType:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    made = Table(title=drawn.title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name in drawn.headings:
        made.add_column(Text(name), justify="left" if name in LEFT else "right", no_wrap=name != "function")
    for cells in drawn.rows:
        made.add_row(*map(Text, cells))
    return made


def _as_markdown(drawn: Drawn, level: int) -> list[str]:
    if not drawn.rows:
        return []
    rows = [tuple(map(escape, cells)) for cells in drawn.rows]
    note = [escape(drawn.note), ""] if drawn.note else []
    return [f"{'#' * level} {escape(drawn.title)}", "", *note, *table(drawn.headings, LEFT, rows), ""]


def _batch_cells(title: str, batch: Batch) -> tuple[str, ...]:
    size = figures.NOTHING if batch.bytes_a_send is None else figures.grouped_digits(batch.bytes_a_send)
    counts = map(_number, (batch.receives, batch.empty, batch.waits, batch.wakes, batch.all))
    return (title, str(batch.depth), _number(batch.sends), size, *counts, f"{batch.a_request(batch.all):.2f}")


def _line_cells(view: View) -> tuple[str, ...]:
    line = view.line
    if line is None:
        return (view.title, *[figures.NOTHING] * 6)
    deepest = max((one.depth for one in view.modelled), default=1)
    left = line.left(deepest)
    fits = {True: "yes", False: "no", None: "cannot be told"}[line.fits]
    return (
        view.title,
        *_value(line.batch_us),
        *_value(line.request_us),
        figures.NOTHING if left is None else f"{left:.2f} times depth {deepest}",
        fits,
    )


def _value(value: Value) -> tuple[str, str]:
    reach = figures.NOTHING if value.high is None else f"±{value.high - value.mean:.2g}"
    return f"{value.mean:.3g}", reach


def _modelled_cells(title: str, one: Modelled) -> tuple[str, ...]:
    return (
        title,
        str(one.depth),
        figures.NOTHING if one.cost is None else figures.significant(one.cost.mean),
        figures.significant(one.cost_modelled_us) if one.cost_modelled_us > 0 else figures.NOTHING,
        figures.NOTHING if one.off is None else f"{one.off:+.1%}".replace("%", " %"),
        figures.NOTHING if one.rate is None else figures.rate_digits(one.rate.mean),
        figures.rate_digits(one.rate_modelled) if one.rate_modelled > 0 else figures.NOTHING,
        figures.NOTHING if one.busy is None else _percent(one.busy),
    )


def _share_cells(title: str, shares: Shares) -> tuple[str, ...]:
    return (
        title,
        str(shares.depth),
        figures.NOTHING if shares.kernel is None else _percent(shares.kernel),
        *(_percent(shares.own[category]) for category in OWN),
        str(shares.samples),
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _number(number: float) -> str:
    """A number of calls a batch: whole where it is one."""
    return f"{number:.0f}" if abs(number - round(number)) < 0.05 else f"{number:.1f}"


def _paid(number: float | None) -> str:
    if number is None:
        return figures.NOTHING
    return f"{max(0.0, number):.2f}" if number > -0.1 else f"{number:.2f}"


def _instructions(number: float | None) -> str:
    return figures.NOTHING if number is None else figures.grouped_digits(number)
