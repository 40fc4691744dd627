"""The formats in which a run is printed, by the names that ``pipebench report --format`` takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from runner import store
from runner.model import Run, Scenario, Trial
from runner.report import brief, seed_2017, tables, upstream
from runner.report.rows import Row, rows

ReadLog = Callable[[str], str | None]
"""A log of the record by its name, ``None`` where it is not kept."""


@dataclass(frozen=True, slots=True)
class Report:
    """A run, its trials, the rows derived from them, and its logs."""

    run: Run
    trials: Sequence[Trial]
    rows: Sequence[Row]
    read_log: ReadLog

    @classmethod
    def read(cls, folder: Path) -> Report:
        """Read a run's folder and derive the rows."""
        run, trials = store.read(folder)
        return cls(run, trials, rows(run, trials), partial(store.read_log, folder))


def printed(report: Report, name: str) -> str:
    """A report in one of the formats of :data:`PRINTERS`."""
    return PRINTERS[name](report)


def _markdown(report: Report) -> str:
    """Each scenario has tables of its own."""
    own = upstream.markdown if report.run.plan.scenario is Scenario.UPSTREAM else tables.markdown
    return own(report.run, report.rows)


def _html(report: Report) -> str:
    from runner.report import page  # noqa: PLC0415 - charts are drawn only where they are wanted

    return page.render(report.run, report.rows, report.trials, report.read_log)


PRINTERS: Mapping[str, Callable[[Report], str]] = {
    "markdown": _markdown,
    "brief": lambda report: brief.markdown(report.run, report.rows),
    "csv": lambda report: tables.as_csv(report.rows),
    "json": lambda report: tables.as_json(report.run, report.rows),
    "html": _html,
    "seed": lambda report: tables.seed_table(report.rows),
    "seed-2017": lambda report: seed_2017.table(report.run, report.rows),
    "witness": lambda report: tables.witness_table(report.rows),
    "upstream": lambda report: upstream.markdown(report.run, report.rows),
}
