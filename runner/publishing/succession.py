"""Whether a new run may take the place of an older one in the tables of the project's documents. Pure.

A table stands for a machine and for a whole matrix. A run of some adapters, of another machine, or of nothing that
was measured is published beside it, and replaces it only when somebody says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from runner.record.plaintext import counted
from runner.record.run import Machine
from runner.record.trial import Verdict
from runner.report.formats import Report
from runner.rows.row import Row

MOSTLY = 0.5
"""A run with a larger share of disturbed trials replaces nothing."""
_NAMED = 5
"""So many adapters that are missing are named, the others counted."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How many tables and charts of a document were left to the run that they are of, and why."""

    document: Path
    run: str
    blocks: int
    reasons: tuple[str, ...]


def reasons(older: Report, newer: Report) -> tuple[str, ...]:
    """Why the tables of ``older`` are not those of ``newer`` by themselves; none where they are."""
    return tuple(_reasons(older, newer))


def _reasons(older: Report, newer: Report) -> Iterator[str]:
    before, now = _named(older.run.machine), _named(newer.run.machine)
    if before != now:
        yield f"the run is of another machine ({now}) than the table ({before})"
    here = {one.name for one in newer.run.adapters}
    if missing := [one.title for one in older.run.adapters if one.name not in here]:
        yield f"the run is without {_some(missing)}"
    if lacking := sorted({cell.depth for cell in older.run.cells} - {cell.depth for cell in newer.run.cells}):
        yield f"the run is without depth {', '.join(map(str, lacking))}"
    loaded = [row for row in newer.rows if row.depth is not None]
    if not any(map(_is_measured, loaded)):
        yield f"none of its {counted(len(loaded), 'row')} is measured"
    trials, disturbed = sum(row.trials for row in loaded), sum(row.disturbed_trials for row in loaded)
    if disturbed > MOSTLY * trials:
        yield f"other work took CPU time during {disturbed} of its {counted(trials, 'trial')}"


def _is_measured(row: Row) -> bool:
    """A server that waits is not busy, and its rate is held against a model: there a rate is enough."""
    return row.verdict is Verdict.MEASURED or (row.waiting is not None and row.requests_per_second is not None)


def _named(machine: Machine) -> str:
    return f"{machine.cpu_model}, {counted(len(machine.cpus), 'CPU')}"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
