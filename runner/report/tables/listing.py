"""Adapters and findings about the machine, for a person to read. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.adapters.environments import NOT_BUILT
from runner.adapters.outdated import Pin, State
from runner.record.adapter import Adapter, Body, Environment, Group, Kind, Scenario, Taken, Tuning, Unavailable
from runner.record.plaintext import plain
from runner.record.run import Finding, Level
from runner.report.tables import fitting
from runner.report.tables.fitting import Column
from runner.rows.figures import NOTHING

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True, slots=True)
class Entry:
    """One adapter as ``pipebench list`` shows it. ``available`` is ``None`` where it is not built yet."""

    adapter: str
    title: str
    version: str | None
    python: str | None
    kind: Kind
    scenario: Scenario
    group: Group
    body: Body | None
    available: bool | None
    reason: str | None
    remark: str | None
    tuning: tuple[Tuning, ...]


def entries(prepared: Sequence[Environment | Unavailable]) -> tuple[Entry, ...]:
    """One entry an adapter."""
    return tuple(
        Entry(
            adapter=made.adapter.name,
            title=made.adapter.title,
            version=made.version if isinstance(made, Environment) else None,
            python=made.python,
            kind=made.adapter.kind,
            scenario=made.adapter.scenario,
            group=made.adapter.group,
            body=made.adapter.body,
            available=None if _is_to_be_built(made) else isinstance(made, Environment),
            reason=_note(made),
            remark=made.adapter.remark,
            tuning=made.adapter.tuning,
        )
        for made in prepared
    )


def _is_to_be_built(made: Environment | Unavailable) -> bool:
    return isinstance(made, Unavailable) and made.reason == NOT_BUILT


def _note(made: Environment | Unavailable) -> str | None:
    """What is known to fail, why there is no version, or why it is not available."""
    if isinstance(made, Unavailable):
        return made.adapter.known_failure if _is_to_be_built(made) else made.reason
    if made.version == "?":
        return f"its distribution '{made.adapter.distribution}' is not among what is installed"
    return made.adapter.known_failure


_LISTED = (
    Column("adapter"),
    Column("version", worth=1),
    Column("Python", worth=4),
    Column("kind", worth=3),
    Column("scenario", worth=5),
    Column("group", worth=2),
    Column("body", worth=6),
    Column("available"),
    Column("note", least=24),
)
_AVAILABLE = {True: ("yes", "green"), False: ("no", "red"), None: ("not built yet", "yellow")}


def table(listed: Sequence[Entry]) -> list[RenderableType]:
    """The entries for a terminal."""
    from rich.text import Text  # noqa: PLC0415 - only where a table is drawn

    made = fitting.Fitted(
        None,
        _LISTED,
        [
            [
                Text(entry.adapter),
                Text(entry.version or NOTHING),
                Text(entry.python or NOTHING),
                Text(entry.kind.value),
                Text(entry.scenario.value),
                Text(entry.group.value),
                Text(entry.body.value if entry.body else NOTHING),
                Text(*_AVAILABLE[entry.available]),
                Text(plain("; ".join(filter(None, (entry.reason, entry.remark))))),
            ]
            for entry in listed
        ],
    )
    return [made, fitting.LeftOut([made], "a wider terminal shows it, and so does --json")]


@dataclass(frozen=True, slots=True)
class Advised:
    """One adapter as ``pipebench list --tuning`` shows it."""

    adapter: str
    title: str
    remark: str | None
    tuning: tuple[Tuning, ...]


def advised(adapters: Sequence[Adapter]) -> tuple[Advised, ...]:
    """The adapters of which something is known that their documentation recommends, or that it does not."""
    return tuple(Advised(one.name, one.title, one.remark, one.tuning) for one in adapters if one.tuning)


_TAKEN = {Taken.YES: "green", Taken.PART: "yellow", Taken.NO: "red"}


def tuning_table(listed: Sequence[Advised]) -> RenderableType:
    """What is recommended, for a terminal: one line a recommendation, the adapter's name on its first."""
    from rich.table import Table  # noqa: PLC0415 - only where a table is drawn
    from rich.text import Text  # noqa: PLC0415

    made = Table(box=None, pad_edge=False)
    for heading in ("adapter", "recommended", "taken", "why", "page, read"):
        made.add_column(heading, no_wrap=heading in {"adapter", "taken"}, overflow="fold")
    for adapter in listed:
        for place, one in enumerate(adapter.tuning):
            taken = Text(one.taken.value, style=_TAKEN[one.taken]) if one.taken else Text(NOTHING)
            name = Text("" if place else adapter.adapter)
            made.add_row(name, Text(one.advice), taken, Text(one.why or ""), Text(f"{one.page}, {one.read}"))
    return made


_STATES = {State.CURRENT: "green", State.OUTDATED: "yellow", State.UNKNOWN: "red"}


def pins_table(pins: Sequence[Pin]) -> RenderableType:
    """Pins against the newest releases, for a terminal."""
    from rich.table import Table  # noqa: PLC0415 - only where a table is drawn
    from rich.text import Text  # noqa: PLC0415

    made = Table(box=None, pad_edge=False)
    for heading in ("adapter", "distribution", "pinned", "newest", "state", "why"):
        made.add_column(heading, no_wrap=heading != "why")
    for pin in pins:
        state = Text(pin.state.value, style=_STATES.get(pin.state, ""))
        texts = map(Text, (pin.adapter, pin.distribution, pin.pinned, pin.newest or NOTHING))
        made.add_row(*texts, state, Text(pin.reason or ""))
    return made


_COLOURS = {Level.GOOD: "green", Level.WARNING: "yellow", Level.PROBLEM: "red"}


def findings_table(findings: Sequence[Finding]) -> RenderableType:
    """What was found of a machine, for a terminal."""
    from rich.table import Table  # noqa: PLC0415 - only where a table is drawn
    from rich.text import Text  # noqa: PLC0415

    made = Table(box=None, pad_edge=False, show_header=False)
    for finding in findings:
        text = Text(finding.state)
        if finding.effect:
            text.append(f"\n{finding.effect}", style="dim")
        if finding.remedy:
            text.append(f"\nremedy: {finding.remedy}")
        made.add_row(Text(finding.level.value, style=_COLOURS.get(finding.level, "")), finding.subject, text)
    return made
